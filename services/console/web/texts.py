"""What the pages say, in each language. The texts are English in the source, and translated in `locale`."""

from functools import cache
from io import BytesIO
from pathlib import Path

from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

from schemas.texts import Language

FOLDER = Path(__file__).parents[1] / "locale"
_LOCALES = {Language.DUTCH: "nl_NL", Language.ENGLISH: "en_GB"}


@cache
def translations(language: Language) -> NullTranslations:
    """The texts in this language. The source's own need no file."""
    if language is Language.ENGLISH:
        return NullTranslations()
    with (FOLDER / f"{language}.po").open("rb") as file:
        catalogue = read_po(file)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Translations(compiled)


@cache
def locale(language: Language) -> Locale:
    """How dates and numbers are written."""
    return Locale.parse(_LOCALES[language])


def later(text: str) -> str:
    """Marks a text that is translated when it is shown."""
    return text
