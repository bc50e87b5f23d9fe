"""Pictures and downloads, whatever the names in them are."""

import re
from xml.etree import ElementTree as ET

import pytest

from services.console.web.pictures import Picture, Series, Shape, draw
from services.console.web.sheets import sheet

HOSTILE = '<script>alert("x")</script> & "quoted" \u202e'


@pytest.mark.parametrize("shape", Shape)
def test_a_hostile_name_is_a_text_in_a_picture(shape: Shape) -> None:
    """Of a municipality or a series: nothing of it becomes an element, and nothing has a style, a script or a link."""
    drawn = draw(Picture(shape, "x", [HOSTILE, "b"], [Series(HOSTILE, [1.0, None])]), str)
    elements = list(ET.fromstring(drawn).iter())  # noqa: S314 - what we drew
    assert {element.tag.rpartition("}")[2] for element in elements} <= {
        "svg",
        "g",
        "rect",
        "path",
        "text",
        "circle",
        "defs",
    }
    names = {name for element in elements for name in element.attrib}
    assert not [name for name in names if re.fullmatch(r"style|on.*|.*href", name)]
    assert any("alert" in (element.text or "") for element in elements)


def test_a_picture_without_any_value_is_drawn() -> None:
    """As in a month in which nothing happened."""
    assert "<svg" in draw(Picture(Shape.BARS, "x", ["a"], [Series("s", [None])]), str)


def test_a_spreadsheet_runs_nothing_of_a_download() -> None:
    """A name that would be a formula is a text there."""
    rows = sheet(["name", "number"], [("=cmd|' /C calc'!A0", 1.5), ('He said "no", twice', None), ("@x", 2)])
    assert rows.splitlines() == ["\ufeffname,number", "'=cmd|' /C calc'!A0,1.5", '"He said ""no"", twice",', "'@x,2"]
