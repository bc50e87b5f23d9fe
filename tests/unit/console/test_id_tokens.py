"""Which identity tokens are believed."""

from datetime import timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import OKPAlgorithm

from services.chassis.identity import KeySet
from services.console.failures import SignInFailed
from services.console.oidc.id_tokens import Expected, subject_of
from tests.support.world import START

KEY = Ed25519PrivateKey.generate()
KEYS = KeySet.from_document(
    {"keys": [{**OKPAlgorithm.to_jwk(KEY.public_key(), as_dict=True), "kid": "1", "alg": "EdDSA"}]}
)
EXPECTED = Expected("https://issuer.example", "console", "access", "nonce", 30)
CLAIMS: dict[str, Any] = {
    "iss": "https://issuer.example",
    "aud": "console",
    "sub": "somebody",
    "nonce": "nonce",
    "iat": START,
    "exp": START + timedelta(minutes=1),
}


def token(key: Ed25519PrivateKey = KEY, **changes: Any) -> str:  # noqa: ANN401 - any claim
    claims = {name: value for name, value in (CLAIMS | changes).items() if value is not None}
    return jwt.encode(claims, key, algorithm="EdDSA", headers={"kid": "1"})


def test_a_token_that_is_right_names_somebody() -> None:
    """Also for several, when it says that it was asked for by us."""
    assert subject_of(token(), KEYS, EXPECTED, START) == "somebody"
    assert subject_of(token(aud=["console", "other"], azp="console"), KEYS, EXPECTED, START) == "somebody"


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://other.example"},
        {"iss": None},
        {"aud": "other"},
        {"aud": ["other"]},
        {"aud": None},
        {"aud": ["console", "other"]},
        {"azp": "other"},
        {"exp": START - timedelta(minutes=1)},
        {"exp": None},
        {"iat": None},
        {"iat": START + timedelta(hours=1)},
        {"nonce": "other"},
        {"nonce": None},
        {"sub": None},
        {"sub": ""},
        {"at_hash": "AAAA"},
    ],
)
def test_a_token_that_is_not_right_is_refused(changes: dict[str, Any]) -> None:
    """Whatever is wrong; the reason has none of it."""
    with pytest.raises(SignInFailed) as refused:
        subject_of(token(**changes), KEYS, EXPECTED, START)
    assert "other" not in refused.value.detail


@pytest.mark.parametrize(
    "made",
    [
        token(Ed25519PrivateKey.generate()),
        token()[:-4] + "AAAA",
        jwt.encode(CLAIMS, None, algorithm="none"),
        jwt.encode(CLAIMS, "s" * 32, algorithm="HS256", headers={"kid": "1"}),
        "",
        "a.b.c",
    ],
)
def test_a_token_that_somebody_else_made_is_refused(made: str) -> None:
    """By another key, by none, or with the public key as a secret."""
    with pytest.raises(SignInFailed):
        subject_of(made, KEYS, EXPECTED, START)
