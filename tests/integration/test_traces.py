"""One trace from the request that posts a bed to the notification, in one process and over a real broker."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pydantic import SecretStr
from sqlalchemy import select

from doorstroom_client import Endpoints
from schemas import catalogue
from services.chassis import tracing
from services.chassis.broker.rabbitmq import RabbitMQBroker
from services.chassis.database import Database
from services.chassis.identity import DevelopmentIssuer
from services.chassis.identity.development import KEYS_FILE
from services.chassis.process import Process
from services.chassis.service import Service
from services.chassis.settings import Mode
from services.chassis.tracing.recording import Recorder, Traces
from services.chassis.wiring import Surroundings, topology, verifier_from
from services.cli.cast import Cast
from services.cli.embedded import SERVICES, build_embedded, database_url
from services.registry.tables import messages as registry_messages
from tests.support.play import Play
from tests.support.waiting import eventually, until

ROOT = Path(__file__).parents[2]
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACEPARENT = f"00-{TRACE}-00f067aa0ba902b7-01"
CHAIN = (
    "POST /shelters/v1/vacancies",
    "record nl.doorstroom.beds.bed-freed.v1",
    "process nl.doorstroom.beds.bed-freed.v1",
    "record nl.doorstroom.offers.offer-made.v1",
    "process nl.doorstroom.offers.offer-made.v1",
    "notify offer-made",
)
"""From the request to the notification, each below the one before."""

ATTRIBUTES = {
    "doorstroom.service",
    "http.request.method",
    "http.route",
    "http.response.status_code",
    "messaging.destination.name",
    "messaging.message.id",
    "error.type",
}


@pytest.fixture
def exporter() -> Iterator[InMemorySpanExporter]:
    """Keeps every step that this process records."""
    kept = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(kept))
    tracing.record_with(Recorder(provider.get_tracer("tests")))
    yield kept
    tracing.record_with(tracing.forward)
    provider.shutdown()


class Running:
    """An installation, and somebody to play in it."""

    def __init__(self, issuer: DevelopmentIssuer, session: aiohttp.ClientSession, endpoints: Endpoints) -> None:
        self.endpoints = endpoints
        # What comes before the vacancy makes traces of its own; from now on every request is in this one.
        self.play = Play(Cast(issuer, session, endpoints))
        self._session = session

    async def bed_for_somebody(self) -> str:
        """Somebody waits, a bed is posted within a trace, and they are offered it; gives the household's name."""
        person = await self.play.join(days=9)
        # The client's own requests have no trace: the session brings it to the one that matters.
        self._session.headers["traceparent"] = TRACEPARENT
        await self.play.bed()
        del self._session.headers["traceparent"]
        await self.play.offer(person)
        return str(person.entry_id)


@asynccontextmanager
async def embedded(data: Path, *, traces: bool = False) -> AsyncIterator[Running]:
    built = build_embedded(data, access_log=False, traces=traces)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(built.process.stop, 0)
        await built.process.start("127.0.0.1", 0)
        session = await stack.enter_async_context(aiohttp.ClientSession())
        yield Running(built.issuer, session, Endpoints.at(f"http://127.0.0.1:{built.process.port}"))


@asynccontextmanager
async def on_rabbitmq(data: Path, broker_url: str, prefix: str) -> AsyncIterator[Running]:
    """Each service with a broker connection and a port of its own; what they say to each other goes over RabbitMQ."""
    issuer = DevelopmentIssuer(data, Mode.EMBEDDED)
    roots: dict[str, str] = {}
    async with AsyncExitStack() as stack:
        for definition in SERVICES:
            settings = definition.settings(
                mode=Mode.EMBEDDED,
                database_url=SecretStr(database_url(data, definition.name)),
                broker_prefix=prefix,
                token_keys_file=data / KEYS_FILE,
                access_log=False,
            )
            broker = RabbitMQBroker(broker_url, topology(prefix, [definition.queue(prefix)]), name=definition.name)
            service: Service = definition.build(settings, Surroundings(broker))
            process = Process([service], broker, verifier_from(settings), settings)
            stack.push_async_callback(process.stop, 0)
            await process.start("127.0.0.1", 0)
            await until(lambda service=service: service.checks[f"{service.name}-consumer"]())  # type: ignore[misc]
            roots[definition.name] = f"http://127.0.0.1:{process.port}"
        session = await stack.enter_async_context(aiohttp.ClientSession())
        yield Running(issuer, session, Endpoints(**roots))


def chain(spans: Sequence[ReadableSpan]) -> list[str]:
    """The names from the first that has no parent here to the notification, each below the one before."""
    by_id = {span.context.span_id: span for span in spans}
    [last] = [span for span in spans if span.name == CHAIN[-1]]
    names, span = [last.name], last
    while span.parent is not None and span.parent.span_id in by_id:
        span = by_id[span.parent.span_id]
        names.insert(0, span.name)
    return names


async def of_the_trace(exporter: InMemorySpanExporter) -> list[ReadableSpan]:
    """Every step of the trace, once what is sent has been confirmed."""

    async def found() -> list[ReadableSpan]:
        spans = [each for each in exporter.get_finished_spans() if f"{each.context.trace_id:032x}" == TRACE]
        names = {span.name for span in spans}
        whole = {*CHAIN, "send nl.doorstroom.beds.bed-freed.v1", "send nl.doorstroom.offers.offer-made.v1.shelter"}
        return spans if whole <= names else []

    return await eventually(found, 20)


def assert_one_trace(spans: Sequence[ReadableSpan], secrets: Sequence[str]) -> None:
    """The chain is whole, and no step says more than what was done."""
    assert chain(spans) == list(CHAIN)
    assert {key for span in spans for key in span.attributes or {}} <= ATTRIBUTES
    said = "\n".join(span.to_json() for span in spans)
    assert not [secret for secret in secrets if secret in said]


async def test_one_trace_from_the_request_to_the_notification(exporter: InMemorySpanExporter, tmp_path: Path) -> None:
    """In the embedded mode: the caller's trace goes on through both services' outboxes to the third."""
    async with embedded(tmp_path) as running:
        household = await running.bed_for_somebody()
        assert_one_trace(await of_the_trace(exporter), [household, running.play.name])


@pytest.mark.server
async def test_one_trace_over_a_real_broker(
    exporter: InMemorySpanExporter, broker_url: str, topology_prefix: str, tmp_path: Path
) -> None:
    """RabbitMQ carries it in the message, as the CloudEvents extension says."""
    async with on_rabbitmq(tmp_path, broker_url, topology_prefix) as running:
        household = await running.bed_for_somebody()
        assert_one_trace(await of_the_trace(exporter), [household, running.play.name])


async def test_without_recording_the_callers_trace_is_handed_on_as_it_came(tmp_path: Path) -> None:
    """So that others who record can join what they know; and a request without one makes none."""
    async with embedded(tmp_path) as running:
        await running.bed_for_somebody()
        await running.play.bed()
    database = Database.connect(database_url(tmp_path, "registry"))
    async with database.reading() as connection:
        rows = await connection.execute(select(registry_messages.outbox.c.body))
    await database.close()
    traces = [catalogue.parse(row.body.encode()).traceparent for row in rows]
    assert traces == [TRACEPARENT]


async def test_a_collector_receives_what_is_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Switched on by one setting, and set up by the standard variables; what waits at the end is still sent."""
    received: list[bytes] = []

    async def collect(request: web.Request) -> web.Response:
        received.append(await request.read())
        return web.Response(body=b"", content_type="application/x-protobuf")

    application = web.Application()
    application.router.add_post("/v1/traces", collect)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{runner.addresses[0][1]}")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "none")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "doorstroom-under-test")
    async with embedded(tmp_path, traces=True) as running:
        assert tracing.is_recording()
        await running.bed_for_somebody()
    await runner.cleanup()
    assert not tracing.is_recording()
    sent = b"".join(received)
    assert b"doorstroom-under-test" in sent
    assert bytes.fromhex(TRACE) in sent
    assert b"notify offer-made" in sent


async def test_a_collector_that_is_silent_keeps_no_process_from_ending(monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes the connection and never answers: what waited is lost, and the process ends in time."""

    async def be_silent(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asked.wait()
        writer.close()

    asked = asyncio.Event()
    server = await asyncio.start_server(be_silent, "127.0.0.1", 0)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    monkeypatch.setattr("services.chassis.tracing.recording.STOP_SECONDS", 0.2)
    traces = Traces(["test"])
    tracing.begin("something", tracing.Kind.INTERNAL, None, {}).end()
    async with asyncio.timeout(3):
        await traces.stop()
    assert not tracing.is_recording()
    asked.set()
    server.close()


async def test_the_answer_has_the_trace(exporter: InMemorySpanExporter, tmp_path: Path) -> None:
    """Of a request without a trace, too: its own; with one, that, and the step here as what the answer names."""
    async with embedded(tmp_path) as running, aiohttp.ClientSession() as session:
        address = f"{running.endpoints.registry}/registry/v1/offers"
        async with session.get(address, headers={"traceparent": TRACEPARENT}) as response:
            answered = response.headers["traceparent"]
        async with session.get(address) as response:
            own = response.headers["traceparent"]
    spans = {f"{span.context.span_id:016x}": span for span in exporter.get_finished_spans()}
    assert answered[3:35] == TRACE != own[3:35]
    assert {spans[each[36:52]].name for each in (answered, own)} == {"GET /registry/v1/offers"}
    assert spans[own[36:52]].attributes["http.response.status_code"] == 401


def test_nothing_of_it_is_loaded_when_it_is_off() -> None:
    """Neither by the services nor by the command."""
    program = "import json, sys, services.chassis.main, services.cli.embedded; print(json.dumps(list(sys.modules)))"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, check=True, timeout=60)
    loaded = json.loads(done.stdout)
    assert "services.chassis.process" in loaded
    assert not [name for name in loaded if name.startswith("opentelemetry")]
