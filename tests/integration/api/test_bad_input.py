"""What bad input gets: a problem that says what is wrong, and nothing changed."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.chassis.database import Database
from services.chassis.identity import Role
from tests.integration.api.conftest import Answer, Server
from tests.support.waiting import eventually

CASES = "/registry/v1/cases"
SOME_ID = "019c0000-0000-7000-8000-00000000ffff"
GOOD_CASE = {"sex": "female", "ageBand": "23-plus"}


def is_problem(answer: Answer, status: int) -> None:
    """The shape that every refusal has (RFC 9457)."""
    assert answer.status == status, answer.body
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert answer.headers["API-Version"]
    assert answer.body["status"] == status
    assert answer.body["title"]
    assert answer.body["detail"]


BAD_CASES: list[tuple[Any, list[str]]] = [
    ({}, ["#/sex", "#/ageBand"]),
    (GOOD_CASE | {"sex": "robot", "adults": 99, "wheelchair": "yes"}, ["#/sex", "#/adults", "#/wheelchair"]),
    (GOOD_CASE | {"name": "someone"}, ["#/name"]),
    (GOOD_CASE | {"adults": "1"}, ["#/adults"]),
    (GOOD_CASE | {"adults": 1.5}, ["#/adults"]),
    (GOOD_CASE | {"needs": ["gold"]}, ["#/needs/0"]),
    ([], [""]),
    ("text", [""]),
    (None, [""]),
]


@pytest.mark.parametrize(("body", "pointers"), BAD_CASES, ids=str)
async def test_every_wrong_field_is_named_at_once(server: Server, body: object, pointers: list[str]) -> None:
    """Nobody has to try again to learn of the next mistake; and no value is repeated."""
    before = await server.stored()
    answer = await server.post(CASES, server.token("coordination", Role.COORDINATOR), body)
    is_problem(answer, 400)
    found = {error["pointer"].lstrip("#/") for error in answer.body["errors"]}
    assert found == {pointer.lstrip("#/") for pointer in pointers}
    assert "robot" not in str(answer.body)
    assert "someone" not in str(answer.body)
    assert await server.stored() == before


@pytest.mark.parametrize(
    "raw", [b"{", b"\xff", b'{"sex":"female","sex":"male"}', b'{"adults":NaN}', b"[" * 5000, b""], ids=str
)
async def test_what_is_not_json_is_refused(server: Server, raw: bytes) -> None:
    """Broken, not UTF-8, a name twice, not a number, too deep, or nothing."""
    token = server.token("coordination", Role.COORDINATOR)
    headers = {"Content-Type": "application/json"}
    is_problem(await server.send("POST", CASES, token, key="k", data=raw, headers=headers), 400)


async def test_a_huge_body_is_refused(server: Server) -> None:
    """Before it is read."""
    token = server.token("coordination", Role.COORDINATOR)
    headers = {"Content-Type": "application/json"}
    is_problem(await server.send("POST", CASES, token, key="k", data=b" " * 900_000, headers=headers), 413)


async def test_requests_for_something_else_are_refused(server: Server) -> None:
    """Another method, path, media type or accepted type."""
    token = server.token("coordination", Role.COORDINATOR)
    deleted = await server.send("DELETE", CASES, token)
    is_problem(deleted, 405)
    assert "POST" in deleted.headers["Allow"]
    is_problem(await server.send("GET", "/registry/v1/nothing", token), 404)
    is_problem(await server.send("GET", "/registry/v1/waitlists/", token), 404)
    is_problem(await server.send("GET", "/registry/v1/entries/not-an-id", token), 400)
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    is_problem(await server.send("POST", CASES, token, key="k", data=b"sex=female", headers=form), 415)
    xml = {"Accept": "application/xml"}
    is_problem(await server.send("GET", "/registry/v1/waitlists", token, headers=xml), 406)
    is_problem(await server.send("GET", "/registry/v1/entries?limit=0&colour=red", token), 400)
    is_problem(await server.send("GET", "/registry/v1/entries?cursor=nonsense", token), 400)


async def test_a_post_needs_an_idempotency_key(server: Server) -> None:
    """Without one a lost answer could not be asked for again."""
    token = server.token("coordination", Role.COORDINATOR)
    is_problem(await server.send("POST", CASES, token, json=GOOD_CASE), 400)
    is_problem(await server.send("POST", CASES, token, key="k" * 300, json=GOOD_CASE), 400)


async def test_the_same_key_has_one_effect_and_one_answer(server: Server) -> None:
    """Also when a hundred arrive at once; and another body with the same key is a contradiction."""
    token = server.token("coordination", Role.COORDINATOR)
    answers = await asyncio.gather(*(server.post(CASES, token, GOOD_CASE, key="once") for _ in range(40)))
    assert {answer.status for answer in answers} == {201}
    assert len({answer.body["caseId"] for answer in answers}) == 1
    assert sum("Idempotency-Replayed" in answer.headers for answer in answers) == 39
    assert len((await server.stored())["registry.cases"]) == 1
    is_problem(await server.post(CASES, token, GOOD_CASE | {"adults": 2}, key="once"), 409)
    assert len((await server.stored())["registry.cases"]) == 1


async def test_keys_of_different_organisations_do_not_meet(server: Server) -> None:
    """A key belongs to whoever sent it."""
    one = await server.post(CASES, server.token("one", Role.COORDINATOR), GOOD_CASE, key="same")
    two = await server.post(CASES, server.token("two", Role.COORDINATOR), GOOD_CASE, key="same")
    assert one.body["caseId"] != two.body["caseId"]


async def test_waiting_since_is_never_in_the_future(server: Server) -> None:
    """Nobody waits tomorrow; and a moment without a zone is no moment."""
    token = server.token("coordination", Role.COORDINATOR)
    case = (await server.post(CASES, token, GOOD_CASE)).body["caseId"]
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    for since in (tomorrow, "2026-01-01T10:00:00", "yesterday"):
        entry = {"caseId": case, "waitlist": "cosm", "waitingSince": since}
        is_problem(await server.post("/registry/v1/entries", token, entry), 400)
    is_problem(await server.post("/registry/v1/entries", token, {"caseId": case, "waitlist": "hotel"}), 400)
    is_problem(await server.post("/registry/v1/entries", token, {"caseId": SOME_ID, "waitlist": "cosm"}), 404)


async def test_unknown_organisations_are_refused(server: Server) -> None:
    """A provider or municipality that nobody registered has nothing here."""
    stranger = server.token("shelter-nobody", Role.PROVIDER)
    is_problem(await server.post("/shelters/v1/vacancies", stranger, {"unitId": SOME_ID}), 404)
    unregistered = server.token("GM9999", Role.MUNICIPALITY)
    is_problem(await server.post("/municipalities/v1/slots", unregistered, {"places": 2}), 404)
    person = server.token("not-a-code", Role.MUNICIPALITY)
    assert (await server.post("/municipalities/v1/slots", person, {"places": 2})).status in (403, 404)
    operator = server.token("comensha", Role.OPERATOR)
    is_problem(await server.post("/shelters/v1/facilities", operator, {"providerId": SOME_ID}), 404)


async def test_illegal_transitions_are_refused_and_change_nothing(sampled: Server) -> None:
    """Each says in which state the thing is, and what would be possible."""
    provider = sampled.token("shelter-noord", Role.PROVIDER)
    units = (await sampled.send("GET", "/shelters/v1/units", provider)).body["units"]
    occupied = next(unit for unit in units if unit["state"] == "occupied")
    unposted = next(unit for unit in units if unit["state"] == "out_of_service")
    refusals = [
        ("/shelters/v1/vacancies", {"unitId": occupied["unitId"]}, 409),
        ("/shelters/v1/arrivals", {"vacancyId": occupied["vacancyId"]}, 409),
        ("/shelters/v1/no-shows", {"vacancyId": occupied["vacancyId"]}, 409),
        (f"/shelters/v1/vacancies/{occupied['vacancyId']}/_withdraw", {}, 409),
        (f"/shelters/v1/vacancies/{occupied['vacancyId']}/_affirm", {"leaseSeconds": 3600}, 409),
        ("/shelters/v1/departures", {"unitId": unposted["unitId"], "reason": "returned_home"}, 409),
        ("/shelters/v1/vacancies", {"unitId": unposted["unitId"], "leaseSeconds": -1}, 400),
        ("/shelters/v1/vacancies", {"unitId": unposted["unitId"], "availableFrom": "2020-01-01T00:00:00Z"}, 400),
        ("/shelters/v1/vacancies", {"unitId": unposted["unitId"], "leaseSeconds": 60,
                                    "availableFrom": "2099-01-01T00:00:00Z"}, 409),
        ("/shelters/v1/vacancies", {"unitId": SOME_ID}, 404),
    ]  # fmt: skip
    before = await sampled.stored()
    for path, body, status in refusals:
        is_problem(await sampled.post(path, provider, body), status)
    assert await sampled.stored() == before


async def test_an_offer_is_answered_once_and_in_time(sampled: Server) -> None:
    """The second answer is a conflict, whichever it is."""
    provider = sampled.token("shelter-noord", Role.PROVIDER)
    units = (await sampled.send("GET", "/shelters/v1/units", provider)).body["units"]
    unit = next(unit for unit in units if unit["state"] == "out_of_service")
    posted = await sampled.post("/shelters/v1/vacancies", provider, {"unitId": unit["unitId"]})
    assert posted.status == 201
    is_problem(await sampled.post("/shelters/v1/vacancies", provider, {"unitId": unit["unitId"]}), 409)

    async def made() -> tuple[str, str] | None:
        for name in ("coordination-noord", "coordination-midden", "coordination-zuid", "comensha"):
            token = sampled.token(name, Role.COORDINATOR)
            offers = (await sampled.send("GET", "/registry/v1/offers?state=made", token)).body["offers"]
            if offers:
                return token, f"/registry/v1/offers/{offers[0]['offerId']}"
        return None

    token, offer = await eventually(made) or ("", "")
    is_problem(await sampled.post(f"{offer}/_decline", token, {"reason": "bored"}), 400)
    assert (await sampled.post(f"{offer}/_accept", token)).status == 200
    is_problem(await sampled.post(f"{offer}/_accept", token), 409)
    is_problem(await sampled.post(f"{offer}/_decline", token, {"reason": "other"}), 409)
    is_problem(await sampled.post(f"/registry/v1/offers/{SOME_ID}/_accept", token), 404)


async def test_pages_follow_on_each_other(sampled: Server) -> None:
    """Every entry once, over as many pages as it takes."""
    token = sampled.token("coordination-noord", Role.COORDINATOR)
    everything = (await sampled.send("GET", "/registry/v1/entries?limit=100", token)).body["entries"]
    found, path = [], "/registry/v1/entries?limit=2"
    for _ in range(len(everything)):
        page = await sampled.send("GET", path, token)
        found += page.body["entries"]
        link = page.headers.get("Link")
        if link is None:
            break
        path = link[1 : link.index(">")].removeprefix(sampled.root)
    assert len(everything) > 2
    assert found == everything


async def test_a_lost_database_is_503_and_readiness_says_so(server: Server) -> None:
    """Nothing is half done, and whoever balances the load looks elsewhere."""
    token = server.token("coordination", Role.COORDINATOR)
    transactions = server.services["registry"].transactions
    kept, transactions.database = transactions.database, Database.connect("sqlite:////proc/nothing.sqlite3")
    answer = await server.post(CASES, token, GOOD_CASE)
    is_problem(answer, 503)
    assert int(answer.headers["Retry-After"]) >= 1
    ready = await server.send("GET", "/readyz", None)
    assert ready.status == 503
    assert (await server.send("GET", "/healthz", None)).status == 200
    await transactions.database.close()
    transactions.database = kept
