"""The integrator's guides, run for real: every command of both, in order, in a shell, as a reader would."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from doorstroom_client.spreadsheets.bed_rows import COLUMNS
from services.cli.errors import EXIT_FAILED
from services.cli.remote import calling
from tests.e2e.conftest import ROOT, Program

GUIDES = ("docs/integrators-guide.md", "docs/nl/handleiding-voor-koppelaars.md")
START = "make run\n"
SHELL_SECONDS = 500
"""Some twenty processes, each of which has everything to load, on a machine that may have other work."""


def blocks(guide: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", (ROOT / guide).read_text(), re.MULTILINE | re.DOTALL)


def shell(script: str, folder: Path) -> str:
    """In a folder where doorstroom was installed, with a home of its own."""
    chosen = {"HOME": str(folder), "PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"]}
    done = subprocess.run(
        ["/bin/bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env=chosen,
        capture_output=True,
        text=True,
        timeout=SHELL_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.timeout(600)
@pytest.mark.parametrize("guide", GUIDES)
def test_every_command_of_the_guide_works(guide: str, programs: list[Program], tmp_path: Path) -> None:
    """From nothing to the first bed, an answer, a slot, a spreadsheet and a program."""
    program = Program("run", "--port", "0", "--data", str(tmp_path / "var"))
    programs.append(program)
    program.until("Try it yourself")
    command = tmp_path / ".venv" / "bin" / "doorstroom"
    command.parent.mkdir(parents=True)
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m services.cli "$@"\n')
    command.chmod(0o755)
    first, *rest = blocks(guide, "sh")
    assert first == START
    output = shell("".join(rest).replace("http://127.0.0.1:8080", program.root), tmp_path)
    assert re.search(r"^posted: vacancy [0-9a-f-]{36}, valid until ", output, re.MULTILINE)
    assert re.search(r"^accepted: offer [0-9a-f-]{36}$", output, re.MULTILINE)
    assert re.search(r"^ +1  .* offer-made ", output, re.MULTILINE)
    assert re.search(r"^open: slot [0-9a-f-]{36} for 2$", output, re.MULTILINE)
    assert len(re.findall(r"would be (?:added and )?posted", output)) == 2
    assert len(re.findall(r"^\d +(?:added and )?posted ", output, re.MULTILINE)) == 2
    assert len(re.findall(r"^\d +is (?:free|held) already ", output, re.MULTILINE)) == 2
    (script,) = blocks(guide, "python")
    (tmp_path / "units.py").write_text(script.replace("http://127.0.0.1:8080", program.root))
    assert len(shell(f"{sys.executable} units.py", tmp_path).splitlines()) >= 4
    assert program.stop() == 0


@pytest.mark.parametrize("guide", GUIDES)
def test_the_guide_lists_the_exit_codes(guide: str) -> None:
    """All that there are, and no other."""
    listed = {int(code) for code in re.findall(r"^\| (\d+) \|", (ROOT / guide).read_text(), re.MULTILINE)}
    known = {value for name, value in vars(calling).items() if name.startswith("EXIT_")}
    assert listed == {0, EXIT_FAILED, 2, 130} | known


def test_the_guides_list_every_column_in_their_own_language() -> None:
    """Together each heading that an import knows."""
    listed = set[str]()
    for guide in GUIDES:
        listed |= set(re.findall(r"^\| `([a-z_]+)` \|", (ROOT / guide).read_text(), re.MULTILINE))
    assert listed == set(COLUMNS)


def test_both_guides_have_the_same_commands() -> None:
    """But for the spreadsheet, whose headings are in the reader's language."""
    english, dutch = (blocks(guide, "sh") for guide in GUIDES)
    assert [one for one in english if "CSV" not in one] == [one for one in dutch if "CSV" not in one]
    assert len(english) == len(dutch)
