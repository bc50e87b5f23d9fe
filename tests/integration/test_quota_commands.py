"""`doorstroom municipalities` and `doorstroom quotas`, on a folder of their own."""

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from services.chassis.wiring import Surroundings
from services.cli.__main__ import cli

SMALL_COUNTRY = """cbs_code,name,province,population,ref_date
GM0014,Groningen,Groningen,500,2022-01-01
GM0344,Utrecht,Utrecht,300,2022-01-01
GM0501,Brielle,Zuid-Holland,100,2022-01-01
GM0530,Hellevoetsluis,Zuid-Holland,101,2022-01-01
"""


class Commands:
    """Runs commands on one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, *arguments: str, given: str | None = None) -> Result:
        return CliRunner().invoke(cli, [*arguments, "--data", str(self.folder)], input=given)

    def quotas(self, half_year: str, *arguments: str) -> dict[str, dict[str, int]]:
        """What `quotas list --json` says, by code."""
        listed = self("quotas", "list", half_year, "--json", *arguments)
        assert listed.exit_code == 0
        return {quota["municipalityCode"]: quota for quota in json.loads(listed.stdout)}


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Commands]:
    """With nothing there yet. The commands keep what they make to its owner, which the next test must not inherit."""
    monkeypatch.delenv("DOORSTROOM_DATABASE_URL", raising=False)
    mask = os.umask(0o022)
    yield Commands(tmp_path / "var")
    os.umask(mask)


def test_import_set_list(run: Commands) -> None:
    """A country of 1001 people, and 101 to house: 50.4, 30.3, 10.1 and 10.2, each rounded up."""
    imported = run("municipalities", "import", "-", given=SMALL_COUNTRY)
    assert (imported.exit_code, "4 new municipalities" in imported.stdout) == (0, True)
    assert run("quotas", "set", "2023-H1", "--national", "101").exit_code == 0
    assert {code: quota["task"] for code, quota in run.quotas("2023-H1").items()} == {
        "GM0014": 51,
        "GM0344": 31,
        "GM0501": 11,
        "GM0530": 11,
    }
    shown = run("quotas", "list", "2023-H1").stdout
    assert "Hellevoetsluis" in shown


def test_the_next_half_year_has_the_arrears(run: Commands) -> None:
    """As long as nobody was housed all of it; setting it twice carries it over once."""
    run("municipalities", "import", "-", given=SMALL_COUNTRY)
    run("quotas", "set", "2023-H1", "--national", "101")
    for _ in range(2):
        assert run("quotas", "set", "2023-H2", "--national", "50").exit_code == 0
    groningen = run.quotas("2023-H2")["GM0014"]
    assert (groningen["quota"], groningen["arrears"], groningen["task"]) == (25, 51, 76)
    other = run("quotas", "set", "2023-H2", "--national", "51")
    assert isinstance(other.exception, Exception)
    assert "other numbers" in str(other.exception)


def test_quotas_at_a_date_in_the_past(run: Commands) -> None:
    """On 1 April half of the task was due; before the half-year there was none."""
    run("municipalities", "import", "-", given=SMALL_COUNTRY)
    run("quotas", "set", "2023-H1", "--national", "101")
    groningen = run.quotas("2023-H1", "--at", "2023-04-01")["GM0014"]
    assert (groningen["expected"], groningen["behind"], groningen["supervisionStep"]) == (26, True, 1)
    assert run.quotas("2023-H1", "--at", "2022-12-01") == {}


def test_the_list_closes_a_half_year_that_is_over(run: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when no service has been running since: the arrears are there on the first day."""

    def it_is(moment: datetime) -> None:
        monkeypatch.setattr("services.cli.municipal.Surroundings", partial(Surroundings, clock=lambda: moment))

    run("municipalities", "import", "-", given=SMALL_COUNTRY)
    it_is(datetime(2023, 3, 1, tzinfo=UTC))
    run("quotas", "set", "2023-H1", "--national", "101")
    run("quotas", "set", "2023-H2", "--national", "50")
    assert run.quotas("2023-H2")["GM0014"]["arrears"] == 0
    it_is(datetime(2023, 7, 1, tzinfo=UTC))
    assert run.quotas("2023-H2")["GM0014"]["arrears"] == 51


def test_municipalities_that_merged_are_one(run: Commands) -> None:
    """By the population that the province set, or else by those of both together."""
    run("municipalities", "import", "-", given=SMALL_COUNTRY)
    parts = ("--from", "GM0501", "--from", "GM0530", "--on", "2023-01-01", "--name", "Voorne aan Zee")
    assert run("municipalities", "merge", "GM1992", *parts).exit_code == 0
    run("quotas", "set", "2023-H1", "--national", "101")
    assert {code: quota["quota"] for code, quota in run.quotas("2023-H1").items()} == {
        "GM0014": 51,
        "GM0344": 31,
        "GM1992": 21,
    }


def test_bad_rows_are_told_together_and_nothing_is_imported(run: Commands) -> None:
    """On the standard error, line by line; not even the folder is made."""
    bad = SMALL_COUNTRY + "GM5,,Nowhere,many,2022-05-01\nGM0344,Utrecht,Utrecht,1,2022-01-01\n"
    refused = run("municipalities", "import", "-", given=bad)
    assert refused.exit_code == 1
    lines = [line for line in refused.stderr.splitlines() if line.startswith("line ")]
    assert [line.split(":")[0] for line in lines] == ["line 6"] * 5 + ["line 7"]
    assert "2 row(s) are wrong; nothing was imported" in refused.stderr
    assert not run.folder.exists()


def test_a_revised_figure_is_final_when_quotas_rest_on_it(run: Commands) -> None:
    """Then it is told as a bad row."""
    run("municipalities", "import", "-", given=SMALL_COUNTRY)
    revised = SMALL_COUNTRY.replace(",500,", ",501,")
    assert "1 corrected and 3 unchanged" in run("municipalities", "import", "-", given=revised).stdout
    run("quotas", "set", "2023-H1", "--national", "101")
    refused = run("municipalities", "import", "-", given=SMALL_COUNTRY)
    assert refused.exit_code == 1
    assert "line 2: population: quotas rest on" in refused.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("quotas", "set", "2023", "--national", "1"),
        ("quotas", "set", "2023-H3", "--national", "1"),
        ("quotas", "set", "2023-H1", "--national", "-1"),
        ("quotas", "set", "2023-H1"),
        ("quotas", "list", "2023-H1", "--at", "yesterday"),
        ("quotas", "list", "2023-H1", "--at", "2999-01-01"),
        ("quotas", "list", "2023-H1"),
        ("municipalities", "merge", "GM1", "--from", "GM0501", "--on", "2023-01-01"),
    ],
)
def test_what_cannot_be_meant_is_a_usage_error(run: Commands, arguments: tuple[str, ...]) -> None:
    """Exit code 2, and nothing is made."""
    assert run(*arguments).exit_code == 2
    assert not run.folder.exists()


def test_a_file_that_is_not_utf_8_is_refused(run: Commands, tmp_path: Path) -> None:
    """With the line on which that shows."""
    file = tmp_path / "latin.csv"
    file.write_bytes(SMALL_COUNTRY.encode() + "GM1900,Súdwest,Fryslân,1,2022-01-01\n".encode("latin-1"))
    refused = run("municipalities", "import", str(file))
    assert (refused.exit_code, "line 6: not UTF-8" in refused.stderr) == (1, True)


def test_the_same_on_the_database_of_a_distributed_service(
    run: Commands, postgresql_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DOORSTROOM_DATABASE_URL names it, and no folder is made."""
    monkeypatch.setenv("DOORSTROOM_DATABASE_URL", postgresql_database_url)
    assert run("municipalities", "import", "-", given=SMALL_COUNTRY).exit_code == 0
    assert run("quotas", "set", "2023-H1", "--national", "101").exit_code == 0
    assert run.quotas("2023-H1")["GM0014"]["task"] == 51
    assert not run.folder.exists()
