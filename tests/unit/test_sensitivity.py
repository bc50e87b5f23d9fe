"""Every field of text says what it holds, and what is sought is found however it is written."""

import base64
import json
import random
from urllib.parse import quote

import pytest

from schemas.api.cases import PersonalData
from schemas.sensitivity import Sensitivity
from tests.support.canary import BIRD, Marks, hits
from tests.support.sensitivity import fields, has_form, is_text, sensitivity_of


def test_every_field_of_free_text_is_classified() -> None:
    """Marked as personal, secret or harmless; or a pattern says how it is written."""
    unclear = [
        f"{model.__module__}.{model.__name__}.{name}"
        for model, name, field in fields()
        if is_text(field) and sensitivity_of(field) is None and not has_form(field)
    ]
    assert not unclear


def test_personal_data_is_marked_in_every_field() -> None:
    """A field that is added is personal until somebody says otherwise here."""
    marks = {name: sensitivity_of(field) for name, field in PersonalData.model_fields.items()}
    assert set(marks.values()) == {Sensitivity.PERSONAL}, marks


def test_marks_fit_into_the_fields() -> None:
    """So that they get as far as what is true would."""
    filled = Marks(random.Random(1)).filled(PersonalData)
    assert PersonalData.model_validate_json(json.dumps(filled)).name == filled["name"]
    assert len(filled) == len(PersonalData.model_fields)


@pytest.mark.parametrize(
    "written",
    [
        f"a line with {BIRD}-1 in it".encode(),
        f"{BIRD.upper()}-1".encode(),
        *(base64.b64encode(b"x" * offset + f"{BIRD}-1234".encode()) for offset in range(6)),
        f"{BIRD}-1".encode().hex().encode(),
        f"{BIRD}-1".encode("utf-16-le"),
        quote(f"{BIRD}/1").encode(),
        b'{"bornOn": "1931-07-23"}',
        b"datetime.date(1931, 7, 23)",
        b"{'nationality': 'QX'}",
        b'["qjx"]',
    ],
)
def test_a_mark_is_found_however_it_is_written(written: bytes) -> None:
    """Plain, encoded, or as Python shows it."""
    assert hits({"somewhere": b"\0\1\2" + written + b"\xff"})


def test_nothing_is_found_where_nothing_is() -> None:
    """Also not in very much that is random, or encoded."""
    chance = random.Random(2)
    noise = chance.randbytes(1_000_000)
    assert not hits({"noise": noise, "encoded": base64.b64encode(noise), "numbers": noise.hex().encode()})
