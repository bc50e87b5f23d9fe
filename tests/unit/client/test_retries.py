"""A request arrives once: sent again with its key, never sooner than the server asks, and a bounded number of times."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from doorstroom_client import (
    CachedToken,
    CalledToken,
    FetchedToken,
    ProblemError,
    RetryPolicy,
    ServerUnreachable,
    UnreadableAnswer,
)
from doorstroom_client.retries import retry_after_seconds
from tests.unit.client.conftest import Respond, Scripted, hangs_up, refuses, says

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
SLOT = {
    "slotId": str(uuid4()),
    "municipalityCode": "GM0344",
    "places": 2,
    "wheelchair": False,
    "state": "withdrawn",
    "accepted": False,
    "adults": None,
    "children": None,
    "unknownToThisVersion": 1,
}


async def test_what_got_no_answer_is_sent_again_with_the_same_key(scripted: Scripted) -> None:
    """A line that breaks, and a proxy that finds nobody: the server sees one request, as far as it can tell."""
    scripted.answers = [hangs_up, refuses(502), refuses(504), says(200, SLOT)]
    slot = await scripted.client().withdraw_slot(uuid4())
    assert slot.state == "withdrawn"
    keys = [asked.headers["idempotency-key"] for asked in scripted.asked]
    assert len(keys) == 4
    assert len(set(keys)) == 1


async def test_waits_grow_are_jittered_and_bounded(scripted: Scripted) -> None:
    """With chance at a half: half of 0.1, 0.2, 0.4 … seconds, and at most half of the longest."""
    scripted.answers = [hangs_up]
    policy = RetryPolicy(attempts=6, longest_wait_seconds=0.5)
    with pytest.raises(ServerUnreachable, match="no answer"):
        await scripted.client(policy=policy).withdraw_slot(uuid4())
    assert scripted.slept == pytest.approx([0.05, 0.1, 0.2, 0.25, 0.25])
    assert len(scripted.asked) == 6


@pytest.mark.parametrize("status", [429, 503])
async def test_retry_after_is_obeyed(status: int, scripted: Scripted) -> None:
    """Never sooner than was asked, and a little later, so that not everyone comes at once."""
    scripted.answers = [refuses(status, Retry_After="7"), says(200, SLOT)]
    await scripted.client().withdraw_slot(uuid4())
    assert scripted.slept == pytest.approx([7.05])


async def test_who_is_asked_to_wait_too_long_is_told_at_once(scripted: Scripted) -> None:
    """An hour is for the caller to decide about."""
    scripted.answers = [refuses(503, Retry_After="3600")]
    with pytest.raises(ServerUnreachable, match="asks to wait 3600 seconds"):
        await scripted.client().withdraw_slot(uuid4())
    assert (len(scripted.asked), scripted.slept) == (1, [])


async def test_too_many_requests_is_a_problem_in_the_end(scripted: Scripted) -> None:
    """With what the server said of it."""
    scripted.answers = [refuses(429, "Send less.")]
    with pytest.raises(ProblemError, match="Send less") as error:
        await scripted.client().withdraw_slot(uuid4())
    assert (error.value.status, len(scripted.asked)) == (429, 4)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 500])
async def test_what_is_refused_is_not_sent_again(status: int, scripted: Scripted) -> None:
    """Nothing but another request would help."""
    scripted.answers = [refuses(status)]
    with pytest.raises(ProblemError):
        await scripted.client().withdraw_slot(uuid4())
    assert len(scripted.asked) == 1


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (says(200, {"hello": "world"}), "not of the form"),
        (says(200, "a page"), "not of the form"),
        (says(302, Location="https://elsewhere.example/"), "redirect"),
    ],
)
async def test_an_answer_that_is_not_doorstrooms_is_one_clear_error(
    answer: Respond, text: str, scripted: Scripted
) -> None:
    """A proxy's own page, or a redirect, which would take the token elsewhere."""
    scripted.answers = [answer]
    with pytest.raises(UnreadableAnswer, match=text):
        await scripted.client().withdraw_slot(uuid4())


async def test_a_refusal_that_is_no_problem_document_keeps_its_status(scripted: Scripted) -> None:
    """Such as a proxy's own."""
    scripted.answers = [says(403, "<html>")]
    with pytest.raises(ProblemError) as error:
        await scripted.client().withdraw_slot(uuid4())
    assert error.value.status == 403


async def test_a_url_that_is_none_is_told_without_trying_again(scripted: Scripted) -> None:
    """No number of attempts would help."""
    scripted.root = "http://"
    with pytest.raises(ServerUnreachable, match="not the address"):
        await scripted.client().withdraw_slot(uuid4())
    assert scripted.slept == []


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("5", 5.0),
        ("Wed, 01 Jul 2026 12:00:09 GMT", 9.0),
        ("Wed, 01 Jul 2026 11:00:00 GMT", 0.0),
        ("soon", None),
        ("-5", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str | None, seconds: float | None) -> None:
    """As in RFC 9110; what is neither says nothing."""
    assert retry_after_seconds(value, NOW) == seconds


async def test_a_token_that_is_refused_is_followed_by_one_other(scripted: Scripted) -> None:
    """From a function that is asked again; and never more than one, or it would go on for ever."""
    tokens = iter(["old", "new", "newer", "newest"])

    async def give() -> str:
        return next(tokens)

    scripted.answers = [refuses(401), says(200, SLOT)]
    await scripted.client(CalledToken(give)).withdraw_slot(uuid4())
    assert [asked.headers["authorization"] for asked in scripted.asked] == ["Bearer old", "Bearer new"]
    scripted.answers = [refuses(401)]
    with pytest.raises(ProblemError):
        await scripted.client(CalledToken(give)).withdraw_slot(uuid4())
    assert len(scripted.asked) == 4


async def test_a_fetched_token_is_kept_until_shortly_before_it_runs_out() -> None:
    """One fetch for many requests; a refused one is forgotten, unless another was fetched meanwhile."""
    fetched, now = list[str](), [NOW]

    async def fetch() -> FetchedToken:
        fetched.append(f"token-{len(fetched)}")
        return FetchedToken(fetched[-1], now[0] + timedelta(minutes=5))

    source = CachedToken(fetch, lambda: now[0])
    assert [await source.token() for _ in range(3)] == ["token-0"] * 3
    now[0] += timedelta(minutes=4, seconds=29)
    assert await source.token() == "token-0"
    now[0] += timedelta(seconds=1)
    assert await source.token() == "token-1"
    source.refused("token-0")
    assert await source.token() == "token-1"
    source.refused("token-1")
    assert await source.token() == "token-2"


async def test_the_token_goes_where_its_owner_sends_it_and_nowhere_else(scripted: Scripted) -> None:
    """Of a link to the next page only the cursor is used, whatever address it names."""
    page = {"slots": [SLOT]}
    link = '<https://elsewhere.example/municipalities/v1/slots?cursor=abc&limit=1>; rel="next"'
    scripted.answers = [says(200, page, Link=link), says(200, page)]
    slots = [slot async for slot in scripted.client().list_slots("withdrawn")]
    assert len(slots) == 2
    assert [dict(asked.query) for asked in scripted.asked] == [
        {"limit": "100", "state": "withdrawn"},
        {"limit": "100", "state": "withdrawn", "cursor": "abc"},
    ]


async def test_a_list_that_leads_in_a_circle_ends(scripted: Scripted) -> None:
    """A server that says the same next page for ever is not believed."""
    scripted.answers = [says(200, {"slots": [SLOT]}, Link='</slots?cursor=abc>; rel="next"')]
    with pytest.raises(UnreadableAnswer, match="same page"):
        _ = [slot async for slot in scripted.client().list_slots()]
    assert len(scripted.asked) == 2


async def test_awaiting_a_list_asks_for_its_first_page_only(scripted: Scripted) -> None:
    """And nothing is asked before."""
    scripted.answers = [says(200, {"slots": [SLOT]}, Link='</slots?cursor=abc>; rel="next"')]
    listing = scripted.client().list_slots()
    assert scripted.asked == []
    assert len((await listing).slots) == 1
    assert len(scripted.asked) == 1
