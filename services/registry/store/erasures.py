"""Which cases were erased, in a file that no backup contains: what was erased stays erased, whatever is put back."""

import os
from datetime import datetime
from pathlib import Path
from uuid import UUID

import structlog

from services.chassis import key_file
from services.chassis.errors import Unavailable

log = structlog.get_logger(__name__)

FILE = "registry.erased"
"""What the file is called where no setting names it: beside the installation's key."""


class Erasures:
    """The file: a line for each erasure, with the case's id and when it was. It is only added to."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def prepare(self) -> None:
        """Make the file, unless it is there. Raises Unavailable when it cannot be written."""
        self._append(b"")

    def note(self, case_id: UUID, moment: datetime) -> None:
        """Add one, on the disk before this returns. Raises Unavailable when it cannot be written."""
        self._append(f"{case_id} {moment.isoformat()}\n".encode())

    def all(self) -> dict[UUID, datetime]:
        """When each case was last erased. Raises Unavailable when the file cannot be read."""
        try:
            lines = self._file.read_text(errors="replace").splitlines()
        except OSError as error:
            raise self._unavailable(error) from None
        found: dict[UUID, datetime] = {}
        for number, line in enumerate(lines, 1):
            noted = _parsed(line)
            if noted is None:
                # A power cut while it was written, or somebody's hand: whoever put it back is to look.
                log.error("erasure-not-read", line=number)
                continue
            case_id, moment = noted
            found[case_id] = max(moment, found.get(case_id, moment))
        return found

    def _append(self, line: bytes) -> None:
        try:
            descriptor = os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
            with os.fdopen(descriptor, "ab", buffering=0) as file:
                size = os.fstat(descriptor).st_size
                is_torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
                # In one piece, for other processes add to it too.
                file.write(b"\n" + line if is_torn else line)
                os.fsync(file.fileno())
            key_file.write_through(self._file.parent)
        except OSError as error:
            raise self._unavailable(error) from None

    def _unavailable(self, error: OSError) -> Unavailable:
        return Unavailable(
            f"The file of erasures cannot be used ({error.strerror}): set DOORSTROOM_REGISTRY_ERASURES_FILE to one "
            "that can be written, and that no backup of the database contains."
        )


def _parsed(line: str) -> tuple[UUID, datetime] | None:
    case_id, _, moment = line.partition(" ")
    try:
        noted = UUID(case_id), datetime.fromisoformat(moment)
    except ValueError:
        return None
    return noted if noted[1].tzinfo is not None else None
