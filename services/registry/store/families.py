"""A case and those that were merged into it: one person, whose facts stay where they were written."""

from uuid import UUID

from sqlalchemy import Select, or_, select

from services.registry.tables import cases


def family_of(case_id: UUID) -> Select[tuple[UUID]]:
    """The ids of this case and of every case that was merged into it."""
    return select(cases.c.id).where(or_(cases.c.id == case_id, cases.c.merged_into == case_id))
