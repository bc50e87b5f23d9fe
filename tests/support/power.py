"""Power that fails: a layer under SQLite that notes each write and each sync, and what a disk may hold after a cut.

It stands between SQLite and the operating system (https://www.sqlite.org/vfs.html), so the program under test is the
real one. What was synced is there after a cut. What was written since may be there or not, each piece for itself, and
the last one in part: a disk writes whole sectors, in whatever order it likes.
"""

import _sqlite3
import ctypes
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from ctypes import CFUNCTYPE, POINTER, Structure, c_char_p, c_int, c_int64, c_void_p
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SECTOR_BYTES = 512
WATCHED = 0x00000100 | 0x00000800 | 0x00080000
"""SQLITE_OPEN_MAIN_DB, SQLITE_OPEN_MAIN_JOURNAL and SQLITE_OPEN_WAL: what lasts."""

# The path is passed on as the very pointer that came: SQLite goes on using what it points to.
_OPEN = CFUNCTYPE(c_int, c_void_p, c_void_p, c_void_p, c_int, POINTER(c_int))
_DELETE = CFUNCTYPE(c_int, c_void_p, c_char_p, c_int)
_WRITE = CFUNCTYPE(c_int, c_void_p, c_void_p, c_int, c_int64)
_TRUNCATE = CFUNCTYPE(c_int, c_void_p, c_int64)
_SYNC = CFUNCTYPE(c_int, c_void_p, c_int)


class _Methods(Structure):
    """`sqlite3_io_methods`, version 3."""

    _fields_ = (
        ("version", c_int),
        ("close", c_void_p),
        ("read", c_void_p),
        ("write", _WRITE),
        ("truncate", _TRUNCATE),
        ("sync", _SYNC),
        ("rest", c_void_p * 13),
    )


class _System(Structure):
    """`sqlite3_vfs`, version 3."""

    _fields_ = (
        ("version", c_int),
        ("file_bytes", c_int),
        ("longest_path", c_int),
        ("next", c_void_p),
        ("name", c_char_p),
        ("data", c_void_p),
        ("open", _OPEN),
        ("delete", _DELETE),
        ("rest", c_void_p * 14),
    )


@dataclass(frozen=True, slots=True)
class Write:
    """These bytes were written there, and may be lost until the file is synced."""

    path: str
    offset: int
    content: bytes


@dataclass(frozen=True, slots=True)
class Truncate:
    """The file was made so long."""

    path: str
    size: int


@dataclass(frozen=True, slots=True)
class Sync:
    """Everything written to the file until now lasts."""

    path: str


@dataclass(frozen=True, slots=True)
class Delete:
    """The file is gone. That lasts once its folder is synced: at once, or with the first sync of another new file."""

    path: str
    synced: bool


@dataclass(frozen=True, slots=True)
class Note:
    """What the program under test said at this moment."""

    said: object


Happened = Write | Truncate | Sync | Delete | Note


@dataclass(slots=True)
class Disk:
    """What lasts of each file, what was written since its last sync, and which files were deleted and may be back."""

    lasting: dict[str, bytearray] = field(default_factory=dict)
    pending: dict[str, list[Write | Truncate]] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)

    def take(self, event: Happened) -> None:
        """One thing more has happened."""
        if isinstance(event, Write | Truncate):
            self.deleted.discard(event.path)
            self.pending.setdefault(event.path, []).append(event)
        elif isinstance(event, Delete):
            self.pending.pop(event.path, None)
            self.deleted.add(event.path)
            if event.synced:
                self._sync_folder()
        elif isinstance(event, Sync):
            if event.path not in self.lasting:
                self._sync_folder()
            for change in self.pending.pop(event.path, []):
                _apply(self.lasting.setdefault(event.path, bytearray()), change)

    def _sync_folder(self) -> None:
        for path in self.deleted:
            self.lasting.pop(path, None)
        self.deleted.clear()

    def after_a_cut(self, chance: random.Random) -> dict[str, bytes]:
        """The files as they may be found."""
        found = {path: bytearray(content) for path, content in self.lasting.items()}
        for path, changes in self.pending.items():
            for change in changes:
                if chance.random() < 0.5:
                    _apply(found.setdefault(path, bytearray()), _torn(change, chance))
        gone = {path for path in sorted(self.deleted) if chance.random() < 0.5}
        return {path: bytes(content) for path, content in found.items() if path not in gone}


@contextmanager
def watched() -> Iterator[list[Happened]]:
    """Everything that SQLite writes in this process meanwhile, on connections that are opened meanwhile."""
    library = ctypes.CDLL(_sqlite3.__file__)
    library.sqlite3_vfs_find.restype = c_void_p
    library.sqlite3_vfs_register.argtypes = (c_void_p, c_int)
    library.sqlite3_vfs_unregister.argtypes = (c_void_p,)
    real = library.sqlite3_vfs_find(None)
    happened: list[Happened] = []
    layer = _Layer(_System.from_address(real), happened)
    library.sqlite3_vfs_register(ctypes.addressof(layer.system), 1)
    try:
        yield happened
    finally:
        library.sqlite3_vfs_unregister(ctypes.addressof(layer.system))
        library.sqlite3_vfs_register(real, 1)


class _Layer:
    """Passes everything on, and notes what matters."""

    def __init__(self, real: _System, happened: list[Happened]) -> None:
        self._real = real
        self._happened = happened
        self._paths: dict[int, str] = {}
        self._methods: dict[int, _Methods] = {}
        self._kept: list[Any] = []
        self.system = _System.from_buffer_copy(real)
        self.system.name = b"power"
        self.system.open = self._keep(_OPEN(self._open))
        self.system.delete = self._keep(_DELETE(self._delete))

    def _keep(self, callback: Any) -> Any:  # noqa: ANN401 - any callback; ctypes does not keep them alive
        self._kept.append(callback)
        return callback

    def _open(self, system: int, path: int | None, file: int, flags: int, out: Any) -> int:  # noqa: ANN401 - a pointer
        result = int(self._real.open(system, path, file, flags, out))
        if result == 0 and path is not None and flags & WATCHED:
            methods = c_void_p.from_address(file)
            self._paths[file] = ctypes.string_at(path).decode()
            methods.value = ctypes.addressof(self._watching(methods.value or 0))
        return result

    def _delete(self, system: int, path: bytes, sync: int) -> int:
        result = int(self._real.delete(system, path, sync))
        self._happened.append(Delete(path.decode(), bool(sync)))
        return result

    def _watching(self, address: int) -> _Methods:
        """The same methods, of which three are noted."""
        if address not in self._methods:
            real = _Methods.from_address(address)
            methods = _Methods.from_buffer_copy(real)
            methods.write = self._keep(_WRITE(self._noted(real.write, self._write)))
            methods.truncate = self._keep(_TRUNCATE(self._noted(real.truncate, self._truncate)))
            methods.sync = self._keep(_SYNC(self._noted(real.sync, self._sync)))
            self._methods[address] = methods
        return self._methods[address]

    def _noted(self, real: Callable[..., int], event: Callable[..., Happened]) -> Callable[..., int]:
        def method(file: int, *given: Any) -> int:  # noqa: ANN401 - what the method takes
            # A sync counts when it is done, a write from the moment on that it is asked for.
            before = event(file, *given)
            if not isinstance(before, Sync):
                self._happened.append(before)
                return int(real(file, *given))
            result = int(real(file, *given))
            self._happened.append(before)
            return result

        return method

    def _write(self, file: int, content: int, size: int, offset: int) -> Happened:
        return Write(self._paths[file], offset, ctypes.string_at(content, size))

    def _truncate(self, file: int, size: int) -> Happened:
        return Truncate(self._paths[file], size)

    def _sync(self, file: int, _flags: int) -> Happened:
        return Sync(self._paths[file])


def cuts(
    happened: Sequence[Happened], count: int, chance: random.Random
) -> Iterator[tuple[dict[str, bytes], set[Any]]]:
    """At so many moments: the files as they may be found, and what had been said by then."""
    moments = sorted(chance.randrange(len(happened) + 1) for _ in range(count))
    disk, said, position = Disk(), set[Any](), 0
    for moment in moments:
        for event in happened[position:moment]:
            disk.take(event)
            if isinstance(event, Note):
                said.add(event.said)
        position = moment
        yield disk.after_a_cut(chance), set(said)


def put(files: dict[str, bytes], folder: Path) -> None:
    """Write the files, by their names, into a folder."""
    for path, content in files.items():
        (folder / Path(path).name).write_bytes(content)


def _apply(file: bytearray, change: Write | Truncate) -> None:
    if isinstance(change, Truncate):
        del file[change.size :]
        file.extend(bytes(change.size - len(file)))
        return
    end = change.offset + len(change.content)
    if len(file) < end:
        file.extend(bytes(end - len(file)))
    file[change.offset : end] = change.content


def _torn(change: Write | Truncate, chance: random.Random) -> Write | Truncate:
    """One in four is written in part."""
    if isinstance(change, Truncate) or chance.random() < 0.75:
        return change
    sectors = chance.randint(0, len(change.content) // SECTOR_BYTES)
    return Write(change.path, change.offset, change.content[: sectors * SECTOR_BYTES])
