"""What a person prefers, over HTTP."""

import asyncio

from services.chassis.identity import Role
from tests.integration.api.conftest import Answer, Server

PATH = "/notifications/v1/preferences"
QUIET = {"begins": "20:00", "ends": "08:00", "weekends": True}


def person(server: Server, name: str, organisation: str = "coordination") -> str:
    scopes = ["notifications:read", "notifications:subscribe"]
    return server.embedded.issuer.issue(name, organisation, Role.COORDINATOR, scopes)


async def test_a_person_has_defaults_and_then_what_they_set(server: Server) -> None:
    """Their own: nobody else's change, in this organisation or another."""
    anna, ben = person(server, "anna"), person(server, "ben")
    before = await server.send("GET", PATH, anna)
    assert before.body["quietHours"] == {"begins": "22:00", "ends": "07:00", "weekends": False}
    wanted = {"language": "en", "quietHours": QUIET, "urgentPasses": False, "absence": None}
    assert (await server.send("PUT", PATH, anna, json=wanted)).status == 200
    assert (await server.send("GET", PATH, anna)).body == wanted
    assert (await server.send("GET", PATH, ben)).body == before.body
    assert (await server.send("GET", PATH, person(server, "anna", "another"))).body == before.body


async def test_what_is_not_given_is_off(server: Server) -> None:
    """Also the quiet hours that there are by default."""
    anna = person(server, "anna")
    assert (await server.send("PUT", PATH, anna, json={})).status == 200
    assert (await server.send("GET", PATH, anna)).body == {
        "language": "nl",
        "urgentPasses": True,
        "quietHours": None,
        "absence": None,
    }


async def test_who_was_slower_than_another_changes_nothing(server: Server) -> None:
    """With If-Match an update is for what was read; of many that begin with the same, one is made."""
    anna = person(server, "anna")
    read = (await server.send("GET", PATH, anna)).headers["ETag"]

    async def put(language: str, tag: str) -> Answer:
        return await server.send("PUT", PATH, anna, json={"language": language}, headers={"If-Match": tag})

    answers = await asyncio.gather(*(put("en", read) for _ in range(8)))
    assert sorted(answer.status for answer in answers) == [200, *[412] * 7]
    refused = next(answer for answer in answers if answer.status == 412)
    assert refused.body["type"] == "urn:problem-type:doorstroom:precondition-failed"
    changed = (await server.send("GET", PATH, anna)).headers["ETag"]
    assert [answer.headers["ETag"] for answer in answers if answer.status == 200] == [changed]
    assert (await put("nl", f"W/{changed}")).status == 412
    assert (await put("nl", f'"other", {changed}')).status == 200
    assert (await put("en", "*")).status == 200
    assert (await put("nl", "without quotes")).body["errors"][0]["pointer"] == "/If-Match"


async def test_a_subscription_is_changed_by_who_has_read_it(server: Server) -> None:
    """What changed by itself counts as well: it was another thing that was read."""
    anna = person(server, "anna")
    wanted = {"channel": "webhook", "address": "https://receiver.example.org/a"}
    made = (await server.post("/notifications/v1/subscriptions", anna, wanted)).body
    one = f"/notifications/v1/subscriptions/{made['subscriptionId']}"
    read = (await server.send("GET", one, anna)).headers["ETag"]
    await server.post(f"{one}/_pause", anna)
    settings = {"address": wanted["address"], "kinds": ["offer-made"]}
    assert (await server.send("PUT", one, anna, json=settings, headers={"If-Match": read})).status == 412
    assert (await server.send("GET", one, anna)).body["kinds"] == []
    now = (await server.send("GET", one, anna)).headers["ETag"]
    answer = await server.send("PUT", one, anna, json=settings, headers={"If-Match": now})
    assert (answer.status, answer.headers["ETag"]) == (200, (await server.send("GET", one, anna)).headers["ETag"])


async def test_only_a_colleague_who_has_preferences_stands_in(server: Server) -> None:
    """Not a stranger, not somebody elsewhere, and not oneself."""
    anna, ben = person(server, "anna"), person(server, "ben")
    await server.send("PUT", PATH, person(server, "carl", "another"), json={})

    async def away(substitute: str) -> int:
        absence = {"firstDay": "2026-07-20", "lastDay": "2026-08-07", "substitute": substitute}
        return (await server.send("PUT", PATH, anna, json={"absence": absence})).status

    assert [await away(name) for name in ("ben", "carl", "anna")] == [400, 400, 400]
    await server.send("PUT", PATH, ben, json={})
    assert await away("ben") == 200
    assert (await server.send("GET", PATH, anna)).body["absence"]["substitute"] == "ben"


async def test_hours_and_days_that_make_no_sense_are_refused(server: Server) -> None:
    """With where it is wrong."""
    anna = person(server, "anna")
    backwards = {"firstDay": "2026-08-07", "lastDay": "2026-07-20", "substitute": "ben"}
    wrong = (
        {"quietHours": QUIET | {"ends": "24:00"}},
        {"quietHours": QUIET | {"ends": "20:00"}},
        {"absence": backwards},
    )
    for body in wrong:
        answer = await server.send("PUT", PATH, anna, json=body)
        assert answer.status == 400, body
