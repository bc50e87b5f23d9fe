"""Live streams: their form, their bounds, and their end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from hypothesis import given, strategies

from services.chassis.identity import KeySet
from services.chassis.identity.keys import REVOKED, client_mark
from services.chassis.web import ServerSentEvent
from tests.unit.web.things import BASE, Service

EVENTS = f"{BASE}/events"
OTHER_KEYS = [
    {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "kid": "another"},
]
FIRST_TWO = b'id: 1\nevent: thing\ndata: {"n": 1}\n\nid: 2\ndata: two\ndata: lines\n\n'


@asynccontextmanager
async def reading(
    service: Service, headers: str = "", token: str | None = None
) -> AsyncIterator[tuple[bytes, asyncio.StreamReader]]:
    """Open the stream on a bare socket: the head of the answer, and what follows."""
    reader, writer = await asyncio.open_connection("127.0.0.1", service.port, limit=2**20)
    bearer = f"Authorization: Bearer {token or service.token()}"
    # HTTP/1.0 has no chunks: what is read is what was sent.
    writer.write(f"GET {EVENTS} HTTP/1.0\r\nHost: x\r\n{bearer}\r\n{headers}\r\n".encode())
    async with asyncio.timeout(10):
        yield await reader.readuntil(b"\r\n\r\n"), reader
    writer.close()


async def test_a_stream_has_the_form_of_the_standard(service: Service) -> None:
    """Ids, names and data lines, as text/event-stream, never cached and never buffered by a proxy."""
    async with reading(service) as (head, reader):
        assert b"Content-Type: text/event-stream\r\n" in head
        assert b"Cache-Control: no-store\r\n" in head
        assert b"X-Accel-Buffering: no\r\n" in head
        assert b"Content-Encoding" not in head
        assert await reader.readexactly(len(FIRST_TWO)) == FIRST_TWO


async def test_a_silent_stream_has_a_heartbeat(service: Service) -> None:
    """A comment now and then keeps proxies from closing it."""
    async with reading(service) as (_, reader):
        await reader.readexactly(len(FIRST_TWO))
        assert await reader.readexactly(6) == b":\n\n:\n\n"


async def test_a_reader_resumes_with_its_last_event_id(service: Service) -> None:
    """The handler learns what the reader has."""
    async with reading(service, "Last-Event-ID: 41\r\n") as (_, reader):
        await reader.readexactly(1)
        assert service.handlers.streams[0].last_event_id == "41"


@pytest.mark.parametrize("value", ["abc", "1" * 19, "-1"])
async def test_a_last_event_id_that_was_never_sent_is_refused(service: Service, value: str) -> None:
    """Before the stream opens."""
    answer = await service.call("GET", EVENTS, headers={"Last-Event-ID": value})
    assert answer.status == 400
    assert answer.problem()["errors"][0]["pointer"] == "/Last-Event-ID"


async def test_a_reader_that_falls_behind_is_dropped(service: Service) -> None:
    """Memory for one reader is bounded: then the connection is closed, and the handler ended."""
    async with reading(service) as (_, reader):
        await reader.readexactly(len(FIRST_TWO))
        (stream,) = service.handlers.streams
        event = ServerSentEvent("x" * 1_000_000, id="3")
        offered = 0
        while stream.offer(event):
            offered += 1
            await asyncio.sleep(0.005)
            assert offered < 1000
        await asyncio.sleep(0.6)
        with pytest.raises(asyncio.IncompleteReadError):
            await reader.readexactly((offered + 1) * 1_000_000)
    answer = await service.call("GET", f"{BASE}/things")
    assert answer.status == 200


async def test_a_client_has_so_many_streams_and_no_more(service: Service) -> None:
    """The limit is per client; a closed stream makes room."""
    async with reading(service), reading(service):
        answer = await service.call("GET", EVENTS)
        assert (answer.status, answer.headers["Retry-After"]) == (503, "2")
    await asyncio.sleep(0.4)
    async with reading(service) as (head, _):
        assert b" 200 " in head


async def test_a_stream_ends_when_the_token_does(service: Service) -> None:
    """A token that has expired shows nothing any more."""
    async with reading(service, token=service.token(seconds=1)) as (_, reader):
        assert (await reader.read()).startswith(FIRST_TWO)


@pytest.mark.parametrize("published", [{REVOKED: [client_mark("client-1")]}, {"keys": OTHER_KEYS}])
async def test_a_stream_ends_when_its_client_is_revoked_or_its_key_withdrawn(
    service: Service, published: dict[str, Any]
) -> None:
    """Within the time between two looks; somebody else who was revoked ends nothing."""
    published_now = service.issuer.public_keys()
    service.keys.keys = KeySet.from_document({**published_now, REVOKED: [client_mark("client-2")]})
    async with reading(service) as (_, reader):
        await reader.readexactly(len(FIRST_TWO))
        await asyncio.sleep(0.3)
        assert not reader.at_eof()
        service.keys.keys = KeySet.from_document({**published_now, **published})
        assert (await reader.read()).strip(b":\n") == b""
    assert (await service.call("GET", EVENTS)).status == 401


async def test_a_stream_ends_when_the_service_stops(service: Service) -> None:
    """At once, so that readers connect elsewhere, and stopping does not wait for them."""
    async with reading(service) as (_, reader):
        await reader.readexactly(len(FIRST_TWO))
        started = asyncio.get_running_loop().time()
        await service.runner.cleanup()
        await reader.read()
        assert asyncio.get_running_loop().time() - started < 2


@given(strategies.text(max_size=100))
def test_data_survives_the_stream(data: str) -> None:
    """Whatever line ends it has, no data can end an event or start a field; a reader gets the lines back."""
    encoded = ServerSentEvent(data, id="1").encode().decode()
    lines = encoded.split("\n")
    assert lines[0] == "id: 1"
    assert lines[-2:] == ["", ""]
    assert all(line.startswith("data: ") for line in lines[1:-2])
    assert [line.removeprefix("data: ") for line in lines[1:-2]] == data.replace("\r\n", "\n").replace(
        "\r", "\n"
    ).split("\n")


@pytest.mark.parametrize("event", [ServerSentEvent("", id="a\nb"), ServerSentEvent("", event="a b")])
def test_an_id_that_would_break_the_stream_is_refused(event: ServerSentEvent) -> None:
    """An id or name with a line end in it is a mistake of ours."""
    with pytest.raises(ValueError, match="must match"):
        event.encode()
