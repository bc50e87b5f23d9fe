"""Which tokens open the door, and which do not."""

import base64
import json
import stat
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from services.chassis.errors import Unauthenticated
from services.chassis.identity import DevelopmentIssuer, KeySet, Role, TokenVerifier
from services.chassis.settings import Mode
from tests.unit.web.things import BASE, NOW, Service

ISSUER, AUDIENCE = "https://issuer.example.org", "doorstroom"
ED25519 = ed25519.Ed25519PrivateKey.generate()
P256 = ec.generate_private_key(ec.SECP256R1())
RSA = rsa.generate_private_key(65537, 2048)
SHORT = rsa.generate_private_key(65537, 1024)  # noqa: S505 - to be refused
KEYS = {
    "keys": [
        {**OKPAlgorithm.to_jwk(ED25519.public_key(), as_dict=True), "kid": "ed"},
        {**ECAlgorithm.to_jwk(P256.public_key(), as_dict=True), "kid": "ec"},
        {**RSAAlgorithm.to_jwk(RSA.public_key(), as_dict=True), "kid": "rsa"},
    ]
}
CLAIMS: dict[str, Any] = {
    "iss": ISSUER,
    "aud": AUDIENCE,
    "sub": "client-1",
    "azp": "client-1",
    "jti": "1",
    "iat": NOW.timestamp() - 10,
    "nbf": NOW.timestamp() - 10,
    "exp": NOW.timestamp() + 600,
    "org": "org-1",
    "role": "provider",
    "scope": "a b",
}


def verifier(**options: Any) -> TokenVerifier:  # noqa: ANN401 - any option
    return TokenVerifier({ISSUER: KeySet.from_document(KEYS)}, AUDIENCE, **options)


def signed(changes: dict[str, Any] | None = None, key: Any = ED25519, algorithm: str = "EdDSA", kid: str = "ed") -> str:  # noqa: ANN401 - any key
    claims = {name: value for name, value in (CLAIMS | (changes or {})).items() if value is not None}
    return jwt.encode(claims, key, algorithm=algorithm, headers={"kid": kid})


@pytest.mark.parametrize(
    ("key", "algorithm", "kid"),
    [(ED25519, "EdDSA", "ed"), (P256, "ES256", "ec"), (RSA, "RS256", "rsa"), (RSA, "PS256", "rsa")],
)
def test_each_accepted_algorithm_is_verified(key: object, algorithm: str, kid: str) -> None:
    """Four algorithms, each with its own kind of key."""
    principal = verifier().verify(signed(None, key, algorithm, kid), NOW)
    assert (principal.subject, principal.organisation, principal.role) == ("client-1", "org-1", Role.PROVIDER)
    assert principal.scopes == {"a", "b"}


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://other.example.org"},
        {"aud": "another"},
        {"aud": ["another"]},
        {"exp": NOW.timestamp() - 31},
        {"nbf": NOW.timestamp() + 31},
        {"iat": NOW.timestamp() + 31},
        {"exp": NOW.timestamp() + 7 * 3600},
        {"exp": 1e300},
        {"exp": True},
        {"exp": "1900000000"},
        {"role": "king"},
        {"org": "../x"},
        {"sub": ""},
        {"scope": ["a"]},
        *({name: None} for name in ("iss", "aud", "sub", "azp", "jti", "exp", "iat", "org", "role", "scope")),
    ],
    ids=repr,
)
def test_a_token_with_wrong_or_missing_claims_is_refused(changes: dict[str, Any]) -> None:
    """Each claim that decides something must be there, and right."""
    with pytest.raises(Unauthenticated) as refused:
        verifier().verify(signed(changes), NOW)
    assert "client-1" not in refused.value.detail


def _unsigned() -> str:
    return jwt.encode(CLAIMS, None, algorithm="none")


def _with_public_key_as_secret() -> str:
    return jwt.encode(CLAIMS, b"x" * 64, algorithm="HS256", headers={"kid": "ed"})


def _by_stranger() -> str:
    return signed(None, ed25519.Ed25519PrivateKey.generate())


def _tampered() -> str:
    header, payload, signature = signed().split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    changed = base64.urlsafe_b64encode(json.dumps({**claims, "role": "operator"}).encode()).rstrip(b"=").decode()
    return f"{header}.{changed}.{signature}"


def _with_unknown_key() -> str:
    return signed(None, ED25519, "EdDSA", "nobody")


@pytest.mark.parametrize(
    "forge",
    [
        _unsigned,
        _with_public_key_as_secret,
        _by_stranger,
        _tampered,
        _with_unknown_key,
        lambda: "",
        lambda: "a.b.c",
        lambda: "é.é.é",
    ],
)
def test_a_forged_token_is_refused(forge: Callable[[], str]) -> None:
    """Unsigned, signed with the wrong kind of key, changed, or no token at all."""
    with pytest.raises(Unauthenticated):
        verifier().verify(forge(), NOW)


def test_a_verified_token_is_not_verified_again_until_it_expires() -> None:
    """The second time is a look-up; after the expiry it is refused all the same."""
    tokens = verifier()
    token = signed()
    first = tokens.verify(token, NOW)
    assert tokens.verify(token, NOW + timedelta(minutes=5)) is first
    with pytest.raises(Unauthenticated, match="expired"):
        tokens.verify(token, NOW + timedelta(minutes=11))


def test_the_memory_of_verified_tokens_is_bounded() -> None:
    """The least recently used one is forgotten first."""
    tokens = verifier(cache_limit=2)
    first, second, third = (signed({"jti": jti}) for jti in "123")
    kept = tokens.verify(first, NOW)
    forgotten = tokens.verify(second, NOW)
    tokens.verify(first, NOW)
    tokens.verify(third, NOW)
    assert tokens.verify(first, NOW) is kept
    assert tokens.verify(second, NOW) is not forgotten


def test_a_token_of_a_client_that_is_not_listed_is_refused() -> None:
    """Where clients are listed, `azp` must be one of them."""
    assert verifier(clients=frozenset({"client-1"})).verify(signed(), NOW).subject == "client-1"
    with pytest.raises(Unauthenticated, match="not accepted here"):
        verifier(clients=frozenset({"client-2"})).verify(signed(), NOW)


@pytest.mark.parametrize("headers", [{"typ": "logout+jwt"}, {"typ": "ID"}, {"typ": "x"}, {"crit": ["x"], "x": 1}])
def test_a_token_for_something_else_than_access_is_refused(headers: dict[str, Any]) -> None:
    """Identity tokens are signed with the same keys; an extension that we do not know may narrow what it is for."""
    token = jwt.encode(CLAIMS, ED25519, algorithm="EdDSA", headers={"kid": "ed", **headers})
    with pytest.raises(Unauthenticated):
        verifier().verify(token, NOW)


def test_an_algorithm_that_is_not_listed_is_refused() -> None:
    """Although the key could do it."""
    tokens = TokenVerifier({ISSUER: KeySet.from_document(KEYS, ["PS256"])}, AUDIENCE)
    assert tokens.verify(signed(None, RSA, "PS256", "rsa"), NOW).subject == "client-1"
    for forbidden in (signed(None, RSA, "RS256", "rsa"), signed()):
        with pytest.raises(Unauthenticated, match="key and algorithm"):
            tokens.verify(forbidden, NOW)


def test_each_issuer_is_believed_with_its_own_keys_only() -> None:
    """Two issuers that know each other's names cannot speak for each other."""
    other = "https://other.example.org"
    keys = KeySet.from_document({"keys": [KEYS["keys"][1]]})
    tokens = TokenVerifier({ISSUER: KeySet.from_document({"keys": [KEYS["keys"][0]]}), other: keys}, AUDIENCE)
    assert tokens.verify(signed(), NOW).subject == "client-1"
    assert tokens.verify(signed({"iss": other}, P256, "ES256", "ec"), NOW).subject == "client-1"
    for forged in (signed({"iss": other}), signed(None, P256, "ES256", "ec")):
        with pytest.raises(Unauthenticated, match="key and algorithm"):
            tokens.verify(forged, NOW)


def test_keys_for_other_purposes_in_a_key_set_are_left_out() -> None:
    """Identity providers publish keys for encryption and of other kinds beside those for signatures."""
    others = [
        {**RSAAlgorithm.to_jwk(RSA.public_key(), as_dict=True), "kid": "a", "use": "enc"},
        {**RSAAlgorithm.to_jwk(RSA.public_key(), as_dict=True), "kid": "b", "alg": "RSA-OAEP"},
        {"kty": "new", "kid": "c"},
        {"kty": "RSA", "n": 1, "e": "AQAB", "kid": "d"},
        {"kty": "EC", "crv": "P-256", "x": "é", "y": "", "kid": "e"},
    ]
    keys = KeySet.from_document({"keys": [*others, *KEYS["keys"]]})
    assert len(keys) == 3


def test_the_leeway_is_bounded() -> None:
    """A leeway of hours would keep dead tokens alive."""
    with pytest.raises(ValueError, match="leeway"):
        verifier(leeway=timedelta(hours=1))


@pytest.mark.parametrize(
    "keys",
    [
        [],
        [{"kty": "oct", "k": "c2VjcmV0", "kid": "a"}],
        [{**RSAAlgorithm.to_jwk(SHORT.public_key(), as_dict=True), "kid": "a"}],
        [KEYS["keys"][0], KEYS["keys"][0]],
        [{**KEYS["keys"][0], "alg": "ES256"}],
    ],
)
def test_a_key_set_that_is_not_safe_is_refused(keys: list[dict[str, Any]]) -> None:
    """Secrets, short keys, two with one name, or one for an algorithm that it cannot do."""
    with pytest.raises(ValueError, match="key set"):
        KeySet.from_document({"keys": keys})


def test_a_key_set_is_read_from_a_file(tmp_path: Path) -> None:
    """A JWKS file, as an identity provider publishes it."""
    (tmp_path / "keys.json").write_text(json.dumps(KEYS))
    keys = KeySet.from_file(tmp_path / "keys.json")
    assert TokenVerifier({ISSUER: keys}, AUDIENCE).verify(signed(), NOW).subject == "client-1"


def test_the_development_issuer_keeps_its_key_private(tmp_path: Path) -> None:
    """The key survives a restart, and only its owner may read it."""
    first = DevelopmentIssuer(tmp_path, Mode.EMBEDDED)
    again = DevelopmentIssuer(tmp_path, Mode.EMBEDDED)
    assert first.public_keys() == again.public_keys()
    assert "d" not in first.public_keys()["keys"][0]
    assert stat.S_IMODE((tmp_path / "development-issuer.pem").stat().st_mode) == 0o600
    published = KeySet.from_file(tmp_path / "development-issuer.jwks.json")
    token = again.issue("me", "org-1", Role.AUDITOR, ["x"])
    claims = jwt.decode(token, options={"verify_signature": False})
    found = published.find("development")
    assert found is not None
    assert claims["exp"] - claims["iat"] == 3600


def test_the_development_issuer_refuses_the_distributed_mode(tmp_path: Path) -> None:
    """It gives a token to anyone, so it must not exist where it could be reached."""
    with pytest.raises(ValueError, match="refuses to run in the distributed mode"):
        DevelopmentIssuer(tmp_path, Mode.DISTRIBUTED)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("seconds", [0, -1, 6 * 3600 + 1])
def test_the_development_issuer_limits_lifetimes(tmp_path: Path, seconds: int) -> None:
    """As the profile does: at most six hours."""
    with pytest.raises(ValueError, match="six hours"):
        DevelopmentIssuer(tmp_path, Mode.EMBEDDED).issue("me", "org-1", Role.AUDITOR, [], seconds)


@pytest.mark.parametrize(
    "authorization", ["", "Basic abc", "Bearer", "Bearer ", "Bearer x.y.z", "Bearer " + "x" * 9000]
)
@pytest.mark.parametrize(
    ("method", "path"), [("POST", f"{BASE}/things"), ("GET", f"{BASE}/things"), ("GET", f"{BASE}/events")]
)
async def test_every_route_wants_a_token(service: Service, method: str, path: str, authorization: str) -> None:
    """401, with the scheme that would do, before anything else is looked at."""
    answer = await service.call(method, path, headers={"Authorization": authorization})
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")
    answer.problem()
    assert service.handlers.calls == []


async def test_a_token_without_the_scope_is_refused(service: Service) -> None:
    """403, naming the scope that it lacks."""
    answer = await service.call("GET", f"{BASE}/things", token=service.token(scopes=["things:write"]))
    assert answer.status == 403
    assert 'scope="things:read"' in answer.headers["WWW-Authenticate"]


async def test_a_token_expires_by_the_injected_clock(service: Service) -> None:
    """Also one that was accepted a moment ago."""
    token = service.token(seconds=60)
    assert (await service.call("GET", f"{BASE}/things", token=token)).status == 200
    service.clock.advance(seconds=91)
    answer = await service.call("GET", f"{BASE}/things", token=token)
    assert answer.status == 401
    assert "expired" in answer.problem()["detail"]


async def test_a_token_in_the_address_opens_nothing(service: Service) -> None:
    """It would end up in logs and histories."""
    answer = await service.call("GET", f"{BASE}/things?access_token={service.token()}", headers={"Authorization": ""})
    assert answer.status == 401
