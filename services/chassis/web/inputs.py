"""Turns what a client sent into typed values, or into a list of everything that is wrong with it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Generic, get_args, get_origin
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from services.chassis.errors import FieldError, InvalidInput
from services.chassis.idempotency import KEY_HEADER, is_valid_key
from services.chassis.web import documents
from services.chassis.web.operation import Operation, Unit

_INTEGERS = frozenset({"int_type", "int_from_float"})
_LISTS = (list, tuple, set, frozenset)
# These messages of pydantic repeat a part of the input.
_MESSAGES = {
    "uuid_parsing": "Input should be a valid UUID",
    "uuid_type": "Input should be a valid UUID",
    "union_tag_invalid": "The member that tells the kind has an unknown value",
    "json_invalid": "Input should be valid JSON",
    "extra_forbidden": "There is no such field",
}


CLOCK_SKEW = timedelta(minutes=1)


def is_past(moment: datetime | None, now: datetime) -> bool:
    """Whether a moment is before now; the sender's clock may be a minute behind ours."""
    return moment is not None and moment < now - CLOCK_SKEW


def not_past(pointer: str, moment: datetime | None, now: datetime) -> None:
    """Raises InvalidInput for a moment before now; the sender's clock may be a minute behind ours."""
    if is_past(moment, now):
        raise InvalidInput(fields=[FieldError(pointer, "Must not be in the past.")])


class InputReader(Generic[Unit]):
    """Reads the input of one operation."""

    def __init__(self, operation: Operation[Unit]) -> None:
        self._parameters = {name: TypeAdapter(operation.path_types.get(name, UUID)) for name in operation.parameters}
        self._body = operation.request
        self._query = operation.query
        self._lists = _list_parameters(operation.query)
        self._needs_key = operation.method == "POST"
        self._has_body = operation.method not in {"GET", "DELETE"}

    def read(self, request: web.Request, raw: bytes) -> tuple[dict[str, Any], Any, Any, object]:
        """Path parameters, query, body, and the body as a plain document.

        Raises InvalidInput with everything that is wrong with them.
        """
        errors: list[FieldError] = []
        path = {name: _gather(errors, self._parameter, request, name) for name in self._parameters}
        query = _gather(errors, self._read_query, request)
        if self._needs_key:
            _gather(errors, _check_key, request)
        document = _gather(errors, self._document, raw)
        body = None
        if self._body is not None and not (document is None and errors):
            body = _gather(errors, self._read_body, raw, document)
        if errors:
            detail = f"{len(errors)} thing(s) must be put right; see errors."
            raise InvalidInput(detail, fields=errors)
        return path, query, body, document

    def _parameter(self, request: web.Request, name: str) -> object:
        try:
            return self._parameters[name].validate_strings(request.match_info[name])
        except ValidationError as error:
            message = f"Path parameter: {_message(error.errors(include_url=False, include_input=False)[0])}."
            raise InvalidInput(fields=[FieldError(_pointer((name,)), message)]) from None

    def _read_query(self, request: web.Request) -> BaseModel | None:
        if self._query is None and not request.query_string:
            return None
        given = request.query
        if "access_token" in given:
            message = "A token in an address ends up in logs: send it in the Authorization header, and revoke this one."
            raise InvalidInput(fields=[FieldError("/access_token", message)])
        values = {name: given.getall(name) if name in self._lists else given[name] for name in given}
        errors = [
            FieldError(_pointer((_safe(name),)), "Query parameter: given more than once.")
            for name in values
            if name not in self._lists and len(given.getall(name)) > 1
        ]
        if self._query is None:
            errors = [FieldError(_pointer((_safe(name),)), "Query parameter: there is no such one.") for name in values]
        if any("\0" in value for value in given.values()):
            errors.append(FieldError("", "Query parameter: the character U+0000 is not allowed."))
        if errors or self._query is None:
            raise InvalidInput(fields=errors)
        try:
            return self._query.model_validate(values, strict=False, extra="forbid")
        except ValidationError as error:
            raise InvalidInput(fields=_fields(error, values, "Query parameter: ")) from None

    def _document(self, raw: bytes) -> object:
        if raw and self._has_body:
            document = documents.parse(raw)
            if self._body is None and document != {}:
                raise InvalidInput(fields=[FieldError("", "This operation takes no body.")])
            return document
        if raw:
            raise InvalidInput(fields=[FieldError("", "This method takes no body.")])
        if self._body is not None:
            raise InvalidInput(fields=[FieldError("", "A JSON body is required.")])
        return None

    def _read_body(self, raw: bytes, document: object) -> BaseModel | None:
        if self._body is None:
            return None
        try:
            return self._validated(self._body, raw)
        except ValidationError as error:
            raise InvalidInput(fields=_fields(error, document)) from None

    def _validated(self, model: type[BaseModel], raw: bytes) -> BaseModel:
        try:
            return model.model_validate_json(raw, strict=True, extra="forbid")
        except ValidationError as error:
            if not any(item["type"] in _INTEGERS for item in error.errors(include_url=False, include_input=False)):
                raise
        # For JSON Schema 2.0 is an integer, and some clients write all their numbers so.
        return model.model_validate_json(documents.with_integers(raw), strict=True, extra="forbid")


def _gather(errors: list[FieldError], reader: Callable[..., Any], *arguments: object) -> Any:  # noqa: ANN401
    try:
        return reader(*arguments)
    except InvalidInput as error:
        errors.extend(error.fields)
        return None


def _check_key(request: web.Request) -> None:
    key = request.headers.get(KEY_HEADER)
    if key is None:
        message = "Header: required on every POST. Choose a new one, such as a UUID, for each new request."
    elif not is_valid_key(key):
        message = "Header: must be 1 to 255 visible ASCII characters."
    else:
        return
    raise InvalidInput(fields=[FieldError(f"/{KEY_HEADER}", message)])


def _list_parameters(query: type[BaseModel] | None) -> frozenset[str]:
    if query is None:
        return frozenset()
    return frozenset(
        field.validation_alias if isinstance(field.validation_alias, str) else field.alias or name
        for name, field in query.model_fields.items()
        if _is_list(field)
    )


def _is_list(field: FieldInfo) -> bool:
    options = (field.annotation, *get_args(field.annotation))
    return any((get_origin(option) or option) in _LISTS for option in options)


def _fields(error: ValidationError, document: object, prefix: str = "") -> list[FieldError]:
    problems = error.errors(include_url=False, include_input=False)
    return [FieldError(_pointer(_place(item["loc"], document)), f"{prefix}{_message(item)}.") for item in problems]


def _message(item: Mapping[str, Any]) -> str:
    return _MESSAGES.get(item["type"]) or str(item["msg"]).removeprefix("Value error, ").rstrip(".")


def _place(location: Sequence[int | str], document: object) -> list[int | str]:
    """The steps of `location` that exist in the document; pydantic adds names of union members between them."""
    steps: list[int | str] = []
    here: Any = document
    for number, step in enumerate(location, start=1):
        if _has(here, step):
            here = here[step]
        elif number < len(location) or not isinstance(here, dict):
            continue
        steps.append(_safe(step) if isinstance(step, str) else step)
    return steps


def _has(here: object, step: int | str) -> bool:
    if isinstance(here, list):
        return isinstance(step, int) and step < len(here)
    return isinstance(here, dict) and step in here


def _safe(name: str) -> str:
    """A name that the client made up may be anything, even a person's: only what looks like a field is repeated."""
    return name if name.isascii() and name.isidentifier() and len(name) <= 64 else "(name withheld)"  # noqa: PLR2004


def _pointer(steps: Sequence[int | str]) -> str:
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)
