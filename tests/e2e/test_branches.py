"""Every branch of the cascade, over all four services as they are run: in one process, and in five over RabbitMQ.

Each branch is played through the public APIs, and seen through them and the coordinators' live streams.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import aiohttp
import asyncpg
import pytest
from sqlalchemy import make_url

from doorstroom_client import Endpoints
from schemas.api.cases import NewExclusion, NewMember, NewPermit
from schemas.vocabulary import (
    AgeBand,
    ClaimReversalReason,
    DeclineReason,
    EnquiryRefusal,
    ExclusionReason,
    PermitKind,
    Programme,
    Region,
    Sex,
)
from services.chassis.identity import DevelopmentIssuer
from services.chassis.identity.development import KEYS_FILE
from services.chassis.settings import Mode
from services.cli.cast import Cast
from services.cli.distributed import broker_users, database_name, endpoints_of, servers, start_services, stop_services
from tests.e2e.conftest import Program
from tests.support.play import Play, eventually

DEADLINE = "UPDATE offers SET deadline_at = {now} WHERE id = {id}"


@dataclass(frozen=True, slots=True)
class System:
    """A system at work: where it is, who may use it, and a way to let the time to answer an offer be over."""

    endpoints: Endpoints
    issuer: DevelopmentIssuer
    let_expire: Callable[[UUID], Awaitable[None]]


@contextmanager
def embedded(data: Path) -> Iterator[System]:
    """Everything in one process, as `doorstroom run` has it."""
    program = Program("run", "--port", "0", "--data", str(data), "--no-demo")
    try:
        program.until("doorstroom serves on")

        async def let_expire(offer_id: UUID) -> None:
            with closing(sqlite3.connect(data / "registry.sqlite3", timeout=10)) as connection, connection:
                now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
                changed = connection.execute(DEADLINE.format(now="?", id="?"), (now, offer_id.hex))
                assert changed.rowcount == 1

        yield System(Endpoints.at(program.root), DevelopmentIssuer(data, Mode.EMBEDDED), let_expire)
    finally:
        code = program.stop()
        program.close()
        assert (code, "Traceback" in program.output) == (0, False)


@contextmanager
def distributed(data: Path) -> Iterator[System]:
    """Five processes on RabbitMQ and PostgreSQL, as `doorstroom run-distributed` has them."""
    data.mkdir()
    issuer = DevelopmentIssuer(data, Mode.EMBEDDED)
    environment = {"DOORSTROOM_TOKEN_KEYS_FILE": str((data / KEYS_FILE).resolve())}
    with servers(data) as (postgresql, rabbitmq):
        replicas = asyncio.run(start_services(data, postgresql, broker_users(data, rabbitmq), environment))
        url = make_url(postgresql.database_url(database_name("registry"))).set(drivername="postgresql")

        async def let_expire(offer_id: UUID) -> None:
            connection = await asyncpg.connect(url.render_as_string(hide_password=False), timeout=10)
            try:
                done = await connection.execute(DEADLINE.format(now="now()", id="$1"), offer_id)
                assert done == "UPDATE 1"
            finally:
                await connection.close()

        try:
            yield System(endpoints_of(replicas), issuer, let_expire)
        finally:
            stop_services(replicas)
            assert [replica.process.returncode for replica in replicas] == [0] * len(replicas)


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(embedded, id="embedded"),
        pytest.param(distributed, id="distributed", marks=pytest.mark.server),
    ],
)
def system(request: pytest.FixtureRequest, servers_folder: Path) -> Iterator[System]:
    """One system for all branches, in a folder that the servers' own users may enter."""
    with request.param(servers_folder / f"branches-{request.param.__name__}") as running:
        yield running


@pytest.fixture
async def play(system: System) -> AsyncIterator[Play]:
    """A branch, which takes away what it leaves."""
    async with aiohttp.ClientSession() as session:
        one = Play(Cast(system.issuer, session, system.endpoints))
        yield one
        await one.end()


async def test_declined(play: Play) -> None:
    """A refusal moves the offer on; who refused keeps their place, and is offered the next bed."""
    first, second = await play.join(days=9), await play.join(days=5)
    vacancy = await play.bed()
    offer = await play.offer(first)
    await first.coordinator.decline_offer(offer.offer_id, DeclineReason.UNSUITABLE)
    await play.offer(second)
    await play.bed()
    await play.offer(first)
    await play.accept(second)
    await play.unit(vacancy, "reserved")
    await play.heard(first, ["offer-made", "offer-declined", "offer-made"])
    await play.heard(second, ["offer-made", "offer-accepted"])


async def test_expired(play: Play, system: System) -> None:
    """Silence until the deadline moves it on, and an answer comes too late then."""
    first, second = await play.join(days=9), await play.join(days=5)
    vacancy = await play.bed()
    offer = await play.offer(first)
    await play.unit(vacancy, "held")
    await system.let_expire(offer.offer_id)
    await play.offer(second)
    assert (await play.offer(first, "expired")).offer_id == offer.offer_id
    await play.heard(first, ["offer-made", "offer-expired"])
    await play.heard(second, ["offer-made"])


async def test_a_bed_withdrawn_while_offered(play: Play) -> None:
    """The offer is revoked, and the household is first for the next bed."""
    first = await play.join(days=9)
    vacancy = await play.bed()
    await play.offer(first)
    await play.provider.withdraw_vacancy(vacancy.vacancy_id)
    assert (await play.offer(first, "revoked")).reason == "withdrawn"
    await play.unit(vacancy, "out_of_service")
    await play.bed()
    await play.offer(first)
    await play.heard(first, ["offer-made", "offer-revoked", "offer-made"])


async def test_a_bed_withdrawn_after_the_yes(play: Play) -> None:
    """What was accepted falls through: the household is back in its old place."""
    first, second = await play.join(days=9), await play.join(days=5)
    vacancy = await play.bed()
    await play.accept(first)
    await play.unit(vacancy, "reserved")
    await play.provider.withdraw_vacancy(vacancy.vacancy_id)
    await play.offer(first, "fell_through")
    await play.bed()
    await play.offer(first)
    assert (await second.coordinator.list_offers()).offers == []
    await play.heard(first, ["offer-made", "offer-accepted", "placement-fell-through", "offer-made"])


async def test_a_no_show(play: Play) -> None:
    """The unit is free again and goes to the next; who did not come is in their old place."""
    first = await play.join(days=9)
    vacancy = await play.bed()
    await play.accept(first)
    await play.unit(vacancy, "reserved")
    await play.provider.report_no_show(vacancy.vacancy_id)
    assert (await play.offer(first, "fell_through")).reason == "no_show"
    await play.offer(first)
    await play.heard(first, ["offer-made", "offer-accepted", "placement-fell-through", "offer-made"])


async def test_a_permit_during_an_offer(play: Play) -> None:
    """The right to categorical shelter ends: the bed goes to the next, and the housing route opens."""
    first, second = await play.join(days=9), await play.join(days=5)
    await play.bed()
    await play.offer(first)
    permit = NewPermit(kind=PermitKind.ASYLUM, granted_on=datetime.now(UTC).date())
    granted = await first.coordinator.grant_permit(first.case_id, permit)
    assert granted.housing_entry is not None
    await play.offer(second)
    assert (await play.offer(first, "revoked")).reason == "no_longer_entitled"
    await play.heard(first, ["offer-made", "offer-revoked"])


async def test_a_household_that_grows_during_an_offer(play: Play) -> None:
    """What is too small now is revoked at once and says so; the next has it, and a larger one is for them."""
    growing, second = await play.join(days=9), await play.join(days=5)
    await play.bed(places=1)
    await play.offer(growing)
    await growing.coordinator.add_member(growing.case_id, NewMember(sex=Sex.FEMALE, age_band=AgeBand.UNDER_12))
    await play.offer(second)
    assert (await play.offer(growing, "revoked")).reason == "too-few-places"
    await play.bed(places=2)
    await play.offer(growing)


async def test_an_exclusion_during_an_offer(play: Play) -> None:
    """A place that is not safe is taken back at once; nobody is told where it was."""
    first, second = await play.join(days=9), await play.join(days=5)
    await play.bed(region=Region.LIMBURG)
    await play.offer(first)
    rule = NewExclusion(region=Region.LIMBURG, reason=ExclusionReason.FAMILY_THERE)
    await first.coordinator.add_exclusion(first.case_id, rule)
    await play.offer(second)
    assert (await play.offer(first, "revoked")).reason == "excluded-place"


async def test_a_provider_that_refuses_in_mediation(play: Play) -> None:
    """It is asked about the next, whose coordinator hears of it only when the provider has agreed."""
    first, second = await play.join("vo", days=9), await play.join("vo", days=5)
    vacancy = await play.bed(Programme.VO)
    await play.provider.refuse_enquiry(await _enquiry(play), EnquiryRefusal.NOT_SUITABLE)
    await play.offer(second, "enquired")
    await play.provider.agree_to_enquiry(await _enquiry(play))
    await play.accept(second)
    await play.unit(vacancy, "reserved")
    await play.heard(second, ["offer-made", "offer-accepted"])
    assert [one.state for one in (await first.coordinator.list_offers()).offers] == ["ended"]


async def test_a_bed_withdrawn_during_an_enquiry(play: Play) -> None:
    """It ends, and the coordinator, who never heard of it, hears nothing."""
    first = await play.join("vo", days=9)
    vacancy = await play.bed(Programme.VO)
    await _enquiry(play)
    await play.provider.withdraw_vacancy(vacancy.vacancy_id)
    assert (await play.offer(first, "ended")).reason == "withdrawn"


async def test_a_home_withdrawn_at_every_stage(play: Play) -> None:
    """While offered, after the yes, and after the claim: each time the household is first for the next home."""
    first = await play.join("housing", days=9)
    slot = await play.slot()
    await play.offer(first)
    await play.municipality.withdraw_slot(slot.slot_id)
    assert (await play.offer(first, "revoked")).reason == "withdrawn"
    slot = await play.slot()
    await play.accept(first)
    await play.slot_of(slot, lambda one: one.accepted, "that was accepted")
    await play.municipality.withdraw_slot(slot.slot_id)
    await play.offer(first, "fell_through")
    slot = await play.slot()
    await play.accept(first)
    await play.slot_of(slot, lambda one: one.accepted, "that was accepted")
    claim = await play.municipality.claim_household(slot.slot_id)
    await play.municipality.reverse_claim(claim.claim_id, ClaimReversalReason.HOUSING_FELL_THROUGH)
    await play.offer(first, "fell_through", at_least=2)
    await play.slot()
    await play.offer(first)
    yes_and_no = ["offer-made", "offer-accepted", "placement-fell-through"]
    await play.heard(first, ["offer-made", "offer-revoked", *yes_and_no, *yes_and_no, "offer-made"])


async def test_a_home_frees_a_bed_and_that_the_list(play: Play) -> None:
    """Slot, home, bed, next person: and a refusal on the way moves the home on, too."""
    resident, next_in_line = await play.join(days=30), await play.join(days=5)
    vacancy = await play.bed()
    await play.arrive(resident, vacancy)
    refusing = await play.join("housing", days=60)
    home = await play.joined_housing(resident)
    slot = await play.slot()
    await refusing.coordinator.decline_offer((await play.offer(refusing)).offer_id, DeclineReason.UNSUITABLE)
    await play.accept(home)
    await play.slot_of(slot, lambda one: one.accepted, "that was accepted")
    claim = await play.municipality.claim_household(slot.slot_id)
    await play.municipality.house_household(claim.claim_id)
    await play.offer(next_in_line)
    await play.heard(next_in_line, ["offer-made"])
    await play.state_of(home, "placed")


async def _enquiry(play: Play) -> UUID:
    """The offer that the provider is asked about."""

    async def look() -> UUID | None:
        enquiries = (await play.provider.list_enquiries()).enquiries
        return enquiries[0].offer_id if enquiries else None

    return await eventually(look, "an enquiry")
