"""What the console says, and what of it lacks its Dutch: `python -m tests.support.console_texts` adds it."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po, write_po

FOLDER = Path(__file__).parents[2] / "services/console"
SPREADSHEETS = FOLDER.parents[1] / "doorstroom_client/spreadsheets"
"""What is wrong with one is told by the console and by the command line."""
FILE = FOLDER / "locale/nl.po"
KEYWORDS = {"later": None, "gettext": None, "ngettext": (1, 2)}
OPTIONS = {"trimmed": "true", "newstyle_gettext": "true"}
HEADER = """msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\\n"
"Language: nl\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"

"""
Text = str | tuple[str, ...]


def said() -> Iterator[Text]:
    """Every text of the templates and the code; two forms where a number is in it."""
    for path in sorted(FOLDER.rglob("*.html")):
        for _line, text, _comments, _context in extract_from_file("jinja2.ext:babel_extract", path, options=OPTIONS):
            yield text
    for path in (*sorted(FOLDER.rglob("*.py")), *sorted(SPREADSHEETS.rglob("*.py"))):
        for _line, text, _comments, _context in extract_from_file("python", path, KEYWORDS):
            yield text


def dutch() -> Catalog:
    """What is in the file."""
    with FILE.open("rb") as file:
        return read_po(file, locale="nl")


def update() -> None:
    """Add what lacks, without Dutch yet, and drop what nobody says any more. Sorted, so that two changes merge."""
    template = Catalog()
    for text in said():
        template.add(text)
    known = dutch()
    known.update(template, no_fuzzy_matching=True)
    written = BytesIO()
    write_po(written, known, omit_header=True, sort_output=True, no_location=True, ignore_obsolete=True, width=1000)
    FILE.write_bytes(HEADER.encode() + written.getvalue())


if __name__ == "__main__":
    update()
