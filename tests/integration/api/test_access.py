"""Who may do what: every route of every API, with every role, and with every kind of token that is not good."""

import json
import time
from typing import Any

import jwt
import pytest

from schemas.access import Role, Whose
from services.chassis.web import Operation
from services.cli.embedded import SERVICES
from tests.integration.api.conftest import Server
from tests.support.access import LINES, entitled
from tests.support.asking import OPERATIONS, Asking, names_an_object
from tests.support.belongings import Belongings, Ids, organisation

SCOPES = sorted({line.scope for line in LINES.values()})
CASE_WORKERS = {Role.COORDINATOR, Role.HELPDESK}
ABOUT_NOBODY = {"listLots", "listMunicipalities", "listMunicipalityMergers"}
"""Everyone's, for many: lots bear no name that others know, and which municipalities there are is public."""
FOR_ANY_COORDINATOR = {
    "getOffer", "acceptOffer", "declineOffer", "undoAnswer", "mergeCases", "listCaseMergers", "undoCaseMerger",
}  # fmt: skip
NUMBERS = {"getChain", "getMonths", "getWeeklyOverview", "getOccupancy", "listQuotas"}
"""Of the chain as a whole, for who watches over it."""
WATCHED = ("/decisions", "/decision", "/overviews/", "/quarantine", "/audit-log/")
"""What auditors read of people's affairs, of the chain, and of a service itself."""
OPERATED = ("/quarantine", "/audit-log/")
SOME_ID = "019c0000-0000-7000-8000-00000000ffff"


REFUSED = {401, 403, 404}
UNKNOWN = {"postVacancies": 400}
"""It tells everything that is wrong with any of many at once, and that a unit does not exist is one of these."""
NOT_THERE = {"getDelivery", "resendDelivery"}
"""Of these nobody has any here: nothing is delivered to an endpoint at which nobody answers."""
NOTHING_WRONG = {id_ for id_ in LINES if id_.startswith(("replay", "drop")) and id_.endswith("Message")}
"""Of these nobody has any either: every service could handle what it heard."""
_ORDER = {"POST": 0, "PUT": 1, "GET": 2, "DELETE": 3}


def permitted() -> list[tuple[Operation[Any], Role, Whose]]:
    """Every operation with every role that may use it; what takes something away is last."""
    found = [
        (operation, role, whose)
        for operation in OPERATIONS
        for role, whose in LINES[operation.operation_id].whose.items()
    ]
    return sorted(found, key=lambda item: _ORDER[item[0].method])


def path_of(operation: Operation[Any]) -> str:
    """A path that can be asked for."""
    return "/".join(SOME_ID if part.startswith("{") else part for part in operation.path.split("/"))


async def status(server: Server, operation: Operation[Any], token: str) -> int:
    """What the route answers; of a stream, only how it begins."""
    headers = {"Idempotency-Key": SOME_ID} if operation.method == "POST" else {}
    headers["Authorization"] = f"Bearer {token}"
    url = f"{server.root}{path_of(operation)}"
    async with server.session.request(operation.method, url, headers=headers) as response:
        return response.status


def test_the_table_says_what_is_meant() -> None:
    """In other words than its own: who it must never let do what, whatever operations there will be."""
    for operation in OPERATIONS:
        id_, line = operation.operation_id, LINES[operation.operation_id]
        service, _, purpose = line.scope.partition(":")
        assert operation.path.startswith(f"/{service}/"), id_
        assert purpose == "personal-data" or (purpose == "read") == (operation.method == "GET"), id_
        if service in {"registry", "notifications"} and "draw" not in operation.path:
            watch = {Role.AUDITOR} if any(part in operation.path for part in WATCHED) else set()
            run = {Role.OPERATOR} if any(part in operation.path for part in OPERATED) else set()
            heard = {Role.PROVIDER} if service == "notifications" else set()
            assert line.roles <= CASE_WORKERS | watch | run | heard, id_
        assert purpose != "manage" or line.roles == {Role.OPERATOR}, id_
        assert purpose != "personal-data" or set(line.whose.values()) == {Whose.OWN}, id_
        assert Role.PROVIDER not in line.roles or service in {"shelters", "notifications"}, id_
        assert Role.MUNICIPALITY not in line.roles or service == "municipalities", id_
        assert Role.AUDITOR not in line.roles or operation.method == "GET", id_


def test_what_is_everyones_is_for_few() -> None:
    """For those who set and supervise; for the helpdesk, what a coordinator who cannot be reached would do."""
    for id_, line in LINES.items():
        for role, whose in line.whose.items():
            if whose is Whose.ALL and id_ not in ABOUT_NOBODY:
                of_a_service = id_.endswith(("Quarantine", "Message", "AuditLog"))
                helps = id_ in FOR_ANY_COORDINATOR | NUMBERS or of_a_service
                few = {Role.AUDITOR, Role.OPERATOR} | ({Role.HELPDESK} if helps else set())
                assert role in few, (id_, role)


async def test_each_route_is_for_its_roles_with_its_scope_and_nobody_else(server: Server) -> None:
    """Role by role: 403 for those who may not, and never a 403 for those who may."""
    for operation in OPERATIONS:
        line = LINES[operation.operation_id]
        for role in Role:
            answered = await status(server, operation, server.token("GM0344", role, [line.scope]))
            assert (answered == 403) == (role not in line.roles), (operation.operation_id, role, answered)
            assert answered != 401


async def test_the_right_role_without_the_scope_is_refused(server: Server) -> None:
    """A token says what it is for; another scope is another purpose."""
    for operation in OPERATIONS:
        role, scopes = entitled(operation)
        others = [other for other in SCOPES if other not in scopes]
        assert await status(server, operation, server.token("GM0344", role, others)) == 403, operation.operation_id


def forged(server: Server, **changes: object) -> str:
    """A token of the right issuer with some claims changed; None leaves one out."""
    issuer = server.embedded.issuer
    good = issuer.issue("system", "coordination", Role.COORDINATOR, ["registry:read"])
    claims = jwt.decode(good, options={"verify_signature": False}) | changes
    claims = {name: value for name, value in claims.items() if value is not None}
    headers = {"kid": "development", "typ": "at+jwt"}
    return jwt.encode(claims, issuer._key, algorithm="EdDSA", headers=headers)


BAD_CLAIMS: list[dict[str, Any]] = [
    {"exp": 1_000_000},
    {"exp": None},
    {"nbf": 4_000_000_000},
    {"iss": "urn:someone:else"},
    {"iss": None},
    {"aud": "another"},
    {"aud": None},
    {"org": None},
    {"org": "not an organisation!"},
    {"role": "king"},
    {"role": None},
    {"sub": None},
]


@pytest.mark.parametrize("changes", BAD_CLAIMS, ids=str)
async def test_a_token_that_does_not_hold_is_refused(server: Server, changes: dict[str, Any]) -> None:
    """Expired, not yet valid, of another issuer, for another audience, or without what we need to know."""
    answer = await server.send("GET", "/registry/v1/waitlists", forged(server, **changes))
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.body["status"] == 401


async def test_tokens_that_are_none_are_refused(server: Server) -> None:
    """No signature, another key, another algorithm, cut short, or no token at all."""
    good = server.token("coordination", Role.COORDINATOR)
    head, claims, signature = good.split(".")
    now = int(time.time())
    unsigned = jwt.encode({"iss": "urn:doorstroom:development", "exp": now + 60}, key="", algorithm="none")
    symmetric = jwt.encode({"iss": "urn:doorstroom:development", "exp": now + 60}, key="k" * 32, algorithm="HS256")
    bad = [None, "", "x", unsigned, symmetric, f"{head}.{claims}.", f"{head}.{claims}.{signature[:-4]}AAAA", good + "A"]
    for token in bad:
        answer = await server.send("GET", "/registry/v1/waitlists", token)
        assert answer.status == 401, token
    assert (await server.send("GET", "/registry/v1/waitlists", good)).status == 200


async def test_health_and_descriptions_are_for_everyone(server: Server) -> None:
    """Nothing in them is about anyone."""
    for path in ("/healthz", "/readyz", *(f"/{definition.name}/v1/openapi.json" for definition in SERVICES)):
        assert (await server.send("GET", path, None)).status == 200


async def asking(server: Server) -> tuple[Asking, Ids]:
    """Somebody who asks, and an organisation of each kind that has everything."""
    found = Asking(server.root, server.session, server.embedded.issuer, server.services["registry"].transactions)
    return found, await Belongings(found.send).make()


async def test_every_operation_on_every_object_is_as_the_table_says(server: Server) -> None:
    """Own objects, and those of somebody else in the same role, which look like what does not exist, and stay so."""
    ask, ids = await asking(server)
    before = await server.stored()
    for operation, role, whose in permitted():
        if whose is Whose.OWN and names_an_object(operation, ids):
            answered = await ask.ask(operation, role, ids, ours=False)
            assert answered.status == UNKNOWN.get(operation.operation_id, 404), (operation.operation_id, role, answered)
    assert _without_keys(before) == _without_keys(await server.stored())
    for operation, role, whose in permitted():
        if whose is not Whose.OWN or not names_an_object(operation, ids):
            answered = await ask.ask(operation, role, ids, ours=False)
            missing = {404} if operation.operation_id in NOTHING_WRONG else set()
            assert answered.status not in REFUSED - missing, (operation.operation_id, role, answered)
            theirs = await ask.as_known_to(organisation(role, ours=False), ids)
            shown = {id_ for mine in theirs.values() for id_ in mine.values() if id_ in answered.text}
            assert whose is not Whose.OWN or not shown, (operation.operation_id, role, shown)
    taken = set()
    for operation, role, whose in permitted():
        if whose is Whose.OWN and operation.operation_id not in taken | NOT_THERE:
            answered = await ask.ask(operation, role, ids, ours=True)
            assert answered.status not in REFUSED, (operation.operation_id, role, answered)
            # Another role would find no more of it.
            taken |= {operation.operation_id} if operation.method == "DELETE" else set()


async def test_a_field_is_shown_to_those_who_may_see_it(server: Server) -> None:
    """Of every operation with such fields: filled in for them, and left empty for everybody else who asks."""
    ask, ids = await asking(server)
    seen = {"considered.entryId", "vacancyId", "digest"}
    for operation, role, _ in permitted():
        line = LINES[operation.operation_id]
        for name in seen & line.only_seen_by.keys():
            decision = json.loads((await ask.ask(operation, role, ids, ours=True)).text)
            made = decision.get("decisions", [decision])
            decision = next(each for each in made if each["decisionId"] == ids["registry"]["decisionId"])
            assert (field(decision, name) is not None) == line.shows(name, role), (operation.operation_id, role, name)


def field(decision: Any, name: str) -> Any:  # noqa: ANN401 - JSON
    """What is there; of a list, in its first item."""
    for part in name.split("."):
        decision = decision[part]
        decision = decision[0] if isinstance(decision, list) else decision
    return decision


_BY_ITSELF = ("idempotency_keys", "processing_log", "subscriptions")
"""What is written while nobody asks: logs of what was asked before, and whether an endpoint answers."""


def _without_keys(stored: dict[str, list[Any]]) -> dict[str, list[Any]]:
    return {name: rows for name, rows in stored.items() if not name.endswith(_BY_ITSELF)}
