"""Tokens that are bound to a client certificate, which only a trusted proxy may hand on."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography import x509

from services.chassis.web import WebSettings
from services.chassis.web.certificates import Certificates
from tests.support.certificates import OIN, as_nginx, as_rfc_9440, certificate, thumbprint
from tests.unit.web.things import BASE, Service

HEADER = "Client-Cert"
PATH = f"{BASE}/things"
MINE, OTHER = certificate(OIN), certificate(OIN)


async def _started(folder: Path, certificates: Certificates) -> Service:
    service = Service(folder, WebSettings(certificates=certificates))
    await service.start()
    return service


@pytest.fixture
async def behind(tmp_path: Path) -> AsyncIterator[Service]:
    """A service whose proxy is on this machine."""
    service = await _started(tmp_path, Certificates.from_words(HEADER, "::1 127.0.0.0/8"))
    yield service
    await service.stop()


def bound(service: Service, confirmation: Any) -> str:  # noqa: ANN401 - also what is none
    """A token that is right, and bound to this."""
    claims = jwt.decode(service.token(), options={"verify_signature": False})
    headers = {"kid": "development", "typ": "at+jwt"}
    return jwt.encode({**claims, "cnf": confirmation}, service.issuer._key, algorithm="EdDSA", headers=headers)


async def status(service: Service, token: str, header: str = "") -> int:
    return (await service.call("GET", PATH, token=token, headers={HEADER: header})).status


@pytest.mark.parametrize("write", [as_rfc_9440, as_nginx])
async def test_a_bound_token_opens_the_door_with_its_certificate_only(
    behind: Service, write: Callable[[x509.Certificate], str]
) -> None:
    """Not without one, and not with another one; also when the token was seen before."""
    token = bound(behind, {"x5t#S256": thumbprint(MINE)})
    for _ in range(2):
        assert await status(behind, token) == 401
        assert await status(behind, token, write(OTHER)) == 401
        assert await status(behind, token, write(MINE)) == 200


async def test_the_oin_of_the_certificate_is_known_to_whoever_answers(behind: Service) -> None:
    """With tokens that are bound, and with others; from the request at hand, and not from one before."""
    for given, oin in ((MINE, OIN), (certificate("1234"), None), (certificate(), None), (certificate(OIN, OIN), None)):
        assert await status(behind, behind.token(), as_rfc_9440(given)) == 200
        assert behind.handlers.calls[-1].principal.oin == oin
    assert await status(behind, behind.token()) == 200
    assert behind.handlers.calls[-1].principal.oin is None


@pytest.mark.parametrize(
    "confirmation", [{"jkt": "x"}, {"x5t#S256": 1}, {}, {"x5t#S256": thumbprint(MINE), "jkt": "x"}, "x", []]
)
async def test_a_token_that_is_bound_to_something_else_is_refused(behind: Service, confirmation: object) -> None:
    """What cannot be checked does not hold."""
    assert await status(behind, bound(behind, confirmation), as_rfc_9440(MINE)) == 401


@pytest.mark.parametrize("header", ["x", "::", ":x:", ":eA==:", "-----BEGIN CERTIFICATE-----", "%ff%fe", "é"])
async def test_a_header_that_holds_no_certificate_is_refused(behind: Service, header: str) -> None:
    """Also with a token that needs none: something is wrong between us and the proxy."""
    answer = await behind.call("GET", PATH, headers={HEADER: header})
    assert answer.status == 401
    assert "cannot be read" in answer.problem()["detail"]


async def test_two_certificates_are_none(behind: Service) -> None:
    """A client behind the proxy may have sent one of them itself."""
    chain = as_nginx(MINE) + as_nginx(OTHER)
    assert await status(behind, behind.token(), chain) == 401
    raw = await behind.raw(
        f"GET {PATH} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {behind.token()}\r\n"
        f"{HEADER}: {as_rfc_9440(MINE)}\r\n{HEADER}: {as_rfc_9440(OTHER)}\r\n\r\n".encode()
    )
    assert raw.startswith(b"HTTP/1.1 401 ")


@pytest.mark.parametrize("certificates", [Certificates(), Certificates.from_words(HEADER, "10.0.0.0/8")])
async def test_a_certificate_from_whoever_is_no_proxy_of_ours_is_not_looked_at(
    tmp_path: Path, certificates: Certificates
) -> None:
    """By default from anyone: a bound token opens nothing, and others neither more nor less than without it."""
    service = await _started(tmp_path, certificates)
    try:
        assert await status(service, bound(service, {"x5t#S256": thumbprint(MINE)}), as_rfc_9440(MINE)) == 401
        for header in (as_rfc_9440(MINE), "x"):
            assert await status(service, service.token(), header) == 200
            assert service.handlers.calls[-1].principal.oin is None
    finally:
        await service.stop()


@pytest.mark.parametrize(
    ("header", "proxies"),
    [(HEADER, ""), (HEADER, "proxy.example.org"), (HEADER, "10.0.0.1/8"), ("a b", "::1"), ("", "::1")],
)
def test_settings_that_would_trust_anyone_are_refused(header: str, proxies: str) -> None:
    """A header without a proxy, a name in place of an address, a network with a host in it."""
    with pytest.raises(ValueError, match="DOORSTROOM_TRUSTED_PROXIES"):
        Certificates.from_words(header, proxies)
