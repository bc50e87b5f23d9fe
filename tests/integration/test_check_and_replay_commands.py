"""`doorstroom check` and `doorstroom replay`, on a folder of their own."""

import asyncio
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from services.cli.__main__ import cli
from tests.support.templates import sqlite_copy
from tests.support.world import World


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments)


def change(folder: Path, service: str, statement: str) -> None:
    connection = sqlite3.connect(folder / f"{service}.sqlite3")
    with connection:
        assert connection.execute(statement).rowcount > 0
    connection.close()


async def fill(urls: dict[str, str]) -> None:
    world = World(urls)
    for days in (3, 2, 1):
        await world.join(days=days)
    for _ in range(2):
        await world.post_bed(await world.add_unit())
    await world.add_municipality()
    await world.open_slot()
    await world.settle()
    await world.close()


@pytest.fixture
def folder(tmp_path: Path, sqlite_template: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Two beds offered, one person waiting, one slot open."""
    monkeypatch.delenv("DOORSTROOM_DATABASE_URL", raising=False)
    data = tmp_path / "data"
    asyncio.run(fill(sqlite_copy(sqlite_template, data)))
    return data


def test_a_sound_folder_has_no_findings(folder: Path) -> None:
    """Exit code 0, with a count for each service."""
    checked = run("check", "--at-rest", "--data", str(folder))
    assert checked.exit_code == 0, checked.output
    assert checked.stdout == (
        "registry: 0, shelters: 0, municipalities: 0, notifications: 0, across services: 0 finding(s)\n"
    )
    assert json.loads(run("check", "registry", "--json", "--data", str(folder)).stdout) == {"registry": []}


DAMAGE = {
    "registry": ("DELETE FROM decisions", "offer without the decision behind it"),
    "shelters": ("UPDATE units SET offer_id = NULL", "unit in no legal state"),
    "notifications": ("UPDATE recipients SET last_sequence = 99", "does not end with the last number"),
}


@pytest.mark.parametrize("service", DAMAGE)
def test_damage_is_found_in_its_service(folder: Path, service: str) -> None:
    """Exit code 1, and a line for each finding."""
    statement, finding = DAMAGE[service]
    change(folder, service, statement)
    checked = run("check", service, "--data", str(folder))
    assert checked.exit_code == 1
    assert finding in checked.stdout
    assert checked.stdout.startswith(f"{service}: ")


NOTIFICATIONS = {
    "a gap": ("UPDATE notifications SET sequence = sequence + 1 WHERE sequence = 2", "a gap in its numbers"),
    "a forgotten version": ("DELETE FROM subjects", "whose version is not remembered"),
    "a message that was swallowed": ("DELETE FROM notifications WHERE sequence = 2", "nobody was told about"),
}


@pytest.mark.parametrize(("statement", "finding"), NOTIFICATIONS.values(), ids=NOTIFICATIONS)
def test_damage_of_an_inbox_is_found(folder: Path, statement: str, finding: str) -> None:
    """Each by the check that it breaks."""
    change(folder, "notifications", statement)
    assert finding in run("check", "notifications", "--data", str(folder)).stdout


ACROSS = {
    "a bed that the registry forgot": ("shelters", "UPDATE units SET vacancy_id = id", "does not know its vacancy"),
    "a bed held for another": ("shelters", "UPDATE units SET offer_id = id", "another offer than the registry's"),
    "a slot withdrawn in silence": ("municipalities", "UPDATE slots SET state = 'withdrawn'", "slot"),
}


@pytest.mark.parametrize(("service", "statement", "finding"), ACROSS.values(), ids=ACROSS)
def test_services_that_contradict_each_other_are_found_at_rest(
    folder: Path, service: str, statement: str, finding: str
) -> None:
    """No service can see it alone."""
    change(folder, service, statement)
    checked = run("check", "--at-rest", "--json", "--data", str(folder))
    assert checked.exit_code == 1
    assert finding in " ".join(json.loads(checked.stdout)["across services"])


def test_replaying_finds_every_decision_the_same(folder: Path) -> None:
    """Exit code 0, and how many there were."""
    replayed = run("replay", "--data", str(folder))
    assert (replayed.exit_code, replayed.stdout) == (0, "2 decisions replayed: 2 same\n")


def test_replaying_names_what_was_altered(folder: Path) -> None:
    """Exit code 1, and the decision's id; as JSON too."""
    change(folder, "registry", "UPDATE decisions SET digest = 'x' WHERE id = (SELECT min(id) FROM decisions)")
    replayed = run("replay", "--data", str(folder))
    assert replayed.exit_code == 1
    assert "altered" in replayed.stdout.splitlines()[0]
    assert replayed.stdout.splitlines()[1] == "2 decisions replayed: 1 same, 1 altered"
    said = json.loads(run("replay", "--json", "--data", str(folder)).stdout)
    assert (said["outcomes"]["same"], said["outcomes"]["altered"], len(said["named"])) == (1, 1, 1)


@pytest.mark.parametrize("arguments", [("check",), ("replay",), ("check", "shelters", "--at-rest")])
def test_what_cannot_be_done_is_one_clear_line(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """No folder, or not everything that is needed: usage, exit code 2."""
    refused = run(*arguments, "--data", str(tmp_path / "nothing"))
    assert refused.exit_code == 2
    assert "Error:" in refused.stderr
