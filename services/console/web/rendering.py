"""Pages from templates. Whatever is put into one is shown as text."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from schemas.texts import Language
from services.console.web import formats
from services.console.web.texts import translations

ROOT = Path(__file__).parents[1]
MEDIA_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file that pages load, and the address under which a browser may keep it for ever."""

    content: bytes
    media_type: str
    version: str


class Renderer:
    """Templates and the files that pages load, all of them read once."""

    @cached_property
    def files(self) -> Mapping[str, StaticFile]:
        """By name; there are few, and no others are ever handed out."""
        return {path.name: _static(path) for path in sorted((ROOT / "static").iterdir()) if path.suffix in MEDIA_TYPES}

    def render(self, template: str, language: Language, now: datetime, values: Mapping[str, Any]) -> str:
        """The page. A value that a template names and nobody gave is a mistake of ours, and raises."""
        environment = _environment(language)
        shown = formats.Formats(language, now)
        return environment.get_template(template).render(**values, show=shown, file=self._address, language=language)

    def _address(self, name: str) -> str:
        return f"/static/{name}?v={self.files[name].version}"


def _static(path: Path) -> StaticFile:
    content = path.read_bytes()
    return StaticFile(content, MEDIA_TYPES[path.suffix], hashlib.sha256(content).hexdigest()[:16])


@lru_cache
def _environment(language: Language) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(ROOT / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        extensions=["jinja2.ext.i18n"],
    )
    environment.install_gettext_translations(translations(language), newstyle=True)  # type: ignore[attr-defined] # of the extension
    return environment
