"""A case and those that were merged into it: one person, whose facts stay where they were written."""

from sqlalchemy import Uuid, bindparam, or_, select

from services.registry.tables import cases

_CASE = bindparam("family", type_=Uuid)

FAMILY = select(cases.c.id).where(or_(cases.c.id == _CASE, cases.c.merged_into == _CASE))
"""The ids of the case in the parameter `family`, and of every case that was merged into it."""
