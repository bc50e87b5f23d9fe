"""`doorstroom beds`: what a shelter provider does with its units."""

from uuid import UUID

import click

from doorstroom_client import Client
from schemas.api.shelters import Affirmation, NewVacancy, ProviderReason, Unit, Vacancy
from schemas.vocabulary import UnitState, WithdrawalReason
from services.cli.remote.calling import call, call_list, remote
from services.cli.remote.importing import import_command
from services.cli.remote.options import FROM, HOURS, IDS, lease_seconds
from services.cli.remote.output import local, show, show_ids, show_one

COLUMNS = {
    "UNIT": "unit_id",
    "STATE": "state",
    "PROGRAMME": "programme",
    "PLACES": "places",
    "VACANCY": "vacancy_id",
    "VALID UNTIL": "lease_expires_at",
}
REASONS: dict[str, ProviderReason] = {
    "withdrawn": WithdrawalReason.WITHDRAWN,
    "maintenance": WithdrawalReason.MAINTENANCE,
    "safety": WithdrawalReason.SAFETY,
    "contract_ended": WithdrawalReason.CONTRACT_ENDED,
}
"""Those that a provider may give."""


@click.group()
def beds() -> None:
    """Beds: post, affirm, withdraw, list and import yours, as a shelter provider.

    A unit is what goes to one household at once; a vacancy is one time that it is free. Options and exit codes are
    explained in docs/integrators-guide.md.
    """


@beds.command("list")
@click.option("--state", type=click.Choice([state.value for state in UnitState]), help="Only units in this state.")
@IDS
@remote
def list_command(state: str | None, profile: str | None, *, only_ids: bool, as_json: bool) -> None:
    """List your units."""
    units = call_list(profile, lambda client: client.list_units(None if state is None else UnitState(state)))
    if only_ids:
        show_ids(units, COLUMNS)
    else:
        show(units, COLUMNS, as_json=as_json, nothing="there are no such units")


@beds.command("post")
@click.argument("unit", type=click.UUID)
@FROM
@HOURS
@remote
def post_command(unit: UUID, available_from: object, hours: int, profile: str | None, *, as_json: bool) -> None:
    """Say that UNIT is free: whoever is next is offered it at once."""
    new = NewVacancy.model_validate(
        {"unit_id": unit, "lease_seconds": lease_seconds(hours), "available_from": available_from}
    )
    vacancy = call(profile, lambda client: client.post_vacancy(new))
    show_one(vacancy, f"posted: vacancy {vacancy.vacancy_id}, {_valid(vacancy)}", as_json=as_json)


@beds.command("affirm")
@click.argument("vacancies", metavar="[VACANCY]...", type=click.UUID, nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Every unit of yours that is free or held.")
@HOURS
@remote
def affirm_command(
    vacancies: tuple[UUID, ...], hours: int, profile: str | None, *, everything: bool, as_json: bool
) -> None:
    """Say that vacancies are still free: their time begins again."""
    if bool(vacancies) == everything:
        raise click.UsageError("name the vacancies, or give --all")
    affirmation = Affirmation(lease_seconds=lease_seconds(hours))

    async def work(client: Client) -> list[Vacancy]:
        chosen = await _affirmable(client) if everything else vacancies
        return [await client.affirm_vacancy(vacancy, affirmation) for vacancy in chosen]

    affirmed = call(profile, work)
    columns = {"VACANCY": "vacancy_id", "UNIT": "unit_id", "STATE": "state", "VALID UNTIL": "lease_expires_at"}
    show(affirmed, columns, as_json=as_json, nothing="nothing of yours is free or held")


@beds.command("withdraw")
@click.argument("vacancy", type=click.UUID)
@click.option("--reason", type=click.Choice(list(REASONS)), default="withdrawn", show_default=True)
@remote
def withdraw_command(vacancy: UUID, reason: str, profile: str | None, *, as_json: bool) -> None:
    """Take VACANCY back.

    An open offer is revoked, and who had it keeps their place.
    """
    unit: Unit = call(profile, lambda client: client.withdraw_vacancy(vacancy, REASONS[reason]))
    show_one(unit, f"withdrawn: unit {unit.unit_id} is {unit.state}", as_json=as_json)


beds.add_command(import_command)


async def _affirmable(client: Client) -> list[UUID]:
    return [
        unit.vacancy_id
        for state in (UnitState.FREE, UnitState.HELD)
        async for unit in client.list_units(state)
        if unit.vacancy_id is not None
    ]


def _valid(vacancy: Vacancy) -> str:
    return f"valid until {local(vacancy.lease_expires_at)}"
