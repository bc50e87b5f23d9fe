"""Everything that the console says, it says in Dutch too."""

import re

from tests.support.console_texts import dutch, said

PLACE = re.compile(r"%\([a-z]+\)[sd]|\{[a-z]\}")


def test_every_text_has_its_dutch_and_no_other_is_kept() -> None:
    """`python -m tests.support.console_texts` adds what lacks, for somebody to translate."""
    known = {message.id: message.string for message in dutch() if message.id}
    assert set(known) == set(said())
    assert [
        text for text, translated in known.items() if not all(translated if isinstance(text, tuple) else [translated])
    ] == []


def test_the_dutch_has_the_same_places_for_values() -> None:
    """Else a page could not be shown in Dutch."""
    for message in dutch():
        texts = [message.id] if isinstance(message.id, str) else list(message.id)
        translated = [message.string] if isinstance(message.string, str) else list(message.string)
        assert {*PLACE.findall(texts[-1])} == {*PLACE.findall(translated[-1])}, message.id
