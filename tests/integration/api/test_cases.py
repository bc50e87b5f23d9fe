"""What coordinators can do with cases, over HTTP."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from click.testing import CliRunner

from services.chassis.identity import Role
from services.cli.__main__ import cli
from services.registry.store.vault import KEY_FILE
from tests.integration.api.conftest import Answer, Server

BASE = "/registry/v1"
HOUSEHOLD = {"sex": "female", "ageBand": "23-plus"}
TOLD = {
    "name": "A name",
    "alienNumber": "1234567890",
    "contact": "a contact",
    "backUpContact": "another contact",
    "notes": "some notes",
}


class Desk:
    """A coordinator at work, and another one who must see nothing of it."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.mine = server.token("coordination-one", Role.COORDINATOR)
        self.other = server.token("coordination-two", Role.COORDINATOR)

    async def send(self, method: str, path: str, body: object = None, token: str | None = None) -> Answer:
        key = str(uuid4()) if method == "POST" else None
        return await self.server.send(method, f"{BASE}{path}", token or self.mine, key=key, json=body)

    async def made(self, path: str, body: object, status: int = 201) -> Any:  # noqa: ANN401 - JSON
        answer = await self.send("POST", path, body)
        assert answer.status == status, answer.body
        return answer.body

    async def read(self, path: str) -> Any:  # noqa: ANN401 - JSON
        answer = await self.send("GET", path)
        assert answer.status == 200, answer.body
        return answer.body

    async def case(self, *consents: str) -> str:
        return str((await self.made("/cases", HOUSEHOLD | {"consents": consents}))["caseId"])

    async def entries_of(self, case_id: str) -> dict[str, str]:
        entries = (await self.read("/entries"))["entries"]
        return {entry["waitlist"]: entry["state"] for entry in entries if entry["caseId"] == case_id}


@pytest.fixture
def desk(server: Server) -> Desk:
    return Desk(server)


async def test_a_case_has_the_report_that_it_follows_from_and_may_have_more(desk: Desk) -> None:
    """The coordinator's own first; the same report counts once."""
    case_id = await desk.case()
    police = {
        "referrer": "police",
        "region": {"kind": "police_unit", "unit": "limburg"},
        "reference": str(uuid4()),
    }
    await desk.made(f"/cases/{case_id}/referrals", police)
    assert (await desk.send("POST", f"/cases/{case_id}/referrals", police)).status == 409
    listed = (await desk.read(f"/cases/{case_id}/referrals"))["referrals"]
    assert [referral["referrer"] for referral in listed] == ["coordinator", "police"]
    assert listed[1]["region"] == {"kind": "police_unit", "unit": "limburg"}
    nowhere = {"referrer": "labour_inspectorate", "region": {"kind": "kmar_district", "district": 2}}
    assert (await desk.send("POST", f"/cases/{case_id}/referrals", nowhere)).status == 400


async def test_a_group_is_taken_at_once_or_refused_with_everything_that_is_wrong(desk: Desk) -> None:
    """A raid: thirty people, one request, and one key under which it may be sent again."""
    raid = {"referrer": "police", "household": HOUSEHOLD | {"consents": ["shelter"]}}
    body = {"referrals": [raid] * 30}
    token, key = desk.mine, str(uuid4())
    first = await desk.server.post(f"{BASE}/referrals/bulk", token, body, key)
    assert first.status == 201
    again = await desk.server.post(f"{BASE}/referrals/bulk", token, body, key)
    assert again.body == first.body
    assert len({referral["caseId"] for referral in first.body["referrals"]}) == 30
    bad = [raid, raid | {"caseId": str(uuid4())}, {"referrer": "police"}, raid | {"reportedAt": "yesterday"}]
    before = await desk.server.stored()
    refused = await desk.send("POST", "/referrals/bulk", {"referrals": bad})
    assert refused.status == 400
    assert {error["pointer"].lstrip("#") for error in refused.body["errors"]} == {
        "/referrals/1",
        "/referrals/2",
        "/referrals/3/reportedAt",
    }
    stranger = {"referrer": "police", "caseId": str(uuid4())}
    refused = await desk.send("POST", "/referrals/bulk", {"referrals": [raid, stranger, stranger]})
    assert len(refused.body["errors"]) == 2
    assert await desk.server.stored() == before


async def test_consent_is_what_opens_and_closes_the_lists(desk: Desk) -> None:
    """Without: 409 that says why. Withdrawn: out of the list at once."""
    case_id = await desk.case()
    refused = await desk.send("POST", "/entries", {"caseId": case_id, "waitlist": "omm"})
    assert refused.status == 409
    assert "consent" in refused.body["detail"]
    consent = await desk.made(f"/cases/{case_id}/consents", {"purpose": "shelter"})
    await desk.made("/entries", {"caseId": case_id, "waitlist": "omm"})
    withdrawn = await desk.made(f"/cases/{case_id}/consents/{consent['consentId']}/_withdraw", None, 200)
    assert withdrawn["withdrawnAt"]
    assert await desk.entries_of(case_id) == {"omm": "withdrawn"}
    again = await desk.send("POST", f"/cases/{case_id}/consents/{consent['consentId']}/_withdraw")
    assert again.status == 409


async def test_a_household_changes_and_the_case_says_so(desk: Desk) -> None:
    """Members come, become better known, and go."""
    case_id = await desk.case("shelter")
    child = await desk.made(f"/cases/{case_id}/members", {"sex": "unknown", "ageBand": "unknown"})
    assert child["comesAsChild"]
    path = f"/cases/{case_id}/members/{child['memberId']}"
    known = {"sex": "male", "ageBand": "0-11", "wheelchair": True, "needs": ["medical"]}
    assert (await desk.send("PUT", path, known)).status == 200
    case = await desk.read(f"/cases/{case_id}")
    assert (case["adults"], case["children"], case["wheelchair"], case["needs"]) == (1, 1, True, ["medical"])
    assert [member["registeredFor"] for member in (await desk.read(f"/cases/{case_id}/members"))["members"]] == [
        True,
        False,
    ]
    assert (await desk.send("DELETE", path)).status == 204
    assert (await desk.read(f"/cases/{case_id}"))["children"] == 0
    wishes = {"region": "limburg", "secrecyWanted": "discreet"}
    assert (await desk.send("PUT", f"/cases/{case_id}/preferences", wishes)).body == wishes
    assert await desk.read(f"/cases/{case_id}/preferences") == wishes


async def test_where_a_household_must_not_be_is_stored_apart_from_why(desk: Desk) -> None:
    """The rule is in the list; the reason needs another scope."""
    case_id = await desk.case("shelter")
    path = f"/cases/{case_id}/exclusions"
    rule = await desk.made(path, {"municipalityCode": "GM0344", "reason": "recruiter_there"})
    assert "reason" not in rule
    nowhere = await desk.send("POST", path, {"reason": "other"})
    assert nowhere.status == 400
    background = f"{path}/{rule['exclusionId']}/background"
    assert await desk.read(background) == {"setBy": "coordination-one", "reason": "recruiter_there"}
    reader = desk.server.token("coordination-one", Role.COORDINATOR, ["registry:read", "registry:write"])
    assert (await desk.send("GET", background, token=reader)).status == 403
    lifted = await desk.made(f"{path}/{rule['exclusionId']}/_lift", None, 200)
    assert lifted["liftedAt"]


async def test_a_reflection_period_and_the_permit_that_ends_it(desk: Desk) -> None:
    """Once, with an end; the permit moves the household to the housing list with its waiting time."""
    case_id = await desk.case("shelter", "housing")
    since = (datetime.now(UTC) - timedelta(days=30)).isoformat().replace("+00:00", "Z")
    await desk.made("/entries", {"caseId": case_id, "waitlist": "cosm", "waitingSince": since})
    path = f"/cases/{case_id}/reflection-period"
    started = (datetime.now(UTC) - timedelta(days=20)).date().isoformat()
    period = await desk.made(path, {"startedOn": started})
    assert period["endedOn"] is None
    assert (await desk.send("POST", path, {"startedOn": started})).status == 409
    ended = {"reason": "complaint_filed_or_cooperating", "endedOn": datetime.now(UTC).date().isoformat()}
    assert (await desk.made(f"{path}/_end", ended, 200))["endReason"] == "complaint_filed_or_cooperating"
    assert await desk.entries_of(case_id) == {"cosm": "lapsed"}
    permit = await desk.made(f"/cases/{case_id}/permit", {"kind": "asylum", "grantedOn": ended["endedOn"]})
    assert datetime.fromisoformat(permit["housingEntry"]["waitingSince"]) == datetime.fromisoformat(since)
    assert await desk.read(f"/cases/{case_id}/permit") == permit
    assert (await desk.read(path))["endedOn"] == ended["endedOn"]


async def test_attempts_to_reach_somebody_are_logged(desk: Desk) -> None:
    """Page by page, and never about somebody else's offer."""
    case_id = await desk.case()
    path = f"/cases/{case_id}/contact-attempts"
    for outcome in ("not_reached", "left_word", "reached"):
        await desk.made(path, {"channel": "telephone", "outcome": outcome})
    page = await desk.send("GET", f"{path}?limit=2")
    assert [attempt["outcome"] for attempt in page.body["contactAttempts"]] == ["not_reached", "left_word"]
    assert f"{path}?" in page.headers["Link"]
    unknown = {"channel": "telephone", "outcome": "reached", "offerId": str(uuid4())}
    assert (await desk.send("POST", path, unknown)).status == 404


async def test_a_placement_after_the_fact_waits_for_a_review(desk: Desk) -> None:
    """In the list of what is to be reviewed, until it is."""
    case_id = await desk.case("shelter")
    night = {"kind": "emergency", "since": "2026-01-01T02:00:00Z", "programme": "cosm"}
    placement = await desk.made(f"/cases/{case_id}/placements", night)
    listed = (await desk.read("/placements?reviewed=false"))["placements"]
    assert [item["placementId"] for item in listed] == [placement["placementId"]]
    path = f"/placements/{placement['placementId']}"
    assert (await desk.made(f"{path}/_review", {"review": "to_be_moved"}, 200))["review"] == "to_be_moved"
    assert (await desk.read("/placements?reviewed=false"))["placements"] == []
    assert (await desk.made(f"{path}/_end", None, 200))["endedAt"]
    assert (await desk.send("POST", f"{path}/_end")).status == 409


async def test_two_cases_become_one_and_two_again(desk: Desk) -> None:
    """The one that was merged says into which; undoing needs a reason."""
    survivor, merged = await desk.case("shelter"), await desk.case("shelter")
    for case_id in (survivor, merged):
        await desk.made("/entries", {"caseId": case_id, "waitlist": "omm"})
    merger = await desk.made("/case-mergers", {"survivorId": survivor, "mergedId": merged})
    assert (await desk.read(f"/cases/{merged}"))["mergedInto"] == survivor
    assert await desk.entries_of(merged) == {"omm": "withdrawn"}
    path = f"/case-mergers/{merger['mergerId']}/_undo"
    assert (await desk.send("POST", path, {})).status == 400
    assert (await desk.made(path, {"reason": "two_persons"}, 200))["undoReason"] == "two_persons"
    assert await desk.entries_of(merged) == {"omm": "waiting"}
    assert len((await desk.read("/case-mergers"))["mergers"]) == 1


async def test_a_household_is_left_out_for_a_while(desk: Desk) -> None:
    """Paused, and back where it stood."""
    case_id = await desk.case("shelter")
    entry = await desk.made("/entries", {"caseId": case_id, "waitlist": "omm"})
    path = f"/entries/{entry['entryId']}"
    assert (await desk.send("POST", f"{path}/_pause", {"pausedUntil": "2020-01-01T00:00:00Z"})).status == 400
    assert (await desk.made(f"{path}/_pause", {}, 200))["state"] == "paused"
    resumed = await desk.made(f"{path}/_resume", None, 200)
    assert (resumed["state"], resumed["waitingSince"]) == ("waiting", entry["waitingSince"])


async def test_nobody_else_sees_or_changes_a_case(desk: Desk) -> None:
    """Somebody else's looks like one that does not exist, whatever is asked of it."""
    case_id = await desk.case("shelter")
    await desk.send("PUT", f"/cases/{case_id}/personal-data", TOLD)
    for operation in desk.server.services["registry"].api.operations:
        if "{caseId}" not in operation.path:
            continue
        path = operation.path.removeprefix(BASE).replace("{caseId}", case_id)
        for name in ("{memberId}", "{exclusionId}", "{consentId}"):
            path = path.replace(name, str(uuid4()))
        example = operation.request_example
        body = None if example is None else example.model_dump(mode="json", by_alias=True, exclude_none=True)
        answer = await desk.send(operation.method, path, body, token=desk.other)
        assert answer.status == 404, (operation.operation_id, answer.status, answer.body)
        assert TOLD["name"] not in str(answer.body)


async def test_erased_is_erased_by_the_coordinator_or_the_operator(desk: Desk, tmp_path: Path) -> None:
    """The route and the command; the case stays, and why a rule was set is gone with the key."""
    case_id = await desk.case("shelter")
    path = f"/cases/{case_id}/personal-data"
    rule = await desk.made(f"/cases/{case_id}/exclusions", {"region": "limburg", "reason": "family_there"})
    await desk.send("PUT", path, TOLD)
    assert (await desk.send("DELETE", path)).status == 204
    assert (await desk.send("GET", path)).status == 404
    assert (await desk.send("GET", f"/cases/{case_id}/exclusions/{rule['exclusionId']}/background")).status == 404
    await desk.send("PUT", path, TOLD)
    assert (await desk.read(path))["name"] == TOLD["name"]
    assert (tmp_path / KEY_FILE).stat().st_mode & 0o777 == 0o600
    assert (await desk.read(f"/cases/{case_id}"))["caseId"] == case_id


async def test_the_command_erases_after_a_confirmation(desk: Desk, tmp_path: Path) -> None:
    """0 when it is done, 1 when it is not to be or there is no such case, 2 when the folder is none."""
    case_id = await desk.case()
    path = f"/cases/{case_id}/personal-data"
    await desk.send("PUT", path, TOLD)
    await desk.server.embedded.process.stop(0)

    async def run(command: str, *arguments: str, given: str | None = None) -> tuple[int, str]:
        result = await asyncio.to_thread(CliRunner().invoke, cli, ["cases", command, *arguments], input=given)
        return result.exit_code, result.output

    folder = ("--data", str(tmp_path))
    found = (await run("find", "coordination-one", case_id, *folder))[1].strip()
    assert (await run("erase", found, *folder, given="n\n"))[0] == 1
    assert (await run("erase", case_id, *folder, "--yes"))[0] == 1
    assert (await run("erase", found, "--data", str(tmp_path / "nothing")))[0] == 2
    code, said = await run("erase", found, *folder, given="y\n")
    assert (code, "destroyed" in said) == (0, True)
    assert await run("erase", found, *folder, "--yes") == (0, "Nothing personal was stored of it.\n")


async def test_the_operator_finds_which_case_is_meant_and_says_by_what_another_knows_it(
    desk: Desk, tmp_path: Path
) -> None:
    """By whose reference it is, and back; with another's organisation, none is found by it."""
    case_id = await desk.case()
    told = (await desk.read(f"/cases/{case_id}/helpdesk-reference"))["helpdeskReference"]

    async def run(*arguments: str) -> tuple[int, str]:
        result = await asyncio.to_thread(CliRunner().invoke, cli, ["cases", *arguments, "--data", str(tmp_path)])
        return result.exit_code, result.output.strip()

    code, found = await run("find", "coordination-one", case_id)
    assert (code, found == case_id) == (0, False)
    assert await run("find", "comensha", told) == (0, found)
    assert await run("reference", "coordination-one", found) == (0, case_id)
    assert await run("reference", "comensha", found) == (0, told)
    assert (await run("find", "coordination-two", case_id))[0] == 1
    assert (await run("reference", "coordination-one", str(uuid4())))[0] == 1
