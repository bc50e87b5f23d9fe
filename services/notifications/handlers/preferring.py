"""What people do with their preferences."""

from services.chassis.errors import FieldError, InvalidInput
from services.chassis.unit_of_work import UnitOfWork
from services.notifications.domain.preferences import Preferences
from services.notifications.store import preferences as store
from services.notifications.store.preferences import Person


async def prefer(unit: UnitOfWork, person: Person, wanted: Preferences) -> None:
    """Store what this person prefers. Raises InvalidInput for a substitute who is nobody there, or themselves.

    Only somebody of the same organisation can stand in: others may not read what the notification is about.
    """
    organisation, subject = person
    if wanted.absence is not None:
        substitute = wanted.absence.substitute
        if substitute == subject or not await store.exists(unit, (organisation, substitute)):
            raise InvalidInput(
                fields=[FieldError("/absence/substitute", "Must be a colleague who has stored preferences.")]
            )
    await store.save(unit, person, wanted)
