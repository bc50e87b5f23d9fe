"""E-mail through a real mail server: to whom, when, in which language, and what is not sent any more."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from schemas.api.subscriptions import NewSubscription
from schemas.vocabulary import ListKind, SubscriptionChannel
from services.calendar.hours import AMSTERDAM
from services.chassis.errors import InvalidInput
from services.notifications.domain.ladders import Reminder, Span
from services.notifications.domain.preferences import Absence, Preferences, QuietHours
from services.notifications.store import preferences, reminders
from services.notifications.store.inbox import News
from services.notifications.store.reminders import Pending
from services.notifications.store.subscriptions import Subscription
from tests.support.mail_server import MailServer, mail_server
from tests.support.telling import MINE, Telling

ANNA, BEN = "anna.secret@receiver.example", "ben.secret@receiver.example"
NIGHT = QuietHours(time(22), time(7))


def dutch(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=AMSTERDAM).astimezone(UTC)


@pytest.fixture
async def post() -> AsyncIterator[MailServer]:
    async with mail_server() as running:
        yield running


@pytest.fixture
async def telling(notifications_url: str, tmp_path: Path, post: MailServer) -> AsyncIterator[Telling]:
    made = Telling(notifications_url, tmp_path, mail_host="localhost", mail_port=post.port, mail_security="none")
    yield made
    await made.close()


async def subscribe(telling: Telling, address: str, person: str) -> Subscription:
    body = NewSubscription(channel=SubscriptionChannel.EMAIL, address=address)
    work = partial(telling.subscribing.subscribe, organisation=MINE, wanted=body, person=person)
    made, secret = await telling.transactions.run(work)
    assert secret is None
    await telling.rest()
    return made


async def prefer(telling: Telling, person: str, **wanted: Any) -> None:  # noqa: ANN401 - as Preferences has them
    saved = partial(preferences.save, person=(MINE, person), wanted=Preferences(**wanted))
    await telling.transactions.run(saved)


def received(post: MailServer) -> list[str]:
    return [letter["To"] for letter in post.letters]


async def test_a_letter_comes_to_whoever_subscribed_and_its_address_is_readable_nowhere(
    telling: Telling, post: MailServer
) -> None:
    """Sealed in the database; the letter's id is the delivery's."""
    made = await subscribe(telling, ANNA, "anna")
    await telling.offer()
    await telling.rest()
    [delivery] = await telling.deliveries(made)
    assert delivery.state == "delivered"
    assert post.letters[0]["Message-ID"] == f"<{delivery.id}@doorstroom.example>"
    stored = await telling.subscription(made)
    assert stored.sealed_address is not None
    assert b"secret" not in stored.sealed_address
    assert received(post) == [ANNA]


async def test_what_may_wait_comes_in_the_morning_as_one_letter_and_what_cannot_at_once(
    telling: Telling, post: MailServer
) -> None:
    """An offer of a bed at eleven in the evening; two of homes wait for seven o'clock."""
    telling.clock.now = dutch("2026-03-04 23:00")
    made = await subscribe(telling, ANNA, "anna")
    for list_kind in (ListKind.HOUSING, ListKind.SHELTER, ListKind.HOUSING):
        await telling.offer(list_kind=list_kind)
        await telling.rest()
    assert received(post) == [ANNA]
    await telling.pass_time(hours=7, minutes=59)
    assert received(post) == [ANNA]
    await telling.pass_time(minutes=1)
    assert received(post) == [ANNA, ANNA]
    assert {row.state for row in await telling.deliveries(made)} == {"delivered"}


async def test_whoever_stands_in_gets_what_the_absent_would_in_their_own_language(
    telling: Telling, post: MailServer
) -> None:
    """From the first day of the absence to the last."""
    await subscribe(telling, ANNA, "anna")
    await subscribe(telling, BEN, "ben")
    await prefer(telling, "ben", language="en")
    today = telling.clock().date()
    absence = Absence(today, date.fromordinal(today.toordinal() + 1), "ben")
    await prefer(telling, "anna", absence=absence)
    await telling.offer()
    await telling.rest()
    assert received(post) == [BEN, BEN]
    assert {letter["Subject"] for letter in post.letters} == {"There is something for you"}
    await telling.pass_time(days=2)
    await telling.offer()
    await telling.rest()
    assert sorted(received(post)) == [ANNA, BEN, BEN, BEN]


async def test_a_reminder_that_waits_for_the_morning_is_not_sent_once_it_is_decided(
    telling: Telling, post: MailServer
) -> None:
    """It is skipped, visibly; one whose offer still waits is sent."""
    telling.clock.now = dutch("2026-03-04 23:00")
    made = await subscribe(telling, ANNA, "anna")
    decided, open_ = await remind(telling), await remind(telling)
    await telling.rest()
    assert received(post) == []
    await telling.transactions.run(partial(reminders.remove, ids=[decided]))
    await telling.pass_time(hours=9)
    assert {row.subject: row.state for row in await telling.deliveries(made)} == {
        decided: "skipped",
        open_: "delivered",
    }
    assert received(post) == [ANNA]


async def remind(telling: Telling) -> UUID:
    """Of the offer of a home, which may wait."""
    offer_id, now = uuid4(), telling.clock()
    pending = Pending(offer_id, MINE, "housing", Span(now, now + timedelta(days=7)), now, None)
    await telling.transactions.run(partial(reminders.add, pending=[pending]))
    news = News(MINE, Reminder.UNANSWERED, offer_id, 1, "/registry/v1/offers/x", "housing")
    await telling.transactions.run(partial(telling.subscribing.channels.tell, news=[news]))
    return offer_id


async def test_a_letter_that_may_have_been_lost_comes_again_as_the_same(telling: Telling, post: MailServer) -> None:
    """The line ends in the middle, and then goes well."""
    await subscribe(telling, ANNA, "anna")
    post.hangs_up = True
    await telling.offer()
    await telling.rest()
    post.hangs_up = False
    await telling.pass_time(seconds=6)
    [delivery] = await telling.deliveries()
    assert (delivery.state, delivery.attempts) == ("delivered", 2)
    assert [letter["Message-ID"] for letter in post.letters] == [f"<{delivery.id}@doorstroom.example>"]


async def test_an_address_that_is_not_there_ends_its_subscription(telling: Telling, post: MailServer) -> None:
    """And its organisation hears of it in its inbox."""
    made = await subscribe(telling, ANNA, "anna")
    post.recipient_answer = "550 5.1.1 nobody here"
    await telling.offer()
    await telling.rest()
    assert (await telling.subscription(made)).state == "disabled"
    assert "subscription-disabled" in [row.kind for row in await telling.inbox()]


async def test_without_a_mail_server_nobody_can_subscribe_to_letters(notifications_url: str, tmp_path: Path) -> None:
    """They are told so, and not left without."""
    without = Telling(notifications_url, tmp_path)
    with pytest.raises(InvalidInput):
        await subscribe(without, ANNA, "anna")
    await without.close()
