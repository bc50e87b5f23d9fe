"""`doorstroom run`, as a new user has it."""

import json
import re
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

import click
import pytest

from services.cli.__main__ import COMMANDS, cli
from services.municipalities.domain.half_year import HalfYear
from tests.e2e.conftest import COMMAND, ROOT, Entered, Program, refused

STEPS = (
    "opens a slot for two people",
    "the next household on the housing list is offered it",
    "accepts for the household",
    "sees it: 1 adult and 1 child will come",
    "claims the household",
    "houses them",
    "their place in the shelter comes free",
    "the next person on the shelter waitlist is offered it",
    "declines as unsafe: they keep their place, and this facility is excluded for them",
    "the refusal has moved it on to the next household",
    "2 of 436 housed, counted once",
)


def shell(command: str, seconds: float = 20) -> str:
    """Run a copied line as it stands."""
    done = subprocess.run(["/bin/bash", "-c", command], capture_output=True, text=True, timeout=seconds, check=True)
    return done.stdout


def rows(data: Path, service: str, query: str) -> list[tuple[object, ...]]:
    with sqlite3.connect(f"file:{data / service}.sqlite3?mode=ro", uri=True) as connection:
        found = connection.execute(query).fetchall()
    connection.close()
    return found


def test_the_whole_cascade_is_played_once_and_the_printed_commands_work(
    programs: list[Program], tmp_path: Path
) -> None:
    """First start, demo, three commands, Ctrl-C, a second start that continues; all that is stored is for its owner."""
    data = tmp_path / "data"
    first = Program("run", "--port", "0", "--data", str(data))
    programs.append(first)
    output = first.until("_accept")
    lines = [line for line in output.splitlines() if " ms " in line]
    assert len(lines) == len(STEPS)
    assert all(step in line for step, line in zip(STEPS, lines, strict=True))
    assert all(re.match(r"^ +[\d.]+ ms +\+[\d.]+ ", line) for line in lines)
    assert re.search(r"number 2 +waiting-longer +excluded-place, offered-before", output)
    assert "a family of 4 that still waits? Number 4: 1 more urgent, 2 waiting longer." in output
    assert "What would help them: a place for at least 4 people" in output
    watch, post, accept = first.commands
    streaming = subprocess.Popen(["/bin/bash", "-c", watch + " --silent"], stdout=subprocess.PIPE, text=True)
    try:
        accepted = json.loads(shell(accept + " --silent"))
        assert accepted["state"] == "accepted"
        posted = json.loads(shell(post + " --silent"))
        assert posted["state"] == "free"
        assert streaming.stdout is not None
        heard = ""
        # Who watches hears of both: the three commands are about one coordinator.
        while "offer-accepted" not in heard or "offer-made" not in heard:
            line = streaming.stdout.readline()
            assert line
            heard += line
    finally:
        streaming.kill()
        streaming.wait(10)
        if streaming.stdout is not None:
            streaming.stdout.close()
    assert first.stop(signal.SIGINT) == 0
    assert "Stopped; everything is stored." in first.output
    assert "Traceback" not in first.output
    assert rows(data, "registry", "SELECT count(*) FROM outbox WHERE sent_at IS NULL") == [(0,)]

    second = Program("run", "--port", "0", "--data", str(data))
    programs.append(second)
    assert "the demo was played before" in second.until("Try it yourself")
    assert " ms " not in second.output
    with urllib.request.urlopen(f"{second.root}/readyz", timeout=5) as ready:  # noqa: S310 - our own address
        assert ready.status == 200
    assert second.stop(signal.SIGTERM) == 0
    others_may_read = 0o077
    files = [path for path in data.rglob("*") if path.is_file()]
    assert len(files) > 6
    assert [path.name for path in (data, *files) if stat.S_IMODE(path.stat().st_mode) & others_may_read] == []


def command(*arguments: str, given: str | None = None) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*COMMAND, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False, input=given
    )


def test_the_sample_leaves_alone_what_was_there_before_it(programs: list[Program], tmp_path: Path) -> None:
    """Someone imported populations first: the demo is played beside them, and no quota is set over their figures."""
    data = tmp_path / "data"
    counted = "cbs_code,name,province,population,ref_date\nGM0344,Utrecht,Utrecht,300,2022-01-01\n"
    assert command("municipalities", "import", "-", "--data", str(data), given=counted).returncode == 0
    program = Program("run", "--port", "0", "--data", str(data))
    programs.append(program)
    assert "11 municipalities, beside those that were here" in program.until("Try it yourself")
    assert program.stop() == 0
    assert rows(data, "municipalities", "SELECT count(*) FROM half_years") == [(0,)]
    population = "SELECT inhabitants FROM populations WHERE municipality_code = 'GM0344'"
    assert rows(data, "municipalities", population) == [(300,)]


def test_a_demo_that_is_refused_is_one_clear_line(programs: list[Program], tmp_path: Path) -> None:
    """Quotas of this half-year were set without the municipality that the demo is about; the next start goes on."""
    data = tmp_path / "data"
    half_year = HalfYear.of(datetime.now(UTC))
    counted = f"cbs_code,name,province,population,ref_date\nGM0014,Groningen,Groningen,9,{half_year.population_date}\n"
    assert command("municipalities", "import", "-", "--data", str(data), given=counted).returncode == 0
    assert command("quotas", "set", str(half_year), "--national", "9", "--data", str(data)).returncode == 0
    done = command("run", "--port", "0", "--data", str(data))
    assert (done.returncode, done.stderr.count("\n"), "Traceback" in done.stderr) == (1, 1, False)
    assert done.stderr.startswith("doorstroom: 404 ")
    second = Program("run", "--port", "0", "--data", str(data))
    programs.append(second)
    second.until("Try it yourself")
    assert second.stop() == 0


@pytest.mark.parametrize("moment", ["13 people", "accepts for the household", "houses them"])
def test_a_kill_in_the_middle_loses_nothing(programs: list[Program], tmp_path: Path, moment: str) -> None:
    """Kill -9 while the sample is loaded or the demo is played; the next start goes on from what is stored."""
    data = tmp_path / "data"
    first = Program("run", "--port", "0", "--data", str(data))
    programs.append(first)
    first.until(moment)
    first.stop(signal.SIGKILL)
    second = Program("run", "--port", "0", "--data", str(data))
    programs.append(second)
    second.until("Try it yourself")
    assert second.stop() == 0
    assert rows(data, "registry", "SELECT count(*) FROM outbox WHERE sent_at IS NULL") == [(0,)]
    assert rows(data, "shelters", "SELECT count(*) FROM outbox WHERE sent_at IS NULL") == [(0,)]
    active = "state IN ('made', 'accepted', 'fulfilled')"
    twice = f"SELECT vacancy_id FROM offers WHERE {active} GROUP BY 1 HAVING count(*) > 1"
    assert rows(data, "registry", twice) == []
    assert rows(data, "registry", "SELECT count(*) FROM entries WHERE waitlist = 'cosm'") == [(16,)]
    held = "SELECT count(*) FROM units WHERE state IN ('held', 'reserved', 'occupied')"
    placed = f"SELECT count(*) FROM offers WHERE kind = 'shelter' AND {active} AND ended_at IS NULL"
    assert rows(data, "shelters", held) == rows(data, "registry", placed)


def test_a_taken_port_is_one_clear_line(tmp_path: Path) -> None:
    """It names the port and what to do."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        line = refused("run", "--port", str(port), "--data", str(tmp_path / "data"))
    assert f"port {port} is taken" in line
    assert f"make run PORT={port + 1}" in line


def test_an_unwritable_folder_is_one_clear_line(tmp_path: Path) -> None:
    """It names the folder and what to do."""
    (tmp_path / "file").write_text("")
    line = refused("run", "--port", "0", "--data", str(tmp_path / "file" / "data"))
    assert "cannot be made or written" in line
    assert "make run DATA=folder" in line
    assert "cannot be made or written" in refused("run", "--port", "0", "--data", "/proc/doorstroom")


def test_a_second_one_in_the_same_folder_is_refused(programs: list[Program], tmp_path: Path) -> None:
    """Two programs on one SQLite would give a bed twice."""
    data = tmp_path / "data"
    first = Program("run", "--port", "0", "--no-demo", "--data", str(data))
    programs.append(first)
    first.until("serves on")
    assert "another doorstroom runs" in refused("run", "--port", "0", "--data", str(data))
    assert first.stop() == 0


def test_a_file_that_is_no_database_is_one_clear_line(tmp_path: Path) -> None:
    """It names the file, and touches nothing."""
    data = tmp_path / "data"
    data.mkdir()
    (data / "registry.sqlite3").write_text("this is not a database " * 100)
    line = refused("run", "--port", "0", "--data", str(data))
    assert "registry" in line


@pytest.mark.parametrize("arguments", [("run", "--port", "70000"), ("run", "--colour"), ("fly",)])
def test_a_wrong_command_line_is_explained(arguments: tuple[str, ...], entered: Entered) -> None:
    """The mistake and where to read more, in one line; exit code 2."""
    code, _, complaint = entered(*arguments)
    assert code == 2
    assert complaint.startswith("doorstroom: ")
    assert complaint.endswith("--help` explains)\n")
    assert complaint.count("\n") == 1


def test_a_command_that_is_written_alike_is_named(entered: Entered) -> None:
    """For one that was misspelt; for one that is like none, none."""
    assert "Did you mean beds?" in entered("bed", "list")[2]
    assert "Did you mean" not in entered("xylophone")[2]


@pytest.mark.parametrize("arguments", [(), *((name,) for name in COMMANDS)])
def test_every_command_explains_itself(arguments: tuple[str, ...], entered: Entered) -> None:
    """--help says what it does, to someone who has never seen it."""
    code, explained, _ = entered(*arguments, "--help")
    assert code == 0
    assert "Usage:" in explained
    assert len(explained.splitlines()) >= 5


def test_help_loads_no_service() -> None:
    """It says of each command what that says of itself, and is there at once."""
    asked = "from services.cli.__main__ import cli; cli(['--help'], standalone_mode=False); import sys; "
    loaded = "print(*(name for name in ('sqlalchemy', 'pydantic', 'aiohttp') if name in sys.modules), sep=',')"
    done = subprocess.run(
        [sys.executable, "-c", asked + loaded], cwd=ROOT, capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stdout.splitlines()[-1] == ""
    context = click.Context(cli)
    for name, (_, _, explanation) in COMMANDS.items():
        command = cli.get_command(context, name)
        assert command is not None
        assert name in done.stdout
        assert command.get_short_help_str(200) == explanation


@pytest.mark.parametrize("service", ["registry", "shelters", "municipalities", "notifications"])
def test_the_openapi_documents_are_printed(service: str, entered: Entered) -> None:
    """One for each service, the same that it serves."""
    code, printed, _ = entered("openapi", service)
    assert code == 0
    document = json.loads(printed)
    assert document["openapi"] == "3.1.0"
    assert document["paths"]


OLD_PYTHON = """#!/bin/sh
[ "$1" = --version ] && echo Python 3.9.2 && exit 0
[ "$1" = -c ] && [ -z "$2" ]
"""


def test_a_python_that_is_too_old_is_one_clear_line(tmp_path: Path) -> None:
    """Make says what is needed, before it makes anything."""
    old = tmp_path / "python3"
    old.write_text(OLD_PYTHON)
    old.chmod(0o755)
    (tmp_path / "Makefile").write_bytes((ROOT / "Makefile").read_bytes())
    for name in ("pyproject.toml", "requirements"):
        (tmp_path / name).symlink_to(ROOT / name)
    done = subprocess.run(
        ["/usr/bin/make", "run", f"PYTHON={old}"], cwd=tmp_path, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 2
    line = done.stderr.splitlines()[0]
    assert "Python 3.9.2 is too old" in line
    assert "3.11" in line
    assert not (tmp_path / ".venv").exists()
