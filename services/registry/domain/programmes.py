"""How each list works, from which day on: who decides, how long an answer may take, and what a refusal means.

What is stated as law has its source; the rest is policy, of which no rule in print was found, and an operator may set
it. A version holds from its first day until the next begins, and is never changed: a decision names the one it used.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from enum import StrEnum
from types import MappingProxyType

from schemas.vocabulary import AgeBand, DeclineReason, Sex
from services.calendar.hours import AMSTERDAM, HOURS_OF_A_WORKING_DAY, AnswerTime
from services.registry.domain.model import Offer
from services.registry.domain.order import POLICY


class Authority(StrEnum):
    """Who decides about a place (plaatsingsbevoegdheid)."""

    EXCLUSIVE = "exclusive"
    """The registry places: a free place is offered by itself."""
    MEDIATION = "mediation"
    """The provider decides: it is asked first, and only what it agrees to is offered."""


class Funding(StrEnum):
    """Who pays for the places."""

    STATE = "state"
    MUNICIPALITIES = "municipalities"


class Consequence(StrEnum):
    """What a refusal means for the household's place in the list."""

    KEEP_PLACE = "keep_place"
    PAUSE = "pause"
    EXCLUDE_FACILITY = "exclude_facility"
    """It keeps its place, and is never offered this facility again."""
    REVIEW = "review"
    """It stands aside until somebody has looked at it again."""


@dataclass(frozen=True, slots=True)
class RegionPreference:
    """How far a household of the vacancy's own region may go first.

    Only within the urgency of the first eligible one, among the first `among` eligible, and only before those who have
    waited at most `days` longer.
    """

    among: int
    days: int


_CONSEQUENCES: Mapping[DeclineReason, Consequence] = MappingProxyType(
    {
        DeclineReason.UNSUITABLE: Consequence.KEEP_PLACE,
        DeclineReason.UNSAFE: Consequence.EXCLUDE_FACILITY,
        DeclineReason.UNREACHABLE: Consequence.PAUSE,
        DeclineReason.FOUND_ELSEWHERE: Consequence.REVIEW,
        DeclineReason.OTHER: Consequence.KEEP_PLACE,
    }
)


A_DAY, A_WEEK, A_WORKING_DAY = AnswerTime(24), AnswerTime(7 * 24), AnswerTime(HOURS_OF_A_WORKING_DAY, working=True)


@dataclass(frozen=True, slots=True)
class Programme:
    """One version of how a list works.

    `remind_hours` before its deadline, of those that count for it, an offer is said to be near it.
    `silences_before_review`: after so many unanswered offers in a row the household is contacted before the next.
    `requires_reflection_period`: who has no running reflection period is passed over. `requires_permit`: who has no
    permit cannot join. `warning_days`: so many days before its end the coordinator is warned of the end of a reflection
    period. `sexes` and `age_bands`: whom the list is for, whatever a place takes. `edition` tells versions of one day
    apart that say different things.
    """

    waitlist: str
    valid_from: date
    authority: Authority
    funding: Funding
    offer: AnswerTime = A_DAY
    enquiry: AnswerTime = A_WORKING_DAY
    remind_hours: int | None = 4
    consequences: Mapping[DeclineReason, Consequence] = field(default_factory=lambda: _CONSEQUENCES)
    pause_days: int = 7
    silences_before_review: int = 3
    region_preference: RegionPreference | None = None
    requires_reflection_period: bool = False
    requires_permit: bool = False
    warning_days: tuple[int, ...] = ()
    sexes: frozenset[Sex] = frozenset(Sex)
    age_bands: frozenset[AgeBand] = frozenset(AgeBand)
    edition: str = ""

    @property
    def version(self) -> str:
        """Its name, such as `cosm.2010-01-01`."""
        return ".".join(filter(None, (self.waitlist, self.valid_from.isoformat(), self.edition)))

    @property
    def policy(self) -> str:
        """What a decision names: the order, and this version."""
        return f"{POLICY}/{self.version}"

    @property
    def mediates(self) -> bool:
        """Whether the provider is asked first."""
        return self.authority is Authority.MEDIATION


_IN_OWN_REGION_FIRST = RegionPreference(among=5, days=7)
"""During the reflection period shelter is looked for within the police region, as a main rule (kst-28638-75)."""

_GIRLS = frozenset({Sex.FEMALE})
_YOUNG = frozenset(AgeBand) - {AgeBand.UNDER_12}
"""From 12 to 23, and the highest band begins with 23: who in it is too old the provider decides, for it is asked."""

_ADULT = frozenset({AgeBand.AGE_18_TO_22, AgeBand.AGE_23_PLUS})

DEFAULT_PROGRAMMES = (
    # Categorical shelter is for adults, with their children, in the reflection period: three months at most, and none
    # after a permit. A minor on their own, or somebody of unclear age, is the guardianship institution's.
    Programme(
        "cosm",
        date(2010, 1, 1),
        Authority.EXCLUSIVE,
        Funding.STATE,
        region_preference=_IN_OWN_REGION_FIRST,
        requires_reflection_period=True,
        warning_days=(14, 3),
        age_bands=_ADULT,
    ),
    Programme("omm", date(2010, 1, 1), Authority.EXCLUSIVE, Funding.STATE),
    Programme("loverboy", date(2010, 1, 1), Authority.MEDIATION, Funding.STATE, sexes=_GIRLS, age_bands=_YOUNG),
    # The state paid until 31 December 2014, then the municipalities that run women's shelter.
    Programme(
        "loverboy", date(2015, 1, 1), Authority.MEDIATION, Funding.MUNICIPALITIES, sexes=_GIRLS, age_bands=_YOUNG
    ),
    Programme("vo", date(2010, 1, 1), Authority.MEDIATION, Funding.MUNICIPALITIES),
    # A home is a larger step than a bed: a week to answer, and a day's notice before it is over. Municipalities house
    # those who may stay: the quota counts holders of a permit.
    Programme(
        "housing",
        date(2010, 1, 1),
        Authority.EXCLUSIVE,
        Funding.MUNICIPALITIES,
        offer=A_WEEK,
        remind_hours=24,
        requires_permit=True,
    ),
)


class Programmes:
    """All versions of all lists."""

    def __init__(self, versions: Iterable[Programme] = DEFAULT_PROGRAMMES) -> None:
        self._by_list: dict[str, list[Programme]] = {}
        for version in sorted(versions, key=lambda version: (version.waitlist, version.valid_from)):
            known = self._by_list.setdefault(version.waitlist, [])
            if known and known[-1].valid_from == version.valid_from:
                raise ValueError("A list has two versions that begin on one day.")
            known.append(version)

    def at(self, waitlist: str, moment: datetime) -> Programme:
        """The version in force on the Dutch day of this moment; before the first, the first. Raises KeyError."""
        return self.on(waitlist, moment.astimezone(AMSTERDAM).date())

    def on(self, waitlist: str, day: date) -> Programme:
        """The version in force on this day; before the first, the first. Raises KeyError."""
        versions = self._by_list[waitlist]
        return next((version for version in reversed(versions) if version.valid_from <= day), versions[0])

    def next_beginning(self, moment: datetime) -> datetime | None:
        """When, after this moment, a version begins next: at midnight in the Netherlands."""
        beginnings = (datetime.combine(version.valid_from, time(), AMSTERDAM) for version in self)
        return min((begins for begins in beginnings if begins > moment), default=None)

    def of_policy(self, policy: str) -> Programme | None:
        """The version that a decision names; None when it is not known here any more."""
        return next((version for version in self if version.policy == policy), None)

    def of_offer(self, offer: Offer) -> Programme:
        """The version by which an offer was made; of one that does not name it, the version of that moment."""
        return self.of_policy(offer.policy) or self.at(offer.entry.waitlist, offer.made_at)

    def __iter__(self) -> Iterator[Programme]:
        return (version for versions in self._by_list.values() for version in versions)
