"""The processing log: per data subject, what was done with their data and when (Logboek Dataverwerkingen).

It follows from the audit log, in the transaction that seals it, so nothing is missing from it and nobody waits for it.
The two have the trace's id in common; who acted is in the audit log only. Whose data it was is encrypted, and the same
case gives the same text, so that it can be found for who asks after their own.
"""

import json
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from services.chassis.database import Insertion, Row
from services.chassis.unit_of_work import UnitOfWork
from services.registry.store.vault import Vault
from services.registry.tables import processing_log

OK = "ok"
_INSERTION = Insertion(processing_log)


class Processing:
    """Writes and reads it. `activities`: what stands before an operation's name in the controller's register."""

    def __init__(self, vault: Vault, activities: str) -> None:
        self._vault = vault
        self._activities = activities

    async def follow(self, unit: UnitOfWork, lines: Sequence[Row]) -> None:
        """Of each sealed line of the audit log, an entry for each case that it was about. Raises UnusableKey."""
        about = [(line, UUID(case)) for line in lines for case in json.loads(line.cases)]
        if about:
            subjects = await self._vault.subjects(unit)
            entries = [self._entry(unit.identifiers(), line, subjects.of(case)) for line, case in about]
            await unit.write(_INSERTION, entries)

    async def of_case(self, unit: UnitOfWork, case_id: UUID) -> Sequence[Row]:
        """What was done with the data of this case, the earliest first. Raises UnusableKey."""
        mine = processing_log.c.subject == (await self._vault.subjects(unit)).of(case_id)
        return await unit.execute(select(processing_log).where(mine).order_by(processing_log.c.id))

    def _entry(self, id_: UUID, line: Row, subject: str) -> dict[str, object]:
        return {
            "id": id_,
            "trace_id": line.trace_id,
            "span_id": id_.hex[-16:],
            "status": OK,
            "name": line.action,
            "started_at": line.started_at,
            "ended_at": line.at,
            "processing_activity": f"{self._activities}{line.action}",
            "subject": subject,
        }
