"""The text fields of all models of the APIs and the messages, and what each of them holds."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

import schemas.api
import schemas.messages
from schemas.sensitivity import Sensitivity


def models() -> Iterator[type[BaseModel]]:
    """Every model that a module of the APIs or the messages declares."""
    for package in (schemas.api, schemas.messages):
        for found in pkgutil.iter_modules(package.__path__):
            module = importlib.import_module(f"{package.__name__}.{found.name}")
            for _, model in sorted(inspect.getmembers(module, inspect.isclass)):
                if issubclass(model, BaseModel) and model.__module__ == module.__name__:
                    yield model


def fields() -> Iterator[tuple[type[BaseModel], str, FieldInfo]]:
    """Every field of every model."""
    for model in models():
        for name, field in model.model_fields.items():
            yield model, name, field


def marks_of(field: FieldInfo) -> list[object]:
    """Everything that its annotation says, at any depth."""
    return [*field.metadata, *_metadata(field.annotation)]


def sensitivity_of(field: FieldInfo) -> Sensitivity | None:
    """What the field is marked with."""
    return next((mark for mark in marks_of(field) if isinstance(mark, Sensitivity)), None)


def is_text(field: FieldInfo) -> bool:
    """Whether text of the sender's own choice could be in it."""
    return any(kind is str or kind is Any for kind in _kinds(field.annotation))


def has_form(field: FieldInfo) -> bool:
    """Whether a pattern says how its text is written."""
    return any(getattr(mark, "pattern", None) for mark in marks_of(field))


def _kinds(annotation: object) -> Iterator[object]:
    inner = get_args(annotation)
    if not inner:
        yield annotation
    for one in inner:
        yield from _kinds(one)


def _metadata(annotation: object) -> Iterator[object]:
    for mark in getattr(annotation, "__metadata__", ()):
        yield mark
        yield from getattr(mark, "metadata", ())
    for one in get_args(annotation):
        yield from _metadata(one)


def longest(field: FieldInfo) -> int:
    """How many characters fit."""
    return min((int(mark.max_length) for mark in marks_of(field) if getattr(mark, "max_length", None)), default=4000)
