"""What a remote command shows: a table for people, JSON for programs."""

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import click
from pydantic import BaseModel
from rich import box
from rich.console import Console
from rich.table import Table

WIDE = 1000
"""Where nobody looks: no line is folded in a file or a pipe."""


def show_ids(items: Sequence[BaseModel], columns: Mapping[str, str]) -> None:
    """The first column only, without a heading: for other commands."""
    for item in items:
        click.echo(getattr(item, next(iter(columns.values()))))


def show(items: Sequence[BaseModel], columns: Mapping[str, str], *, as_json: bool, nothing: str) -> None:
    """A list: a JSON array, or a table with these columns (heading → field); `nothing` is said of an empty one."""
    if as_json:
        click.echo(json.dumps([_plain(item) for item in items], indent=2, ensure_ascii=False))
    elif items:
        show_table(list(columns), [[cell(getattr(item, name)) for name in columns.values()] for item in items])
    else:
        click.echo(nothing, err=True)


def show_one(item: BaseModel, sentence: str, *, as_json: bool) -> None:
    """What became of one thing: a JSON object, or a sentence."""
    click.echo(json.dumps(_plain(item), indent=2, ensure_ascii=False) if as_json else sentence)


def show_line(item: BaseModel) -> None:
    """One of a stream of JSON objects, each on a line of its own, at once."""
    click.echo(json.dumps(_plain(item), ensure_ascii=False))
    sys.stdout.flush()


def show_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table. An id may be folded on a narrow screen, but is never cut off."""
    is_seen = sys.stdout.isatty()
    console = Console(width=None if is_seen else WIDE, highlight=False, soft_wrap=False)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*row)
    console.print(table)


def cell(value: Any) -> str:  # noqa: ANN401 - of any field
    """A value in a table, for people here: moments are in the time of this machine."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return local(value)
    if isinstance(value, list):
        return ",".join(cell(item) for item in value)
    return str(value)


def local(moment: datetime) -> str:
    """A moment as the clock on the wall has it."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M")


def _plain(item: BaseModel) -> Any:  # noqa: ANN401 - what json can write
    return item.model_dump(mode="json", by_alias=True)
