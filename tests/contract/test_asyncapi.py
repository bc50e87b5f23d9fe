"""The AsyncAPI document keeps the rules of the specification, and each rule is seen to find what breaks it."""

import copy
import json
from collections.abc import Callable

import pytest

from schemas.export import PUBLISHED
from tests.support import async_api_rules as rules
from tests.support.async_api_rules import RULES, Document, Rule

DOCUMENT: Document = json.loads((PUBLISHED / "asyncapi.json").read_text())
BED_FREED = "nl.doorstroom.beds.bed-freed.v1"
QUEUE = "doorstroom.registry"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_document_keeps_the_rule(rule: Rule) -> None:
    """Nothing is found."""
    assert list(rule(DOCUMENT)) == []


SPOILERS: list[tuple[Rule, Callable[[Document], object]]] = [
    (rules.it_is_asyncapi_3, lambda it: it.update(asyncapi="2.6.0")),
    (rules.it_is_asyncapi_3, lambda it: it["info"].pop("version")),
    (rules.it_is_asyncapi_3, lambda it: it.update(publish={})),
    (rules.every_reference_leads_somewhere, lambda it: it["components"]["messages"].pop(BED_FREED)),
    (
        rules.operations_send_or_receive_what_their_channel_has,
        lambda it: it["channels"][QUEUE]["messages"].pop(BED_FREED),
    ),
    (
        rules.operations_send_or_receive_what_their_channel_has,
        lambda it: it["operations"][f"{QUEUE}.receive"].update(action="publish"),
    ),
    (rules.parameters_are_those_of_the_address, lambda it: it["channels"][QUEUE].update(address="doorstroom.{who}")),
    (rules.addresses_are_unique, lambda it: it["channels"][BED_FREED].update(address=QUEUE)),
    (rules.every_channel_is_used, lambda it: it["operations"].pop(f"{QUEUE}.receive")),
    (
        rules.examples_are_valid,
        lambda it: it["components"]["messages"][BED_FREED]["examples"][0]["payload"].update(source="us"),
    ),
    (rules.examples_are_valid, lambda it: it["components"]["messages"][BED_FREED].pop("examples")),
]


@pytest.mark.parametrize(("rule", "spoil"), SPOILERS, ids=lambda value: getattr(value, "__name__", ""))
def test_the_rule_finds_what_breaks_it(rule: Rule, spoil: Callable[[Document], object]) -> None:
    """A document that is spoiled in one place is refused."""
    document = copy.deepcopy(DOCUMENT)
    spoil(document)
    assert list(rule(document)) != []


def test_every_rule_was_seen_to_fail() -> None:
    """A rule that cannot find anything would say nothing."""
    assert {rule for rule, _ in SPOILERS} == set(RULES)
