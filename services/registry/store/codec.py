"""Profiles and terms as canonical JSON text: equal things have equal text, so a unique index can compare them."""

import json
from collections.abc import Iterable
from functools import lru_cache
from uuid import UUID

from schemas.vocabulary import AgeBand, Need, Region, Secrecy, Sex
from services.chassis.canonical import canonical_json
from services.registry.domain.model import Lack, Profile, Terms


@lru_cache(maxsize=65_536)
def encode_profile(profile: Profile) -> str:
    """The text that stands for this profile."""
    return _without_defaults(
        {
            "sex": profile.sex,
            "ageBand": profile.age_band,
            "adults": profile.adults,
            "children": profile.children,
            "wheelchair": profile.wheelchair,
            "needs": _sorted(profile.needs),
        },
        {
            "excludedRegions": _sorted(profile.excluded_regions),
            "excludedMunicipalities": _sorted(profile.excluded_municipalities),
            "excludedFacilities": _sorted(map(str, profile.excluded_facilities)),
            "secrecyWanted": None if profile.secrecy_wanted is Secrecy.KNOWN else profile.secrecy_wanted,
            "region": profile.region,
        },
    )


@lru_cache(maxsize=65_536)
def decode_profile(text: str) -> Profile:
    """The profile that this text stands for."""
    value = json.loads(text)
    return Profile(
        sex=Sex(value["sex"]),
        age_band=AgeBand(value["ageBand"]),
        adults=value["adults"],
        children=value["children"],
        wheelchair=value["wheelchair"],
        needs=frozenset(map(Need, value["needs"])),
        excluded_regions=frozenset(map(Region, value.get("excludedRegions", ()))),
        excluded_municipalities=frozenset(value.get("excludedMunicipalities", ())),
        excluded_facilities=frozenset(map(UUID, value.get("excludedFacilities", ()))),
        secrecy_wanted=Secrecy(value.get("secrecyWanted", Secrecy.KNOWN)),
        region=Region(value["region"]) if "region" in value else None,
    )


@lru_cache(maxsize=65_536)
def encode_terms(terms: Terms) -> str:
    """The text that stands for these terms."""
    return _without_defaults(
        {
            "places": terms.places,
            "sexes": _sorted(terms.sexes),
            "ageBands": _sorted(terms.age_bands),
            "children": terms.children,
            "wheelchair": terms.wheelchair,
            "needs": _sorted(terms.needs),
        },
        {
            "region": terms.region,
            "municipalityCode": terms.municipality_code,
            "facilityId": None if terms.facility_id is None else str(terms.facility_id),
            "secrecy": terms.secrecy,
            "keptForPlaces": terms.kept_for_places,
            "mayLieIn": _sorted(terms.may_lie_in),
            "formerCodes": _sorted(terms.former_codes),
        },
    )


@lru_cache(maxsize=65_536)
def decode_terms(text: str) -> Terms:
    """The terms that this text stands for."""
    value = json.loads(text)
    return Terms(
        places=value["places"],
        sexes=frozenset(map(Sex, value["sexes"])),
        age_bands=frozenset(map(AgeBand, value["ageBands"])),
        children=value["children"],
        wheelchair=value["wheelchair"],
        needs=frozenset(map(Need, value["needs"])),
        region=Region(value["region"]) if "region" in value else None,
        municipality_code=value.get("municipalityCode"),
        facility_id=UUID(value["facilityId"]) if "facilityId" in value else None,
        secrecy=Secrecy(value["secrecy"]) if "secrecy" in value else None,
        kept_for_places=value.get("keptForPlaces"),
        may_lie_in=frozenset(map(Region, value.get("mayLieIn", ()))),
        former_codes=frozenset(value.get("formerCodes", ())),
    )


def encode_lacks(lacks: frozenset[Lack]) -> str:
    """Their names in order, with spaces between them; nothing when nothing is lacking."""
    return " ".join(sorted(lacks))


@lru_cache(maxsize=8)
def decode_lacks(text: str) -> frozenset[Lack]:
    """What this text stands for."""
    return frozenset(map(Lack, text.split()))


def _without_defaults(always: dict[str, object], sometimes: dict[str, object]) -> str:
    """What is not said has no text, so that a thing stored before a member was known is equal to one stored now."""
    return canonical_json(always | {name: value for name, value in sometimes.items() if value})


def _sorted(words: Iterable[str]) -> list[str]:
    return sorted(words)
