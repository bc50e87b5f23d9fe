"""SQLAlchemy's statements as text and arguments for the drivers, asyncpg and sqlite3.

SQLAlchemy's own way to run a statement costs four times what the driver and the database need for it. So it writes the
SQL, which it does best, and the driver runs it. A statement is compiled once: found again by itself when it was built
once, and by its structure (SQLAlchemy's own cache key, https://docs.sqlalchemy.org/en/21/core/connections.html#sql-caching)
when it was built anew.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Any
from uuid import UUID
from weakref import ref

from sqlalchemy import BindParameter, Dialect, Executable, Insert, Uuid
from sqlalchemy.dialects.postgresql import asyncpg
from sqlalchemy.dialects.sqlite import pysqlite
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler
from sqlalchemy.sql.cache_key import CacheKey
from sqlalchemy.sql.compiler import SQLCompiler

SHAPES = 2000
"""How many structures of statements are remembered for each dialect; the oldest is forgotten first."""

Processor = Callable[[Any], Any]
_Names = tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class _Argument:
    """Where the value of one numbered argument comes from."""

    key: str
    required: bool
    process: Processor | None
    bind: int | None
    """Which of the statement's own values it is by default; None is `default`."""
    element: int | None
    """Which element of that value, when it is a list."""
    default: object = None


@dataclass(frozen=True, slots=True)
class Shape:
    """What statements of one structure have in common."""

    sql: str
    arguments: tuple[_Argument, ...]
    results: tuple[tuple[str, Processor | None], ...]
    """The name of each column that it gives, and how its value is read; empty when the statement does not tell."""
    shared: bool
    """Whether the text is the same whatever the values are."""


class Compiled:
    """A statement's text, and how its arguments are made from named parameters."""

    __slots__ = ("_arguments", "_given", "shape", "sql")

    def __init__(self, shape: Shape, binds: Sequence[BindParameter[Any]]) -> None:
        self.shape = shape
        self.sql = shape.sql
        self._given = None
        if all(argument.required for argument in shape.arguments):
            self._given = [(argument.key, argument.process) for argument in shape.arguments]
        self._arguments = [
            (argument.key, argument.process, argument.required, _default(argument, binds))
            for argument in shape.arguments
        ]

    def arguments(self, given: Mapping[str, Any]) -> list[Any]:
        """The arguments in their order. Raises KeyError when a parameter is missing."""
        if self._given is not None:
            return [given[key] if process is None else process(given[key]) for key, process in self._given]
        return [
            default if key not in given and not required else given[key] if process is None else process(given[key])
            for key, process, required, default in self._arguments
        ]


class Compiler:
    """Compiles for one dialect, and remembers."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self._writes_words = issubclass(dialect.statement_compiler, _WithWords)
        self._known: dict[tuple[int, _Names], tuple[ref[Executable], Compiled]] = {}
        self._shapes: dict[object, Shape] = {}

    def __call__(self, statement: Executable, given: Mapping[str, Any]) -> Compiled:
        """The statement as the driver takes it. An INSERT has the columns that are given."""
        names = tuple(given) if given and isinstance(statement, Insert) else None
        # By identity, as a weak dictionary does it, and in a quarter of its time.
        place = (id(statement), names)
        known = self._known.get(place)
        if known is not None and known[0]() is statement:
            return known[1]
        found = self._compile(statement, names)
        self._known[place] = ref(statement, lambda _gone: self._known.pop(place, None)), found
        return found

    def _compile(self, statement: Executable, names: _Names) -> Compiled:
        key: CacheKey | None = statement._generate_cache_key()  # type: ignore[attr-defined] # noqa: SLF001 - the key of SQLAlchemy's own cache
        if key is None:
            return Compiled(self._shape(statement, names, ()), ())
        known = (key.key, names, tuple(map(self._in_text, key.bindparams)))
        shape = self._shapes.get(known)
        if shape is None:
            shape = self._shape(statement, names, key.bindparams)
            if shape.shared:
                self._remember(known, shape)
        return Compiled(shape, key.bindparams if shape.shared else ())

    def _in_text(self, bind: BindParameter[Any]) -> object:
        """What of a value is part of the text: the length of an IN list, which is written out, or the value itself."""
        if self._writes_words and _is_word(bind):
            return tuple(bind.value or ()) if bind.expanding else bind.value
        return len(bind.effective_value or ()) if bind.expanding else None

    def _remember(self, known: object, shape: Shape) -> None:
        if len(self._shapes) >= SHAPES:
            del self._shapes[next(iter(self._shapes))]
        self._shapes[known] = shape

    def _shape(self, statement: Executable, names: _Names, binds: Sequence[BindParameter[Any]]) -> Shape:
        compiled: SQLCompiler = statement.compile(  # type: ignore[attr-defined] # every executable can be compiled
            dialect=self.dialect, column_keys=names
        )
        # Lists are written out; what is given with each execution has no value yet.
        state = compiled.construct_expanded_state({one.key: None for one in compiled.binds.values() if one.required})
        elements = {
            name: (of, index)
            for of, expanded in state.parameter_expansion.items()
            for index, name in enumerate(expanded)
        }
        places = {bind: number for number, bind in enumerate(binds)}
        return Shape(
            state.statement,
            tuple(
                self._argument(compiled, name, elements.get(name), places, state.parameters[name])
                for name in state.positiontup or ()
            ),
            self._results(compiled),
            not any(bind.literal_execute or bind.type._is_tuple_type for bind in compiled.binds.values()),  # noqa: SLF001 - SQLAlchemy tells it nowhere else
        )

    def _argument(
        self,
        compiled: SQLCompiler,
        name: str,
        element: tuple[str, int] | None,
        places: Mapping[BindParameter[Any], int],
        default: object,
    ) -> _Argument:
        of, index = element or (name, None)
        bind: BindParameter[Any] | None = compiled.binds.get(of)
        if bind is None:
            return _Argument(name, required=False, process=None, bind=None, element=None, default=default)
        process = bind.type.dialect_impl(self.dialect).bind_processor(self.dialect)
        # What the compiler has cloned for its own purposes is still the statement's; what it has added is the same for
        # every statement of this structure.
        place = next((places[own] for own in bind._cloned_set if own in places), None)  # noqa: SLF001 - as its own cache does
        required = bind.required and element is None
        return _Argument(bind.key if element is None else name, required, process, place, index, default)

    def _results(self, compiled: SQLCompiler) -> tuple[tuple[str, Processor | None], ...]:
        return tuple(
            (entry.keyname, entry.type.dialect_impl(self.dialect).result_processor(self.dialect, None))
            for entry in compiled._result_columns  # noqa: SLF001 - where it keeps the types of what is selected
        )


def _default(argument: _Argument, binds: Sequence[BindParameter[Any]]) -> object:
    """What the driver gets when nothing is given."""
    if argument.required:
        return None
    value: Any = argument.default
    if argument.bind is not None and binds:
        value = binds[argument.bind].effective_value
        value = value if argument.element is None else value[argument.element]
    return value if argument.process is None else argument.process(value)


def _is_word(bind: BindParameter[Any]) -> bool:
    """Whether it is a word of ours, such as a state, or a list of such words."""
    if bind.required or bind.callable:
        return False
    values = (bind.value or ()) if bind.expanding else (bind.value,)
    return bool(values) and all(isinstance(value, Enum) for value in values)


class _WithWords(SQLiteCompiler):
    """Writes words of ours into the text.

    SQLite looks at the value of a parameter to see whether a partial index is good for it, and from then on prepares
    the statement anew at each execution (https://sqlite.org/queryplanner-ng.html#qpsg); that takes longer than to
    run it.
    """

    def visit_bindparam(self, bindparam: BindParameter[Any], *given: Any, **named: Any) -> Any:  # noqa: ANN401 - SQLAlchemy's signature
        if _is_word(bindparam):
            named["literal_binds"] = True
        return super().visit_bindparam(bindparam, *given, **named)  # type: ignore[no-untyped-call] # SQLAlchemy leaves it so


class _Identifier(Uuid[UUID]):
    """Ids are read again and again, and making one takes as long as a look into an index."""

    def result_processor(self, dialect: Dialect, coltype: object) -> Processor:  # noqa: ARG002 - SQLAlchemy's signature
        return _identifier


@lru_cache(maxsize=10_000)
def _identifier(value: str | None) -> UUID | None:
    return None if value is None else UUID(value)


class _SQLite(pysqlite.dialect):
    statement_compiler = _WithWords
    colspecs = {**pysqlite.dialect.colspecs, Uuid: _Identifier}  # noqa: RUF012 - SQLAlchemy declares it so


for_postgresql = Compiler(asyncpg.dialect())  # type: ignore[no-untyped-call] # SQLAlchemy leaves it so
for_sqlite = Compiler(_SQLite())
