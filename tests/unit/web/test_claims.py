"""What an issuer calls things, read as what we call them."""

from typing import Any

import pytest

from services.chassis.identity import ClaimNames

NAMES = ClaimNames.from_words("organisation.id", "roles", "scp", "app-coordinator=coordinator app-bed=provider")


@pytest.mark.parametrize(
    ("claims", "read"),
    [
        ({"organisation": {"id": "o"}, "roles": ["x", "app-bed"], "scp": ["a", "b"]}, ("o", "provider", "a b")),
        ({"organisation.id": "o", "roles": "app-coordinator", "scp": "a b"}, ("o", "coordinator", "a b")),
        ({"organisation": "o", "roles": ["app-bed", "app-coordinator"]}, (None, None, None)),
        ({"organisation": [], "roles": ["provider", 1, None], "scp": [1]}, (None, None, [1])),
        ({"roles": {"app-bed": True}}, (None, None, None)),
    ],
)
def test_claims_are_read_under_the_issuers_names(claims: dict[str, Any], read: tuple[object, ...]) -> None:
    """Of roles, the one that is one of ours; of two, none."""
    found = NAMES.read(claims)
    assert (found.get("org"), found.get("role"), found.get("scope")) == read


def test_the_client_is_in_either_of_two_claims() -> None:
    """As OAuth NL GOV has it, or RFC 9068."""
    assert ClaimNames().read({"client_id": "c"})["azp"] == "c"
    assert ClaimNames().read({"client_id": "c", "azp": "a"})["azp"] == "a"


@pytest.mark.parametrize("words", ["coordinator", "=coordinator", "x=boss"])
def test_words_that_mean_none_of_our_roles_are_refused(words: str) -> None:
    """When the settings are read, and not at the first token."""
    with pytest.raises(ValueError, match="word=role"):
        ClaimNames.from_words("org", "role", "scope", words)
