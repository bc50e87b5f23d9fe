"""Files with keys: the one in use in the first line; behind it the one before, for as long as it is turned over."""

import os
from collections.abc import Sequence
from pathlib import Path

LINES_LIMIT = 2


def make(path: Path, line: bytes) -> None:
    """Make the file, unless it is there; readable by nobody else from the first moment. Raises OSError."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(descriptor, "wb") as file:
        file.write(line + b"\n")


def read(path: Path) -> list[bytes]:
    """Its lines, the one in use first; none when there are more than there can be. Raises OSError."""
    lines = path.read_bytes().split()
    return lines if len(lines) <= LINES_LIMIT else []


def begin_turning(path: Path, line: bytes) -> bool:
    """Put a new line before the one in use. False when there are two: it was begun before. Raises OSError."""
    lines = read(path)
    if len(lines) > 1:
        return False
    _replace(path, [line, *lines])
    return True


def end_turning(path: Path) -> None:
    """Forget all lines but the one in use. Raises OSError."""
    _replace(path, read(path)[:1])


def state(path: Path) -> tuple[int, int, int] | None:
    """Something that differs when the file was changed; None when there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size


def _replace(path: Path, lines: Sequence[bytes]) -> None:
    """Wholly or not at all, and on the disk before anything relies on it; for the same owner as before."""
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    before = path.stat()
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        os.fchown(file.fileno(), before.st_uid, before.st_gid)
        os.fchmod(file.fileno(), before.st_mode & 0o777)
        file.write(b"".join(line + b"\n" for line in lines))
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    write_through(path.parent)


def write_through(path: Path) -> None:
    """Wait until a file or a folder is on the disk. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
