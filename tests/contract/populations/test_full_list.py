"""The full list of Dutch municipalities, in the file DOORSTROOM_POPULATIONS_FILE: it imports, and all get a quota.

Not part of `make test`: the project carries a small sample only.
"""

import csv
import json
import os
from fractions import Fraction
from math import ceil
from pathlib import Path

import pytest
from click.testing import CliRunner

from services.cli.__main__ import cli

NATIONAL = 21_200
REF_DATE = "2022-01-01"


@pytest.fixture
def file() -> Path:
    """The list, with columns of its own beside those of the import."""
    given = os.environ.get("DOORSTROOM_POPULATIONS_FILE")
    if not given:
        pytest.fail("set DOORSTROOM_POPULATIONS_FILE to a CSV with the populations of 1 January 2022", pytrace=False)
    return Path(given)


def test_every_municipality_of_the_country_gets_its_quota(file: Path, tmp_path: Path) -> None:
    """Each exactly its part rounded up; the sum exceeds the national number by less than their count."""
    data = ["--data", str(tmp_path)]
    for command in (
        ["municipalities", "import", str(file), "--ref-date", REF_DATE],
        ["quotas", "set", "2023-H1", "--national", str(NATIONAL)],
    ):
        done = CliRunner().invoke(cli, [*command, *data])
        assert done.exit_code == 0, done.output
    listed = json.loads(CliRunner().invoke(cli, ["quotas", "list", "2023-H1", "--json", *data]).stdout)
    with file.open(encoding="utf-8-sig", newline="") as opened:
        counted = {
            row["cbs_code"]: int(row["population"]) for row in csv.DictReader(opened) if row["ref_date"] == REF_DATE
        }
    country = sum(counted.values())
    assert {quota["municipalityCode"]: quota["task"] for quota in listed} == {
        code: ceil(Fraction(NATIONAL * inhabitants, country)) for code, inhabitants in counted.items()
    }
    assert len(counted) > 300
    assert NATIONAL <= sum(quota["task"] for quota in listed) < NATIONAL + len(counted)
