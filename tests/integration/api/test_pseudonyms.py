"""What organisations know of one person has nothing in common by which to join it, but the offers they share."""

import base64
import json
import random
import re
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import combinations
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import aiohttp
import pytest
from sqlalchemy import Table, select

from doorstroom_client import Client, Endpoints, ProblemError
from schemas.access import Role
from schemas.api.cases import (
    NewConsent,
    NewContactAttempt,
    NewExclusion,
    NewMember,
    NewMerger,
    NewPlacement,
    NewReferral,
    NewReflectionPeriod,
)
from schemas.api.registry import NewCase, NewEntry
from schemas.vocabulary import (
    AgeBand,
    ContactChannel,
    ContactOutcome,
    EnquiryRefusal,
    ExclusionReason,
    PlacementKind,
    Programme,
    Purpose,
    Referrer,
    Sex,
)
from services.cli.cast import Cast
from services.registry import tables
from tests.integration.api.conftest import Server
from tests.integration.api.test_audit import last, seen
from tests.support.play import Person, Play, eventually

OF_PEOPLE = (
    tables.cases,
    tables.entries,
    tables.members,
    tables.referrals,
    tables.consents,
    tables.exclusions,
    tables.contact_attempts,
    tables.placements,
    tables.case_mergers,
)
NORTH, SOUTH, HELPDESK, AUDITOR = "north", "south", "comensha", "inspection"
HOUSEHOLD = NewCase(sex=Sex.FEMALE, age_band=AgeBand.AGE_23_PLUS, consents=[Purpose.SHELTER])
UUIDS = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE)
MOMENTS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+")
CURSORS = re.compile(r"(?<=cursor=)[\w-]+")


@dataclass(slots=True)
class Views:
    """All that each organisation ever got to see, in bodies and headers."""

    texts: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def ids(self, organisation: str) -> set[UUID]:
        """Every UUID in it, and everything else of that length in hexadecimal, such as the id of a trace."""
        return {UUID(found) for text in self._readable(organisation) for found in UUIDS.findall(text)}

    def moments(self, organisation: str) -> set[str]:
        """Every moment that is told so exactly that it happens once."""
        return {found for text in self.texts[organisation] for found in MOMENTS.findall(text)}

    def _readable(self, organisation: str) -> list[str]:
        texts = self.texts[organisation]
        cursors = [cursor for text in texts for cursor in CURSORS.findall(text)]
        return texts + [base64.urlsafe_b64decode(cursor + "==").decode() for cursor in cursors]

    def tracing(self) -> aiohttp.TraceConfig:
        """Hears everything that comes back in a session."""
        config = aiohttp.TraceConfig()
        config.on_request_start.append(self._asked)
        config.on_request_end.append(self._answered)
        config.on_response_chunk_received.append(self._received)
        return config

    async def _asked(self, _session: object, context: SimpleNamespace, asked: aiohttp.TraceRequestStartParams) -> None:
        claims = asked.headers["Authorization"].split(".")[1]
        token = json.loads(base64.urlsafe_b64decode(claims + "=="))
        # Operators set what is not of people, and are not among those who must not join.
        context.organisation = "operator" if token["role"] == Role.OPERATOR else token["org"]

    async def _answered(
        self, _session: object, context: SimpleNamespace, answered: aiohttp.TraceRequestEndParams
    ) -> None:
        self.texts[context.organisation] += answered.response.headers.values()

    async def _received(
        self, _session: object, context: SimpleNamespace, received: aiohttp.TraceResponseChunkReceivedParams
    ) -> None:
        self.texts[context.organisation].append(received.chunk.decode())


@dataclass(slots=True)
class Journeys:
    """Several organisations at work on the same people, by chance."""

    server: Server
    cast: Cast
    views: Views
    chance: random.Random = field(default_factory=random.Random)
    told: set[UUID] = field(default_factory=set)
    """References that a coordinator asked for to tell the helpdesk."""
    shelters: list[Play] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.shelters = [Play(self.cast), Play(self.cast)]

    @property
    def helpdesk(self) -> Client:
        return self.cast.client(HELPDESK, Role.HELPDESK)

    @property
    def organisations(self) -> dict[str, Role]:
        given = {NORTH: Role.COORDINATOR, SOUTH: Role.COORDINATOR, HELPDESK: Role.HELPDESK, AUDITOR: Role.AUDITOR}
        providers = {play.name: Role.PROVIDER for play in self.shelters}
        return given | providers | {play.code: Role.MUNICIPALITY for play in self.shelters[:1]}

    async def registered(self, organisation: str, waitlist: str) -> Person:
        """Somebody with one record of each kind, in line."""
        desk = self.cast.coordinator(organisation)
        case = (await desk.register_case(HOUSEHOLD)).case_id
        await desk.refer_case(case, NewReferral(referrer=Referrer.POLICE, reference=uuid4()))
        await desk.give_consent(case, NewConsent(purpose=Purpose.HOUSING))
        rule = NewExclusion(municipality_code="GM9999", reason=ExclusionReason.RECRUITER_THERE)
        await desk.add_exclusion(case, rule)
        attempt = NewContactAttempt(channel=ContactChannel.TELEPHONE, outcome=ContactOutcome.NOT_REACHED)
        for _ in range(2):
            await desk.log_contact_attempt(case, attempt)
        today = datetime.now(UTC).date()
        await desk.start_reflection_period(case, NewReflectionPeriod(started_on=today - timedelta(days=1)))
        since = datetime.now(UTC) - timedelta(days=self.chance.randint(1, 50))
        entry = await desk.join_waitlist(NewEntry(case_id=case, waitlist=waitlist, waiting_since=since))
        return Person(desk, case, entry.entry_id)

    async def merged(self, survivor: Person, other: Person) -> None:
        """The helpdesk finds that two organisations have a case of one person, and both told it which."""
        ids = [
            (await person.coordinator.get_helpdesk_reference(person.case_id)).helpdesk_reference
            for person in (survivor, other)
        ]
        self.told.update(ids)
        await self.helpdesk.merge_cases(NewMerger(survivor_id=ids[0], merged_id=ids[1]))

    async def sheltered_and_housed(self, person: Person) -> None:
        """From the list into a bed, with a change on the way that must be talked about, and from there into a home."""
        shelter = self.shelters[0]
        bed = await shelter.bed(places=1)
        offer = await shelter.offer(person)
        await self.helpdesk.get_offer(offer.offer_id)
        await self.chance.choice([self.helpdesk, person.coordinator]).accept_offer(offer.offer_id)
        await person.coordinator.add_member(person.case_id, NewMember(sex=Sex.MALE, age_band=AgeBand.UNDER_12))
        await shelter.unit(bed, "reserved")
        await shelter.provider.confirm_arrival(bed.vacancy_id)
        await shelter.state_of(person, "placed")
        slot = await shelter.slot()
        housed = await shelter.joined_housing(person)
        await shelter.accept(housed)
        await shelter.slot_of(slot, lambda one: one.accepted, "that was accepted")
        claim = await shelter.municipality.claim_household(slot.slot_id)
        await shelter.municipality.house_household(claim.claim_id)
        await shelter.unit(bed, "free", "out_of_service")

    async def asked_about(self, person: Person) -> None:
        """One provider does not take them, and another does."""
        for shelter, takes_them in zip(self.shelters, (False, True), strict=True):
            await shelter.bed(Programme.VO)

            async def enquired(shelter: Play = shelter) -> Any:  # noqa: ANN401 - an enquiry
                return next(iter((await shelter.provider.list_enquiries()).enquiries), None)

            enquiry = await eventually(enquired, "an enquiry")
            if takes_them:
                await shelter.provider.agree_to_enquiry(enquiry.offer_id)
                offer = await shelter.offer(person)
                await person.coordinator.get_decision_of_offer(offer.offer_id)
            else:
                await shelter.provider.refuse_enquiry(enquiry.offer_id, EnquiryRefusal.OTHER)

    async def found_at_night(self, organisation: str) -> None:
        """Somebody is in a unit already when they are registered."""
        shelter = self.shelters[1]
        bed = await shelter.bed(Programme.OMM)
        desk = self.cast.coordinator(organisation)
        case = await desk.register_case(HOUSEHOLD)
        found = NewPlacement(kind=PlacementKind.EMERGENCY, since=datetime.now(UTC), unit_id=bed.unit_id)
        await desk.record_placement(case.case_id, found)
        await shelter.unit(bed, "occupied")

    async def everything_is_read(self) -> None:
        """Whatever anyone may list or hear they do, once more at the end, a page of one at a time."""
        for organisation, role in self.organisations.items():
            token = self.cast.token(organisation, role)
            for path in LISTS[role]:
                await self._pages(f"{path}{'&' if '?' in path else '?'}limit=1", token)
            if role in {Role.COORDINATOR, Role.HELPDESK}:
                await self._stream(organisation, role)
            if role is Role.COORDINATOR:
                await self._cases(organisation)

    async def _pages(self, path: str | None, token: str) -> None:
        while path is not None:
            answer = await self.server.send("GET", path, token)
            assert answer.status == 200, (path, answer.body)
            link = answer.headers.get("Link")
            path = link and link.split(">")[0].removeprefix("<")

    async def _stream(self, organisation: str, role: Role) -> None:
        client = self.cast.client(organisation, role)
        left = [notification.sequence async for notification in client.list_notifications()]
        async with aclosing(client.stream_notifications("0")) as stream:
            while left:
                notification = await anext(stream)
                self.views.texts[organisation].append(notification.model_dump_json())
                left.remove(notification.sequence)

    async def _cases(self, organisation: str) -> None:
        client, token = self.cast.coordinator(organisation), self.cast.token(organisation, Role.COORDINATOR)
        for case in {entry.case_id async for entry in client.list_entries()}:
            for what in ("", "/referrals", "/members", "/exclusions", "/consents", "/reflection-period"):
                await self._pages(f"/registry/v1/cases/{case}{what}", token)
            await self._pages(f"/registry/v1/cases/{case}/contact-attempts?limit=1", token)

    async def stored(self, table: Table, column: str = "id") -> set[UUID]:
        """The ids of everything of a kind, as the registry stores them."""
        registry = self.server.services["registry"].transactions
        rows = await registry.read(lambda unit: unit.execute(select(table.c[column])))
        return {row[column] for row in rows}


_OF_CASES = ("entries", "offers", "placements", "case-mergers")
LISTS = {
    Role.COORDINATOR: [f"/registry/v1/{what}" for what in _OF_CASES] + ["/notifications/v1/notifications"],
    Role.AUDITOR: ["/registry/v1/decisions"],
    Role.PROVIDER: [
        f"/shelters/v1/{what}"
        for what in (
            "units",
            "stays",
            "stays?departed=true",
            *(f"enquiries?state={it}" for it in ("agreed", "refused")),
        )
    ],
    Role.MUNICIPALITY: ["/municipalities/v1/slots", "/municipalities/v1/claims"],
}
LISTS[Role.HELPDESK] = LISTS[Role.COORDINATOR]


@pytest.fixture
async def journeys(server: Server) -> AsyncIterator[Journeys]:
    """In a session in which everything that comes back is kept."""
    views = Views()
    async with aiohttp.ClientSession(trace_configs=[views.tracing()]) as session:
        cast = Cast(server.embedded.issuer, session, Endpoints.at(server.root))
        server.session = session
        yield Journeys(server, cast, views)


@pytest.mark.parametrize("seed", [1, 2])
async def test_views_of_one_person_have_nothing_in_common_but_the_offers_that_are_shared(
    journeys: Journeys, seed: int
) -> None:
    """Of several organisations on the same journeys, each is shown ids that no other is, and none as it is stored."""
    journeys.chance.seed(seed)
    first, second = journeys.chance.sample([NORTH, SOUTH], 2)
    survivor, other = await journeys.registered(first, "cosm"), await journeys.registered(second, "cosm")
    await journeys.merged(survivor, other)
    await journeys.sheltered_and_housed(survivor)
    await journeys.asked_about(await journeys.registered(second, "vo"))
    await journeys.found_at_night(first)
    await journeys.everything_is_read()

    offers = await journeys.stored(tables.offers) | await journeys.stored(tables.decisions)
    vacancies, units = [await journeys.stored(tables.vacancies, column) for column in ("id", "resource_id")]
    of_people = {id_: table.name for table in OF_PEOPLE for id_ in await journeys.stored(table)}
    views, roles = journeys.views, journeys.organisations
    shown = {(roles[name].value, of_people[id_]) for name in roles for id_ in views.ids(name) & of_people.keys()}
    # What was recorded in a unit after the fact its provider alone knows by the id that is stored.
    assert shown <= {("provider", "placements")}, "an id as it is stored was shown"
    assert all(len(views.ids(name)) > 3 for name in roles), "nothing was shown, which shows nothing"
    allowed = {
        frozenset({Role.COORDINATOR, Role.HELPDESK}): offers | journeys.told,
        frozenset({Role.COORDINATOR, Role.AUDITOR}): offers,
        frozenset({Role.COORDINATOR, Role.PROVIDER}): offers | units,
        frozenset({Role.HELPDESK, Role.AUDITOR}): offers,
        frozenset({Role.PROVIDER, Role.AUDITOR}): offers | vacancies,
    }
    for one, two in combinations(roles, 2):
        shared = allowed.get(frozenset({roles[one], roles[two]}), set())
        assert views.ids(one) & views.ids(two) <= shared, (one, two)
        if not shared and {roles[one], roles[two]} != {Role.COORDINATOR}:
            # Between coordinators a merger tells the one what happened at the other, and when; that is its point.
            assert views.moments(one) & views.moments(two) == set(), (one, two)


async def test_what_one_organisation_calls_a_case_is_to_all_others_as_if_it_were_nothing(journeys: Journeys) -> None:
    """The same answer as for what never was, and a line in the audit log of the refusal; also an id as it is stored."""
    north = await journeys.registered(NORTH, "cosm")
    told = (await north.coordinator.get_helpdesk_reference(north.case_id)).helpdesk_reference
    (stored,) = await journeys.stored(tables.cases)
    strangers = {SOUTH: (north.case_id, told), HELPDESK: (north.case_id,), NORTH: (told,)}
    for organisation, references in strangers.items():
        token = journeys.cast.token(organisation, journeys.organisations[organisation])
        role = journeys.organisations[organisation].value

        async def asked(reference: UUID, token: str = token) -> Any:  # noqa: ANN401 - JSON
            answer = await journeys.server.send("GET", f"/registry/v1/cases/{reference}", token)
            return answer.status, answer.body | {"instance": None}

        nothing = await asked(uuid4())
        assert nothing[0] == 404
        for reference in (*references, stored):
            assert await asked(reference) == nothing
            row = await last(journeys.server)
            assert seen(row) == ("getCase", "refused", 404, organisation, role)
            assert json.loads(row.objects) == {"caseId": str(reference)}
    with pytest.raises(ProblemError) as refused:
        await journeys.helpdesk.merge_cases(NewMerger(survivor_id=north.case_id, merged_id=told))
    assert refused.value.status == 404
