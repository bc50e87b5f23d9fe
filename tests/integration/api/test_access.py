"""Who may do what: every route of every API, with every role, and with every kind of token that is not good."""

import itertools
import time
from typing import Any

import jwt
import pytest

from services.chassis.identity import Role
from services.cli.embedded import SERVICES, describe
from tests.integration.api.conftest import Server

COORDINATION = frozenset({Role.COORDINATOR, Role.HELPDESK})
PROVIDER = frozenset({Role.PROVIDER})
OPERATOR = frozenset({Role.OPERATOR})
MUNICIPALITY = frozenset({Role.MUNICIPALITY})
AUDITOR = frozenset({Role.AUDITOR})
QUOTA_READERS = MUNICIPALITY | {Role.AUDITOR, Role.OPERATOR}

MATRIX = {
    "POST /registry/v1/cases": ("registry:write", COORDINATION),
    "GET /registry/v1/cases/{caseId}": ("registry:read", COORDINATION),
    "GET /registry/v1/waitlists": ("registry:read", COORDINATION),
    "POST /registry/v1/entries": ("registry:write", COORDINATION),
    "GET /registry/v1/entries": ("registry:read", COORDINATION),
    "GET /registry/v1/entries/{entryId}": ("registry:read", COORDINATION),
    "POST /registry/v1/entries/{entryId}/_leave": ("registry:write", COORDINATION),
    "GET /registry/v1/offers": ("registry:read", COORDINATION),
    "GET /registry/v1/offers/{offerId}": ("registry:read", COORDINATION),
    "POST /registry/v1/offers/{offerId}/_accept": ("registry:write", COORDINATION),
    "POST /registry/v1/offers/{offerId}/_decline": ("registry:write", COORDINATION),
    "POST /registry/v1/offers/{offerId}/_undo": ("registry:write", COORDINATION),
    "POST /registry/v1/cases/{caseId}/referrals": ("registry:write", COORDINATION),
    "GET /registry/v1/cases/{caseId}/referrals": ("registry:read", COORDINATION),
    "POST /registry/v1/referrals/bulk": ("registry:write", COORDINATION),
    "GET /registry/v1/cases/{caseId}/members": ("registry:read", COORDINATION),
    "POST /registry/v1/cases/{caseId}/members": ("registry:write", COORDINATION),
    "PUT /registry/v1/cases/{caseId}/members/{memberId}": ("registry:write", COORDINATION),
    "DELETE /registry/v1/cases/{caseId}/members/{memberId}": ("registry:write", COORDINATION),
    "GET /registry/v1/cases/{caseId}/preferences": ("registry:read", COORDINATION),
    "PUT /registry/v1/cases/{caseId}/preferences": ("registry:write", COORDINATION),
    "GET /registry/v1/cases/{caseId}/exclusions": ("registry:read", COORDINATION),
    "POST /registry/v1/cases/{caseId}/exclusions": ("registry:write", COORDINATION),
    "POST /registry/v1/cases/{caseId}/exclusions/{exclusionId}/_lift": ("registry:write", COORDINATION),
    "GET /registry/v1/cases/{caseId}/exclusions/{exclusionId}/background": ("registry:personal-data", COORDINATION),
    "GET /registry/v1/cases/{caseId}/consents": ("registry:read", COORDINATION),
    "POST /registry/v1/cases/{caseId}/consents": ("registry:write", COORDINATION),
    "POST /registry/v1/cases/{caseId}/consents/{consentId}/_withdraw": ("registry:write", COORDINATION),
    "GET /registry/v1/cases/{caseId}/reflection-period": ("registry:read", COORDINATION),
    "POST /registry/v1/cases/{caseId}/reflection-period": ("registry:write", COORDINATION),
    "POST /registry/v1/cases/{caseId}/reflection-period/_end": ("registry:write", COORDINATION),
    "GET /registry/v1/cases/{caseId}/permit": ("registry:read", COORDINATION),
    "POST /registry/v1/cases/{caseId}/permit": ("registry:write", COORDINATION),
    "POST /registry/v1/cases/{caseId}/contact-attempts": ("registry:write", COORDINATION),
    "GET /registry/v1/cases/{caseId}/contact-attempts": ("registry:read", COORDINATION),
    "POST /registry/v1/cases/{caseId}/placements": ("registry:write", COORDINATION),
    "GET /registry/v1/placements": ("registry:read", COORDINATION),
    "POST /registry/v1/placements/{placementId}/_review": ("registry:write", COORDINATION),
    "POST /registry/v1/placements/{placementId}/_end": ("registry:write", COORDINATION),
    "POST /registry/v1/case-mergers": ("registry:write", COORDINATION),
    "GET /registry/v1/case-mergers": ("registry:read", COORDINATION),
    "POST /registry/v1/case-mergers/{mergerId}/_undo": ("registry:write", COORDINATION),
    "GET /registry/v1/cases/{caseId}/personal-data": ("registry:personal-data", COORDINATION),
    "PUT /registry/v1/cases/{caseId}/personal-data": ("registry:personal-data", COORDINATION),
    "DELETE /registry/v1/cases/{caseId}/personal-data": ("registry:personal-data", COORDINATION),
    "POST /registry/v1/entries/{entryId}/_pause": ("registry:write", COORDINATION),
    "POST /registry/v1/entries/{entryId}/_resume": ("registry:write", COORDINATION),
    "GET /registry/v1/offers/{offerId}/decision": ("registry:read", COORDINATION | AUDITOR),
    "GET /registry/v1/decisions": ("registry:read", AUDITOR),
    "GET /registry/v1/decisions/{decisionId}": ("registry:read", COORDINATION | AUDITOR),
    "GET /registry/v1/entries/{entryId}/position": ("registry:read", COORDINATION),
    "GET /registry/v1/draws": ("registry:read", COORDINATION | AUDITOR | OPERATOR),
    "POST /registry/v1/draws": ("registry:write", OPERATOR | {Role.HELPDESK}),
    "GET /registry/v1/draws/{drawId}/lots": ("registry:read", COORDINATION | AUDITOR | OPERATOR),
    "POST /registry/v1/draws/{drawId}/_publish": ("registry:write", OPERATOR | {Role.HELPDESK}),
    "POST /shelters/v1/providers": ("shelters:manage", OPERATOR),
    "POST /shelters/v1/facilities": ("shelters:manage", OPERATOR),
    "POST /shelters/v1/units": ("shelters:write", PROVIDER),
    "GET /shelters/v1/units": ("shelters:read", PROVIDER),
    "POST /shelters/v1/vacancies/bulk": ("shelters:write", PROVIDER),
    "POST /shelters/v1/vacancies": ("shelters:write", PROVIDER),
    "POST /shelters/v1/vacancies/{vacancyId}/_affirm": ("shelters:write", PROVIDER),
    "POST /shelters/v1/vacancies/{vacancyId}/_withdraw": ("shelters:write", PROVIDER),
    "POST /shelters/v1/arrivals": ("shelters:write", PROVIDER),
    "POST /shelters/v1/no-shows": ("shelters:write", PROVIDER),
    "POST /shelters/v1/departures": ("shelters:write", PROVIDER),
    "GET /shelters/v1/facilities": ("shelters:read", PROVIDER | OPERATOR),
    "POST /shelters/v1/facilities/{facilityId}/_close": ("shelters:write", PROVIDER | OPERATOR),
    "POST /shelters/v1/facilities/{facilityId}/_reopen": ("shelters:write", PROVIDER | OPERATOR),
    "POST /shelters/v1/contracts": ("shelters:manage", OPERATOR),
    "GET /shelters/v1/contracts": ("shelters:read", PROVIDER | OPERATOR),
    "POST /shelters/v1/contracts/{contractId}/_end": ("shelters:manage", OPERATOR),
    "POST /shelters/v1/units/{unitId}/_suspend": ("shelters:write", PROVIDER),
    "GET /shelters/v1/stays": ("shelters:read", PROVIDER),
    "POST /shelters/v1/expected-exits": ("shelters:write", PROVIDER),
    "GET /shelters/v1/enquiries": ("shelters:read", PROVIDER),
    "POST /shelters/v1/enquiries/{offerId}/_agree": ("shelters:write", PROVIDER),
    "POST /shelters/v1/enquiries/{offerId}/_refuse": ("shelters:write", PROVIDER),
    "GET /shelters/v1/overviews/weekly": ("shelters:read", PROVIDER | OPERATOR | frozenset({Role.AUDITOR})),
    "POST /municipalities/v1/municipalities": ("municipalities:manage", OPERATOR),
    "GET /municipalities/v1/municipalities": ("municipalities:read", QUOTA_READERS),
    "POST /municipalities/v1/quotas": ("municipalities:manage", OPERATOR),
    "GET /municipalities/v1/quotas": ("municipalities:read", QUOTA_READERS),
    "POST /municipalities/v1/municipality-mergers": ("municipalities:manage", OPERATOR),
    "GET /municipalities/v1/municipality-mergers": ("municipalities:read", QUOTA_READERS),
    "POST /municipalities/v1/municipality-mergers/{mergerId}/_withdraw": ("municipalities:manage", OPERATOR),
    "POST /municipalities/v1/supervision-ladders": ("municipalities:manage", OPERATOR),
    "GET /municipalities/v1/supervision-ladders": ("municipalities:read", QUOTA_READERS),
    "POST /municipalities/v1/quota-swaps": ("municipalities:manage", OPERATOR),
    "GET /municipalities/v1/quota-swaps": ("municipalities:read", QUOTA_READERS),
    "GET /municipalities/v1/half-years": ("municipalities:read", QUOTA_READERS),
    "POST /municipalities/v1/slots": ("municipalities:write", MUNICIPALITY),
    "GET /municipalities/v1/slots": ("municipalities:read", MUNICIPALITY),
    "POST /municipalities/v1/slots/{slotId}/_withdraw": ("municipalities:write", MUNICIPALITY),
    "POST /municipalities/v1/claims": ("municipalities:write", MUNICIPALITY),
    "GET /municipalities/v1/claims": ("municipalities:read", MUNICIPALITY),
    "GET /municipalities/v1/claims/{claimId}": ("municipalities:read", MUNICIPALITY),
    "POST /municipalities/v1/claims/{claimId}/_reverse": ("municipalities:write", MUNICIPALITY),
    "POST /municipalities/v1/claims/{claimId}/_house": ("municipalities:write", MUNICIPALITY),
    "GET /notifications/v1/notifications": ("notifications:read", COORDINATION),
    "GET /notifications/v1/events": ("notifications:read", COORDINATION),
}
SOME_ID = "019c0000-0000-7000-8000-00000000ffff"


def path_of(route: str) -> tuple[str, str]:
    """A method and a path that can be asked for."""
    method, path = route.split(" ")
    return method, "/".join(SOME_ID if part.startswith("{") else part for part in path.split("/"))


async def status(server: Server, route: str, token: str | None) -> int:
    """What the route answers; of a stream, only how it begins."""
    method, path = path_of(route)
    headers = {"Idempotency-Key": SOME_ID} if method == "POST" else {}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    async with server.session.request(method, f"{server.root}{path}", headers=headers) as response:
        return response.status


def test_the_matrix_names_every_route() -> None:
    """A new route needs a decision about who may use it."""
    served = {
        f"{operation.method} {operation.path}": (operation.scope, operation.roles)
        for definition in SERVICES
        for operation in describe(definition).operations
    }
    assert served == MATRIX


async def test_each_route_is_for_its_roles_with_its_scope_and_nobody_else(server: Server) -> None:
    """Role by role: 403 for those who may not, and never a 403 for those who may."""
    for route, (scope, roles) in MATRIX.items():
        for role in Role:
            answered = await status(server, route, server.token("GM0344", role, scopes=[scope]))
            assert (answered == 403) == (role not in roles), (route, role, answered)
            assert answered != 401


async def test_the_right_role_without_the_scope_is_refused(server: Server) -> None:
    """A token says what it is for; another scope is another purpose."""
    scopes = sorted({scope for scope, _ in MATRIX.values()})
    for route, (scope, roles) in MATRIX.items():
        others = [other for other in scopes if other != scope]
        token = server.token("GM0344", min(roles), scopes=others)
        assert await status(server, route, token) == 403, route


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


async def test_an_organisation_sees_only_its_own(sampled: Server) -> None:
    """Someone else's looks exactly like what does not exist, for reading and for changing."""
    owner = sampled.token("comensha", Role.COORDINATOR)
    stranger = sampled.token("stranger", Role.COORDINATOR)
    offers = (await sampled.send("GET", "/registry/v1/entries", owner)).body["entries"]
    assert offers
    for kind in ("entries", "offers"):
        assert (await sampled.send("GET", f"/registry/v1/{kind}", stranger)).body == {kind: []}
    paths = [f"/registry/v1/entries/{offers[0]['entryId']}", f"/registry/v1/cases/{offers[0]['caseId']}"]
    for path in paths:
        mine, theirs = await sampled.send("GET", path, owner), await sampled.send("GET", path, stranger)
        nothing = await sampled.send("GET", path[:-4] + "0000", stranger)
        assert (mine.status, theirs.status, nothing.status) == (200, 404, 404)
        unequal = {"instance"}
        assert {k: v for k, v in theirs.body.items() if k not in unequal} == {
            k: v for k, v in nothing.body.items() if k not in unequal
        }
    before = await sampled.stored()
    left = await sampled.post(f"{paths[0]}/_leave", stranger)
    assert left.status == 404
    after = await sampled.stored()
    assert _without_keys(before) == _without_keys(after)


async def test_a_provider_cannot_touch_another_providers_unit(sampled: Server) -> None:
    """Not post it free, and not learn its state."""
    mine, theirs = sampled.token("shelter-noord", Role.PROVIDER), sampled.token("shelter-zuid", Role.PROVIDER)
    units = (await sampled.send("GET", "/shelters/v1/units", theirs)).body["units"]
    asked: list[tuple[str, dict[str, str]]] = [
        ("/shelters/v1/vacancies", {}),
        ("/shelters/v1/departures", {"reason": "returned_home"}),
    ]
    for (path, body), unit in itertools.product(asked, units[:2]):
        assert (await sampled.post(path, mine, {"unitId": unit["unitId"], **body})).status == 404


def _without_keys(stored: dict[str, list[Any]]) -> dict[str, list[Any]]:
    return {name: rows for name, rows in stored.items() if not name.endswith("idempotency_keys")}
