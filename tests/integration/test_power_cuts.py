"""The power fails under SQLite at any moment: whatever was committed is there afterwards, and the files are whole."""

import random
import sqlite3
from contextlib import closing
from pathlib import Path
from uuid import UUID

import pytest

from services.chassis.broker.memory import InProcessBroker
from services.chassis.database import sqlite
from services.chassis.wiring import topology
from tests.support.counting import MESSAGES, Counting, counting_topology
from tests.support.power import Note, Sync, cuts, put, watched

COMMITS, CUTS = 400, 500
NAME = "counting.sqlite3"


async def lost_by_cuts(folder: Path) -> tuple[int, int]:
    """Commit one event after the other, and cut the power 500 times: commits lost, and files that are not whole."""
    chance = random.Random(20260301)
    with watched() as happened:
        counting = Counting(
            f"sqlite:///{folder / NAME}", InProcessBroker(topology("power", [])), counting_topology("power")
        )
        await counting.create()
        happened.append(Note("begun"))
        for number in range(COMMITS):
            # Several pages now and then, so that what is written to the log goes into the database meanwhile.
            subjects = [UUID(int=number * 1000 + place) for place in range(1 + 20 * (number % 10 == 0))]
            await counting.record(*subjects)
            happened.extend(Note(subject) for subject in subjects)
        recorded = list(happened)
        await counting.database.close()
    begun = recorded.index(Note("begun"))
    lost = broken = 0
    found = folder / "found"
    for files, said in cuts(recorded, CUTS, chance):
        found.mkdir()
        put(files, found)
        if "begun" in said:
            there, whole = look(found / NAME)
            lost += len(said - {"begun"} - there)
            broken += not whole
        for path in found.iterdir():
            path.unlink()
        found.rmdir()
    assert begun < len(recorded) / 2
    assert Sync(str(folder / NAME)) in recorded[begun:], "what is in the log went into the database at least once"
    return lost, broken


def look(path: Path) -> tuple[set[UUID], bool]:
    """About what there are events, and whether SQLite finds the files whole."""
    with closing(sqlite3.connect(path)) as connection:
        try:
            whole = connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            bodies = connection.execute(
                f"SELECT json_extract(body, '$.subject') FROM {MESSAGES.outbox.name}"
            ).fetchall()
        except sqlite3.DatabaseError:
            return set(), False
    return {UUID(subject) for [subject] in bodies}, whole


async def test_nothing_committed_is_lost_by_a_power_cut(tmp_path: Path) -> None:
    """500 cuts, each somewhere between two writes, with what was not synced there in part."""
    assert await lost_by_cuts(tmp_path) == (0, 0)


async def test_a_setting_that_loses_commits_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or the cuts would show nothing: without a sync at each commit the last ones are gone."""
    lazily = tuple(pragma.replace("FULL", "NORMAL") for pragma in sqlite.PRAGMAS)
    monkeypatch.setattr(sqlite.SQLite.__init__, "__kwdefaults__", {"threaded": True, "pragmas": lazily})
    lost, _ = await lost_by_cuts(tmp_path)
    assert lost > 0
