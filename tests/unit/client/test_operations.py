"""Every operation of every service is a method of the client, and sends what the OpenAPI document says."""

import inspect
import re
import typing
from collections.abc import Sequence
from datetime import UTC, datetime
from enum import Enum
from typing import Any
from uuid import UUID, uuid4

import pytest
from pydantic import BaseModel

from doorstroom_client import Client, Listing, ProblemError
from services.chassis.web.openapi import openapi
from services.cli.embedded import SERVICES, describe
from tests.unit.client.conftest import Scripted, refuses

DOCUMENTS = {definition.name: openapi(describe(definition)) for definition in SERVICES}
EXAMPLES = {
    operation.operation_id: operation.request_example
    for definition in SERVICES
    for operation in describe(definition).operations
}
# The description itself is for tools, and the same for every service.
OPERATIONS = [
    (document["servers"][0]["url"] + path, method.upper(), operation)
    for document in DOCUMENTS.values()
    for path, methods in document["paths"].items()
    for method, operation in methods.items()
    if method in {"get", "post", "put", "patch", "delete"} and operation["operationId"] != "getDescription"
]
BY_LISTING = {"cursor", "limit"}


def snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def operation_id(value: object) -> str | None:
    return str(value["operationId"]) if isinstance(value, dict) else None


def parameters_of(operation: dict[str, Any], where: str) -> set[str]:
    return {item["name"] for item in operation.get("parameters", ()) if item.get("in") == where}


def argument(name: str, kind: object, example: BaseModel | None, given: dict[str, object]) -> object:
    """A value for one of the method's parameters: of the example, if it is in there."""
    kinds: list[Any] = [part for part in (typing.get_args(kind) or (kind,)) if part is not type(None)]
    if example is not None and isinstance(kinds[0], type) and isinstance(example, kinds[0]):
        return example
    if example is not None and name in type(example).model_fields and getattr(example, name) is not None:
        return getattr(example, name)
    if UUID in kinds:
        return given.setdefault(name, uuid4())
    if isinstance(kinds[0], type) and issubclass(kinds[0], Enum):
        one = next(iter(kinds[0]))
        return [one] if typing.get_origin(kind) is Sequence else one
    if typing.get_origin(kinds[0]) is typing.Literal:
        return typing.get_args(kinds[0])[0]
    return {int: 3, bool: True, str: "2026-H2", datetime: datetime(2026, 7, 1, tzinfo=UTC)}.get(kinds[0], kinds[0])


def test_there_are_operations_to_compare() -> None:
    """About a hundred; an empty document would prove nothing."""
    assert len(OPERATIONS) > 80


def test_no_method_is_left_of_an_operation_that_is_gone() -> None:
    """Each public method is an operation, or one more way to say one."""
    methods = {name for name, _ in inspect.getmembers(Client, inspect.isfunction) if not name.startswith("_")}
    assert methods - {snake(operation["operationId"]) for _, _, operation in OPERATIONS} == {
        "claim_next_household",
        "listen_once",
    }


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS, ids=operation_id)
async def test_every_operation_has_a_method_that_sends_it(
    path: str, method: str, operation: dict[str, Any], scripted: Scripted
) -> None:
    """To the right address, with the right method, every path and query parameter, a body where there is one, a key."""
    scripted.answers = [refuses(400)]
    id_ = operation["operationId"]
    call = getattr(scripted.client(), snake(id_))
    hints = typing.get_type_hints(call)
    signature = inspect.signature(call)
    given: dict[str, object] = {}
    example = EXAMPLES[id_]
    arguments = {
        name: argument(name, hints[name], example, given)
        for name, parameter in signature.parameters.items()
        if parameter.default is inspect.Parameter.empty or name != "key"
    }
    with pytest.raises(ProblemError):
        await first(call(**arguments))
    (asked,) = scripted.asked
    filled = re.sub(r"\{(\w+)\}", lambda found: str(arguments[snake(found[1])]), path)
    assert (asked.method, asked.path) == (method, filled)
    documented = parameters_of(operation, "query")
    assert set(asked.query) <= documented
    offered = set(signature.parameters) - {"key"}
    assert {snake(name) for name in documented - BY_LISTING} <= offered
    assert (documented >= {"cursor"}) == ("limit" in asked.query)
    assert ("idempotency-key" in asked.headers) == (method == "POST")
    assert (asked.body is not None) == ("requestBody" in operation)
    if example is not None and any(isinstance(value, type(example)) for value in arguments.values()):
        assert type(example).model_validate(asked.body) == example


async def first(called: Any) -> object:  # noqa: ANN401 - a stream, a listing or a coroutine
    """Send it, whatever kind of method it is."""
    if inspect.isasyncgen(called):
        return await anext(called)
    return await called


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS, ids=operation_id)
def test_every_list_is_read_with_async_for(path: str, method: str, operation: dict[str, Any]) -> None:
    """Whether it comes in pages or as a whole: `list…` gives a listing, and nothing else does."""
    assert path.startswith("/")
    kind = typing.get_type_hints(getattr(Client, snake(operation["operationId"])))["return"]
    is_list = method == "GET" and operation["operationId"].startswith("list")
    assert (typing.get_origin(kind) is Listing) == is_list
    assert not parameters_of(operation, "query") >= {"cursor"} or is_list
