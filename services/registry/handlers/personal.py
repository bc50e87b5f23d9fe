"""Who somebody is, and how to reach them: for the coordinator of the case only, and gone when its key is."""

import json
from uuid import UUID

from schemas.vocabulary import ExclusionReason
from services.chassis.errors import NotFound
from services.chassis.unit_of_work import UnitOfWork
from services.registry.handlers.held import held_case
from services.registry.store import cases, households
from services.registry.store.families import FAMILY
from services.registry.store.vault import Vault

Document = dict[str, object]


async def replace_personal_data(
    vault: Vault, unit: UnitOfWork, case_id: UUID, coordinator: str, document: Document
) -> None:
    """Store what is given, and nothing of what was there before. Raises NotFound, Conflict or UnusableKey."""
    await held_case(unit, case_id, coordinator)
    await vault.store(unit, case_id, {name: json.dumps(value).encode() for name, value in document.items()})


async def personal_data_of(vault: Vault, unit: UnitOfWork, case_id: UUID, coordinator: str) -> Document:
    """Everything that is stored. Raises NotFound or UnusableKey."""
    await cases.find_case(unit, case_id, coordinator)
    stored = await vault.read(unit, case_id)
    if not stored:
        raise NotFound("Nothing personal is stored of this case, or it was erased.")
    return {name: json.loads(content) for name, content in stored.items()}


async def erase(vault: Vault, unit: UnitOfWork, case_id: UUID, coordinator: str | None) -> bool:
    """Destroy the keys of a case and of those merged into it, and so every copy of what they encrypted.

    The cases themselves still count. Without a coordinator, whoever's case it is. Says whether there was anything.
    Raises NotFound or Unavailable.
    """
    await cases.find_family(unit, case_id, coordinator)
    await cases.hold_case(unit, case_id)
    family = [row.id for row in await unit.execute(FAMILY.order_by("id"), {"family": case_id})]
    return any([await vault.erase(unit, each) for each in family])


async def background_of(
    vault: Vault, unit: UnitOfWork, case_id: UUID, exclusion_id: UUID, coordinator: str
) -> tuple[str, ExclusionReason]:
    """Who set a rule, and why. Raises NotFound or UnusableKey."""
    await cases.find_family(unit, case_id, coordinator)
    rule = await households.find_exclusion(unit, case_id, exclusion_id)
    content = await vault.read_reason(unit, rule["case_id"], exclusion_id)
    if content is None:
        raise NotFound("Why this exclusion was set is not kept: an offer was declined as unsafe, or it was erased.")
    value = json.loads(content)
    return value["setBy"], ExclusionReason(value["reason"])
