"""Options and arguments that several remote commands have."""

from datetime import UTC, datetime, timedelta

import click

from doorstroom_client.spreadsheets.bed_rows import HOURS_LIMIT


class MomentType(click.ParamType[datetime]):
    """A moment on the command line, such as 2026-07-01 or 2026-07-01T09:30; without an offset, in local time."""

    name = "moment"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Read it, or say how it is written."""
        try:
            moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
            # A moment without an offset is taken for local time.
            return moment.astimezone(UTC)
        except (ValueError, OverflowError):
            self.fail("A moment is written like 2026-07-01 or 2026-07-01T09:30.", param, ctx)


FROM = click.option(
    "--from", "available_from", type=MomentType(), metavar="MOMENT", help="From when; now, if not said."
)
HOURS = click.option(
    "--hours",
    type=click.IntRange(1, HOURS_LIMIT),
    default=72,
    show_default=True,
    help="How long it stays valid unless it is affirmed.",
)

IDS = click.option("--ids", "only_ids", is_flag=True, help="Only the ids, one a line, for another command.")


def lease_seconds(hours: int) -> int:
    """How long a lease is."""
    return int(timedelta(hours=hours).total_seconds())
