"""How fast a client and an organisation may ask, on a real socket."""

import asyncio
import threading
from collections.abc import AsyncIterator, Collection
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from services.chassis.audit.action import Action
from services.chassis.identity import Role
from services.chassis.web import WebSettings, build_application
from services.chassis.web.rates import WINDOW_SECONDS, Counts
from tests.unit.web.things import BASE, THING_ID, Answer, Clock, FakeUnit, Service, things_api

SCOPES = ("things:read", "things:write")
PATH = f"{BASE}/things/{THING_ID}"


@pytest.fixture
async def limited(tmp_path: Path, settings: WebSettings) -> AsyncIterator[Service]:
    """A service of which a client may ask ten times in ten seconds, and an organisation fifteen times."""
    slow = replace(settings, client_requests_per_second=1, organisation_requests_per_second=2)
    service = Service(tmp_path, slow)
    await service.start()
    yield service
    await service.stop()


async def ask(service: Service, client: str = "client-1", organisation: str = "org-1", times: int = 1) -> list[Answer]:
    token = service.issuer.issue(client, organisation, Role.PROVIDER, SCOPES)
    return [await service.call("GET", PATH, token=token) for _ in range(times)]


async def test_a_client_that_asks_too_fast_is_told_when_to_come_back(limited: Service) -> None:
    """429 with Retry-After, the standing headers, and nothing done; other clients are served."""
    answers = await ask(limited, times=11)
    assert [answer.status for answer in answers] == [200] * 10 + [429]
    assert answers[-1].problem()["type"] == "urn:problem-type:doorstroom:too-many-requests"
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 10
    assert answers[-1].headers["API-Version"] == "1.2.3"
    assert len(limited.handlers.calls) == 10
    [other] = await ask(limited, "client-2")
    assert other.status == 200


async def test_all_clients_of_an_organisation_together_have_a_limit(limited: Service) -> None:
    """What one of them is refused counts for it no more; another organisation is served."""
    statuses = [answer.status for client in ("a", "b", "c") for answer in await ask(limited, client, times=12)]
    assert statuses == [200] * 10 + [429] * 2 + [200] * 10 + [429] * 14
    [other] = await ask(limited, "a", "org-2")
    assert other.status == 200


async def test_the_next_window_begins_after_as_long_as_was_said(
    limited: Service,
) -> None:
    """Then all of it may be asked again."""
    refused = (await ask(limited, times=11))[-1]
    assert (refused.status, refused.headers["Retry-After"]) == (429, "10")
    limited.clock.advance(seconds=9.5)
    [still] = await ask(limited)
    assert (still.status, still.headers["Retry-After"]) == (429, "1")
    limited.clock.advance(seconds=0.6)
    assert {answer.status for answer in await ask(limited, times=10)} == {200}


async def test_who_asks_too_fast_is_answered_before_the_body_is_read(limited: Service) -> None:
    """A body that never comes keeps nobody waiting."""
    await ask(limited, times=10)
    head = f"POST {BASE}/things HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {limited.token()}\r\n"
    rest = "Idempotency-Key: k\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n\r\n{"
    reader, writer = await asyncio.open_connection("127.0.0.1", limited.port)
    writer.write((head + rest).encode())
    async with asyncio.timeout(0.5):
        assert b" 429 " in await reader.readline()
    writer.close()


class Noted:
    """A journal that remembers."""

    def __init__(self) -> None:
        self.actions: list[Action] = []

    async def note(self, _unit: FakeUnit, action: Action, /) -> None:
        self.actions.append(action)

    async def record(self, action: Action, _cases: Collection[UUID] = (), /) -> None:
        self.actions.append(action)


async def test_of_a_row_of_refusals_the_audit_log_has_the_first(limited: Service) -> None:
    """Else a flood would be written down at our cost; that there was one is on record, with who it was."""
    journal = Noted()
    api = replace(things_api(limited.handlers, limited.work), journal=journal)
    application = build_application(
        [api], limited.verifier, settings=WebSettings(client_requests_per_second=1), clock=limited.clock
    )
    port = await limited.serve(application)
    statuses = [(await limited.call("GET", PATH, port=port)).status for _ in range(20)]
    assert statuses == [200] * 10 + [429] * 10
    refused = [action for action in journal.actions if action.status == 429]
    assert [(action.subject, action.organisation) for action in refused] == [("client-1", "org-1")]


async def test_a_live_stream_counts_when_it_is_opened(limited: Service) -> None:
    """Whoever connects again and again is slowed down like everybody else."""
    await ask(limited, times=10)
    answer = await limited.call("GET", f"{BASE}/events", headers={"Accept": "text/event-stream"})
    assert answer.status == 429


def test_counting_starts_no_thread_and_forgets_who_has_gone() -> None:
    """The library's own memory does the one at nearly every request, to do the other."""
    clock, threads = Clock(), threading.active_count()
    counts = Counts(clock)
    assert [counts.incr(f"client-{number}", WINDOW_SECONDS) for number in range(1000)] == [1] * 1000
    assert threading.active_count() == threads
    clock.advance(seconds=WINDOW_SECONDS)
    assert counts.get("client-1") == 0
    assert counts.incr("client-1", WINDOW_SECONDS) == 1
    assert counts.reset() == 1, "of a thousand only this one is remembered"
