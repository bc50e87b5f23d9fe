"""Tables as CSV (RFC 4180), for spreadsheets: in UTF-8, and without anything that they would run."""

import csv
from collections.abc import Iterable, Sequence
from io import StringIO

_RUN = ("=", "+", "-", "@", "\t", "\r")
"""With these a spreadsheet takes a text for a formula."""
BYTE_ORDER_MARK = "\ufeff"
"""Without it, spreadsheets take UTF-8 for something else."""


def sheet(header: Sequence[str], rows: Iterable[Sequence[str | float | None]]) -> str:
    """The whole text."""
    written = StringIO()
    writer = csv.writer(written)
    writer.writerow([_cell(value) for value in header])
    writer.writerows([_cell(value) for value in row] for row in rows)
    return BYTE_ORDER_MARK + written.getvalue()


def _cell(value: str | float | None) -> str | float:
    if value is None:
        return ""
    return f"'{value}" if isinstance(value, str) and value.startswith(_RUN) else value
