"""What one organisation of each kind has: an object of everything that a request can name."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from services.chassis.identity import Role
from services.municipalities.domain.half_year import half_year_of

OURS = {Role.PROVIDER: "shelter-ours", Role.MUNICIPALITY: "GM0344"}
THEIRS = {Role.PROVIDER: "shelter-theirs", Role.MUNICIPALITY: "GM0363"}
COORDINATION, STRANGERS = "coordination-ours", "coordination-theirs"
WAIT_SECONDS = 20.0

Ids = dict[str, dict[str, str]]
"""By service, and by what a path or a body calls it."""
Send = Callable[[str, str, str, Role, object], Awaitable[Any]]
"""Sends a method, a path, an organisation, a role and a body, and gives the body of the answer, which is a success."""


def organisation(role: Role, *, ours: bool) -> str:
    """Who has everything, or somebody else in the same role."""
    return (OURS if ours else THEIRS).get(role, COORDINATION if ours else STRANGERS)


class Belongings:
    """Makes everything through the APIs, as whose it is."""

    def __init__(self, send: Send) -> None:
        self._send = send

    async def make(self) -> Ids:
        """All of it, and the ids of each thing."""
        municipal = await self._municipal()
        shelters = await self._shelters()
        registry = await self._registry()
        await self._stay(shelters["occupiedUnitId"])
        main = await self._offered(registry["mainId"], shelters)
        registry |= main
        shelters["offerId"] = await self._enquiry(registry["askedId"], shelters)
        new = {"channel": "webhook", "address": "https://receiver.example.org/doorstroom"}
        subscription = await self._coordinate("/notifications/v1/subscriptions", new)
        providers = await self._own(Role.PROVIDER, "/notifications/v1/subscriptions", new)
        # Nothing is delivered to an endpoint that nobody answers at: there is no delivery by this id.
        subscribed = {"subscriptionId": subscription["subscriptionId"], "deliveryId": registry["offerId"]}
        subscribed["providersSubscriptionId"] = providers["subscriptionId"]
        made = {"registry": registry, "shelters": shelters, "municipalities": municipal, "notifications": subscribed}
        # Every service could handle what it heard: there is no message by this id.
        return {service: ids | {"quarantineId": registry["offerId"]} for service, ids in made.items()}

    async def _municipal(self) -> dict[str, str]:
        root = "/municipalities/v1"
        for code in (*(code for code in (OURS, THEIRS)), {Role.MUNICIPALITY: "GM0599"}):
            new = {"municipalityCode": code[Role.MUNICIPALITY], "name": "Somewhere", "inhabitants": 300_000}
            await self._operate(f"{root}/municipalities", new)
        numbers = {"nationalQuota": 21_200, "nationalInhabitants": 17_590_672}
        await self._operate(f"{root}/quotas", numbers | {"halfYear": half_year_of(datetime.now(UTC))})
        merger = {"fromCodes": ["GM0599"], "intoCode": "GM1992", "name": "Elsewhere"}
        next_year = date(datetime.now(UTC).year + 1, 1, 1).isoformat()
        merged = await self._operate(f"{root}/municipality-mergers", merger | {"effectiveOn": next_year})
        slot = await self._own(Role.MUNICIPALITY, f"{root}/slots", {"places": 3})
        claim = await self._own(Role.MUNICIPALITY, f"{root}/claims", {"places": 2})
        return {"mergerId": merged["mergerId"], "slotId": slot["slotId"], "claimId": claim["claimId"]}

    async def _shelters(self) -> dict[str, str]:
        root = "/shelters/v1"
        await self._operate(f"{root}/providers", {"organisation": THEIRS[Role.PROVIDER]})
        ids = await self._operate(f"{root}/providers", {"organisation": OURS[Role.PROVIDER]})
        ids |= await self._operate(f"{root}/facilities", {"providerId": ids["providerId"]})
        terms = {"programme": "cosm", "places": 20, "kind": "structural", "startsOn": "2012-07-01"}
        ids |= await self._operate(f"{root}/contracts", {"providerId": ids["providerId"]} | terms)
        unit = {
            "facilityId": ids["facilityId"],
            "places": 2,
            "accepts": {"sexes": ["female"], "ageBands": ["23-plus"], "children": True},
            "serves": {"wheelchair": False, "needs": []},
        }
        asked = await self._own(Role.PROVIDER, f"{root}/units", unit | {"programme": "vo"})
        occupied = await self._own(Role.PROVIDER, f"{root}/units", unit | {"programme": "omm"})
        ids |= await self._own(Role.PROVIDER, f"{root}/units", unit | {"programme": "cosm"})
        wanted = ("providerId", "facilityId", "contractId", "unitId")
        others = {"askedUnitId": asked["unitId"], "occupiedUnitId": occupied["unitId"]}
        return {name: ids[name] for name in wanted} | others

    async def _registry(self) -> dict[str, str]:
        """One case with everything that does not keep it from places, and others that are offered one, or merged."""
        main, asked, side, survivor, merged, spare = [await self._case() for _ in range(6)]
        case = f"/registry/v1/cases/{side}"
        today = datetime.now(UTC).date()
        started = {"startedOn": (today - timedelta(days=3)).isoformat()}
        ids = await self._coordinate(f"{case}/members", {"sex": "female", "ageBand": "0-11"})
        ids |= await self._coordinate(f"{case}/exclusions", {"region": "limburg", "reason": "recruiter_there"})
        ids |= await self._coordinate(f"{case}/consents", {"purpose": "housing"})
        await self._coordinate(f"{case}/reflection-period", started)
        granted = (today - timedelta(days=1)).isoformat()
        await self._coordinate(f"{case}/permit", {"kind": "humanitarian_temporary", "grantedOn": granted})
        moment = (datetime.now(UTC) - timedelta(days=1)).isoformat()
        ids |= await self._coordinate(f"{case}/placements", {"kind": "outside", "since": moment})
        await self._coordinate(f"{case}/contact-attempts", {"channel": "telephone", "outcome": "not_reached"})
        await self._coordinate(f"/registry/v1/cases/{main}/reflection-period", started)
        await self._send("PUT", f"{case}/personal-data", COORDINATION, Role.COORDINATOR, {"languages": ["nl"]})
        mergers = "/registry/v1/case-mergers"
        ids |= await self._coordinate(mergers, {"survivorId": survivor, "mergedId": merged})
        ids |= await self._send("POST", "/registry/v1/draws", "comensha", Role.OPERATOR, {"waitlist": "omm"})
        wanted = ("memberId", "exclusionId", "consentId", "placementId", "mergerId", "drawId")
        cases = {"caseId": side, "survivorId": side, "mergedId": spare, "mainId": main, "askedId": asked}
        return {name: ids[name] for name in wanted} | cases

    async def _stay(self, unit_id: str) -> None:
        """Somebody lives in the unit."""
        await self._coordinate("/registry/v1/entries", {"caseId": await self._case(), "waitlist": "omm"})
        posted = await self._post_vacancy(unit_id)
        offer = await self._until("/registry/v1/offers", "offers", COORDINATION, Role.COORDINATOR)
        await self._coordinate(f"/registry/v1/offers/{offer['offerId']}/_accept", None)
        await self._until("/shelters/v1/units?state=reserved", "units", OURS[Role.PROVIDER], Role.PROVIDER)
        await self._own(Role.PROVIDER, "/shelters/v1/arrivals", posted)

    async def _offered(self, case_id: str, shelters: dict[str, str]) -> dict[str, str]:
        """The case is offered the unit, past one before it that has no right to such a place yet."""
        await self._coordinate("/registry/v1/entries", {"caseId": await self._case(), "waitlist": "cosm"})
        entry = await self._coordinate("/registry/v1/entries", {"caseId": case_id, "waitlist": "cosm"})
        shelters |= await self._post_vacancy(shelters["unitId"])
        offer = await self._until("/registry/v1/offers?state=made", "offers", COORDINATION, Role.COORDINATOR)
        decided = await self._send("GET", "/registry/v1/decisions", "court", Role.AUDITOR, None)
        made = next(each for each in decided["decisions"] if each["offerId"] == offer["offerId"])
        return {"entryId": entry["entryId"], "offerId": offer["offerId"], "decisionId": made["decisionId"]}

    async def _enquiry(self, case_id: str, shelters: dict[str, str]) -> str:
        """The provider is asked about the case."""
        await self._coordinate("/registry/v1/entries", {"caseId": case_id, "waitlist": "vo"})
        await self._post_vacancy(shelters.pop("askedUnitId"))
        asked = await self._until("/shelters/v1/enquiries", "enquiries", OURS[Role.PROVIDER], Role.PROVIDER)
        return str(asked["offerId"])

    async def _post_vacancy(self, unit_id: str) -> dict[str, str]:
        posted = await self._own(Role.PROVIDER, "/shelters/v1/vacancies", {"unitId": unit_id})
        return {"vacancyId": posted["vacancyId"]}

    async def _case(self) -> str:
        new = {"sex": "female", "ageBand": "23-plus", "consents": ["shelter"]}
        return str((await self._coordinate("/registry/v1/cases", new))["caseId"])

    async def _operate(self, path: str, body: object) -> Any:  # noqa: ANN401 - JSON
        return await self._send("POST", path, "comensha", Role.OPERATOR, body)

    async def _own(self, role: Role, path: str, body: object) -> Any:  # noqa: ANN401 - JSON
        return await self._send("POST", path, OURS[role], role, body)

    async def _coordinate(self, path: str, body: object) -> Any:  # noqa: ANN401 - JSON
        return await self._send("POST", path, COORDINATION, Role.COORDINATOR, body)

    async def _until(self, path: str, name: str, who: str, role: Role) -> Any:  # noqa: ANN401 - JSON
        """The first of a list that has none at first: the services hear of each other by message."""
        async with asyncio.timeout(WAIT_SECONDS):
            found: list[Any] = []
            while not found:
                await asyncio.sleep(0.01)
                found = (await self._send("GET", path, who, role, None))[name]
        return found[0]
