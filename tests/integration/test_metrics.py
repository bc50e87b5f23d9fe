"""What operators can measure, driven by a journey and read from the page that Prometheus reads."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from doorstroom_client import Endpoints
from schemas.messages.beds import DepartureRecorded
from schemas.vocabulary import DeclineReason
from services.chassis.broker.memory import InProcessBroker
from services.chassis.broker.port import Message
from services.chassis.database import TransactionConflict
from services.chassis.measures import FAMILIES, OWN
from services.chassis.measures.readings import ServiceReadings, nothing_own
from services.chassis.unit_of_work import UnitOfWork
from services.cli.cast import Cast
from services.cli.embedded import SERVICES, Embedded, build_embedded
from tests.support.counting import MESSAGES, Counting, Later, counting_topology
from tests.support.play import Play
from tests.support.waiting import eventually

PAGE = (Path(__file__).parents[2] / "docs/metrics.md").read_text()
ROW = re.compile(r"^\| `([a-z_]+)` \| (\w+) \| (.*?) \| (.+?) \| (.*?) ?\|$", re.MULTILINE)

Sample = tuple[str, frozenset[tuple[str, str]]]
Numbers = dict[Sample, float]


def key(name: str, **labels: str) -> Sample:
    return f"{OWN}{name}", frozenset(labels.items())


class Installation:
    """The embedded mode, with its numbers, and somebody to play in it."""

    def __init__(self, embedded: Embedded, session: aiohttp.ClientSession) -> None:
        self._session = session
        self.root = f"http://127.0.0.1:{embedded.process.port}"
        self.page = f"http://127.0.0.1:{embedded.process.metrics_port}/metrics"
        self.play = Play(Cast(embedded.issuer, session, Endpoints.at(self.root)))

    async def text(self) -> str:
        async with self._session.get(self.page) as response:
            assert response.status == 200
            assert response.headers["Content-Type"].startswith("text/plain")
            return await response.text()

    async def numbers(self) -> Numbers:
        families = text_string_to_metric_families(await self.text())
        return {(each.name, frozenset(each.labels.items())): each.value for one in families for each in one.samples}

    async def status(self, address: str) -> int:
        async with self._session.get(address) as response:
            return response.status


@pytest.fixture
async def installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Installation]:
    # What was just read is read again, so that a test need not wait.
    monkeypatch.setattr("services.chassis.measures.page.KEPT_SECONDS", 0.0)
    async with AsyncExitStack() as stack:
        embedded = build_embedded(tmp_path, access_log=False, metrics_port=0)
        stack.push_async_callback(embedded.process.stop, 0)
        await embedded.process.start("127.0.0.1", 0)
        yield Installation(embedded, await stack.enter_async_context(aiohttp.ClientSession()))


async def test_a_journey_is_counted_where_it_happens(installation: Installation) -> None:
    """A bed is offered, declined, offered to the next and accepted: each number moves by what happened, and no more."""
    play, before = installation.play, await installation.numbers()
    first, second = await play.join(days=9), await play.join(days=3)
    vacancy = await play.bed()
    offer = await play.offer(first)
    await first.coordinator.decline_offer(offer.offer_id, DeclineReason.OTHER)
    await play.arrive(second, vacancy)
    sheltered = {"service": "registry", "list_kind": "shelter"}
    expected = {
        key("allocations_total", outcome="made", **sheltered): 2,
        key("allocations_total", outcome="declined", **sheltered): 1,
        key("allocations_total", outcome="accepted", **sheltered): 1,
        key("allocations_total", outcome="fulfilled", **sheltered): 1,
        key("freed_to_offered_seconds_count", **sheltered): 1,
        key("offered_to_notified_seconds_count", service="notifications"): 2,
        key("events_total", service="shelters", event="nl.doorstroom.beds.bed-freed.v1"): 1,
        key("events_total", service="registry", event="nl.doorstroom.offers.offer-made.v1.shelter"): 2,
        key(
            "http_requests_total",
            service="shelters",
            method="POST",
            route="/shelters/v1/vacancies",
            status="2xx",
        ): 1,
    }

    async def changes() -> bool:
        after = await installation.numbers()
        return {sample: after.get(sample, 0) - before.get(sample, 0) for sample in expected} == expected

    assert await eventually(changes, 10)
    after = await installation.numbers()
    seconds = key("freed_to_offered_seconds_sum", **sheltered)
    assert 0 < after[seconds] - before.get(seconds, 0) < 10


async def test_what_is_published_and_taken_is_counted(installation: Installation) -> None:
    """As many are confirmed as were recorded, and nothing has failed."""
    before = await installation.numbers()
    await installation.play.bed()
    confirmed = key("publishes_total", service="shelters", outcome="confirmed")
    handled = key("messages_taken_total", service="registry", outcome="handled")

    async def counted() -> bool:
        after = await installation.numbers()
        return [after[sample] - before.get(sample, 0) for sample in (confirmed, handled)] == [1, 1]

    assert await eventually(counted, 10)


async def test_what_waits_is_read_when_somebody_asks(installation: Installation) -> None:
    """A bed for nobody is free without a decision; an offer is open, and not near its deadline; consumers are there."""
    play = installation.play
    await play.bed()
    person = await play.join("housing", days=2)
    await play.slot()
    await play.offer(person)
    await play.bed()
    wanted = {
        key("free_vacancies", service="registry"): 2,
        key("free_vacancies_without_decision", service="registry"): 2,
        key("open_offers", service="registry"): 1,
        key("open_offers_near_deadline", service="registry"): 0,
        key("open_offers_overdue", service="registry"): 0,
        key("quarantine_messages", service="registry"): 0,
        key("inbox_messages", service="registry"): 3,
        **{key("consumers", service=definition.name): 1 for definition in SERVICES},
        **{key("broker_connected", service=definition.name): 1 for definition in SERVICES},
        **{key("readings_up", service=definition.name): 1 for definition in SERVICES},
        **{key("outbox_messages", service=definition.name): 0 for definition in SERVICES},
        **{key("outbox_oldest_seconds", service=definition.name): 0 for definition in SERVICES},
    }

    async def shown() -> bool:
        after = await installation.numbers()
        return {sample: after.get(sample) for sample in wanted} == wanted

    assert await eventually(shown, 10)


async def test_the_apis_do_not_serve_metrics_and_the_page_serves_nothing_else(installation: Installation) -> None:
    """Their clients cannot ask for it; and what they ask for instead is no label."""
    assert await installation.status(f"{installation.root}/metrics") == 404
    assert await installation.status(f"{installation.root}/shelters/v1/metrics") == 404
    assert await installation.status(installation.page.replace("/metrics", "/shelters/v1/units")) == 404
    nowhere = key("http_requests_total", service="(none)", method="(none)", route="(none)", status="4xx")
    assert (await installation.numbers())[nowhere] >= 2


async def test_nothing_is_served_unless_it_is_wanted(tmp_path: Path) -> None:
    """No port is opened."""
    embedded = build_embedded(tmp_path, access_log=False)
    await embedded.process.start("127.0.0.1", 0)
    assert embedded.process.metrics_port is None
    await embedded.process.stop(0)


async def test_no_label_has_what_a_client_wrote(installation: Installation) -> None:
    """Every label is a word of the program: no id, no organisation, no path, no method of a client's own."""
    play = installation.play
    person = await play.join(days=9)
    await play.bed()
    await play.offer(person)
    await installation.status(f"{installation.root}/shelters/v1/{play.name}/secret-address")
    text = await installation.text()
    assert play.name not in text
    assert str(person.entry_id) not in text
    assert "secret-address" not in text
    assert not re.search(r"[0-9a-f]{8}-[0-9a-f]{4}", text)


async def test_a_database_that_does_not_answer_is_told_and_the_rest_is_served(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its gauges are not a number, instead of what they were; the counters are there."""
    await installation.numbers()
    monkeypatch.setattr("services.chassis.measures.readings.TIMEOUT_SECONDS", 0.0)
    after = await installation.numbers()
    assert after[key("readings_up", service="registry")] == 0
    assert after[key("outbox_messages", service="registry")] != after[key("outbox_messages", service="registry")]
    assert after[key("free_vacancies", service="registry")] != after[key("free_vacancies", service="registry")]
    assert key("publishes_total", service="registry", outcome="confirmed") in after


def test_every_metric_is_documented_and_no_other() -> None:
    """With its type and its labels."""
    rows = {name: (kind, frozenset(re.findall(r"`(\w+)`", labels))) for name, kind, labels, _, _ in ROW.findall(PAGE)}
    known = {
        collector._name: (collector._type, frozenset(collector._labelnames))
        for collector in FAMILIES._collector_to_names
        if hasattr(collector, "_labelnames")
    }
    assert rows == known
    assert PAGE.count("\n| `") == len(rows)


async def test_what_cannot_be_published_is_in_the_outbox_and_ages(tmp_path: Path) -> None:
    """Its failures are counted, and the oldest is as old as it is."""
    later, topology = Later(), counting_topology("measured")
    broker = InProcessBroker(topology)
    counting = Counting(f"sqlite:///{tmp_path / 'test.sqlite3'}", broker, topology, later)
    await counting.create()
    await counting.record(uuid4(), uuid4())
    before = value("publishes_total", service="unnamed", outcome="failed")
    assert await counting.relay._sweep() is True
    later.ahead = timedelta(minutes=5)
    assert await counting.relay._sweep() is False
    assert value("publishes_total", service="unnamed", outcome="failed") == before + 2
    await readings(counting).renew()
    assert value("outbox_messages", service="counting") == 2
    assert 300 <= value("outbox_oldest_seconds", service="counting") < 310
    assert value("broker_connected", service="counting") == 0
    await counting.database.close()


async def test_what_is_in_quarantine_is_counted(tmp_path: Path) -> None:
    """Once when it comes, and for as long as it waits for an operator."""
    topology = counting_topology("measured")
    broker = InProcessBroker(topology)
    await broker.start()
    counting = Counting(f"sqlite:///{tmp_path / 'test.sqlite3'}", broker, topology)
    await counting.create()
    before = value("messages_taken_total", service="unnamed", outcome="quarantined")
    consuming = asyncio.create_task(counting.consumer.run())
    await broker.publish([Message("not-an-event", DepartureRecorded.TYPE, b"{}")])
    consuming.cancel()
    assert value("messages_taken_total", service="unnamed", outcome="quarantined") == before + 1
    await readings(counting).renew()
    assert value("quarantine_messages", service="counting") == 1
    await broker.close()
    await counting.database.close()


async def test_a_transaction_that_collides_is_counted(tmp_path: Path) -> None:
    """Each time that it is run again."""
    topology = counting_topology("measured")
    counting = Counting(f"sqlite:///{tmp_path / 'test.sqlite3'}", InProcessBroker(topology), topology)
    await counting.create()
    attempts = []

    async def collide_twice(_unit: UnitOfWork) -> None:
        attempts.append(1)
        if len(attempts) <= 2:
            raise TransactionConflict

    before = value("transaction_retries_total", service="unnamed")
    await counting.transactions.run(collide_twice)
    assert value("transaction_retries_total", service="unnamed") == before + 2
    await counting.database.close()


def value(name: str, **labels: str) -> float:
    return FAMILIES.get_sample_value(f"{OWN}{name}", labels) or 0.0


def readings(counting: Counting) -> ServiceReadings:
    broker = counting.broker
    return ServiceReadings(
        "counting", counting.transactions, MESSAGES, nothing_own,
        connected=lambda: broker.connected, consuming=lambda: counting.consumer.consuming,
    )  # fmt: skip
