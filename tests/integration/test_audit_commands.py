"""`doorstroom audit`, on a folder that a running system wrote."""

import json
import sqlite3
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from schemas.vocabulary import Purpose
from services.chassis.identity import Role
from services.cli.__main__ import cli
from tests.integration.api.conftest import serving
from tests.support.templates import run_to_its_end, sqlite_copy

CASE = {"sex": "female", "ageBand": "23-plus", "adults": 1, "children": 0, "consents": [*map(str, Purpose)]}


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments)


async def use(data: Path, cases: list[str]) -> None:
    """Somebody registers a case and looks at it three times; a stranger tries to."""
    async with serving(data) as server:
        owner, stranger = (server.token(name, Role.COORDINATOR) for name in ("coordination", "stranger"))
        reference = str((await server.post("/registry/v1/cases", owner, CASE)).body["caseId"])
        for token in (owner, owner, owner, stranger):
            await server.send("GET", f"/registry/v1/cases/{reference}", token)
        for service in server.services.values():
            await service.journal.sealing.work()
        cases.append(reference)


@pytest.fixture
def folder(tmp_path: Path, sqlite_template: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, str]:
    """Where it is, and the case as the operator knows it."""
    monkeypatch.delenv("DOORSTROOM_DATABASE_URL", raising=False)
    data = tmp_path / "data"
    sqlite_copy(sqlite_template, data)
    cases: list[str] = []
    run_to_its_end(use(data, cases))
    return data, run("cases", "find", "coordination", cases[0], "--data", str(data)).stdout.strip()


def change(data: Path, *statements: str) -> None:
    connection = sqlite3.connect(data / "registry.sqlite3")
    with connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


def test_a_sound_log_says_where_it_ends(folder: tuple[Path, str]) -> None:
    """And that end, kept elsewhere, is met again."""
    verified = run("audit", "verify", "registry", "--data", str(folder[0]))
    assert verified.exit_code == 0, verified.output
    end = verified.stdout.split()[-1]
    assert end.startswith("registry:5:")
    assert run("audit", "verify", "--noted", end, "--data", str(folder[0])).exit_code == 0


def test_what_was_done_to_the_log_is_found(folder: tuple[Path, str]) -> None:
    """A refusal made a success, and then the end taken away."""
    data = folder[0]
    end = run("audit", "verify", "registry", "--data", str(data)).stdout.split()[-1]
    change(data, "DROP TRIGGER audit_log_no_update", "UPDATE audit_log SET status = 200 WHERE status = 404")
    changed = run("audit", "verify", "registry", "--data", str(data))
    assert changed.exit_code == 1
    assert "registry: line 5 is not what was written" in changed.stdout
    change(data, "DROP TRIGGER audit_log_no_delete", "DELETE FROM audit_log WHERE sequence = 5")
    assert run("audit", "verify", "registry", "--data", str(data)).exit_code == 0
    cut = run("audit", "verify", "registry", "--noted", end, "--data", str(data))
    assert cut.exit_code == 1
    assert "line 5 is not the one that was noted" in cut.stdout


def test_an_end_that_is_none_is_refused(folder: tuple[Path, str]) -> None:
    """With how it looks."""
    refused = run("audit", "verify", "--noted", "registry:5", "--data", str(folder[0]))
    assert refused.exit_code == 2
    assert "SERVICE:LINE:DIGEST" in refused.output


def test_who_looked_at_a_case_can_be_listed(folder: tuple[Path, str]) -> None:
    """Those too who were refused, each with the organisation; the reference that they sent was the coordinator's."""
    data, case_id = folder
    listed = run("audit", "list", "registry", "--case", case_id, "--data", str(data)).stdout.splitlines()
    assert [line.split()[1:5] for line in listed] == [
        ["registerCase", "done", "201", "coordination"],
        *[["getCase", "done", "200", "coordination"]] * 3,
        ["getCase", "refused", "404", "stranger"],
    ]
    stranger = run("audit", "list", "registry", "--organisation", "stranger", "--json", "--data", str(data)).stdout
    reference = run("cases", "reference", "coordination", case_id, "--data", str(data)).stdout.strip()
    assert json.loads(stranger)["objects"] == {"caseId": reference}


def test_what_was_done_with_the_data_of_a_case_can_be_shown(folder: tuple[Path, str]) -> None:
    """Registered, and read three times; not who did it, which the audit log says under the same trace."""
    data, case_id = folder
    shown = run("cases", "log", case_id, "--json", "--data", str(data))
    assert shown.exit_code == 0, shown.output
    entries = [json.loads(line) for line in shown.stdout.splitlines()]
    activities = [entry["processingActivity"].rsplit(":", 1)[1] for entry in entries]
    assert activities == ["registerCase", "getCase", "getCase", "getCase"]
    assert all(entry["startedAt"] <= entry["endedAt"] for entry in entries)
    connection = sqlite3.connect(data / "registry.sqlite3")
    stored = connection.execute("SELECT * FROM processing_log").fetchall()
    traces = {trace for (trace,) in connection.execute("SELECT trace_id FROM audit_log WHERE result = 'done'")}
    looked = connection.execute("SELECT action, origin FROM audit_pending ORDER BY id").fetchall()
    connection.close()
    assert traces == {entry["traceId"] for entry in entries}
    assert not [row for row in stored if case_id in str(row) or case_id.replace("-", "") in str(row)]
    assert not [row for row in stored if "coordination" in str(row)]
    assert looked == [("cases find", "command"), ("cases log", "command")]


def test_the_token_endpoint_is_checked_with_the_others(folder: tuple[Path, str]) -> None:
    """Where there is one; what it says is compared with nobody's."""
    checked = run("check", "--at-rest", "--data", str(folder[0]))
    assert (checked.exit_code, ", identity: 0, " in checked.stdout) == (0, True), checked.output
    assert run("check", "identity", "--data", str(folder[0])).stdout == "identity: 0 finding(s)\n"


def test_a_case_that_is_not_there_has_no_log(folder: tuple[Path, str]) -> None:
    """And nobody learns more than that."""
    nothing = run("cases", "log", "00000000-0000-7000-8000-000000000000", "--data", str(folder[0]))
    assert nothing.exit_code == 1


def test_what_an_operator_erases_is_in_the_log(folder: tuple[Path, str]) -> None:
    """What is gone cannot tell that it was there."""
    data, case_id = folder
    assert run("cases", "erase", case_id, "--yes", "--data", str(data)).exit_code == 0
    connection = sqlite3.connect(data / "registry.sqlite3")
    rows = connection.execute("SELECT action, origin, role, objects FROM audit_pending ORDER BY id").fetchall()
    connection.close()
    assert rows[1:] == [("cases erase", "command", "operator", f'{{"caseId":"{case_id}"}}')]


def test_what_an_operator_does_to_clients_is_in_the_log(folder: tuple[Path, str], tmp_path: Path) -> None:
    """In the token endpoint's own, which is verified with the others."""
    data, key = folder[0], tmp_path / "key.pem"
    public = Ed25519PrivateKey.generate().public_key()
    key.write_bytes(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    told = ("--organisation", "shelter", "--role", "provider", "--scope", "shelters:read", "--data", str(data))
    added = run("clients", "add", "their-system", "--key", str(key), *told)
    assert added.exit_code == 0, added.output
    connection = sqlite3.connect(data / "identity.sqlite3")
    rows = connection.execute("SELECT action, origin, role, objects FROM audit_pending").fetchall()
    connection.close()
    assert rows == [("clients add", "command", "operator", '{"client":"their-system"}')]
    verified = run("audit", "verify", "--data", str(data))
    assert verified.exit_code == 0, verified.output
    assert "identity: 0 finding(s)" in verified.stdout
