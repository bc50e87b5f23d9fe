"""Records steps as spans of OpenTelemetry: the only module that knows it, loaded when an operator wants traces."""

import asyncio
import os
import threading
from collections.abc import Sequence
from contextlib import suppress

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from services.chassis.tracing.steps import Attributes, Kind, Step, forward, record_with

STOP_SECONDS = 5.0

_PROPAGATOR = TraceContextTextMapPropagator()
_KINDS = {kind: SpanKind[kind.name] for kind in Kind}


class Recorded:
    """A step that is a span."""

    __slots__ = ("_span",)

    def __init__(self, span: Span) -> None:
        self._span = span

    @property
    def traceparent(self) -> str | None:
        """This span's own."""
        context = self._span.get_span_context()
        return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"

    def note(self, attributes: Attributes) -> None:
        """Something that is known only now."""
        self._span.set_attributes(dict(attributes))

    def end(self, error: str | None = None) -> None:
        """Give it to the exporter."""
        if error is not None:
            self._span.set_attribute("error.type", error)
            self._span.set_status(Status(StatusCode.ERROR))
        self._span.end()


class Recorder:
    """Begins steps as spans of one tracer."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    def __call__(self, name: str, kind: Kind, parent: str | None, attributes: Attributes) -> Step:
        """Begin a span below `parent`, or a trace of its own."""
        carrier = {} if parent is None else {"traceparent": parent}
        context = _PROPAGATOR.extract(carrier, Context())
        return Recorded(self._tracer.start_span(name, context, _KINDS[kind], dict(attributes)))


class Traces:
    """Spans of this process, on their way to a collector."""

    def __init__(self, services: Sequence[str]) -> None:
        """Set up by the standard variables OTEL_…: service name, sampler, where to send to, how often."""
        named = "OTEL_SERVICE_NAME" in os.environ
        resource = Resource.create({} if named else {SERVICE_NAME: "doorstroom " + " ".join(services)})
        # It ends with the process, which awaits that for a bounded time; a hook at exit would wait longer.
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        record_with(Recorder(self._provider.get_tracer("doorstroom")))

    async def stop(self) -> None:
        """Send what waits, for a bounded time, and record no more."""
        record_with(forward)
        ended, loop = asyncio.Event(), asyncio.get_running_loop()

        def shut_down() -> None:
            self._provider.shutdown()
            with suppress(RuntimeError):  # nobody waits any more
                loop.call_soon_threadsafe(ended.set)

        # A thread of its own, which no process waits for: a collector that is silent must not keep it from ending.
        threading.Thread(target=shut_down, name="traces", daemon=True).start()
        with suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS):
                await ended.wait()
