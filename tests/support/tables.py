"""Tables of examples that are read by people first: names, then rows; | between columns, spaces within numbers."""

Row = dict[str, str]


def table(text: str) -> list[Row]:
    """The rows, by the names in the first one; numbers without the spaces that make them readable."""
    lines = [line for line in text.strip().splitlines() if line.strip()]
    header, *rows = [[cell.strip() for cell in line.split("|")] for line in lines]
    assert rows, "a table without rows shows nothing"
    assert all(len(row) == len(header) for row in rows), "a row has another number of columns than the header"
    return [dict(zip(header, row, strict=True)) for row in rows]


def number(text: str) -> int:
    """A number such as `17 590 672` or `-4`."""
    return int(text.replace(" ", ""))


def rows_of(text: str) -> list[tuple[str, ...]]:
    """The rows as tuples, in the order of the columns."""
    return [tuple(row.values()) for row in table(text)]
