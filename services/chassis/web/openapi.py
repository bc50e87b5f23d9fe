"""Describes an API in OpenAPI 3.1, from the operations and models that it runs on, after the API Design Rules 2.2."""

import json
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from schemas.access import Access
from schemas.api.problem import Problem
from schemas.texts import Language
from schemas.texts import examples as known_examples
from services.chassis.idempotency import KEY_HEADER
from services.chassis.web import matching, openapi_plain
from services.chassis.web.examples import Examples
from services.chassis.web.language import in_language
from services.chassis.web.links import links
from services.chassis.web.negotiation import EVENT_STREAM, JSON
from services.chassis.web.operation import Api, Operation
from services.chassis.web.problems import MEDIA_TYPE

Document = dict[str, Any]
AnyApi = Api[Any]
AnyOperation = Operation[Any]

_REFERENCE = "#/components/schemas/{model}"
_SECURITY = "accessToken"
_PROBLEMS = {
    400: ("InvalidInput", "The request is not valid; `errors` lists everything that must be put right."),
    401: ("Unauthenticated", "There is no access token, or it is not valid."),
    403: ("Forbidden", "The access token does not allow this."),
    404: ("NotFound", "It does not exist, or not for this organisation."),
    406: ("NotAcceptable", "The answer has another media type than is accepted."),
    409: ("Conflict", "This does not go together with the present state, or the key was used for another request."),
    412: ("PreconditionFailed", "It is not what If-Match says any more: somebody was faster. Nothing was changed."),
    413: ("TooLarge", "The body is too large."),
    415: ("UnsupportedMediaType", "The body must be uncompressed JSON in UTF-8."),
    429: (
        "TooManyRequests",
        "Too much is asked in a short time: try again after Retry-After seconds.",
    ),
    500: ("InternalError", "The request failed by a mistake of ours."),
    503: ("Unavailable", "Not available at the moment. Nothing was half done: try again after Retry-After seconds."),
}
_HEADERS: Document = {
    "ApiVersion": {
        "description": "The full version of this API.",
        "required": True,
        "schema": {"type": "string"},
        "example": "1.0.0",
    },
    "IdempotencyReplayed": {
        "description": "`true` when this answer was given before, to the first request with the same key.",
        "schema": {"type": "string", "enum": ["true"]},
    },
    "ContentLanguage": {
        "description": "Which language the descriptions are in: nl, or en.",
        "required": True,
        "schema": {"type": "string", "enum": list(Language)},
        "example": Language.DUTCH,
    },
    "RetryAfter": {"description": "Seconds to wait.", "schema": {"type": "integer"}},
    "ETag": {
        "description": "What this is, as it is now; to be given as If-Match with an update.",
        "schema": {"type": "string"},
        "example": '"3f2a9c0de1b24c75a86b0f9d2e4c1a77"',
    },
    "Link": {"description": 'The next page, as `<…>; rel="next"` (RFC 8288).', "schema": {"type": "string"}},
}


def openapi(api: AnyApi, language: Language = Language.DUTCH) -> Document:
    """The OpenAPI document of one API in one language, as plain JSON values."""
    document: Document = in_language(_openapi(api), language)
    return document


def _openapi(api: AnyApi) -> Document:
    references, schemas = _schemas(api)
    plain = {tag for _, described in openapi_plain.described(api) for tag in described.tags}
    tags = sorted({tag for operation in api.operations for tag in operation.tags} | plain)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": api.title,
            "description": api.description,
            "version": api.version,
            "contact": {"name": api.contact.name, "email": api.contact.email, "url": api.contact.url},
            "license": {"name": "EUPL-1.2", "identifier": "EUPL-1.2"},
        },
        "servers": [{"url": api.base_path}],
        "security": [{_SECURITY: []}],
        "tags": [{"name": name, "description": name} for name in tags],
        "paths": _paths(api, references, Examples(schemas, known_examples())),
        "components": {
            "schemas": schemas,
            "headers": _HEADERS,
            "parameters": {"IdempotencyKey": _idempotency_key(), "IfMatch": _if_match()},
            "responses": {name: _problem_response(status, text) for status, (name, text) in _PROBLEMS.items()},
            "securitySchemes": {_SECURITY: {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    }


References = Mapping[tuple[type[BaseModel], JsonSchemaMode], Document]


def _schemas(api: AnyApi) -> tuple[References, Document]:
    models: list[tuple[type[BaseModel], JsonSchemaMode]] = [(Problem, "serialization"), *openapi_plain.models_of(api)]
    for operation in api.operations:
        if operation.request is not None:
            models.append((operation.request, "validation"))
        if operation.response is not None:
            models.append((operation.response, "serialization"))
    generated, definitions = models_json_schema(list(dict.fromkeys(models)), ref_template=_REFERENCE)
    references = {key: generated[key] for key in models}
    return references, definitions.get("$defs", {})


def _paths(api: AnyApi, references: References, examples: Examples) -> Document:
    paths: Document = {}
    for operation in api.operations:
        path = paths.setdefault(operation.path.removeprefix(api.base_path), {})
        described = _operation(operation, api.access[operation.operation_id], references, examples)
        if going_on := links(operation, api.operations):
            described["responses"][str(operation.status)]["links"] = going_on
        path[operation.method.lower()] = described
    for route, told in openapi_plain.described(api):
        path = paths.setdefault(route.path.removeprefix(api.base_path), {})
        path[route.method.lower()] = openapi_plain.operation(told, references)
    paths["/openapi.json"] = {"get": _own_description()}
    return paths


def _operation(operation: AnyOperation, access: Access, references: References, examples: Examples) -> Document:
    document: Document = {
        "operationId": operation.operation_id,
        "summary": operation.summary,
        "description": operation.description,
        "x-scope": access.scope,
        "x-roles": sorted(access.roles),
        "tags": list(operation.tags),
        "security": [{_SECURITY: []}],
        "responses": _responses(operation, references, examples),
    }
    if parameters := list(_parameters(operation)):
        document["parameters"] = parameters
    if operation.request is not None:
        content: Document = {"schema": references[operation.request, "validation"]}
        _add_example(content, operation.request_example)
        document["requestBody"] = {"required": True, "content": {JSON: content}}
    return document


def _parameters(operation: AnyOperation) -> Iterable[Document]:
    for name in operation.parameters:
        schema = TypeAdapter(operation.path_types.get(name, UUID)).json_schema()
        yield {"name": name, "in": "path", "required": True, "schema": schema}
    if operation.query is not None:
        yield from _query_parameters(operation.query)
    if operation.method == "POST":
        yield {"$ref": "#/components/parameters/IdempotencyKey"}
    if operation.stream is not None:
        yield _last_event_id(operation.last_event_id)
    if operation.held is not None:
        yield {"$ref": "#/components/parameters/IfMatch"}


def _query_parameters(query: type[BaseModel]) -> Iterable[Document]:
    schema = query.model_json_schema(ref_template=_REFERENCE)
    required = schema.get("required", ())
    for name, field in schema["properties"].items():
        inlined = _inlined(field, schema.get("$defs", {}))
        yield {"name": name, "in": "query", "required": name in required, "schema": inlined}


def _inlined(schema: Any, definitions: Document) -> Any:  # noqa: ANN401 - any JSON value
    """The schema with its references filled in: a parameter's schema is small, and not shared."""
    if isinstance(schema, dict):
        if name := schema.get("$ref", "").removeprefix(_REFERENCE.format(model="")):
            rest = {key: value for key, value in schema.items() if key != "$ref"}
            return _inlined({**definitions[name], **rest}, definitions)
        return {key: _inlined(value, definitions) for key, value in schema.items()}
    return [_inlined(item, definitions) for item in schema] if isinstance(schema, list) else schema


def _responses(operation: AnyOperation, references: References, examples: Examples) -> Document:
    responses: Document = {str(operation.status): _success(operation, references, examples)}
    for status in sorted(_statuses(operation)):
        responses[str(status)] = {"$ref": f"#/components/responses/{_PROBLEMS[status][0]}"}
    return responses


def _success(operation: AnyOperation, references: References, examples: Examples) -> Document:
    headers = {"API-Version": {"$ref": "#/components/headers/ApiVersion"}}
    if operation.method == "POST":
        headers["Idempotency-Replayed"] = {"$ref": "#/components/headers/IdempotencyReplayed"}
    if operation.tagged:
        headers["ETag"] = {"$ref": "#/components/headers/ETag"}
    if operation.query is not None and "cursor" in operation.query.model_fields:
        headers["Link"] = {"$ref": "#/components/headers/Link"}
    response: Document = {"description": operation.summary, "headers": headers}
    schema = None if operation.response is None else references[operation.response, "serialization"]
    if operation.stream is not None:
        # One event's `data`; OpenAPI 3.1 has no word for a stream of them.
        response["content"] = {EVENT_STREAM: {"schema": _embedded(schema), "example": _event(schema, examples)}}
    elif schema is not None:
        content: Document = {"schema": schema}
        _add_example(content, operation.response_example)
        content.setdefault("example", _answer(operation, schema, examples))
        response["content"] = {JSON: content}
    return response


def _answer(operation: AnyOperation, schema: Document, examples: Examples) -> Any:  # noqa: ANN401 - any JSON value
    request = operation.request_example
    return examples.answer(schema, {} if request is None else request.model_dump(mode="json", by_alias=True))


def _event(schema: Document | None, examples: Examples) -> str:
    return "" if schema is None else json.dumps(examples.of(schema))


def _embedded(schema: Document | None) -> Document:
    return (
        {"type": "string"} if schema is None else {"type": "string", "contentMediaType": JSON, "contentSchema": schema}
    )


def _statuses(operation: AnyOperation) -> set[int]:
    statuses = {401, 403, 406, 429, 500, 503, *operation.errors}
    if operation.has_input or operation.stream is not None:
        statuses.add(400)
    if operation.parameters:
        statuses.add(404)
    if operation.method == "POST":
        statuses.add(409)
    if operation.method not in {"GET", "DELETE"}:
        statuses |= {413, 415}
    if operation.held is not None:
        statuses.add(412)
    return statuses


def _add_example(content: Document, example: BaseModel | None) -> None:
    if example is not None:
        content["example"] = example.model_dump(mode="json", by_alias=True)


def _problem_response(status: int, description: str) -> Document:
    name = _PROBLEMS[status][0]
    headers = {"API-Version": {"$ref": "#/components/headers/ApiVersion"}}
    if status in (429, 503):
        headers["Retry-After"] = {"$ref": "#/components/headers/RetryAfter"}
    example = {"type": "about:blank", "title": name, "status": status, "detail": description}
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "example": example}}
    return {"description": description, "headers": headers, "content": content}


def _own_description() -> Document:
    response = {
        "description": "This document.",
        "headers": {
            "API-Version": {"$ref": "#/components/headers/ApiVersion"},
            "Content-Language": {"$ref": "#/components/headers/ContentLanguage"},
        },
        "content": {JSON: {"schema": {"type": "object"}, "example": {"openapi": "3.1.0"}}},
    }
    return {
        "operationId": "getDescription",
        "summary": "The description of this API",
        "description": "In Dutch, or in English for who prefers that (Accept-Language).",
        "security": [],
        "responses": {"200": response},
    }


def _idempotency_key() -> Document:
    return {
        "name": KEY_HEADER,
        "in": "header",
        "required": True,
        "description": "Chosen by the client, new for each new request. The same request sent again with the same key "
        "has its effect once and gets the same answer. A request that was refused had no effect and is not remembered: "
        "mend it and use the key again. The body must be the same as it was sent, so a default that is now spelled "
        "out is another request (409).",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]{1,255}$"},
    }


def _if_match() -> Document:
    return {
        "name": matching.IF_MATCH,
        "in": "header",
        "required": False,
        "description": "The ETag with which it was read: when it is another one by now, because somebody was faster, "
        "the update is refused (412). Without it, the last one wins.",
        "schema": {"type": "string", "maxLength": matching.LONGEST_CHARACTERS, "pattern": matching.PATTERN},
        "example": "*",
    }


def _last_event_id(pattern: str) -> Document:
    return {
        "name": "Last-Event-ID",
        "in": "header",
        "required": False,
        "description": "The id of the last event that was received; the stream goes on after it. Empty: there is none.",
        "schema": {"type": "string", "pattern": f"^({pattern})?$"},
    }
