"""What a person prefers: looked at, and stored."""

from datetime import date

from schemas.api.preferences import Absence, NotificationPreferences, QuietHours, clock
from schemas.vocabulary import Language
from services.chassis.unit_of_work import UnitOfWork
from services.chassis.web import Call, Operation, Reply
from services.notifications.channels.shown import BASE
from services.notifications.domain import preferences as domain
from services.notifications.handlers.preferring import prefer
from services.notifications.store import preferences as store
from services.notifications.store.preferences import Person

PATH = f"{BASE}/preferences"
_TAGS = ("preferences",)
_EXAMPLE = NotificationPreferences(
    language=Language.EN,
    quiet_hours=QuietHours(begins="20:00", ends="08:00", weekends=True),
    absence=Absence(first_day=date(2026, 7, 20), last_day=date(2026, 8, 7), substitute="a-colleague"),
)


async def get_preferences(call: Call, unit: UnitOfWork) -> Reply:
    """Look at your preferences."""
    return Reply(200, _shown(await store.of(unit, _person(call))))


async def held_preferences(call: Call[NotificationPreferences], unit: UnitOfWork) -> Reply:
    """As they are, until they are changed."""
    return Reply(200, _shown(await store.hold(unit, _person(call))))


async def put_preferences(call: Call[NotificationPreferences], unit: UnitOfWork) -> Reply:
    """Set your preferences."""
    await prefer(unit, _person(call), _wanted(call.body))
    return Reply(200, call.body)


def _person(call: Call[NotificationPreferences] | Call) -> Person:
    return call.principal.organisation, call.principal.subject


def _wanted(body: NotificationPreferences) -> domain.Preferences:
    quiet, absence = body.quiet_hours, body.absence
    return domain.Preferences(
        body.language,
        None if quiet is None else domain.QuietHours(clock(quiet.begins), clock(quiet.ends), quiet.weekends),
        body.urgent_passes,
        None if absence is None else domain.Absence(absence.first_day, absence.last_day, absence.substitute),
    )


def _shown(stored: domain.Preferences) -> NotificationPreferences:
    quiet, absence = stored.quiet, stored.absence
    return NotificationPreferences(
        language=Language(stored.language),
        quiet_hours=quiet
        and QuietHours(begins=f"{quiet.begins:%H:%M}", ends=f"{quiet.ends:%H:%M}", weekends=quiet.weekends),
        urgent_passes=stored.urgent_passes,
        absence=absence
        and Absence(first_day=absence.first_day, last_day=absence.last_day, substitute=absence.substitute),
    )


def operations() -> tuple[Operation[UnitOfWork], ...]:
    """All of them."""
    return (
        Operation(
            method="GET",
            path=PATH,
            operation_id="getNotificationPreferences",
            summary="Look at your preferences",
            description="Those of whoever the token is for; the defaults where nothing was set.",
            handler=get_preferences,
            response=NotificationPreferences,
            response_example=_EXAMPLE,
            tagged=True,
            tags=_TAGS,
        ),
        Operation(
            method="PUT",
            path=PATH,
            operation_id="setNotificationPreferences",
            summary="Set your preferences",
            description=(
                "Quiet hours and a substitute are for what is brought to a person, such as e-mail: the inbox, its "
                "stream, and what is brought to machines do not sleep. What is not given is off."
            ),
            handler=put_preferences,
            held=held_preferences,
            tagged=True,
            request=NotificationPreferences,
            request_example=_EXAMPLE,
            response=NotificationPreferences,
            response_example=_EXAMPLE,
            tags=_TAGS,
        ),
    )
