"""How far what a municipality sees has changed."""

from sqlalchemy import func, select

from services.chassis.unit_of_work import UnitOfWork
from services.municipalities.tables import claims, ledger, slots


async def mark(unit: UnitOfWork, municipality_code: str | None) -> str:
    """Of its slots, claims and book; without a code, of all books, to which lines are only added."""
    if municipality_code is None:
        newest = (await unit.execute(select(ledger.c.id).order_by(ledger.c.id.desc()).limit(1))).first()
        return "none" if newest is None else str(newest.id)
    versions = select(func.count(), func.coalesce(func.sum(slots.c.version), 0))
    found = [
        await unit.execute(versions.where(slots.c.municipality_code == municipality_code)),
        await unit.execute(select(func.count()).where(claims.c.municipality_code == municipality_code)),
        await unit.execute(select(func.count()).where(ledger.c.municipality_code == municipality_code)),
    ]
    return "-".join(str(int(number)) for rows in found for number in rows.one())
