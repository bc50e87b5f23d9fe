"""The passwords of the broker's users: long, made by chance, each in a file that only its owner may read."""

import os
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path

from services.cli.errors import CannotRun
from services.cli.permissions import rights

PASSWORD_BYTES = 32
PASSWORD_FILE_LIMIT_BYTES = 1024


def kept_passwords(folder: Path, prefix: str, agencies: Sequence[str]) -> Mapping[str, str]:
    """The password of each user, from the file of that name; it is made when it is not there. Raises CannotRun."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return {each.user: _password(folder / each.user) for each in rights(prefix, agencies)}
    except OSError as error:
        raise CannotRun(f"the folder of the passwords cannot be used: {error.strerror}") from error


def _password(file: Path) -> str:
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _read(file)
    with os.fdopen(descriptor, "w") as opened:
        password = secrets.token_urlsafe(PASSWORD_BYTES)
        opened.write(password)
    return password


def _read(file: Path) -> str:
    with file.open("rb") as opened:
        password = opened.read(PASSWORD_FILE_LIMIT_BYTES).decode("ascii", "replace").strip()
    if not password or not password.isprintable():
        raise CannotRun(f"the file {file.name} holds no password: remove it, and a new one is made")
    return password
