"""The live stream: read as the standard says, in whatever pieces it comes, and resumed where it was."""

import json
from contextlib import aclosing
from itertools import pairwise
from uuid import uuid4

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from doorstroom_client import ProblemError, UnreadableAnswer
from doorstroom_client.stream import EVENT_LIMIT_BYTES, Event, EventReader
from tests.unit.client.conftest import Respond, Scripted, refuses

STREAM = (
    b"\xef\xbb\xbf: a comment\r\nid: 7\r\n\r\nid: 8\nevent: offer-made\ndata: one\ndata:two\n\n:\n\n"
    b"data: no id of its own\r\rid: 9\ndata\n\nid: bad\0id\ndata: x\n\nretry: 5\nunknown: field\n\ndata: not ended"
)
EVENTS = [
    Event("", "7"),
    Event("one\ntwo", "8", "offer-made"),
    Event("no id of its own", "8"),
    Event("", "9"),
    Event("x", "9"),
]


@given(st.lists(st.integers(0, len(STREAM)), max_size=20))
def test_events_are_the_same_in_whatever_pieces_they_come(cuts: list[int]) -> None:
    """Lines end in three ways, a byte order mark may come first, and half an event is none."""
    reader, events, places = EventReader(), list[Event](), [0, *sorted(cuts), len(STREAM)]
    for begin, end in pairwise(places):
        events += reader.feed(STREAM[begin:end])
    assert events == EVENTS


def test_an_event_that_never_ends_is_refused() -> None:
    """Before it fills the memory."""
    reader = EventReader()
    line = b"data: " + b"x" * (EVENT_LIMIT_BYTES // 2) + b"\n"
    assert reader.feed(line) == []
    with pytest.raises(UnreadableAnswer, match="larger than"):
        reader.feed(line + b"data: more")


def event(sequence: int) -> bytes:
    notification = {
        "notificationId": str(uuid4()),
        "sequence": sequence,
        "kind": "offer-made",
        "subject": str(uuid4()),
        "dataref": "/registry/v1/offers/1",
        "notifiedAt": "2026-07-01T12:00:00Z",
    }
    return f"id: {sequence}\ndata: {json.dumps(notification)}\n\n".encode()


def streams(*chunks: bytes) -> Respond:
    """A connection that brings these, and breaks."""

    async def respond(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for chunk in chunks:
            await response.write(chunk)
        return response

    return respond


async def heard(scripted: Scripted, number: int, after: str | None = None) -> list[int]:
    sequences = list[int]()
    async with aclosing(scripted.client().stream_notifications(after)) as stream:
        async for notification in stream:
            sequences.append(notification.sequence)
            if len(sequences) == number:
                break
    return sequences


async def test_after_a_break_it_goes_on_where_it_was(scripted: Scripted) -> None:
    """Also when the break comes in the middle of an event, which is said again."""
    scripted.answers = [streams(event(3), event(4)[:20]), refuses(503, Retry_After="9"), streams(event(4), event(5))]
    assert await heard(scripted, 3, after="2") == [3, 4, 5]
    assert [asked.headers["last-event-id"] for asked in scripted.asked] == ["2", "3", "3"]
    assert scripted.slept == pytest.approx([0.125, 9.25])


async def test_nothing_is_missed_when_the_line_breaks_before_the_first_event(scripted: Scripted) -> None:
    """The server says first where the stream begins."""
    scripted.answers = [streams(b"id: 41\n\n"), streams(event(42))]
    assert await heard(scripted, 1) == [42]
    assert "last-event-id" not in scripted.asked[0].headers
    assert scripted.asked[1].headers["last-event-id"] == "41"


async def test_waits_between_connections_grow_until_one_brings_something(scripted: Scripted) -> None:
    """So that a server that comes back is not run over."""
    scripted.answers = [*[streams()] * 4, streams(event(1)), streams(), streams(event(2))]
    assert await heard(scripted, 2, after="0") == [1, 2]
    assert scripted.slept == pytest.approx([0.125, 0.25, 0.5, 1.0, 0.125, 0.25])


async def test_a_stream_that_is_refused_ends_with_the_problem(scripted: Scripted) -> None:
    """Listening on would not help."""
    scripted.answers = [refuses(403)]
    with pytest.raises(ProblemError):
        await heard(scripted, 1)
