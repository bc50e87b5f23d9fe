"""The OpenAPI document, and what an API may not look like."""

import json
from dataclasses import replace
from typing import Any

import pytest

from services.chassis.identity import Role
from services.chassis.web import Operation, Reply, build_application, openapi
from tests.unit.web.things import ACCESS, BASE, Handlers, Service, operations, things_api


def described() -> dict[str, Any]:
    return openapi(things_api(Handlers(), None))


def resolved(document: dict[str, Any], value: dict[str, Any]) -> dict[str, Any]:
    """Follow a reference within the document."""
    while "$ref" in value:
        target: Any = document
        for step in value["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        value = target
    return value


def every_operation(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [(method, operation) for path in document["paths"].values() for method, operation in path.items()]


async def test_the_description_is_public(service: Service) -> None:
    """Anyone may read it, from any web page."""
    answer = await service.call("GET", f"{BASE}/openapi.json", headers={"Authorization": ""})
    assert answer.status == 200
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert json.loads(answer.body) == described()
    assert (answer.headers["Content-Language"], answer.headers["Vary"]) == ("nl", "Accept-Language")


def test_the_description_follows_the_design_rules() -> None:
    """OpenAPI 3.1, full version, contact, major version in the server's address."""
    document = described()
    assert document["openapi"] == "3.1.0"
    assert document["info"]["version"] == "1.2.3"
    assert set(document["info"]["contact"]) == {"name", "email", "url"}
    assert document["servers"] == [{"url": BASE}]


def test_every_response_declares_the_version_header() -> None:
    """Errors too."""
    document = described()
    for _, operation in every_operation(document):
        for response in operation["responses"].values():
            assert "API-Version" in resolved(document, response)["headers"]


def test_every_failure_is_a_problem_document() -> None:
    """With the members that the design rules ask for."""
    document = described()
    for _, operation in every_operation(document):
        for status, response in operation["responses"].items():
            if status.startswith(("4", "5")):
                content = resolved(document, response)["content"]["application/problem+json"]
                assert {"status", "title", "detail"} <= set(resolved(document, content["schema"])["properties"])


def test_every_operation_with_input_can_answer_400() -> None:
    """And every POST wants an idempotency key."""
    document = described()
    for method, operation in every_operation(document):
        if operation.get("parameters") or method != "get":
            assert "400" in operation["responses"]
        if method == "post":
            names = [resolved(document, parameter)["name"] for parameter in operation["parameters"]]
            assert "Idempotency-Key" in names


def test_bodies_are_described_as_they_are_sent() -> None:
    """camelCase, and nothing beyond what is listed."""
    schemas = described()["components"]["schemas"]
    assert set(schemas["NewThing"]["properties"]) == {"ownerId", "amount", "label", "tags"}
    assert schemas["NewThing"]["additionalProperties"] is False


def test_the_document_holds_no_dangling_reference() -> None:
    """Each reference leads somewhere."""
    document = described()

    def walk(value: object) -> None:
        if isinstance(value, dict):
            if "$ref" in value:
                assert resolved(document, value)
            for member in value.values():
                walk(member)
        elif isinstance(value, list):
            for item in value:
                walk(item)

    walk(document)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"method": "FETCH"}, "method"),
        ({"path": f"{BASE}/things/"}, "kebab-case"),
        ({"path": f"{BASE}/some_things"}, "kebab-case"),
        ({"handler": None}, "exactly one"),
        ({"path_types": {"ghost": int}}, "ghost"),
        ({"method": "DELETE"}, "no body"),
    ],
)
def test_an_operation_that_breaks_the_rules_cannot_be_declared(changes: dict[str, Any], reason: str) -> None:
    """The mistake shows when the service starts, not when someone calls."""
    good = operations(Handlers())[0]
    with pytest.raises(ValueError, match=reason):
        replace(good, **changes)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"base_path": "/things/v2"}, "major version"),
        ({"base_path": "/others/v1"}, "outside"),
        ({"operations": operations(Handlers())[:1] * 2}, "unique"),
        ({"access": {}}, "open to everyone"),
        ({"access": ACCESS | {"ghost": ACCESS["showThing"]}}, "ghost"),
    ],
)
def test_an_api_that_breaks_the_rules_cannot_be_declared(changes: dict[str, Any], reason: str) -> None:
    """Likewise."""
    with pytest.raises(ValueError, match=reason):
        replace(things_api(Handlers(), None), **changes)


async def test_a_handler_that_answers_with_a_failure_is_a_mistake(service: Service) -> None:
    """It would be committed: failures are raised."""

    async def refuse(_call: object, _unit: object) -> Reply:
        return Reply(404)

    operation: Operation[Any] = Operation(
        method="GET",
        path=f"{BASE}/wrong",
        operation_id="wrong",
        summary="Wrong",
        handler=refuse,
    )
    api = replace(things_api(Handlers(), service.work), operations=(operation,), access={"wrong": ACCESS["showThing"]})
    application = build_application([api], service.verifier, clock=service.clock)
    other = await service.serve(application)
    answer = await service.call("GET", f"{BASE}/wrong", port=other, token=service.token(Role.AUDITOR))
    assert answer.status == 500


@pytest.mark.parametrize(
    ("wanted", "given"),
    [("en", "en"), ("en-GB, nl;q=0.5", "en"), ("nl;q=0.9, en;q=0.8", "nl"), ("de", "nl"), ("*", "nl"), ("q=;;,", "nl")],
)
async def test_the_description_is_in_the_language_that_is_liked_best(service: Service, wanted: str, given: str) -> None:
    """Of Dutch and English; Dutch, when nothing is said of either."""
    answer = await service.call("GET", f"{BASE}/openapi.json", headers={"Accept-Language": wanted})
    assert answer.headers["Content-Language"] == given
    summary = json.loads(answer.body)["paths"]["/openapi.json"]["get"]["summary"]
    assert summary == {"nl": "De beschrijving van deze API", "en": "The description of this API"}[given]
