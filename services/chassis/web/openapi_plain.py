"""Describes in OpenAPI the routes whose content another standard describes, such as OAuth's token endpoint."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode

from services.chassis.web.negotiation import JSON
from services.chassis.web.operation import Api, Described, PlainRoute
from services.chassis.web.problems import MEDIA_TYPE

Document = dict[str, Any]
References = Mapping[tuple[type[BaseModel], JsonSchemaMode], Document]

FORM = "application/x-www-form-urlencoded"
_VERSION: Document = {"API-Version": {"$ref": "#/components/headers/ApiVersion"}}
_RETRY: Document = {"Retry-After": {"$ref": "#/components/headers/RetryAfter"}}
_FAILURES: Document = {
    "500": {"$ref": "#/components/responses/InternalError"},
    "503": {"$ref": "#/components/responses/Unavailable"},
}


def described(api: Api[Any]) -> Iterator[tuple[PlainRoute, Described]]:
    """The routes of an API that have a description, each with it."""
    yield from ((route, route.described) for route in api.plain if route.described is not None)


def models_of(api: Api[Any]) -> list[tuple[type[BaseModel], JsonSchemaMode]]:
    """What they send and take."""
    found: list[tuple[type[BaseModel], JsonSchemaMode]] = []
    for _, one in described(api):
        sent = (one.answer, one.refusal)
        found += [(type(example), "serialization") for example in sent if example is not None]
        found += [] if one.form is None else [(type(one.form), "validation")]
    return found


def operation(one: Described, references: References) -> Document:
    """One route as an operation of OpenAPI, open to everyone."""
    success = {
        "description": one.summary,
        "headers": _VERSION,
        "content": {one.media_type: _content(one.answer, references)},
    }
    document: Document = {
        "operationId": one.operation_id,
        "summary": one.summary,
        "description": one.description,
        "tags": list(one.tags),
        "security": [],
        "responses": {
            "200": success,
            **_FAILURES,
            **{str(status): _refused(one, status, references) for status in one.refusals},
        },
    }
    if one.form is not None:
        form = {"schema": references[type(one.form), "validation"], "example": _example(one.form)}
        document["requestBody"] = {"required": True, "content": {FORM: form}}
    return document


def _refused(one: Described, status: int, references: References) -> Document:
    """In the other standard's form; as a problem document for who accepts that and not JSON."""
    refusal = one.refusal
    assert refusal is not None  # noqa: S101 - a route that refuses says how
    example = {
        "type": "about:blank",
        "title": _example(refusal)["error"],
        "status": status,
        "detail": _example(refusal)["error_description"],
    }
    return {
        "description": one.refusals[status],
        "headers": {**_VERSION, **(_RETRY if status in (429, 503) else {})},
        "content": {
            JSON: _content(refusal, references),
            MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "example": example},
        },
    }


def _content(example: BaseModel, references: References) -> Document:
    return {"schema": references[type(example), "serialization"], "example": _example(example)}


def _example(example: BaseModel) -> Document:
    return example.model_dump(mode="json", exclude_none=True)
