"""A small sample, loaded through the public APIs on the first start. Nobody in it exists.

The municipalities do: names, codes and populations on 1 January 2022 are those of CBS (CC BY 4.0). The average number
of people who waited for a place in 2011 was 13, and so many wait here.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

from doorstroom_client import Client, ProblemError
from schemas.api.cases import NewPermit, NewReflectionPeriod
from schemas.api.municipalities import NewMunicipality, NewQuotas
from schemas.api.registry import NewCase, NewEntry, Offer
from schemas.api.shelters import NewContract, NewFacility, NewProvider, NewUnit, NewVacancy
from schemas.messages.beds import Acceptance, Service
from schemas.vocabulary import AgeBand, ContractKind, Need, PermitKind, Programme, Province, Purpose, Sex
from services.cli.cast import Cast

Found = TypeVar("Found")

NATIONAL_INHABITANTS = 17_590_672
NATIONAL_QUOTA = 21_200
"""The national number of the first half of 2023, as an illustration for the half-year that the sample starts in."""

MUNICIPALITIES = (
    ("GM0014", "Groningen", Province.GRONINGEN, 234_950),
    ("GM0034", "Almere", Province.FLEVOLAND, 217_828),
    ("GM0153", "Enschede", Province.OVERIJSSEL, 160_640),
    ("GM0268", "Nijmegen", Province.GELDERLAND, 179_100),
    ("GM0344", "Utrecht", Province.UTRECHT, 361_699),
    ("GM0363", "Amsterdam", Province.NOORD_HOLLAND, 882_633),
    ("GM0392", "Haarlem", Province.NOORD_HOLLAND, 162_906),
    ("GM0518", "'s-Gravenhage", Province.ZUID_HOLLAND, 553_417),
    ("GM0599", "Rotterdam", Province.ZUID_HOLLAND, 655_468),
    ("GM0758", "Breda", Province.NOORD_BRABANT, 184_702),
    ("GM0772", "Eindhoven", Province.NOORD_BRABANT, 238_326),
    ("GM0935", "Maastricht", Province.LIMBURG, 121_151),
)

PROVIDERS = ("shelter-noord", "shelter-midden", "shelter-zuid")
COORDINATORS = ("coordination-noord", "coordination-midden", "coordination-zuid", "comensha")
REFLECTING_DAYS = 60
"""So long at most have the reflection periods of the sample been running: each has weeks to go."""
CONTRACTED_SINCE = timedelta(days=200)
CONTRACTED_PLACES = 12
"""Of each provider: twice what stands there, so that units can be added to try it."""
CONFLICT = 409
WAIT_SECONDS = 20.0
POLL_SECONDS = 0.01

_FAMILY_UNIT = (
    3,
    Acceptance(sexes=list(Sex), age_bands=list(AgeBand), children=True),
    Service(wheelchair=True, needs=[]),
)
_WOMENS_UNIT = (
    2,
    Acceptance(sexes=[Sex.FEMALE], age_bands=[AgeBand.AGE_18_TO_22, AgeBand.AGE_23_PLUS], children=True),
    Service(wheelchair=False, needs=[Need.MEDICAL]),
)
_MENS_UNIT = (
    1,
    Acceptance(sexes=[Sex.MALE], age_bands=[AgeBand.AGE_18_TO_22, AgeBand.AGE_23_PLUS], children=False),
    Service(wheelchair=False, needs=[Need.MEDICAL]),
)
_UNITS = (_FAMILY_UNIT, _WOMENS_UNIT, _MENS_UNIT)


@dataclass(frozen=True, slots=True)
class Person:
    """A household of the sample: who speaks for it, what it needs, and how many days it has been waiting."""

    coordinator: str
    sex: Sex
    age_band: AgeBand
    children: int
    days_waiting: int
    urgency: int = 0
    needs: tuple[Need, ...] = ()

    @property
    def people(self) -> int:
        """How many there are in all."""
        return 1 + self.children

    @property
    def case(self) -> NewCase:
        """What is registered of it."""
        return NewCase(
            sex=self.sex,
            age_band=self.age_band,
            adults=1,
            children=self.children,
            needs=list(self.needs),
            consents=list(Purpose),
        )


_NOORD, _MIDDEN, _ZUID, _HELPDESK = COORDINATORS
_F, _M, _ADULT, _YOUNG = Sex.FEMALE, Sex.MALE, AgeBand.AGE_23_PLUS, AgeBand.AGE_18_TO_22

RESIDENTS = (
    Person(_MIDDEN, _F, _ADULT, 1, 120),
    Person(_NOORD, _F, _YOUNG, 0, 95),
    Person(_ZUID, _M, _ADULT, 0, 80),
)
"""They live in a shelter and have a permit, so they wait for a home, since they began to wait for shelter."""

FAMILY = Person(_NOORD, _F, _ADULT, 3, 47)
"""Too many for the unit that comes free in the demo: they go on waiting."""

WAITING = (
    Person(_ZUID, _M, _ADULT, 0, 61),
    Person(_ZUID, _M, _YOUNG, 0, 54, needs=(Need.MEDICAL,)),
    FAMILY,
    Person(_HELPDESK, _F, _ADULT, 1, 40),
    Person(_HELPDESK, _F, _YOUNG, 0, 38),
    Person(_ZUID, _F, _ADULT, 0, 33),
    Person(_MIDDEN, _M, _ADULT, 0, 30),
    Person(_HELPDESK, _F, _YOUNG, 1, 26),
    Person(_NOORD, _M, _YOUNG, 0, 21),
    Person(_ZUID, _F, _ADULT, 2, 17),
    Person(_MIDDEN, _F, _ADULT, 0, 12, urgency=2, needs=(Need.ADDICTION,)),
    Person(_NOORD, _F, _ADULT, 0, 8),
    Person(_ZUID, _M, _ADULT, 0, 3),
)
"""The shelter waitlist. For the family unit that comes free in the demo, some are passed over, with a reason."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Loads the sample. Each request has a fixed idempotency key, so loading it again after a crash is harmless."""

    cast: Cast
    now: datetime
    half_year: str

    async def load(self, report: Callable[[str], None]) -> None:
        """Load everything, telling what has been done."""
        report(await self._municipalities())
        units = await self._shelters()
        report(f"{len(PROVIDERS)} shelter providers with {sum(map(len, units.values()))} units")
        await self._residents(units)
        report(f"{len(RESIDENTS)} households in shelter, on the housing list")
        await self._waitlist()
        report(f"{len(WAITING)} people on the shelter waitlist")

    async def _municipalities(self) -> str:
        """What is there already stays as it is: quotas are final, so they are not shared out over somebody's own."""
        operator = self.cast.operator()
        added = 0
        for code, name, province, inhabitants in MUNICIPALITIES:
            new = NewMunicipality(municipality_code=code, name=name, inhabitants=inhabitants, province=province)
            added += await _unless_there(operator.register_municipality(new, f"sample-{code}"))
        if added < len(MUNICIPALITIES) or await self._are_more():
            return f"{added} municipalities, beside those that were here; quotas are yours to set"
        quotas = NewQuotas(
            half_year=self.half_year, national_quota=NATIONAL_QUOTA, national_inhabitants=NATIONAL_INHABITANTS
        )
        await _unless_there(operator.set_quotas(quotas, f"sample-quotas-{self.half_year}"))
        return f"{added} municipalities, with their quotas for {self.half_year}"

    async def _are_more(self) -> bool:
        """Whether somebody else has registered municipalities here."""
        found = (await self.cast.operator().list_municipalities()).municipalities
        return len(found) > len(MUNICIPALITIES)

    async def _shelters(self) -> dict[str, list[UUID]]:
        return {provider: await self._provider(provider) for provider in PROVIDERS}

    async def _provider(self, name: str) -> list[UUID]:
        operator, mine = self.cast.operator(), self.cast.provider(name)
        provider = await operator.register_provider(NewProvider(organisation=name), f"sample-{name}")
        facility = await operator.register_facility(
            NewFacility(provider_id=provider.provider_id), f"sample-{name}-facility"
        )
        contract = NewContract(
            provider_id=provider.provider_id,
            programme=Programme.COSM,
            places=CONTRACTED_PLACES,
            kind=ContractKind.STRUCTURAL,
            starts_on=self.now.date() - CONTRACTED_SINCE,
        )
        await operator.set_contract(contract, f"sample-{name}-contract")
        units = []
        for number, (places, accepts, serves) in enumerate(_UNITS):
            new = NewUnit(
                facility_id=facility.facility_id,
                programme=Programme.COSM,
                places=places,
                accepts=accepts,
                serves=serves,
            )
            units.append((await mine.add_unit(new, f"sample-{name}-unit-{number}")).unit_id)
        return units

    async def _residents(self, units: dict[str, list[UUID]]) -> None:
        """Each is brought into a unit the way everyone is: in line, offered, accepted, arrived."""
        for number, (person, provider) in enumerate(zip(RESIDENTS, PROVIDERS, strict=True)):
            key = f"sample-resident-{number}"
            coordinator, mine = self.cast.coordinator(person.coordinator), self.cast.provider(provider)
            case_id = await self._join(coordinator, person, "cosm", key)
            vacancy = await mine.post_vacancy(NewVacancy(unit_id=units[provider][0]), f"{key}-vacancy")
            offer = await _eventually(lambda case_id=case_id, client=coordinator: _offer_of(client, case_id))  # type: ignore[misc] # mypy cannot infer a lambda with defaults
            await coordinator.accept_offer(offer.offer_id, f"{key}-accept")
            await _eventually(lambda client=mine, id_=vacancy.vacancy_id: _reserved(client, id_))  # type: ignore[misc] # as above
            await mine.confirm_arrival(vacancy.vacancy_id, f"{key}-arrival")
            await _eventually(lambda case_id=case_id, client=coordinator: _placed(client, case_id))  # type: ignore[misc] # as above
            permit = NewPermit(kind=PermitKind.HUMANITARIAN_TEMPORARY, granted_on=self.now.date() - timedelta(days=1))
            await coordinator.grant_permit(case_id, permit, f"{key}-permit")

    async def _waitlist(self) -> None:
        for number, person in enumerate(WAITING):
            await self._join(self.cast.coordinator(person.coordinator), person, "cosm", f"sample-waiting-{number}")

    async def _join(self, coordinator: Client, person: Person, waitlist: str, key: str) -> UUID:
        case = await coordinator.register_case(person.case, key)
        period = NewReflectionPeriod(
            started_on=self.now.date() - timedelta(days=min(person.days_waiting, REFLECTING_DAYS))
        )
        await coordinator.start_reflection_period(case.case_id, period, f"{key}-period")
        since = self.now - timedelta(days=person.days_waiting)
        entry = NewEntry(case_id=case.case_id, waitlist=waitlist, urgency=person.urgency, waiting_since=since)
        await coordinator.join_waitlist(entry, f"{key}-entry")
        return case.case_id


async def _unless_there(request: Awaitable[object]) -> bool:
    """Whether it could be added: False when it is there already, and then nothing is changed."""
    try:
        await request
    except ProblemError as problem:
        if problem.status != CONFLICT:
            raise
        return False
    return True


async def _offer_of(coordinator: Client, case_id: UUID) -> Offer | None:
    offers = (await coordinator.list_offers()).offers
    return next((offer for offer in offers if offer.case_id == case_id), None)


async def _reserved(provider: Client, vacancy_id: UUID) -> bool | None:
    units = (await provider.list_units()).units
    return any(unit.vacancy_id == vacancy_id and unit.state in ("reserved", "occupied") for unit in units) or None


async def _placed(coordinator: Client, case_id: UUID) -> bool | None:
    entries = (await coordinator.list_entries()).entries
    return any(entry.case_id == case_id and entry.state == "placed" for entry in entries) or None


async def _eventually(look: Callable[[], Awaitable[Found | None]]) -> Found:
    """Look until it is there: the services learn of each other's facts by message. Raises TimeoutError."""
    found = None
    async with asyncio.timeout(WAIT_SECONDS):
        while found is None:
            found = await look()
            await asyncio.sleep(POLL_SECONDS)
    return found
