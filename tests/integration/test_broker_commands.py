"""`doorstroom broker definitions`: passwords are made once, kept from others, and shown to nobody."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from services.cli.__main__ import cli
from services.cli.errors import CannotRun
from services.cli.permissions import hashed_password


def printed(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["broker", "definitions", *arguments])


def users(result: Result) -> dict[str, dict[str, Any]]:
    return {user["name"]: user for user in json.loads(result.stdout)["users"]}


def test_passwords_are_made_once_and_only_their_hashes_are_printed(tmp_path: Path) -> None:
    """Each in a file of its own that only its owner may read; the next time the same."""
    folder = tmp_path / "passwords"
    first = printed("--passwords", str(folder), "--agency", "gm0344")
    files = {file.name: file.read_text() for file in folder.iterdir()}
    assert files.keys() == users(first).keys() > {"service-registry", "agency-gm0344"}
    assert all((file.stat().st_mode & 0o077) == 0 for file in (folder, *folder.iterdir()))
    assert not any(password in first.stdout for password in files.values())
    printed("--passwords", str(folder), "--agency", "gm0344", "--agency", "gm0363")
    assert {name: (folder / name).read_text() for name in files} == files
    assert (folder / "agency-gm0363").exists()


def test_a_password_is_hashed_as_rabbitmq_documents_it() -> None:
    """Its own example: https://www.rabbitmq.com/docs/passwords#computing-password-hash."""
    assert hashed_password("test12", bytes.fromhex("908DC60A")) == "kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR"


def test_a_password_file_without_a_password_is_refused(tmp_path: Path) -> None:
    """An empty password would let anyone in."""
    (tmp_path / "service-registry").touch(mode=0o600)
    assert isinstance(printed("--passwords", str(tmp_path)).exception, CannotRun)


@pytest.mark.parametrize("name", ["a b", "*", "#", "-x", "x" * 65])
def test_an_organisation_whose_name_could_mean_another_is_refused(name: str) -> None:
    """What stands in a pattern means only itself."""
    assert printed("--agency", name).exit_code == 2


def test_the_setting_names_who_has_a_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same one that the service reads."""
    monkeypatch.setenv("DOORSTROOM_AGENCY_QUEUES", "north  gm0344")
    assert {"agency-north", "agency-gm0344"} <= users(printed()).keys()
