"""Live streams that say that something has changed: to whom it concerns, at once, and after a break."""

from contextlib import aclosing

from doorstroom_client import Client, Endpoints
from schemas.api.municipalities import NewSlot
from schemas.api.shelters import NewVacancy
from schemas.vocabulary import UnitState
from services.chassis.identity import Role
from tests.integration.api.conftest import Server


def client(server: Server, organisation: str, role: Role) -> Client:
    return Client(server.session, Endpoints.at(server.root), server.token(organisation, role))


async def test_a_provider_hears_of_its_own_units_and_resumes(sampled: Server) -> None:
    """First where the stream is, then that something changed; whoever was away hears of it as they come back."""
    mine, other = (client(sampled, f"shelter-{name}", Role.PROVIDER) for name in ("midden", "zuid"))
    unit = next(unit for unit in (await mine.list_units(UnitState.OUT_OF_SERVICE)).units)
    async with aclosing(mine.listen_once("shelters")) as heard, aclosing(other.listen_once("shelters")) as unheard:
        begun, others_begun = await anext(heard), await anext(unheard)
        assert (begun.data, others_begun.data) == ("", "")
        await mine.post_vacancy(NewVacancy(unit_id=unit.unit_id))
        changed = await anext(heard)
        assert (changed.name, "changedAt" in changed.data) == ("changed", True)
        assert changed.id != begun.id
    async with aclosing(mine.listen_once("shelters", begun.id)) as heard:
        assert (await anext(heard)).name == "changed"
    async with aclosing(other.listen_once("shelters", others_begun.id)) as unheard:
        assert (await anext(unheard)).data == ""


async def test_a_municipality_hears_of_its_own_and_an_auditor_of_everyones(sampled: Server) -> None:
    """Such as a home that is opened."""
    mine, auditor = client(sampled, "GM0344", Role.MUNICIPALITY), client(sampled, "auditor", Role.AUDITOR)
    async with (
        aclosing(mine.listen_once("municipalities")) as heard,
        aclosing(auditor.listen_once("municipalities")) as watching,
    ):
        assert ((await anext(heard)).data, (await anext(watching)).data) == ("", "")
        await mine.open_slot(NewSlot(places=2))
        assert ((await anext(heard)).name, (await anext(watching)).name) == ("changed", "changed")
