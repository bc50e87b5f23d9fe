"""What an operator sets for the lists: a file of versions, each from its first day on. Checked when the service starts.

A version says what differs from the one before it. Once decisions name a version, it is left as it is, and what
changes gets a version of its own: the name carries a digest of what it says, so that an edited one has another name.
"""

import hashlib
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError

from schemas.api.registry import Waitlist
from schemas.base import Schema
from schemas.vocabulary import AgeBand, DeclineReason, Sex
from services.calendar.hours import LONGEST_HOURS, AnswerTime
from services.registry.domain.programmes import (
    DEFAULT_PROGRAMMES,
    Authority,
    Consequence,
    Funding,
    Programme,
    Programmes,
    RegionPreference,
)

LARGEST_BYTES = 1024 * 1024
DIGEST_LENGTH = 8
PROBLEMS_LIMIT = 20


class Answer(Schema):
    """How long somebody has to answer."""

    hours: int = Field(ge=1, le=LONGEST_HOURS)
    working: bool = False


class Region(Schema):
    """How far a household of the vacancy's own region may go first."""

    among: int = Field(ge=1, le=20)
    days: int = Field(ge=0, le=366)


class Version(Schema):
    """One version of how a list works; what it does not say is as in the version before it."""

    waitlist: Waitlist
    valid_from: date
    authority: Authority | None = None
    funding: Funding | None = None
    offer: Answer | None = None
    enquiry: Answer | None = None
    remind_hours: int | None = Field(None, ge=1, le=LONGEST_HOURS)
    consequences: dict[DeclineReason, Consequence] | None = None
    pause_days: int | None = Field(None, ge=1, le=366)
    silences_before_review: int | None = Field(None, ge=1, le=100)
    region_preference: Region | None = None
    requires_reflection_period: bool | None = None
    requires_permit: bool | None = None
    sexes: list[Sex] | None = Field(None, min_length=1, max_length=len(Sex))
    age_bands: list[AgeBand] | None = Field(None, min_length=1, max_length=len(AgeBand))
    warning_days: list[Annotated[int, Field(ge=1, le=92)]] | None = Field(None, max_length=10)


_VERSIONS = TypeAdapter(Annotated[list[Version], Field(max_length=1000)])


def read_programmes(path: Path | None) -> Programmes:
    """The lists as they come, with the operator's versions if there is a file.

    Raises OSError when the file cannot be read, and ValueError when it is too large or says what cannot be.
    """
    if path is None:
        return Programmes()
    with path.open("rb") as file:
        body = file.read(LARGEST_BYTES + 1)
    if len(body) > LARGEST_BYTES:
        raise ValueError(f"A file of programmes has at most {LARGEST_BYTES} bytes.")
    try:
        return with_versions(_VERSIONS.validate_json(body))
    except ValidationError as error:
        raise ValueError(_what_is_wrong(error)) from None


def _what_is_wrong(error: ValidationError) -> str:
    """Where and what, and never the value."""
    problems = error.errors(include_url=False, include_input=False, include_context=False)[:PROBLEMS_LIMIT]
    return "; ".join(f"{'.'.join(map(str, problem['loc'])) or 'file'}: {problem['msg']}" for problem in problems)


def with_versions(versions: list[Version]) -> Programmes:
    """The lists as they come, with these versions. Raises ValueError when two of a list begin on one day."""
    known = list(DEFAULT_PROGRAMMES)
    for version in sorted(versions, key=lambda version: (version.valid_from, version.waitlist)):
        known.append(_applied(Programmes(known).on(version.waitlist, version.valid_from), version))
    return Programmes(known)


def _applied(before: Programme, version: Version) -> Programme:
    given = version.model_dump(exclude_none=True, by_alias=False)
    if version.offer:
        given["offer"] = AnswerTime(version.offer.hours, version.offer.working)
    if version.enquiry:
        given["enquiry"] = AnswerTime(version.enquiry.hours, version.enquiry.working)
    if version.warning_days is not None:
        given["warning_days"] = tuple(version.warning_days)
    if version.region_preference:
        given["region_preference"] = RegionPreference(version.region_preference.among, version.region_preference.days)
    if version.sexes:
        given["sexes"] = frozenset(version.sexes)
    if version.age_bands:
        given["age_bands"] = frozenset(version.age_bands)
    if version.consequences:
        given["consequences"] = {**before.consequences, **version.consequences}
    return replace(before, **given, edition=_digest(version))


def _digest(version: Version) -> str:
    said = version.model_dump_json(exclude_none=True)
    return hashlib.sha256(said.encode()).hexdigest()[:DIGEST_LENGTH]
