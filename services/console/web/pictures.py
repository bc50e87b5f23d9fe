"""Pictures as SVG, drawn by pygal, with neither style nor code in them: the stylesheet has both themes for them."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from xml.etree import ElementTree as ET

import pygal
from markupsafe import Markup
from pygal import PluginImportFixer

# It would have a say in every import of the process, for plug-ins of which we have none.
sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, PluginImportFixer)]

WIDTH, HEIGHT, ROW_HEIGHT = 640, 340, 26
DRAWN_LIMIT = 20
"""So many bars are looked at together; the table has all."""
_DROPPED = {"script", "style", "desc", "title"}


class Shape(Enum):
    """How a picture is drawn."""

    LINES = pygal.Line
    BARS = pygal.Bar
    ROWS = pygal.HorizontalBar


@dataclass(frozen=True, slots=True)
class Series:
    """A line, or the bars of one colour: a value for each label, or none."""

    label: str
    values: Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Picture:
    """What is drawn, and what stands in the table beside it."""

    shape: Shape
    first: str
    """What the labels are, such as months."""
    labels: Sequence[str]
    series: Sequence[Series]
    further: Sequence[Series] = ()
    """What is in the table and not drawn."""
    short: Sequence[str] = ()
    """The labels as they are drawn, where that is shorter."""

    @property
    def columns(self) -> Sequence[Series]:
        """Of the table."""
        return (*self.series, *self.further)


def draw(picture: Picture, number: Callable[[float], str]) -> Markup:
    """As an element of a page. It is hidden from who reads by ear: they have the table."""
    shown = len(picture.labels) if picture.shape is not Shape.ROWS else min(len(picture.labels), DRAWN_LIMIT)
    chart = picture.shape.value(
        width=WIDTH,
        height=HEIGHT if picture.shape is not Shape.ROWS else 120 + ROW_HEIGHT * shown * len(picture.series) // 2,
        explicit_size=False,
        no_prefix=True,
        legend_at_bottom=True,
        legend_at_bottom_columns=len(picture.series),
        legend_box_size=14,
        show_dots=picture.shape is Shape.LINES,
        include_x_axis=True,
        truncate_legend=-1,
        truncate_label=24,
        spacing=12,
        margin=8,
        max_scale=6,
        value_formatter=number,
    )
    # Rows are drawn from below.
    order = slice(None) if picture.shape is not Shape.ROWS else slice(shown - 1, None, -1) if shown else slice(0)
    chart.x_labels = list((picture.short or picture.labels)[order])
    for series in picture.series:
        chart.add(series.label, list(series.values[order]))
    tree = chart.render_tree()
    _strip(tree)
    tree.set("class", f"picture__drawing picture__drawing--{picture.shape.name.lower()}")
    tree.set("aria-hidden", "true")
    tree.set("focusable", "false")
    tree.attrib.pop("id", None)
    return Markup(ET.tostring(tree, encoding="unicode"))  # noqa: S704 - serialised: texts are escaped


def _strip(element: ET.Element) -> None:
    """Take out what a strict policy forbids and what only scripts would use."""
    element.attrib.pop("style", None)
    for child in list(element):
        if not isinstance(child.tag, str) or child.tag in _DROPPED or child.get("class") == "tooltip":
            element.remove(child)
        else:
            _strip(child)
