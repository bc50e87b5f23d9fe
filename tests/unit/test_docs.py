"""What the documents for operators name exists: commands, settings, log events, tests."""

import re
from pathlib import Path

import pytest
from click import Command, Group

from schemas.vocabulary import NotificationKind
from services.cli.__main__ import Commands
from services.cli.embedded import SERVICES
from services.console.settings import Settings as ConsoleSettings
from services.identity.settings import Settings as IdentitySettings

ROOT = Path(__file__).parents[2]
DOCUMENTS = tuple(
    f"docs/{name}.md"
    for name in (
        "runbook",
        "delivery-guarantees",
        "reliability",
        "identity",
        "metrics",
        "traces",
        "retention",
        "log-events",
        "limits",
        "access",
        "amqp",
        "notifications",
        "webhooks",
    )
)
SOURCES = "\n".join(path.read_text() for path in sorted((ROOT / "services").rglob("*.py")))
EVENTS = set(re.findall(r'log\.\w+\(\s*"([a-z-]+)"', SOURCES))
KINDS = {kind.value for kind in NotificationKind}
SETTING = re.compile(r"environ\.get\(\"(DOORSTROOM_[A-Z_]+)\"")
SETTINGS = {
    *(f"DOORSTROOM_{name.upper()}" for definition in SERVICES for name in definition.settings.model_fields),
    *(f"DOORSTROOM_{name.upper()}" for name in IdentitySettings.model_fields),
    *(f"DOORSTROOM_{name.upper()}" for name in ConsoleSettings.model_fields),
    *(name for path in sorted((ROOT / "tests").rglob("test_*.py")) for name in SETTING.findall(path.read_text())),
}


def named(document: str) -> list[str]:
    """Everything between backticks."""
    return re.findall(r"`([^`]+)`", (ROOT / document).read_text())


@pytest.mark.parametrize("document", DOCUMENTS)
def test_commands_and_their_options_exist(document: str) -> None:
    """As the command itself knows them."""
    lines = [name.split()[1:] for name in named(document) if name.startswith("doorstroom ")]
    for words in lines:
        command: Command | None = Commands("doorstroom").get_command(None, words[0])  # type: ignore[arg-type] # it looks at the name only
        assert command is not None, words
        for word in words[1:]:
            if isinstance(command, Group) and word in command.commands:
                command = command.commands[word]
        options = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= options, words


@pytest.mark.parametrize("document", DOCUMENTS)
def test_tests_exist(document: str) -> None:
    """A promise without one is none."""
    for name in named(document):
        if name.startswith("tests/"):
            path, _, test = name.partition("::")
            assert (ROOT / path).exists(), name
            assert not test or f"def {test}(" in (ROOT / path).read_text(), name


@pytest.mark.parametrize("document", DOCUMENTS)
def test_settings_and_log_events_exist(document: str) -> None:
    """Under the very names that an operator will look for."""
    for name in named(document):
        if re.fullmatch(r"DOORSTROOM_[A-Z_]+", name):
            assert name in SETTINGS, name
        elif re.fullmatch(r"[a-z]+(-[a-z]+)+", name):
            assert name in EVENTS or name in KINDS, name


def test_the_runbook_names_every_event_that_needs_somebody() -> None:
    """What is logged as an error, or as worse, and is not about a single request."""
    urgent = set(re.findall(r'log\.(?:error|critical|exception)\(\s*"([a-z-]+)"', SOURCES)) - {"unexpected-error"}
    assert urgent
    assert urgent <= set(named("docs/runbook.md"))


def test_each_decision_has_a_number_of_its_own() -> None:
    """The same in its file's name and in its title, and none is left out."""
    decisions = sorted((ROOT / "docs/adr").glob("[0-9]*.md"))
    titles = [int(path.read_text().removeprefix("# ").partition(".")[0]) for path in decisions]
    assert [int(path.name.partition("-")[0]) for path in decisions] == titles == list(range(1, len(decisions) + 1))
