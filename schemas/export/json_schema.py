"""JSON Schema 2020-12 of each type of event, for those who read and write them without our models."""

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, models_json_schema

from schemas.api.notifications import TYPES, NotificationEvent
from schemas.catalogue import MESSAGES, MessageType

JsonSchema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
NOTIFICATION_FILE = f"{TYPES}.schema.json"
_VALIDATION: JsonSchemaMode = "validation"


class _Open(GenerateJsonSchema):
    """Leaves objects open, because a consumer ignores what a later minor version adds; leaves out repeated titles."""

    def field_title_should_be_set(self, schema: object) -> bool:  # noqa: ARG002 - the library's signature
        """Say no: a title made from a field's name tells nothing more than the name."""
        return False

    def model_schema(self, schema: Any) -> JsonSchema:  # noqa: ANN401 - the library's own core schema
        """Describe a model, without the rule that only binds producers."""
        described = super().model_schema(schema)
        described.pop("additionalProperties", None)
        return described


def json_schema(message_type: MessageType) -> JsonSchema:
    """Describe the whole event of one type: its envelope and its data."""
    return {"$schema": DIALECT, "$id": file_name(message_type), **model_schema(message_type.event_model)}


def notification_schema() -> JsonSchema:
    """Describe the thin event by which an organisation is told of something, whatever its kind."""
    return {"$schema": DIALECT, "$id": NOTIFICATION_FILE, **model_schema(NotificationEvent)}


def model_schema(model: type[BaseModel]) -> JsonSchema:
    """Describe one model, as it is on the wire."""
    return model.model_json_schema(by_alias=True, mode=_VALIDATION, schema_generator=_Open)


def file_name(message_type: MessageType) -> str:
    """Give the name under which a type's schema is published; it carries the version."""
    return f"{message_type.type}.schema.json"


def shared_schemas(prefix: str) -> tuple[dict[str, str], JsonSchema]:
    """Describe all events together: the schema's name by type, and schemas by name; references begin with `prefix`.

    That of the thin events, whose types differ by kind, goes by what they begin with.
    """
    models: dict[type[BaseModel], str] = {message_type.event_model: message_type.type for message_type in MESSAGES}
    models[NotificationEvent] = TYPES
    references, definitions = models_json_schema(
        [(model, _VALIDATION) for model in models],
        by_alias=True,
        ref_template=prefix + "{model}",
        schema_generator=_Open,
    )
    names = {models[model]: str(found["$ref"]).removeprefix(prefix) for (model, _), found in references.items()}  # type: ignore[index] # only models went in
    return names, definitions["$defs"]
