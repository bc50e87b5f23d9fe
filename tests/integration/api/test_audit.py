"""The audit log of a running system: every read and change, and every refusal, with who asked and about whom."""

import json
from uuid import UUID, uuid4

from sqlalchemy import select

from schemas.vocabulary import Purpose
from services.chassis.audit import verify
from services.chassis.database import Row
from services.chassis.identity import Role
from services.chassis.unit_of_work import UnitOfWork
from services.registry.store.references import References
from tests.integration.api.conftest import Server
from tests.support.noted import lines

PURPOSES = [purpose.value for purpose in Purpose]
CASE = {"sex": "female", "ageBand": "23-plus", "adults": 1, "children": 0, "consents": PURPOSES}
TRACE = "0af7651916cd43dd8448eb211c80319c"
SEEN = ("action", "result", "status", "organisation", "role")


async def known_as(server: Server, organisation: str, id_: str) -> str:
    """By which reference an organisation knows what is stored with this id."""
    registry = server.services["registry"].transactions
    return str((await registry.read(lambda unit: References().of(unit, organisation))).to(UUID(id_)))


async def last(server: Server, service: str = "registry") -> Row:
    return (await lines(server.services[service]))[-1]


def seen(row: Row) -> tuple[object, ...]:
    return tuple(row[name] for name in SEEN)


async def test_a_change_and_a_read_of_a_case_are_noted_with_whose_case_it_was(server: Server) -> None:
    """By the references in the path, as they were sent, and by the cases that were met on the way."""
    token = server.token("coordination", Role.COORDINATOR)
    case_id = (await server.post("/registry/v1/cases", token, CASE)).body["caseId"]
    assert seen(await last(server)) == ("registerCase", "done", 201, "coordination", "coordinator")
    await server.send("GET", f"/registry/v1/cases/{case_id}", token)
    row = await last(server)
    assert seen(row) == ("getCase", "done", 200, "coordination", "coordinator")
    assert json.loads(row.objects) == {"caseId": case_id}
    assert [await known_as(server, "coordination", case) for case in json.loads(row.cases)] == [case_id]
    assert (row.subject, row.origin) == ("system", "api")


async def test_whose_entries_a_list_showed_is_noted(sampled: Server) -> None:
    """A list discloses as much as so many single reads."""
    token = sampled.token("comensha", Role.COORDINATOR)
    shown = (await sampled.send("GET", "/registry/v1/entries", token)).body["entries"]
    row = await last(sampled)
    assert row.action == "listEntries"
    noted = {await known_as(sampled, "comensha", case) for case in json.loads(row.cases)}
    assert noted == {entry["caseId"] for entry in shown} != set()


async def test_an_answer_that_is_given_again_is_noted_as_that(server: Server) -> None:
    """Nothing was changed by it, and something was shown."""
    token, key = server.token("coordination", Role.COORDINATOR), str(uuid4())
    for _ in range(2):
        await server.post("/registry/v1/cases", token, CASE, key=key)
    first, second = (await lines(server.services["registry"]))[-2:]
    assert (first.result, second.result) == ("done", "repeated")


async def test_a_refusal_is_noted_with_whoever_is_known_to_have_asked(server: Server) -> None:
    """Without a token, with the wrong role, for another's case, and with what is no input."""
    stranger, provider = server.token("stranger", Role.COORDINATOR), server.token("shelter", Role.PROVIDER)
    owner = server.token("coordination", Role.COORDINATOR)
    case_id = (await server.post("/registry/v1/cases", owner, CASE)).body["caseId"]
    path = f"/registry/v1/cases/{case_id}"
    asked: dict[str | None, tuple[object, ...]] = {
        None: ("getCase", "refused", 401, None, None),
        provider: ("getCase", "refused", 403, "shelter", "provider"),
        stranger: ("getCase", "refused", 404, "stranger", "coordinator"),
    }
    for token, expected in asked.items():
        await server.send("GET", path, token)
        row = await last(server)
        assert seen(row) == expected
        assert json.loads(row.objects) == {"caseId": case_id}
    await server.post("/registry/v1/cases", owner, {"sex": "unheard of"})
    assert seen(await last(server)) == ("registerCase", "refused", 400, "coordination", "coordinator")


async def test_what_was_undone_was_not_done(server: Server) -> None:
    """A change that a rule refuses leaves one line, of the refusal."""
    token = server.token("coordination", Role.COORDINATOR)
    before = len(await lines(server.services["registry"]))
    refused = await server.post("/registry/v1/entries", token, {"caseId": str(uuid4()), "waitlist": "cosm"})
    assert refused.status == 404
    assert [row.result for row in (await lines(server.services["registry"]))[before:]] == ["refused"]


async def test_nothing_that_somebody_typed_gets_into_the_log(server: Server) -> None:
    """Not from the address, nor from the body or the token."""
    token = server.token("coordination", Role.COORDINATOR)
    await server.send("GET", "/registry/v1/cases/Sesame-Street-1", token)
    await server.post("/registry/v1/cases", token, CASE | {"note": "Sesame-Street-1"})
    for service in server.services.values():
        for row in await lines(service):
            text = json.dumps([str(value) for value in row])
            assert "Sesame" not in text
            assert token not in text


async def test_a_line_joins_the_callers_own_trace(server: Server) -> None:
    """So that it can be laid beside the processing log."""
    token = server.token("coordination", Role.COORDINATOR)
    headers = {"traceparent": f"00-{TRACE}-b7ad6b7169203331-01", "X-Request-Id": "mine-1"}
    await server.send("GET", "/registry/v1/waitlists", token, headers=headers)
    row = await last(server)
    assert (row.trace_id, row.request_id) == (TRACE, "mine-1")


async def test_an_open_stream_is_noted(server: Server) -> None:
    """When it is opened; what it shows is in the inbox."""
    token = server.token("coordination", Role.COORDINATOR)
    url = f"{server.root}/notifications/v1/events"
    async with server.session.get(url, headers={"Authorization": f"Bearer {token}"}) as response:
        assert response.status == 200
        assert seen(await last(server, "notifications"))[1:3] == ("done", 200)


async def test_what_is_noted_is_sealed_soon_and_holds(server: Server) -> None:
    """The service does it by itself."""
    token = server.token("coordination", Role.COORDINATOR)
    for _ in range(20):
        await server.send("GET", "/registry/v1/waitlists", token)
    registry = server.services["registry"]
    await registry.journal.sealing.work()
    audit = registry.tables.audit

    async def read(unit: UnitOfWork) -> tuple[int, list[str]]:
        return len(await unit.execute(select(audit.log.c.id))), await verify(unit, audit)

    count, findings = await registry.transactions.read(read)
    assert count >= 20
    assert findings == []
