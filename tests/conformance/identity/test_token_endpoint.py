"""Which requests for a token are granted, what the token says, and which are refused in OAuth's words."""

import asyncio
import itertools
import logging
from datetime import timedelta
from typing import Any

import aiohttp
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from sqlalchemy import func, select
from yarl import URL

from services.chassis.audit import unnamed
from services.chassis.errors import Unauthenticated
from services.chassis.identity import ClientCertificate, KeySet, Role, TokenVerifier
from services.chassis.identity.keys import client_mark
from services.identity import store
from services.identity.handlers import clients
from services.identity.handlers.tokens import ASSERTION_LIMIT_CHARACTERS
from services.identity.routes import AT_ONCE_LIMIT, BODY_LIMIT_BYTES
from services.identity.store import StoredSigningKey
from services.identity.tables import used_assertions
from tests.conformance.identity.conftest import ISSUER, SCOPES, Endpoint, Endpoints
from tests.support.certificates import OIN, as_rfc_9440, certificate, thumbprint
from tests.support.clients import ED25519, KINDS, P256, RSA, form, public_jwk, with_public_key_as_secret
from tests.support.noted import lines

STRANGER = rsa.generate_private_key(65537, 2048)
WRONG_CLAIMS: list[dict[str, Any]] = [
    {"iss": "client-2"},
    {"iss": None},
    {"iss": "../client"},
    {"sub": "client-2"},
    {"sub": None},
    {"aud": "https://other.example.org"},
    {"aud": None},
    {"aud": []},
    {"aud": [ISSUER, "https://other.example.org"]},
    {"aud": ISSUER.upper()},
    {"jti": None},
    {"jti": ""},
    {"jti": "x" * 256},
    {"jti": 1},
    {"exp": None},
    {"exp": "soon"},
    {"exp": 1e300},
]


async def test_a_registered_client_gets_a_token_that_opens_the_door(endpoint: Endpoint) -> None:
    """With what it was registered for, for an hour, and signed as the profile wants it."""
    answer = await endpoint.ask()
    assert answer.status == 200
    assert {name: answer.body[name] for name in ("token_type", "expires_in", "scope")} == {
        "token_type": "Bearer",
        "expires_in": 3600,
        "scope": " ".join(SCOPES),
    }
    token = answer.body["access_token"]
    header, claims = jwt.get_unverified_header(token), jwt.decode(token, options={"verify_signature": False})
    assert (header["alg"], header["typ"]) == ("PS256", "at+jwt")
    assert set(claims) == {
        *("iss", "aud", "azp", "client_id", "sub", "exp", "nbf", "iat", "jti", "scope", "org", "role"),
    }
    principal = await endpoint.verifier().authenticate(token, endpoint.clock())
    assert (principal.subject, principal.organisation, principal.role) == ("client-1", "shelter-noord", Role.PROVIDER)
    assert principal.scopes == set(SCOPES)


async def test_answers_are_never_stored_on_the_way(endpoint: Endpoint) -> None:
    """As RFC 6749 asks, for tokens and refusals."""
    for answer in (await endpoint.ask(), await endpoint.ask("x")):
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Pragma"] == "no-cache"
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.headers["API-Version"] == "1.0.0"


async def test_each_kind_of_key_will_do(endpoint: Endpoint) -> None:
    """RSA in two ways, Ed25519 and P-256; also when the assertion does not say which key."""
    for algorithm, key in KINDS.items():
        client = f"client-{algorithm}"
        await endpoint.register(client, key)
        for headers in ({"kid": "first"}, {}):
            made = endpoint.assertion(client, key=key, algorithm=algorithm, headers=headers)
            assert (await endpoint.ask(made)).status == 200


async def test_an_assertion_is_made_for_the_issuer_or_for_the_endpoint(endpoint: Endpoint) -> None:
    """Libraries differ."""
    for audience in (ISSUER, f"{ISSUER}/token", [ISSUER]):
        assert (await endpoint.ask(endpoint.assertion(aud=audience))).status == 200


async def test_less_can_be_asked_for_and_never_more(endpoint: Endpoint) -> None:
    """A scope that the client was not registered for is refused, and not left out."""
    answer = await endpoint.ask(scope="shelters:read")
    assert answer.body["scope"] == "shelters:read"
    for scope in ("shelters:manage", "shelters:read shelters:manage", " ", "shelters:read," + "x" * 3000):
        refused = await endpoint.ask(scope=scope)
        assert (refused.status, refused.body["error"]) == (400, "invalid_scope")


async def test_an_assertion_with_wrong_or_missing_claims_is_refused(endpoint: Endpoint) -> None:
    """Each claim that decides something must be there, and right."""
    for changes in WRONG_CLAIMS:
        await _refused(endpoint, endpoint.assertion(**changes))


async def test_clocks_may_be_half_a_minute_apart(endpoint: Endpoint) -> None:
    """And no more: before it begins, and after it has ended."""
    now = endpoint.clock().timestamp()
    for claim, (seconds, status) in itertools.product(("exp", "iat", "nbf"), ((29, 200), (31, 401))):
        moment = now - seconds if claim == "exp" else now + seconds
        assert (await endpoint.ask(endpoint.assertion(**{claim: moment}))).status == status, (claim, seconds)


async def test_an_assertion_that_lives_too_long_is_refused(endpoint: Endpoint) -> None:
    """It is made for one request."""
    await _refused(endpoint, endpoint.assertion(exp=endpoint.clock().timestamp() + 331))


async def test_an_assertion_is_used_once(endpoint: Endpoint) -> None:
    """Whoever sees it on the way gets nothing with it; the same `jti` of another client is another."""
    await endpoint.register("client-2", P256)
    made = endpoint.assertion(jti="same")
    assert (await endpoint.ask(made)).status == 200
    await _refused(endpoint, made)
    await _refused(endpoint, endpoint.assertion(jti="same"))
    other = endpoint.assertion("client-2", jti="same", key=P256, algorithm="ES256")
    assert (await endpoint.ask(other)).status == 200


async def test_an_assertion_that_was_refused_may_be_sent_again_when_it_is_right(endpoint: Endpoint) -> None:
    """Only what gave a token is used up."""
    made = endpoint.assertion()
    assert (await endpoint.ask(made, scope="shelters:manage")).status == 400
    assert (await endpoint.ask(made)).status == 200


async def test_used_assertions_are_remembered_until_they_expire(endpoint: Endpoint) -> None:
    """And the rate of their client was counted; then they are forgotten."""
    made = endpoint.assertion()
    await endpoint.ask(made)
    [forget] = [timer for timer in endpoint.identity.service.parts.timers if timer.name == "assertions"]

    async def remembered() -> int:
        query = select(func.count().label("number")).select_from(used_assertions)
        return int(await endpoint.run(lambda unit: _number(unit, query)))

    endpoint.clock.forward(seconds=89)
    await forget.work()
    assert await remembered() == 1
    await _refused(endpoint, made)
    endpoint.clock.forward(seconds=2)
    await forget.work()
    assert await remembered() == 0
    await _refused(endpoint, made)


async def test_a_forged_assertion_is_refused(endpoint: Endpoint) -> None:
    """Unsigned, by a stranger, with the public key as a secret, by another client's key, or none at all."""
    await endpoint.register("client-2", ED25519)
    good = endpoint.assertion()
    head, payload, signature = good.split(".")
    forged = [
        endpoint.assertion(key=None, algorithm="none"),
        endpoint.assertion(key=STRANGER),
        endpoint.assertion(key=ED25519, algorithm="EdDSA"),
        endpoint.assertion(headers={"kid": "second"}),
        endpoint.assertion("client-3"),
        with_public_key_as_secret(good, RSA),
        f"{head}.{payload}.",
        f"{head}.{payload}.{signature[:-4]}AAAA",
        "x",
        "a.b.c",
        "é.é.é",
    ]
    answers = [await _refused(endpoint, one) for one in forged]
    assert len({answer["error_description"] for answer in answers}) == 1


async def test_a_token_for_something_else_is_no_assertion(endpoint: Endpoint) -> None:
    """An access token that is signed with the same key, or one with conditions that we do not know."""
    headers: list[dict[str, Any]] = [{"typ": "at+jwt"}, {"typ": "ID"}, {"crit": ["x"], "x": 1}]
    for one in headers:
        await _refused(endpoint, endpoint.assertion(headers={"kid": "first", **one}))


async def test_our_own_access_token_is_no_assertion_and_an_assertion_no_access_token(endpoint: Endpoint) -> None:
    """Neither takes the place of the other."""
    token = (await endpoint.ask()).body["access_token"]
    await _refused(endpoint, token)
    keys = KeySet.from_document({"keys": [public_jwk(RSA)]})
    made = endpoint.assertion(headers={"kid": "first", "typ": "client-authentication+jwt"})
    with pytest.raises(Unauthenticated, match="something else"):
        TokenVerifier({"client-1": keys}, ISSUER).verify(made, endpoint.clock())


WRONG_REQUESTS: list[tuple[dict[str, str | None], str]] = [
    ({"grant_type": None}, "invalid_request"),
    ({"grant_type": ""}, "invalid_request"),
    ({"grant_type": "password"}, "unsupported_grant_type"),
    ({"grant_type": "authorization_code"}, "unsupported_grant_type"),
    ({"client_assertion_type": None}, "invalid_request"),
    ({"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"}, "invalid_request"),
    ({"client_assertion": None}, "invalid_request"),
    ({"client_assertion": "x" * (ASSERTION_LIMIT_CHARACTERS + 1)}, "invalid_request"),
    ({"client_id": "client-2"}, "invalid_request"),
    ({"client_secret": "x"}, "invalid_request"),
]


async def test_a_request_that_is_not_as_oauth_says_is_refused(endpoint: Endpoint) -> None:
    """With the word that OAuth has for it, and what to do."""
    for changes, error in WRONG_REQUESTS:
        answer = await endpoint.ask(**changes)
        assert (answer.status, answer.body["error"]) == (400, error), changes
        assert answer.body["error_description"].endswith(".")


async def test_a_request_in_another_form_is_refused(endpoint: Endpoint) -> None:
    """In the address, with a password, as JSON, compressed, twice, too large, too many, or not UTF-8."""
    good = form(endpoint.assertion())
    form_type = {"Content-Type": "application/x-www-form-urlencoded"}
    sent: list[tuple[Any, dict[str, Any]]] = [
        (good, {"params": {"client_assertion": "x"}}),
        (good, {"headers": {"Authorization": "Basic eDp5"}}),
        (None, {"json": good}),
        (None, {}),
        (good, {"headers": {"Content-Encoding": "gzip"}}),
        ([*good.items(), ("scope", "a"), ("scope", "b")], {}),
        ([("grant_type", "client_credentials"), *good.items()], {}),
        ([*good.items(), ("padding", "x" * BODY_LIMIT_BYTES)], {}),
        ([*good.items(), *((f"p{number}", "x") for number in range(30))], {}),
        (b"grant_type=%ff", {"headers": form_type}),
        (b"\xff", {"headers": form_type}),
        (b"", {"headers": form_type}),
    ]
    for data, options in sent:
        answer = await endpoint.send(data, **options)
        assert (answer.status, answer.body["error"]) == (400, "invalid_request"), options
    unknown = await endpoint.send([*good.items(), ("resource", "https://a.example.org"), ("scope", "")])
    assert unknown.status == 200
    assert (await endpoint.send(None, method="GET")).status == 405


async def test_a_client_that_is_revoked_gets_nothing(endpoint: Endpoint) -> None:
    """With the same answer as if there had never been one."""
    never = await _refused(endpoint, endpoint.assertion("client-3"))
    await endpoint.run(lambda unit: clients.revoke(unit, "client-1"))
    assert await _refused(endpoint, endpoint.assertion()) == never


async def test_a_token_of_a_client_that_is_revoked_counts_no_more(endpoint: Endpoint) -> None:
    """As soon as who verifies has read the keys again; the document says so of nobody by name, and not for ever."""
    token = (await endpoint.ask()).body["access_token"]
    verifier = endpoint.verifier()
    await verifier.authenticate(token, endpoint.clock())
    await endpoint.run(lambda unit: clients.revoke(unit, "client-1"))
    await endpoint.identity.keys.refresh()
    with pytest.raises(Unauthenticated, match="revoked"):
        await verifier.authenticate(token, endpoint.clock())
    document = (await endpoint.send(None, "/jwks", "GET")).body
    assert document["revokedClients"] == [client_mark("client-1")]
    endpoint.clock.now += timedelta(hours=8)
    assert (await endpoint.send(None, "/jwks", "GET")).body["revokedClients"] == []


async def test_a_key_that_was_replaced_counts_for_the_overlap(endpoint: Endpoint) -> None:
    """So that a client can change without a break; and no longer."""
    second = public_jwk(STRANGER, "second")
    await endpoint.run(lambda unit: clients.rotate(unit, "client-1", second, timedelta(hours=1)))

    def with_second() -> str:
        return endpoint.assertion(key=STRANGER, headers={"kid": "second"})

    assert (await endpoint.ask()).status == 200
    assert (await endpoint.ask(with_second())).status == 200
    endpoint.clock.forward(hours=1)
    await _refused(endpoint, endpoint.assertion())
    assert (await endpoint.ask(with_second())).status == 200
    await endpoint.run(lambda unit: clients.rotate(unit, "client-1", public_jwk(P256, "third"), timedelta(0)))
    await _refused(endpoint, with_second())


async def test_a_client_asks_for_a_bounded_number_of_tokens(endpoints: Endpoints, made_key: StoredSigningKey) -> None:
    """So many in a minute, counted over all replicas; others are not affected."""
    endpoint, other = [await endpoints.start(identity_tokens_per_minute=3) for _ in range(2)]
    await endpoint.run(lambda unit: store.add_signing_key(unit, made_key, []))
    await endpoint.register()
    await endpoint.register("client-2", P256)
    for one in (endpoint, other, endpoint):
        assert (await one.ask()).status == 200
    refused = await other.ask()
    assert (refused.status, refused.headers["Retry-After"]) == (429, "60")
    assert refused.body["error"] == "temporarily_unavailable"
    third = endpoint.assertion("client-2", key=P256, algorithm="ES256")
    assert (await endpoint.ask(third)).status == 200
    endpoint.clock.forward(seconds=61)
    assert (await endpoint.ask()).status == 200


async def test_an_address_asks_a_bounded_number_of_times(endpoints: Endpoints) -> None:
    """Whatever it sends: before that is read, so that a body that never comes keeps nobody waiting."""
    endpoint = await endpoints.start(identity_requests_per_minute=2)
    assert [(await endpoint.send({})).status for _ in range(2)] == [400, 400]
    port = URL(endpoint.root).port
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST /identity/v1/token HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n\r\n")
    async with asyncio.timeout(2):
        assert b" 429 " in await reader.readline()
        head = await reader.readuntil(b"\r\n\r\n")
    writer.close()
    assert 1 <= int(head.partition(b"Retry-After: ")[2].partition(b"\r\n")[0]) <= 60


async def test_of_many_that_use_one_assertion_at_once_one_gets_a_token(
    endpoints: Endpoints, made_key: StoredSigningKey
) -> None:
    """Also at several replicas: the database decides."""
    endpoint, other = [await endpoints.start() for _ in range(2)]
    await endpoint.run(lambda unit: store.add_signing_key(unit, made_key, []))
    await endpoint.register()
    made = endpoint.assertion()
    answers = await asyncio.gather(*(one.ask(made) for one in (endpoint, other) for _ in range(10)))
    assert sorted(answer.status for answer in answers) == [200] + [401] * 19


async def test_more_at_once_than_can_be_answered_is_sent_away(endpoint: Endpoint) -> None:
    """Before anything is computed for it; nobody gets anything else than a token or that word."""
    asked = [endpoint.ask(endpoint.assertion(key=STRANGER)) for _ in range(4 * AT_ONCE_LIMIT)]
    statuses = {answer.status for answer in await asyncio.gather(*asked)}
    assert statuses <= {401, 503}
    assert (await endpoint.ask()).status == 200


async def test_the_metadata_tells_where_everything_is(endpoint: Endpoint) -> None:
    """As RFC 8414 has it, for clients that configure themselves."""
    path = "/../../.well-known/oauth-authorization-server/identity/v1"
    answer = await endpoint.send(None, path, "GET")
    assert answer.status == 200
    assert answer.body["issuer"] == ISSUER
    assert answer.body["token_endpoint"] == f"{ISSUER}/token"
    assert answer.body["jwks_uri"] == f"{ISSUER}/jwks"
    assert answer.body["token_endpoint_auth_methods_supported"] == ["private_key_jwt"]


async def test_no_key_assertion_or_token_is_in_the_log(endpoint: Endpoint, caplog: pytest.LogCaptureFixture) -> None:
    """Only who got one, and why others did not."""
    with caplog.at_level(logging.DEBUG):
        made = endpoint.assertion()
        token = (await endpoint.ask(made)).body["access_token"]
        await _refused(endpoint, made)
        await _refused(endpoint, endpoint.assertion("canary-client"))
    assert "canary" not in caplog.text
    for part in (*made.split("."), *token.split(".")):
        assert part not in caplog.text


async def _number(unit: Any, query: Any) -> int:  # noqa: ANN401 - any query
    return int((await unit.execute(query)).one().number)


async def _refused(endpoint: Endpoint, assertion: str) -> dict[str, str]:
    answer = await endpoint.ask(assertion)
    assert (answer.status, answer.body["error"]) == (401, "invalid_client")
    return dict(answer.body)


async def test_a_client_that_shows_a_certificate_gets_a_token_that_is_bound_to_it(
    endpoints: Endpoints, made_key: StoredSigningKey
) -> None:
    """Whoever steals the token cannot use it without the certificate's key (RFC 8705)."""
    endpoint = await endpoints.start(client_certificate_header="Client-Cert", trusted_proxies="127.0.0.1")
    await endpoint.run(lambda unit: store.add_signing_key(unit, made_key, []))
    await endpoint.register()
    mine = certificate(OIN)
    header = {"Client-Cert": as_rfc_9440(mine)}
    token = (await endpoint.send(form(endpoint.assertion()), headers=header)).body["access_token"]
    shown = ClientCertificate(thumbprint(mine), OIN)
    assert (await endpoint.verifier().authenticate(token, endpoint.clock(), shown)).oin == OIN
    with pytest.raises(Unauthenticated, match="bound"):
        await endpoint.verifier().authenticate(token, endpoint.clock())
    refused = await endpoint.send(form(endpoint.assertion()), headers={"Client-Cert": "x"})
    assert (refused.status, refused.body["error"]) == (400, "invalid_request")
    unbound = (await endpoint.ask()).body["access_token"]
    assert "cnf" not in jwt.decode(unbound, options={"verify_signature": False})


async def test_a_refusal_is_a_problem_document_for_who_accepts_nothing_else(endpoint: Endpoint) -> None:
    """OAuth's form is for OAuth's clients; the API Design Rules ask for the other one."""
    answer = await endpoint.send({}, headers={"Accept": "application/problem+json"})
    assert answer.status == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.body["detail"] == "`grant_type` is required."
    assert (answer.body["status"], answer.body["title"]) == (400, "invalid_request")


async def test_the_description_is_public(endpoint: Endpoint) -> None:
    """As that of every other service; what it says of tokens is what OAuth says."""
    async with aiohttp.ClientSession() as session, session.get(f"{endpoint.root}/openapi.json") as answer:
        assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (200, "*")
        described = await answer.json()
    assert set(described["paths"]) == {"/token", "/jwks", "/openapi.json"}


async def test_a_refused_request_is_in_the_audit_log(endpoint: Endpoint) -> None:
    """With the client that it says to be of, if there is one, and nothing else of what was sent."""
    claimed = {"headers": {"X-Request-Id": "mine-1"}}
    asked: list[tuple[dict[str, str | None], int, str]] = [
        ({"client_assertion": endpoint.assertion(key=STRANGER)}, 401, '{"client":"client-1"}'),
        ({"client_assertion": endpoint.assertion("nobody-there", key=STRANGER)}, 401, "{}"),
        ({"client_assertion": endpoint.assertion("Sesame-Street-1", key=STRANGER)}, 401, "{}"),
        ({"grant_type": "password", "client_assertion": endpoint.assertion()}, 400, "{}"),
        ({"scope": "shelters:manage", "client_assertion": endpoint.assertion()}, 400, '{"client":"client-1"}'),
    ]
    for changes, status, _ in asked:
        assert (await endpoint.send(form(endpoint.assertion(), **changes), **claimed)).status == status
    rows = await lines(endpoint.identity.service)
    seen = [(row.action, row.result, row.status, row.objects) for row in rows if row.action == "issueToken"]
    assert seen == [("issueToken", "refused", status, objects) for _, status, objects in asked]
    assert {(row.subject, row.organisation, row.request_id) for row in rows if row.action == "issueToken"} == {
        (None, None, "mine-1")
    }


async def test_an_assertion_that_is_used_again_is_in_the_audit_log_as_a_refusal(endpoint: Endpoint) -> None:
    """After the line of the token that it gave."""
    made = endpoint.assertion()
    assert [(await endpoint.ask(made)).status for _ in range(2)] == [200, 401]
    rows = await lines(endpoint.identity.service)
    issued, refused = [row for row in rows if row.action == "issueToken"]
    assert (issued.result, issued.subject) == ("done", "client-1")
    assert (refused.result, refused.subject, refused.objects) == ("refused", None, '{"client":"client-1"}')


async def test_of_those_who_are_sent_away_unread_the_log_has_some_and_a_count(
    endpoints: Endpoints, made_key: StoredSigningKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever floods us fills no disk, and that they did is on record."""
    monkeypatch.setattr(unnamed, "LINES_LIMIT", 2)
    endpoint = await endpoints.start(identity_requests_per_minute=1)
    await endpoint.run(lambda unit: store.add_signing_key(unit, made_key, []))
    assert [(await endpoint.ask("x")).status for _ in range(5)] == [401, 429, 429, 429, 429]
    endpoint.clock.forward(minutes=1)
    await endpoint.identity.service.journal.sealing.work()
    noted = [(row.action, row.status, row.objects) for row in await lines(endpoint.identity.service)]
    assert noted == [
        ("issueToken", 401, "{}"),
        ("issueToken", 429, "{}"),
        ("refusalsOfUnnamed", 0, '{"count":"3"}'),
    ]
