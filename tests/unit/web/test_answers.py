"""What comes out, whatever happens: headers, problems, health, logs."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
import structlog

from services.chassis.web import WebSettings
from tests.unit.web.things import BASE, THING_ID, Service

STANDING = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "API-Version": "1.2.3",
    "Server": "doorstroom",
}


def thing(number: int) -> str:
    """The address of a thing that fails in the way of its number."""
    return f"{BASE}/things/{UUID(int=(THING_ID.int & ~0xFF) | number)}"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", thing(1), 200),
        ("POST", f"{thing(1)}/_affirm", 204),
        ("GET", f"{BASE}/things/x", 400),
        ("GET", thing(2), 404),
        ("GET", thing(3), 409),
        ("GET", thing(4), 500),
        ("GET", thing(5), 503),
        ("GET", "/nowhere", 404),
        ("GET", f"{BASE}/things/", 404),
        ("GET", f"/{BASE}/things", 404),
        ("DELETE", f"{BASE}/things", 405),
        ("HEAD", "/healthz", 405),
        ("GET", f"{BASE}/openapi.json", 200),
        ("GET", "/healthz", 200),
    ],
)
async def test_every_answer_has_the_standing_headers(service: Service, method: str, path: str, status: int) -> None:
    """Success or failure, ours or aiohttp's: the same headers, and a problem document for each failure."""
    answer = await service.call(method, path)
    assert answer.status == status
    assert {name: answer.headers[name] for name in STANDING} == STANDING
    assert "Strict-Transport-Security" not in answer.headers
    if status >= 400 and method != "HEAD":
        answer.problem()


async def test_a_wrong_method_is_told_the_right_ones(service: Service) -> None:
    """405 has Allow."""
    answer = await service.call("DELETE", f"{BASE}/things")
    assert answer.headers["Allow"] == "GET, POST"


async def test_an_unexpected_error_tells_nothing(service: Service) -> None:
    """Neither the client nor the log gets the error's text; the log gets where it happened."""
    with structlog.testing.capture_logs() as logs:
        answer = await service.call("GET", thing(4))
    assert b"canary" not in answer.body
    assert "canary" not in repr(logs)
    (entry,) = [entry for entry in logs if entry["event"] == "unexpected-error"]
    assert entry["error"] == "RuntimeError"
    assert any(frame.endswith("show") for frame in entry["frames"])


async def test_a_lost_database_says_when_to_come_back(service: Service) -> None:
    """503 with Retry-After."""
    service.work.is_lost = True
    answer = await service.call("GET", thing(1))
    assert (answer.status, answer.headers["Retry-After"]) == (503, "2")
    answer.problem()


async def test_a_request_that_takes_too_long_is_given_up(service: Service) -> None:
    """The client gets a problem instead of silence."""
    answer = await service.call("GET", thing(5))
    assert answer.status == 503
    assert "took too long" in answer.problem()["detail"]


async def test_a_well_formed_request_id_comes_back(service: Service) -> None:
    """And so does the trace context."""
    traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    answer = await service.call("GET", thing(1), headers={"X-Request-Id": "abc-1", "traceparent": traceparent})
    assert (answer.headers["X-Request-Id"], answer.headers["traceparent"]) == ("abc-1", traceparent)
    assert service.handlers.calls[0].traceparent == traceparent


@pytest.mark.parametrize("value", ["x" * 65, "two words", "a;b"])
async def test_another_request_id_is_replaced(service: Service, value: str) -> None:
    """What could break a log line never reaches it."""
    answer = await service.call("GET", thing(1), headers={"X-Request-Id": value, "traceparent": f"00-{'0' * 32}-1-1"})
    assert answer.headers["X-Request-Id"] == service.handlers.calls[0].request_id != value
    assert "traceparent" not in answer.headers


async def test_one_log_line_per_request_has_no_address(service: Service) -> None:
    """The route is logged, and never the path, which holds ids."""
    with structlog.testing.capture_logs() as logs:
        await service.call("GET", thing(1))
        await service.call("GET", "/a-secret-place")
    assert [(entry["event"], entry["method"], entry["route"], entry["status"]) for entry in logs] == [
        ("request", "GET", f"{BASE}/things/{{thingId}}", 200),
        ("request", "GET", "(none)", 404),
    ]
    assert all(entry["milliseconds"] >= 0 for entry in logs)


async def test_the_trace_of_one_request_does_not_stay_for_the_next(service: Service) -> None:
    """Requests of one connection share a context, and still have their own ids in it."""
    seen: list[dict[str, object]] = []
    show = service.handlers.calls

    class Spy(list):  # type: ignore[type-arg] # notes the log context at each call
        def append(self, call: object) -> None:
            seen.append(structlog.contextvars.get_contextvars())
            show.append(call)  # type: ignore[arg-type]

    service.handlers.calls = Spy()
    traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    await service.call("GET", thing(1), headers={"traceparent": traceparent, "X-Request-Id": "first"})
    await service.call("GET", thing(1), headers={"X-Request-Id": "second"})
    assert seen[0] == {"request_id": "first", "trace_id": "0af7651916cd43dd8448eb211c80319c"}
    assert seen[1] == {"request_id": "second"}


async def test_the_access_log_can_be_off_and_hsts_on(tmp_path: Path, settings: WebSettings) -> None:
    """Both are settings."""
    service = Service(tmp_path, replace(settings, access_log=False, behind_tls=True))
    await service.start()
    with structlog.testing.capture_logs() as logs:
        answer = await service.call("GET", thing(1))
    await service.stop()
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=")
    assert logs == []


async def test_readiness_follows_the_checks(service: Service) -> None:
    """200 when all pass; 503 with the failing one's name when not."""
    answer = await service.call("GET", "/readyz", headers={"Authorization": ""})
    assert (answer.status, json.loads(answer.body)["checks"]) == (200, {"database": True})
    service.is_ready = False
    answer = await service.call("GET", "/readyz", headers={"Authorization": ""})
    assert answer.status == 503
    assert "database" in answer.problem()["detail"]


@pytest.mark.parametrize(
    "request_text",
    [
        b"nonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nBad Header: y\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 20_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 100 + b"\r\n",
        b"GET /" + b"a" * 10_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
    ],
)
async def test_what_is_not_http_is_a_problem_too(service: Service, request_text: bytes) -> None:
    """What cannot be parsed is answered like everything else, without being repeated, and the connection ends."""
    answer = await service.raw(request_text)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b" 400 " in head.partition(b"\r\n")[0]
    assert b"Content-Type: application/problem+json" in head
    assert b"API-Version: " in head
    assert json.loads(body)["status"] == 400


async def test_a_connection_that_sends_nothing_is_closed(tmp_path: Path, settings: WebSettings) -> None:
    """Also one that sends half a request line and stops, or lets its headers drip: the first of them, or later ones."""
    service = Service(tmp_path, replace(settings, keep_alive_seconds=0.5))
    await service.start()
    whole, drips = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /healthz HTTP/1.1\r\n" + b"X: y\r\n" * 60
    try:
        nothing, half, first, second = await asyncio.gather(
            service.raw(b""),
            service.raw(b"GET / HT"),
            _dripping(service, b"", drips),
            _dripping(service, whole, drips),
        )
    finally:
        await service.stop()
    assert (nothing, half, first) == (b"", b"", b"")
    assert second.count(b"HTTP/1.1 200 ") == 1


async def _dripping(service: Service, before: bytes, drips: bytes) -> bytes:
    """Send one byte after the other, slowly, until the server closes the connection; give what it answered."""
    reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
    writer.write(before)
    answer = asyncio.create_task(reader.read())
    async with asyncio.timeout(5):
        for drip in drips:
            if answer.done():
                break
            writer.write(bytes([drip]))
            await asyncio.sleep(0.02)
        got = await answer
    writer.close()
    return got
