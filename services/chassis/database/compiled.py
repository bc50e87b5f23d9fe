"""SQLAlchemy's statements as text and arguments for the drivers, asyncpg and sqlite3.

SQLAlchemy's own way to run a statement costs four times what the driver and the database need for it. So it writes the
SQL, which it does best, and the driver runs it. A statement is compiled once: found again by itself when it was built
once, and by its structure (SQLAlchemy's own cache key, https://docs.sqlalchemy.org/en/21/core/connections.html#sql-caching)
when it was built anew.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import BindParameter, Dialect, Executable, Insert
from sqlalchemy.dialects.postgresql import asyncpg
from sqlalchemy.dialects.sqlite import pysqlite
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

    __slots__ = ("_arguments", "shape", "sql")

    def __init__(self, shape: Shape, binds: Sequence[BindParameter[Any]]) -> None:
        self.shape = shape
        self.sql = shape.sql
        self._arguments = [
            (argument.key, argument.required, _default(argument, binds), argument.process)
            for argument in shape.arguments
        ]

    def arguments(self, given: Mapping[str, Any]) -> list[Any]:
        """The arguments in their order. Raises KeyError when a parameter is missing."""
        return [
            process(value) if process else value
            for value, process in (
                (given[key] if key in given or required else default, process)
                for key, required, default, process in self._arguments
            )
        ]


class Compiler:
    """Compiles for one dialect, and remembers."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self._known: WeakKeyDictionary[Executable, dict[_Names, Compiled]] = WeakKeyDictionary()
        self._shapes: dict[object, Shape] = {}

    def __call__(self, statement: Executable, given: Mapping[str, Any]) -> Compiled:
        """The statement as the driver takes it. An INSERT has the columns that are given."""
        names = tuple(given) if given and isinstance(statement, Insert) else None
        forms = self._known.setdefault(statement, {})
        found = forms.get(names)
        if found is None:
            found = forms[names] = self._compile(statement, names)
        return found

    def _compile(self, statement: Executable, names: _Names) -> Compiled:
        key: CacheKey | None = statement._generate_cache_key()  # type: ignore[attr-defined] # noqa: SLF001 - the key of SQLAlchemy's own cache
        if key is None:
            return Compiled(self._shape(statement, names, ()), ())
        # An IN list is written out, so its length is part of the text.
        lengths = tuple(len(bind.effective_value or ()) for bind in key.bindparams if bind.expanding)
        known = (key.key, names, lengths)
        shape = self._shapes.get(known)
        if shape is None:
            shape = self._shape(statement, names, key.bindparams)
            if shape.shared:
                self._remember(known, shape)
        return Compiled(shape, key.bindparams if shape.shared else ())

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
    if argument.bind is None or argument.required or not binds:
        return argument.default
    value: Any = binds[argument.bind].effective_value
    return value if argument.element is None else value[argument.element]


for_postgresql = Compiler(asyncpg.dialect())  # type: ignore[no-untyped-call] # SQLAlchemy leaves it so
for_sqlite = Compiler(pysqlite.dialect())
