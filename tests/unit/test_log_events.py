"""docs/log-events.md and the source say the same: every event, with its level and its fields."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/log-events.md").read_text()
PACKAGES = ("schemas", "services", "doorstroom_client")
LEVELS = {name: name for name in ("debug", "info", "warning", "error", "critical")} | {"exception": "error"}
ROW = re.compile(r"^\| `([a-z-]+)` \| ([a-z]+) \| (.*?) \| (.+?) \| (.+?) \|$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Line:
    """What is known of a log line before it is written."""

    event: str
    level: str
    fields: frozenset[str]


@cache
def sources() -> list[tuple[Path, ast.Module]]:
    paths = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
    return [(path, ast.parse(path.read_text())) for path in paths]


def loggers(tree: ast.Module) -> set[str]:
    """The names of a module's loggers."""
    made = (node for node in tree.body if isinstance(node, ast.Assign) and _makes_logger(node.value))
    return {target.id for node in made for target in node.targets if isinstance(target, ast.Name)}


def _makes_logger(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("get_logger", "getLogger"))


def logging_calls(tree: ast.Module) -> Iterator[ast.Call]:
    # A future's `exception()` has no arguments; a log line without any would not even have a name.
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call) and (node.args or node.keywords)):
        if isinstance(call.func, ast.Attribute) and call.func.attr in LEVELS:
            yield call


def line(call: ast.Call) -> Line:
    """What a call logs. Fails for what cannot be known from the source."""
    assert isinstance(call.func, ast.Attribute)
    [event] = call.args
    assert isinstance(event, ast.Constant), ast.unparse(call)
    fields = {keyword.arg for keyword in call.keywords}
    assert None not in fields, ast.unparse(call)
    also = {"exception"} if call.func.attr == "exception" else set()
    return Line(str(event.value), LEVELS[call.func.attr], frozenset(filter(None, fields)) | also)


LINES = {line(call) for _, tree in sources() for call in logging_calls(tree)}


def documented() -> list[Line]:
    return [
        Line(event, level, frozenset(re.findall(r"`([a-z_]+)`", fields)))
        for event, level, fields, _meaning, _doing in ROW.findall(PAGE)
    ]


def test_every_event_of_the_source_is_documented_and_no_other() -> None:
    """With its level, and the very fields that it has; each of them once."""
    assert len(LINES) > 20
    rows = documented()
    assert len(rows) == len({row.event for row in rows})
    assert set(rows) == LINES


def test_an_event_is_the_same_wherever_it_is_logged() -> None:
    """One name never stands for two levels or two sets of fields."""
    assert len({found.event for found in LINES}) == len(LINES)


def test_a_row_of_the_page_that_is_not_understood_is_noticed() -> None:
    """A row in another form would be documented for people only."""
    rows = [row for row in PAGE.splitlines() if row.startswith("|") and not row.startswith(("| event |", "|---"))]
    assert len(rows) == len(documented())


@pytest.mark.parametrize("package", PACKAGES)
def test_nothing_is_logged_but_by_the_loggers_that_this_test_knows(package: str) -> None:
    """A logger of another name or place would write events that this page does not know."""
    for path, tree in sources():
        if not path.is_relative_to(ROOT / package):
            continue
        known = loggers(tree)
        for call in logging_calls(tree):
            assert isinstance(call.func, ast.Attribute)
            assert ast.unparse(call.func.value) in known, f"{path}:{call.lineno}"


def test_what_is_on_every_line_of_a_request_is_documented() -> None:
    """The context that the source binds is the one that the page names."""
    bound = {
        keyword.arg
        for _, tree in sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("bind_contextvars")
        for keyword in node.keywords
    }
    [paragraph] = [part for part in PAGE.split("\n\n") if part.startswith("While a request is handled")]
    named = set(re.findall(r"`([a-z]+_[a-z_]+)`", paragraph))
    assert bound
    assert bound == named
