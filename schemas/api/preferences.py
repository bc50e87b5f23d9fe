"""Bodies of the notifications' API: what a person prefers."""

from datetime import date, time
from typing import Annotated

from pydantic import Field, model_validator

from schemas.base import Schema
from schemas.vocabulary import Language

Hour = Annotated[str, Field(pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$", description="of the clock in the Netherlands")]


class QuietHours(Schema):
    """When nothing is brought that may wake somebody. The inbox, its stream and webhooks go on."""

    begins: Hour
    ends: Hour
    weekends: bool = Field(default=False, description="all of Saturday and Sunday, too")

    @model_validator(mode="after")
    def _differ(self) -> "QuietHours":
        if self.begins == self.ends:
            raise ValueError("begins and ends differ; without quiet hours, give none.")
        return self


class Absence(Schema):
    """While somebody is away, a colleague gets what would have been brought to them."""

    first_day: date
    last_day: date
    substitute: Annotated[str, Field(pattern=r"^[!-~]{1,255}$")] = Field(
        description="the `sub` of a colleague's tokens; they have stored preferences of their own"
    )

    @model_validator(mode="after")
    def _end_after_they_begin(self) -> "Absence":
        if self.last_day < self.first_day:
            raise ValueError("lastDay is not before firstDay.")
        return self


class NotificationPreferences(Schema):
    """In which language you are written to, when you are left alone, and who stands in for you."""

    language: Language = Language.NL
    quiet_hours: QuietHours | None = None
    urgent_passes: bool = Field(
        default=True,
        description="whether what cannot wait is brought in quiet hours: offers of beds, and near deadlines",
    )
    absence: Absence | None = None


def clock(hour: str) -> time:
    """An hour as it is counted with."""
    return time.fromisoformat(hour)
