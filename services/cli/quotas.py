"""`doorstroom quotas`: share out the national number, and see how far everyone is."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from schemas.api.municipalities import Quota
from services.chassis.clock import system_clock
from services.chassis.unit_of_work import UnitOfWork
from services.cli.municipal import settings_for, work_on
from services.cli.options import DATA
from services.municipalities.domain.half_year import HalfYear
from services.municipalities.handlers import quotas as handlers
from services.municipalities.handlers.books import keep_books
from services.municipalities.routes.quotas import quota_of
from services.municipalities.store import municipalities as store

_SHOWN = ("quota", "arrears", "credit", "swapped", "task", "claimed", "housed", "remaining", "expected")


class HalfYearType(click.ParamType[HalfYear]):
    """A half-year on the command line."""

    name = "half-year"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> HalfYear:
        """Read it, or say how it is written."""
        if isinstance(value, HalfYear):
            return value
        try:
            return HalfYear.parse(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


class MomentType(click.ParamType[datetime]):
    """A moment in the past on the command line."""

    name = "moment"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Read it, or say how it is written."""
        try:
            moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
        except ValueError:
            self.fail("A moment is written like 2023-04-01 or 2023-04-01T12:00:00Z.", param, ctx)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
        if moment > system_clock():
            self.fail("It must not be in the future.", param, ctx)
        return moment


HALF_YEAR = click.argument("half_year", metavar="HALFYEAR", type=HalfYearType())


@click.group()
def quotas() -> None:
    """Quotas: share out the national number, see how far each municipality is.

    In the embedded mode --data names the folder with the databases. In the distributed mode DOORSTROOM_DATABASE_URL
    names the service's database.
    """


@quotas.command("set")
@HALF_YEAR
@click.option("--national", type=click.IntRange(0, 1_000_000), required=True, help="The national number of people.")
@click.option(
    "--inhabitants",
    type=click.IntRange(1, 100_000_000),
    help="Of the country; without it, of all municipalities together.",
)
@DATA
def set_command(half_year: HalfYear, national: int, inhabitants: int | None, data: Path) -> None:
    """Share the national number out over all municipalities for HALFYEAR, such as 2023-H1.

    Each gets its part by population on 1 January of the year before, rounded up. What is left of the half-year before
    is carried over once that is over. Setting the same again changes nothing.
    """
    settings = settings_for(data)

    async def work(unit: UnitOfWork) -> Sequence[handlers.Standing]:
        await handlers.set_quotas(unit, settings.quota_rules, half_year, national, inhabitants)
        return await handlers.all_standings(unit, half_year, unit.now)

    found = [standing.position for standing in work_on(settings, work)]
    click.echo(
        f"{half_year}: {len(found)} municipalities, {sum(item.quota for item in found)} people for {national}; "
        f"carried over: {sum(item.arrears for item in found)} arrears, {sum(item.credit for item in found)} credit"
    )
    if half_year.begins_at > system_clock():
        click.echo(f"{half_year.previous} is not over: what is left of it is carried over on {half_year.first_day}.")


@quotas.command("list")
@HALF_YEAR
@click.option("--json", "as_json", is_flag=True, help="As a JSON array, with every field of the API.")
@click.option("--at", type=MomentType(), help="As things stood then; a moment without an offset is in UTC.")
@DATA
def list_command(half_year: HalfYear, data: Path, at: datetime | None, *, as_json: bool) -> None:
    """List what each municipality must house in HALFYEAR, and how far it is, in people."""

    async def work(unit: UnitOfWork) -> tuple[Sequence[handlers.Standing], dict[str, str]]:
        # No service may be running that would close a half-year when it is over.
        await keep_books(unit)
        names = {code: row["name"] for code, row in (await store.known(unit)).items()}
        return await handlers.all_standings(unit, half_year, at or unit.now), names

    standings, names = work_on(settings_for(data), work)
    found = [quota_of(standing) for standing in standings]
    if as_json:
        click.echo(json.dumps([quota.model_dump(mode="json") for quota in found], indent=2))
    elif found:
        _print(found, names)
    if not found:
        click.echo(f"no quota of {half_year} is set", err=True)


def _print(found: Sequence[Quota], names: dict[str, str]) -> None:
    width = max(len(names[quota.municipality_code]) for quota in found)
    click.echo(f"{'code':<6}  {'name':<{width}}" + "".join(f"  {name:>9}" for name in _SHOWN) + "  behind  step")
    for quota in found:
        numbers = "".join(f"  {getattr(quota, name):>9}" for name in _SHOWN)
        behind = "yes" if quota.behind else "no"
        name = names[quota.municipality_code]
        click.echo(f"{quota.municipality_code}  {name:<{width}}{numbers}  {behind:<6}  {quota.supervision_step:>4}")
