"""The chain at a glance: who waits, what is free and undecided, what runs out, and how far the provinces are."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from aiohttp import web

from schemas.api.municipalities import Quota
from services.chassis.identity import Role
from services.console.web.collecting import collected
from services.console.web.route import Route
from services.console.web.visit import Visit

ROLES = frozenset({Role.HELPDESK, Role.AUDITOR})
NO_PROVINCE = ""


@dataclass(slots=True)
class Progress:
    """How far the municipalities of a province are together, in people."""

    task: int = 0
    housed: int = 0
    expected: int = 0
    behind: int = 0
    """How many of them are behind."""
    municipalities: int = 0

    def add(self, quota: Quota) -> None:
        """One more municipality."""
        self.task += quota.task
        self.housed += quota.housed
        self.expected += quota.expected
        self.behind += quota.behind
        self.municipalities += 1


async def chain(visit: Visit) -> web.Response:
    """Everything on one page."""
    client = visit.client
    now, quotas, municipalities = await asyncio.gather(
        client.get_chain(), collected(client.list_quotas()), collected(client.list_municipalities())
    )
    provinces = {found.municipality_code: found.province or NO_PROVINCE for found in municipalities}
    return visit.page("chain.html", chain=now, provinces=by_province(quotas, provinces))


def by_province(quotas: Iterable[Quota], provinces: dict[str, str]) -> dict[str, Progress]:
    """In the order of the alphabet; municipalities of which no province is known come last."""
    found = defaultdict[str, Progress](Progress)
    for quota in quotas:
        found[provinces.get(quota.municipality_code, NO_PROVINCE)].add(quota)
    return {name: found[name] for name in sorted(found, key=lambda name: (name == NO_PROVINCE, name))}


ROUTES = (Route("GET", "/chain", ROLES, chain),)
