"""No socket is made for an address that may not be connected to, in whichever way it is written or reached."""

import asyncio
import socket
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any
from uuid import uuid4

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from services.chassis.clock import system_identifiers
from services.chassis.errors import InvalidInput
from services.notifications.channels.event import Events
from services.notifications.channels.port import Endpoint, Parcel
from services.notifications.channels.webhooks.addresses import Allowed, checked_url
from services.notifications.channels.webhooks.carrier import Webhooks
from services.notifications.channels.webhooks.sessions import Sessions
from services.notifications.domain.outcomes import Verdict
from services.notifications.store.inbox import StoredNotification

NOW = datetime(2026, 7, 1, 9, tzinfo=UTC)
NOBODY = Allowed()
REFUSED = (
    # loopback, this network, private, shared
    *("127.0.0.1", "127.0.0.2", "127.255.255.254", "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255"),
    *("172.16.0.1", "172.31.255.254", "192.168.0.1", "192.168.255.254", "100.64.0.1", "100.127.255.254"),
    # link-local and clouds' metadata
    *("169.254.0.1", "169.254.169.254", "169.254.170.2", "168.63.129.16", "100.100.100.200", "192.0.0.192"),
    # special, documentation, benchmarks, multicast, reserved, broadcast
    *("192.0.0.1", "192.0.0.170", "192.0.2.1", "198.18.0.1", "198.19.255.255", "198.51.100.7", "203.0.113.9"),
    *("192.88.99.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "192.31.196.1", "192.175.48.1"),
    # IPv6: loopback, unspecified, private, link-local, site-local, multicast, documentation, discard
    *("::1", "::", "fc00::1", "fd00:ec2::254", "fe80::1", "febf::1", "fe80::1%1", "fec0::1", "ff02::1", "ff0e::1"),
    *("2001:db8::1", "3fff::1", "100::1", "4000::1"),
    # IPv4 inside IPv6: mapped, compatible, translated (NAT64), 6to4, Teredo, ISATAP, ORCHID
    *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:8.8.8.8", "::127.0.0.1"),
    *("::ffff:0:127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b:1::a00:1", "2002:7f00:1::1", "2002:a00:1::"),
    *("2002:a9fe:a9fe::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001::1", "2001:10::1", "2001:20::1"),
    *("2a00::5efe:10.0.0.1", "2a00::200:5efe:10.0.0.1"),
)
ODD = (
    *("2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "127.1", "127.0.1", "0", "0x0", "017700000001"),
    *("127.0.0.1.", "①②⑦.0.0.1", "127。0。0。1", "10.1", "0xa9fea9fe", "2852039166", "1.2.3.4.5", "256.1.1.1"),
)
PUBLIC = ("1.1.1.1", "8.8.8.8", "93.184.215.14", "145.100.0.1", "2606:4700:4700::1111", "2a00:1450:400e:80d::200e")


def test_the_corpus_is_large_enough() -> None:
    """Sixty addresses and odd notations at least."""
    assert len(set(REFUSED) | set(ODD)) >= 60


@pytest.mark.parametrize("address", REFUSED)
def test_what_is_not_of_the_public_internet_is_refused(address: str) -> None:
    """When a socket is to be made, and as a literal already when it is registered."""
    assert not NOBODY.includes(ip_address(address))
    host = f"[{address}]" if ":" in address else address
    with pytest.raises(InvalidInput):
        checked_url(f"https://{host}/hook", NOBODY)


@pytest.mark.parametrize("address", PUBLIC)
def test_the_public_internet_is_allowed(address: str) -> None:
    """Whatever is not special is let through."""
    assert NOBODY.includes(ip_address(address))
    host = f"[{address}]" if ":" in address else address
    assert checked_url(f"https://{host}/hook", NOBODY)


@pytest.mark.parametrize("host", ODD)
def test_odd_notations_are_refused(host: str) -> None:
    """What some readers take for an address is no name."""
    with pytest.raises(InvalidInput):
        checked_url(f"https://{host}/hook", NOBODY)


@pytest.mark.parametrize(
    "url",
    [
        *("http://example.org/", "ftp://example.org/", "file:///etc/passwd", "other.example", "//example.org/x", ""),
        *("https://user@example.org/", "https://user:secret@example.org/", "https://example.org/#part", "https:///x"),
        *("https://exa mple.org/", "https://example.org:99999/", "https://[::1/", "https://-x.example.org/"),
        "https://example.org/" + "x" * 2000,
    ],
)
def test_what_is_no_plain_https_url_is_refused(url: str) -> None:
    """And what was given is not repeated."""
    with pytest.raises(InvalidInput) as refused:
        checked_url(url, NOBODY)
    assert not url or url not in str(refused.value.fields)


def test_an_operator_allows_networks() -> None:
    """Only those, and http inside them."""
    allowed = Allowed.from_words("10.1.2.0/24 fd00:1::/64")
    assert allowed.includes(ip_address("10.1.2.3"))
    assert not allowed.includes(ip_address("10.1.3.3"))
    assert allowed.includes(ip_address("fd00:1::5"))
    assert checked_url("http://receiver.internal.example/hook", allowed)


class Names(AbstractResolver):
    """Leads every name to the next of these addresses; the last one stays. None: the name cannot be resolved."""

    def __init__(self, *answers: str | None) -> None:
        self.answers = list(answers)

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_INET,  # noqa: ARG002 - the interface
    ) -> list[ResolveResult]:
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if answer is None:
            raise OSError(None, "no answer")
        kind = socket.AF_INET6 if ":" in answer else socket.AF_INET
        return [ResolveResult(hostname=host, host=answer, port=port, family=kind, proto=0, flags=0)]

    async def close(self) -> None:
        """Nothing is held."""


def carrier(allowed: Allowed, resolver: AbstractResolver | None = None) -> Webhooks:
    sessions = Sessions(allowed, None)
    made = Webhooks(
        sessions, allowed, Events("urn:nld:kvknr:00000000.notifications"), lambda: NOW, "doorstroom.example"
    )
    if resolver is not None:
        for scheme in ("https", "http"):
            sessions.of(scheme).connector._resolver = resolver  # type: ignore[union-attr]
            sessions.of(scheme).connector._use_dns_cache = False  # type: ignore[union-attr]
    return made


async def delivered_to(made: Webhooks, url: str) -> Any:  # noqa: ANN401
    stored = StoredNotification(
        system_identifiers(), "comensha", 1, "offer-made", uuid4(), "/registry/v1/offers/1", NOW
    )
    return await made.deliver(Endpoint(uuid4(), "comensha", url, (b"k" * 32,)), [Parcel(uuid4(), 1, stored)])


@pytest.fixture
async def counted() -> Any:  # noqa: ANN401
    """A listener on loopback, IPv4 and IPv6 where there is one, that counts connections."""
    counts = [0]

    async def serve(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        counts[0] += 1
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1], counts
    server.close()


async def test_nothing_in_the_corpus_is_ever_connected_to(counted: Any, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ANN401
    """As literals and behind names, whatever registration had let through: 0 sockets, 0 connections."""
    port, counts = counted
    made_sockets: list[object] = []
    original = socket.socket
    monkeypatch.setattr(
        "services.notifications.channels.webhooks.sessions.socket.socket",
        lambda *given: made_sockets.append(given) or original(*given),
    )
    names = Names("127.0.0.1")
    made = carrier(NOBODY, names)
    for address in REFUSED:
        literal = f"[{address}]" if ":" in address else address
        names.answers = [address.partition("%")[0]]
        for url in (f"https://{literal}:{port}/hook", f"https://name.example.org:{port}/hook"):
            outcome = await delivered_to(made, url)
            assert (outcome.verdict, outcome.reason) == (Verdict.FAILED, "address-refused"), url
    names.answers = ["127.0.0.1"]
    for host in ODD:
        outcome = await delivered_to(made, f"https://{host}:{port}/hook")
        assert outcome.reason in {"address-refused", "answer-unreadable", "name-not-resolved"}, (host, outcome)
    await made.close()
    assert (made_sockets, counts) == ([], [0])


async def test_a_name_that_leads_elsewhere_the_second_time_is_refused_then(counted: Any) -> None:  # noqa: ANN401
    """Rebinding: what was well when it was looked at first is of no account; only where the socket goes is."""
    port, counts = counted
    allowed = Allowed.from_words("127.0.0.1/32")
    made = carrier(allowed, Names("127.0.0.1", "127.0.0.2"))
    first = await delivered_to(made, f"http://rebinding.example.org:{port}/hook")
    assert (first.reason, counts[0]) == ("connection-lost", 1)
    second = await delivered_to(made, f"http://rebinding.example.org:{port}/hook")
    await made.close()
    assert (second.reason, counts[0]) == ("address-refused", 1)


async def test_a_name_that_cannot_be_resolved_is_a_failure() -> None:
    """Closed, and not open."""
    made = carrier(NOBODY, Names(None))
    outcome = await delivered_to(made, "https://silent.example.org/hook")
    await made.close()
    assert (outcome.verdict, outcome.reason) == (Verdict.FAILED, "name-not-resolved")


async def test_http_leaves_for_allowed_networks_only(counted: Any) -> None:  # noqa: ANN401
    """Even to the public internet it is not spoken."""
    _, counts = counted
    allowed = Allowed.from_words("10.1.2.0/24")
    made = carrier(allowed, Names("1.1.1.1"))
    outcome = await delivered_to(made, "http://receiver.example.org/hook")
    await made.close()
    assert (outcome.reason, counts[0]) == ("address-refused", 0)
