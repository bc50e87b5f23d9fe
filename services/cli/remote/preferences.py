"""`doorstroom preferences`: in which language somebody is written to, when they are left alone, who stands in."""

from datetime import datetime

import click

from schemas.api.preferences import Absence, NotificationPreferences, QuietHours
from schemas.vocabulary import Language
from services.cli.remote.calling import call, remote
from services.cli.remote.output import show_one

DAY = click.DateTime(["%Y-%m-%d"])
HOUR = "%H:%M"


@click.group()
def preferences() -> None:
    """Preferences: in which language you are written to, when you are left alone, and who stands in for you.

    They are those of whoever the token is for. Options and exit codes are explained in docs/integrators-guide.md.
    """


@preferences.command("show")
@remote
def show_command(profile: str | None, *, as_json: bool) -> None:
    """Show your preferences."""
    found = call(profile, lambda client: client.get_notification_preferences())
    show_one(found, _lines(found), as_json=as_json)


@preferences.command("set")
@click.option("--language", type=click.Choice([*Language]), default=Language.NL, show_default=True)
@click.option("--quiet", nargs=2, type=click.DateTime([HOUR]), help="From when until when, such as 22:00 07:00.")
@click.option("--weekends", is_flag=True, help="With --quiet: all of Saturday and Sunday, too.")
@click.option("--never-urgent", is_flag=True, help="Nothing passes the quiet hours, however urgent it is.")
@click.option("--absent", nargs=2, type=DAY, help="The first and the last day; needs --substitute.")
@click.option("--substitute", help="The `sub` of the tokens of a colleague with preferences of their own.")
@remote
def set_command(  # noqa: PLR0913 - its options
    language: str,
    quiet: tuple[datetime, datetime] | None,
    absent: tuple[datetime, datetime] | None,
    substitute: str | None,
    profile: str | None,
    *,
    weekends: bool,
    never_urgent: bool,
    as_json: bool,
) -> None:
    """Set your preferences; what is not given is off, and the language Dutch."""
    if (absent is None) != (substitute is None):
        raise click.UsageError("--absent and --substitute go together")
    wanted = NotificationPreferences(
        language=Language(language),
        quiet_hours=_quiet(quiet, weekends=weekends),
        urgent_passes=not never_urgent,
        absence=absent and Absence(first_day=absent[0].date(), last_day=absent[1].date(), substitute=substitute),
    )
    stored = call(profile, lambda client: client.set_notification_preferences(wanted))
    show_one(stored, _lines(stored), as_json=as_json)


def _quiet(hours: tuple[datetime, datetime] | None, *, weekends: bool) -> QuietHours | None:
    if hours is None:
        return None
    if hours[0] == hours[1]:
        raise click.UsageError("--quiet begins and ends at different times")
    begins, ends = (hour.strftime(HOUR) for hour in hours)
    return QuietHours(begins=begins, ends=ends, weekends=weekends)


def _lines(found: NotificationPreferences) -> str:
    quiet, absence = found.quiet_hours, found.absence
    lines = [f"language {found.language}"]
    if quiet is not None:
        but = ", but not for what is urgent" if found.urgent_passes else ""
        lines.append(f"quiet from {quiet.begins} to {quiet.ends}{' and at weekends' if quiet.weekends else ''}{but}")
    if absence is not None:
        lines.append(f"absent from {absence.first_day} to {absence.last_day}; {absence.substitute} stands in")
    return "\n".join(lines)
