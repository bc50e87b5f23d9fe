"""What an operator sets for reminders: a file of ladders. Checked when the service starts."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError, model_validator

from schemas.base import Schema
from schemas.vocabulary import ListKind
from services.calendar.hours import LONGEST_HOURS
from services.notifications.domain.ladders import DEFAULT_LADDERS, Ladder, Reminder, Side, Step

LARGEST_BYTES = 64 * 1024
PROBLEMS_LIMIT = 20
Hours = Annotated[int, Field(ge=1, le=LONGEST_HOURS)]


class Rung(Schema):
    """One step: so many hours after an offer was made, or before its deadline; all hours, or those of Dutch offices."""

    reminder: Reminder
    after: Hours | None = None
    before: Hours | None = None
    working: bool = False

    @model_validator(mode="after")
    def _is_counted_from_one_end(self) -> "Rung":
        if (self.after is None) == (self.before is None):
            raise ValueError("Give either after or before.")
        return self

    def step(self) -> Step:
        """The same as the rules know it."""
        side, hours = (Side.AFTER, self.after) if self.after is not None else (Side.BEFORE, self.before)
        return Step(self.reminder, side, hours or 0, self.working)


_LADDERS = TypeAdapter(dict[ListKind, Annotated[list[Rung], Field(max_length=20)]])


def read_ladders(path: Path | None) -> Mapping[str, Ladder]:
    """The ladders as they come, with the operator's in their place if there is a file; an empty one reminds of nothing.

    Raises OSError when the file cannot be read, and ValueError when it is too large or says what cannot be.
    """
    if path is None:
        return DEFAULT_LADDERS
    with path.open("rb") as file:
        body = file.read(LARGEST_BYTES + 1)
    if len(body) > LARGEST_BYTES:
        raise ValueError(f"A file of reminders has at most {LARGEST_BYTES} bytes.")
    try:
        given = _LADDERS.validate_json(body)
    except ValidationError as error:
        raise ValueError(_what_is_wrong(error)) from None
    return {**DEFAULT_LADDERS, **{kind.value: [rung.step() for rung in rungs] for kind, rungs in given.items()}}


def _what_is_wrong(error: ValidationError) -> str:
    """Where and what, and never the value."""
    problems = error.errors(include_url=False, include_input=False, include_context=False)[:PROBLEMS_LIMIT]
    return "; ".join(f"{'.'.join(map(str, problem['loc'])) or 'file'}: {problem['msg']}" for problem in problems)
