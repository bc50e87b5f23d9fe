"""Every service's OpenAPI document keeps the API Design Rules; and each rule is able to find what breaks it."""

import copy
from collections.abc import Callable
from functools import cache

import pytest

from services.chassis.web import openapi
from services.cli.embedded import NAMES, api_of
from tests.support import design_rules as rules
from tests.support.design_rules import RULES, Document, Rule

OF_OAUTH = ("identity", rules.properties_are_camel_case)
"""What OAuth has given names to keeps them."""
NAMES_OF_OAUTH = {
    *("grant_type", "client_assertion_type", "client_assertion", "client_id"),
    *("access_token", "token_type", "expires_in", "error_description"),
}


@cache
def document_of(name: str) -> Document:
    """The document, as `doorstroom openapi` prints it; not to be changed."""
    return openapi(api_of(name))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("name", NAMES)
def test_every_service_keeps_the_rule(name: str, rule: Rule) -> None:
    """Nothing is found; but for names that are not ours."""
    found = list(rule(document_of(name)))
    if (name, rule) == OF_OAUTH:
        assert {place.rpartition("/")[2] for place in found} == NAMES_OF_OAUTH
    else:
        assert found == []


def _units(document: Document) -> Document:
    operation: Document = document["paths"]["/units"]["get"]
    return operation


def _unit(document: Document) -> Document:
    schema: Document = document["components"]["schemas"]["Unit"]
    return schema


def _move(document: Document, path: str) -> None:
    document["paths"][path] = document["paths"].pop("/units")


SPOILERS: list[tuple[Rule, Callable[[Document], object]]] = [
    (rules.it_is_openapi_3_1, lambda it: it.update(openapi="2.0")),
    (rules.it_is_openapi_3_1, lambda it: _units(it).update(responses={"200": {}})),
    (rules.operation_ids_are_unique, lambda it: _units(it).update(operationId="listStays")),
    (rules.path_parameters_are_those_of_the_path, lambda it: _move(it, "/units/{unitId}")),
    (rules.tags_are_declared_once, lambda it: it["tags"].append(it["tags"][0])),
    (rules.tags_are_declared_once, lambda it: _units(it).update(tags=["others"])),
    (rules.servers_have_the_major_version, lambda it: it.update(servers=[])),
    (rules.servers_have_the_major_version, lambda it: it.update(servers=[{"url": "http://x/v1"}])),
    (rules.servers_have_the_major_version, lambda it: it.update(servers=[{"url": "/{place}/v1"}])),
    (rules.servers_have_the_major_version, lambda it: it.update(servers=[{"url": "/shelters/v2"}])),
    (rules.paths_are_kebab_case, lambda it: _move(it, "/units/")),
    (rules.paths_are_kebab_case, lambda it: _move(it, "/some_units")),
    (rules.paths_are_kebab_case, lambda it: _move(it, "/_list/units")),
    (rules.methods_are_the_standard_ones, lambda it: it["paths"]["/units"].update(trace=_units(it))),
    (rules.query_keys_are_camel_case, lambda it: _units(it)["parameters"][0].update(name="page_cursor")),
    (
        rules.query_keys_are_camel_case,
        lambda it: it["components"]["securitySchemes"].update(key={"type": "apiKey", "in": "query", "name": "key"}),
    ),
    (rules.properties_are_camel_case, lambda it: _unit(it)["properties"].update(unit_id={})),
    (rules.schemas_are_upper_camel_case, lambda it: it["components"]["schemas"].update(schemas__unit={})),
    (rules.every_response_has_the_version, lambda it: _units(it)["responses"]["200"].pop("headers")),
    (rules.every_response_has_the_version, lambda it: it["components"]["responses"]["Forbidden"].pop("headers")),
    (rules.the_version_is_semantic, lambda it: it["info"].update(version="1.0")),
    (rules.there_is_somebody_to_ask, lambda it: it["info"]["contact"].pop("email")),
    (
        rules.failures_are_problem_documents,
        lambda it: it["components"]["responses"]["Forbidden"].update(content={"application/json": {"schema": {}}}),
    ),
    (
        rules.failures_are_problem_documents,
        lambda it: it["components"]["schemas"]["Problem"]["properties"].pop("title"),
    ),
    (
        rules.links_lead_to_operations,
        lambda it: it["paths"]["/units"]["post"]["responses"]["201"]["links"].update(X={"operationId": "nothing"}),
    ),
    (
        rules.links_lead_to_operations,
        lambda it: it["paths"]["/units"]["post"]["responses"]["201"]["links"]["SuspendUnit"].update(
            parameters={"unitId": "$response.body#/id"}
        ),
    ),
    (rules.invalid_input_is_400, lambda it: _units(it)["responses"].pop("400")),
    (rules.invalid_input_is_400, lambda it: _units(it)["responses"].update({"422": {"description": "no"}})),
    (rules.moments_have_a_zone, lambda it: _unit(it)["properties"].update(opens={"type": "string", "format": "time"})),
    (rules.days_are_dates, lambda it: _unit(it)["properties"].update(readyDate={"type": "string"})),
    (
        rules.moments_are_not_called_dates,
        lambda it: _unit(it)["properties"].update(readyOn={"type": "string", "format": "date-time"}),
    ),
    (rules.examples_and_defaults_are_valid, lambda it: _unit(it)["properties"]["places"].update(default=99)),
    (rules.examples_and_defaults_are_valid, lambda it: _unit(it)["properties"]["places"].update(examples=[2, "3"])),
    (
        rules.nothing_in_a_path_looks_like_a_method,
        lambda it: _units(it)["responses"]["200"]["content"]["application/json"].update(example={"postcode": "x"}),
    ),
]


@pytest.mark.parametrize(("rule", "spoil"), SPOILERS, ids=lambda value: getattr(value, "__name__", ""))
def test_the_rule_finds_what_breaks_it(rule: Rule, spoil: Callable[[Document], object]) -> None:
    """A document that is spoiled in one place is refused."""
    document = copy.deepcopy(document_of("shelters"))
    spoil(document)
    assert list(rule(document)) != []


def test_every_rule_was_seen_to_fail() -> None:
    """A rule that cannot find anything would say nothing."""
    assert {rule for rule, _ in SPOILERS} == set(RULES)
