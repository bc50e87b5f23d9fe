"""Profiles and terms as canonical JSON text: equal things have equal text, so a unique index can compare them."""

import json
from collections.abc import Iterable
from functools import lru_cache

from schemas.vocabulary import AgeBand, Need, Sex
from services.registry.domain.model import Profile, Terms


def canonical_json(value: object) -> str:
    """JSON with sorted keys and no spaces."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


@lru_cache(maxsize=65_536)
def encode_profile(profile: Profile) -> str:
    """The text that stands for this profile."""
    return canonical_json(
        {
            "sex": profile.sex,
            "ageBand": profile.age_band,
            "adults": profile.adults,
            "children": profile.children,
            "wheelchair": profile.wheelchair,
            "needs": _sorted(profile.needs),
        }
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
    )


@lru_cache(maxsize=65_536)
def encode_terms(terms: Terms) -> str:
    """The text that stands for these terms."""
    return canonical_json(
        {
            "places": terms.places,
            "sexes": _sorted(terms.sexes),
            "ageBands": _sorted(terms.age_bands),
            "children": terms.children,
            "wheelchair": terms.wheelchair,
            "needs": _sorted(terms.needs),
        }
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
    )


def _sorted(words: Iterable[str]) -> list[str]:
    return sorted(words)
