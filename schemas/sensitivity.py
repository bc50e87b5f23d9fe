"""Which fields may never be anywhere but where they are asked for: each field of free text says what it holds."""

from enum import Enum
from typing import Annotated


class Sensitivity(Enum):
    """What a field tells whoever reads it. Put it into the field's annotation."""

    PERSONAL = "who or where somebody is, or what was said about them"
    SECRET = "what opens something"  # noqa: S105 - it says what a secret is
    HARMLESS = "a word of ours, the name of a public body, or an id"


Word = Annotated[str, Sensitivity.HARMLESS]
"""Text that says nothing about a person."""
