"""Moments, durations and words, as people read them."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal

from schemas.texts import Language
from services.console.web.texts import locale, translations
from services.console.web.words import WORDS

NETHERLANDS = ZoneInfo("Europe/Amsterdam")
SHORT_CHARACTERS = 8


@dataclass(frozen=True, slots=True)
class Formats:
    """In one language, at one moment."""

    language: Language
    now: datetime

    def moment(self, at: datetime) -> str:
        """A day and a time in the Netherlands."""
        return format_datetime(at, "EEE d MMM y, HH:mm", tzinfo=NETHERLANDS, locale=locale(self.language))

    def day(self, at: datetime | date) -> str:
        """A day in the Netherlands."""
        day = at.astimezone(NETHERLANDS).date() if isinstance(at, datetime) else at
        return format_date(day, "d MMMM y", locale=locale(self.language))

    def number(self, value: int) -> str:
        """A whole number."""
        return format_decimal(value, locale=locale(self.language))

    def decimal(self, value: float) -> str:
        """A number with a tenth, where it has one."""
        return format_decimal(round(value, 1), format="#,##0.#", locale=locale(self.language))

    def left(self, until: datetime) -> str:
        """How long there still is, in the two largest units; the browser counts on from there."""
        texts = translations(self.language)
        minutes = max(0, int((until - self.now) / timedelta(minutes=1)))
        days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
        if days:
            return texts.gettext("%(days)d d %(hours)d h") % {"days": days, "hours": hours}
        if minutes:
            return texts.gettext("%(hours)d h %(minutes)d min") % {"hours": hours, "minutes": rest}
        return texts.gettext("less than a minute") if until > self.now else texts.gettext("over")

    def is_soon(self, until: datetime, hours: int) -> bool:
        """Whether it is within so many hours."""
        return until - self.now < timedelta(hours=hours)

    def word(self, kind: str, value: str) -> str:
        """A word of the field, such as a state or a reason; what is not known is shown as it came."""
        text = WORDS.get(kind, {}).get(value)
        return value if text is None else translations(self.language).gettext(text)

    def reference(self, id_: object) -> str:
        """The part of an id by which people tell two apart: its last characters, which differ most."""
        return str(id_)[-SHORT_CHARACTERS:]

    def iso(self, at: datetime) -> str:
        """For programs."""
        return at.isoformat()
