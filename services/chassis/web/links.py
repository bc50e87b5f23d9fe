"""OpenAPI's links: which operation goes on with what another one's answer has. They follow from the names of ids.

A path parameter is named as the field that answers have it in, in all of our APIs, so nobody has to keep a list.
"""

from collections.abc import Iterable, Mapping
from typing import Any, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from services.chassis.web.operation import Operation

Document = dict[str, Any]
AnyOperation = Operation[Any]


def links(operation: AnyOperation, others: Iterable[AnyOperation]) -> Document:
    """Where to go on from the answer of one operation, by a name that no linter takes for a method."""
    answered = {} if operation.response is None else _answered(operation.response)
    asked = {name: f"$request.path.{name}" for name in operation.parameters}
    return {
        other.operation_id[:1].upper() + other.operation_id[1:]: {
            "operationId": other.operation_id,
            "parameters": {name: (asked | answered)[name] for name in other.parameters},
        }
        for other in others
        if other is not operation and _goes_on(other, answered, asked)
    }


def _goes_on(other: AnyOperation, answered: Mapping[str, str], asked: Mapping[str, str]) -> bool:
    """Whether all that it needs is known, and something of it only from the answer."""
    needed = set(other.parameters)
    return needed <= answered.keys() | asked.keys() and bool(needed & answered.keys() - asked.keys())


def _answered(response: type[BaseModel]) -> dict[str, str]:
    """The fields of an answer, or of the first in its list, by where they are."""
    found = {}
    for name, field in response.model_fields.items():
        item = _listed(field)
        if item is None:
            found[_wire_name(name, field)] = f"$response.body#/{_wire_name(name, field)}"
            continue
        for inner_name, inner in item.model_fields.items():
            place = f"$response.body#/{_wire_name(name, field)}/0/{_wire_name(inner_name, inner)}"
            found.setdefault(_wire_name(inner_name, inner), place)
    return found


def _listed(field: FieldInfo) -> type[BaseModel] | None:
    """Of what it is a list, if it is one of objects."""
    if get_origin(field.annotation) is not list:
        return None
    (item,) = get_args(field.annotation)
    return item if isinstance(item, type) and issubclass(item, BaseModel) else None


def _wire_name(name: str, field: FieldInfo) -> str:
    return field.serialization_alias or field.alias or name
