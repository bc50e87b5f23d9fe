"""What is in a service's audit log, sealed or not yet."""

from sqlalchemy import select, union_all

from services.chassis.database import Row
from services.chassis.service import Service
from services.chassis.unit_of_work import UnitOfWork


async def lines(service: Service) -> list[Row]:
    """What is noted by now, in the order in which it was."""
    audit = service.tables.audit
    names = [column.name for column in audit.pending.c]
    noted = union_all(*(select(*(table.c[name] for name in names)) for table in (audit.pending, audit.log))).subquery()

    async def read(unit: UnitOfWork) -> list[Row]:
        return list(await unit.execute(select(noted).order_by(noted.c.id)))

    return await service.transactions.read(read)
