"""What is measured. Labels come from short lists that the program knows: never an id, an organisation or a place."""

from collections.abc import Iterable
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, disable_created_metrics

from services.chassis.broker.port import Message

disable_created_metrics()  # type: ignore[no-untyped-call] # the library has no type for it

FAMILIES = CollectorRegistry()
"""Everything that this process measures, of all its services."""

ProcessCollector(registry=FAMILIES)

OWN = "doorstroom_"
"""How our own names begin; those that begin with `process_` are of the Prometheus client."""

REQUESTS = Counter(
    f"{OWN}http_requests",
    "Requests by the template of their address and the class of their status.",
    ("service", "method", "route", "status"),
    registry=FAMILIES,
)
REQUEST_SECONDS = Histogram(
    f"{OWN}http_request_seconds",
    "From the head of a request to its answer, live streams left out.",
    ("service",),
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
    registry=FAMILIES,
)
EVENTS = Counter(
    f"{OWN}events",
    "Events recorded by committed transactions, by routing key.",
    ("service", "event"),
    registry=FAMILIES,
)
PUBLISHES = Counter(
    f"{OWN}publishes",
    "Messages given to the broker, by whether it confirmed them.",
    ("service", "outcome"),
    registry=FAMILIES,
)
HANDLED = Counter(
    f"{OWN}messages_taken",
    "Messages taken from the queue: handled, or put into quarantine.",
    ("service", "outcome"),
    registry=FAMILIES,
)
RETRIES = Counter(
    f"{OWN}transaction_retries",
    "Transactions that collided with another and were run again.",
    ("service",),
    registry=FAMILIES,
)
READ = Gauge(
    f"{OWN}readings_up",
    "1 when the gauges of this service could be read from its database in time, else 0.",
    ("service",),
    registry=FAMILIES,
)
CONNECTED = Gauge(f"{OWN}broker_connected", "1 while a publish can be tried.", ("service",), registry=FAMILIES)
CONSUMERS = Gauge(
    f"{OWN}consumers",
    "1 while messages reach this process; added up over replicas, how many consumers a queue has.",
    ("service",),
    registry=FAMILIES,
)


class Measures:
    """The numbers of one service that are counted where they happen. Cheap: a lock and an addition each."""

    def __init__(self, service: str = "unnamed") -> None:
        self.service = service
        self.confirmed = PUBLISHES.labels(service, "confirmed")
        self.failed = PUBLISHES.labels(service, "failed")
        self.handled = HANDLED.labels(service, "handled")
        self.quarantined = HANDLED.labels(service, "quarantined")
        # Found again by routing key in a tenth of the time that `labels` takes.
        self._events: dict[str, Counter] = {}
        self.retries = RETRIES.labels(service)

    def recorded(self, messages: Iterable[Message]) -> None:
        """Count the events of a transaction that is committed."""
        for message in messages:
            name = message.counted_as or message.routing_key
            event = self._events.get(name)
            if event is None:
                event = self._events[name] = EVENTS.labels(self.service, name)
            event.inc()


def elapsed_seconds(since: datetime, now: datetime) -> float:
    """How long ago that was; never less than nothing, although two machines' clocks differ."""
    return max((now - since).total_seconds(), 0.0)
