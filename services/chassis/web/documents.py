"""JSON as a client sends it: strictly RFC 8259, no name twice, bounded, before any model sees it."""

import json
import math
import re
from typing import Any, Never

from services.chassis.errors import FieldError, InvalidInput

DEPTH_LIMIT = 32
_EXACT_LIMIT = 2**53
_CONTROL_ESCAPE = re.compile(r"\\u0000")
_NESTING = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]')


class _Refused(ValueError):
    """JSON that a lenient reader would take, and we do not."""


def parse(body: bytes) -> object:
    """The document in `body`. Raises InvalidInput, which tells why, and nothing of the content."""
    try:
        text = body.decode()
        _check_depth(text)
        document = _decoder.decode(text)
    except UnicodeDecodeError:
        reason = "The body is not UTF-8."
    except json.JSONDecodeError as error:
        reason = f"The body is not JSON: {error.msg} (line {error.lineno}, column {error.colno})."
    except _Refused as error:
        reason = str(error)
    except (ValueError, RecursionError):
        reason = "A number in the body has too many digits."
    else:
        if _CONTROL_ESCAPE.search(text) and _holds_null(document):
            reason = "The character U+0000 is not allowed in text."
        else:
            return document
    raise InvalidInput(reason, fields=[FieldError("", reason)])


def with_integers(body: bytes) -> bytes:
    """The same document, which `parse` has taken, with each whole number written as an integer."""
    return json.dumps(json.loads(body, parse_float=_whole)).encode()


def _whole(text: str) -> float | int:
    value = float(text)
    return int(value) if value.is_integer() and abs(value) <= _EXACT_LIMIT else value


def _check_depth(text: str) -> None:
    if text.count("[") + text.count("{") <= DEPTH_LIMIT:
        return
    depth = 0
    for found in _NESTING.finditer(text):
        match found[0]:
            case "[" | "{":
                depth += 1
            case "]" | "}":
                depth -= 1
        if depth > DEPTH_LIMIT:
            message = f"The body is nested more than {DEPTH_LIMIT} levels deep."
            raise _Refused(message)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        message = "An object in the body has the same name twice."
        raise _Refused(message)
    return members


def _finite(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        message = "A number in the body is too large."
        raise _Refused(message)
    return value


def _refuse_constant(_name: str) -> Never:
    message = "NaN and Infinity are not JSON."
    raise _Refused(message)


def _holds_null(value: object) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any("\0" in name or _holds_null(member) for name, member in value.items())
    return isinstance(value, list) and any(_holds_null(item) for item in value)


_decoder = json.JSONDecoder(object_pairs_hook=_unique, parse_float=_finite, parse_constant=_refuse_constant)
