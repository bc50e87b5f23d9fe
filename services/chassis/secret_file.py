"""A secret of one service, in a file that is kept apart from its database."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from services.chassis import key_file
from services.chassis.errors import Unavailable
from services.chassis.settings import Mode, ServiceSettings
from services.chassis.wiring import Unusable, key_file_beside

SECRET_CHARACTERS = 32


@dataclass(frozen=True, slots=True)
class SecretFile:
    """At least 32 random characters in a file; on one machine it is made when needed."""

    file: Path
    setting: str
    """The setting that names the file."""
    make: bool

    @classmethod
    def of(cls, settings: ServiceSettings, given: Path | None, setting: str, name: str) -> "SecretFile":
        """The file that a setting names; in the embedded mode, else the one called `name` beside the database.

        Raises Unusable when there is none, and Unavailable when it cannot be used; in the embedded mode, that is told
        when it is first read.
        """
        file, embedded = given or key_file_beside(settings, name), settings.mode is Mode.EMBEDDED
        if file is None:
            raise Unusable(f"set {setting} to a file with {SECRET_CHARACTERS} random characters, kept out of backups")
        secret = cls(file, setting, make=embedded)
        if not embedded:
            secret.read()
        return secret

    def read(self) -> Sequence[bytes]:
        """The secret; and the one before while it is turned over.

        Raises Unavailable when the file cannot be read, or holds too little.
        """
        if self.make and not self.file.exists():
            make_secret(self.file)
        try:
            lines = key_file.read(self.file)
        except OSError:
            lines = []
        if not lines or min(map(len, lines)) < SECRET_CHARACTERS:
            raise Unavailable(f"The file of {self.setting} cannot be read, or holds too little.")
        return lines


def make_secret(file: Path) -> None:
    """Make the file, unless it is there; readable by nobody else from the first moment."""
    key_file.make(file, new_secret())


def new_secret() -> bytes:
    """A new secret, as it stands in the file."""
    return secrets.token_urlsafe(SECRET_CHARACTERS).encode()
