"""Every operation shows what is sent and what is answered, and both are what its models take."""

import json
from typing import Any

import pytest

from services.chassis.web import Operation, openapi
from services.cli.embedded import SERVICES, describe
from tests.support.design_rules import faults_by_schema, responses

DOCUMENTS = {definition.name: openapi(describe(definition)) for definition in SERVICES}
OPERATIONS = [
    pytest.param(definition.name, operation, id=operation.operation_id)
    for definition in SERVICES
    for operation in describe(definition).operations
]


@pytest.mark.parametrize(("name", "operation"), OPERATIONS)
def test_every_operation_shows_what_is_sent_and_answered(name: str, operation: Operation[Any]) -> None:
    """As the description has it, and as the code takes it."""
    document = DOCUMENTS[name]
    base = describe(next(definition for definition in SERVICES if definition.name == name)).base_path
    described = document["paths"][operation.path.removeprefix(base)][operation.method.lower()]
    shown = []
    if operation.request is not None:
        shown.append((operation.request, described["requestBody"]["content"]["application/json"]))
    if operation.response is not None and operation.stream is None:
        content = described["responses"][str(operation.status)]["content"]["application/json"]
        shown.append((operation.response, content))
    for model, content in shown:
        assert faults_by_schema(document, content["schema"], content["example"]) == []
        model.model_validate_json(json.dumps(content["example"]), strict=True, extra="forbid")
    if operation.stream is not None and operation.response is not None:
        content = described["responses"]["200"]["content"]["text/event-stream"]
        operation.response.model_validate_json(content["example"])
    assert shown or operation.stream or operation.status == 204


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_answer_with_something_in_it_has_an_example(name: str) -> None:
    """Failures and the description of the API too."""
    for where, _, response in responses(DOCUMENTS[name]):
        for content in response.get("content", {}).values():
            assert "example" in content, where
