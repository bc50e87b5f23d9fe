"""Questions to a database, each of which finds what must never be there."""

from collections.abc import Mapping

from sqlalchemy import Select

from services.chassis.unit_of_work import UnitOfWork

FINDINGS_LIMIT = 100
"""How many findings of one kind are named."""

Questions = Mapping[str, Select[tuple[object]]]
"""What is wrong, and the statement that gives the id of each thing of which that is true."""


def questions(asked: Questions) -> Questions:
    """The same, bounded. Built once: a simulation asks them all the time."""
    return {what: query.limit(FINDINGS_LIMIT) for what, query in asked.items()}


async def broken(unit: UnitOfWork, asked: Questions) -> list[str]:
    """Everything that is wrong: what, and an id."""
    return [f"{what}: {id_}" for what, query in asked.items() for [id_] in await unit.execute(query)]
