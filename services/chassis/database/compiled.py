"""SQLAlchemy's statements as text and arguments for asyncpg.

SQLAlchemy's own way to run a statement costs four times what asyncpg and PostgreSQL need for it. So it writes the SQL,
which it does best, and asyncpg runs it: a statement that is built once is compiled once.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import BindParameter, Executable, Insert
from sqlalchemy.dialects.postgresql import asyncpg
from sqlalchemy.sql.compiler import SQLCompiler

DIALECT = asyncpg.dialect()  # type: ignore[no-untyped-call] # SQLAlchemy leaves it so

_Processor = Callable[[Any], Any]


class Compiled:
    """A statement's text, and how its numbered arguments are made from named parameters."""

    __slots__ = ("_arguments", "sql")

    def __init__(self, statement: Executable, names: Sequence[str] | None) -> None:
        # IN lists are written out: such a statement is built for one use, with its list inside.
        compiled = statement.compile(  # type: ignore[attr-defined] # every executable can be compiled
            dialect=DIALECT, column_keys=names, compile_kwargs={"render_postcompile": True}
        )
        self.sql = str(compiled)
        values = compiled.params
        self._arguments = [_argument(compiled, name, values[name]) for name in compiled.positiontup or ()]

    def arguments(self, given: Mapping[str, Any]) -> list[Any]:
        """The arguments in their order. Raises KeyError when a parameter is missing."""
        return [
            process(value) if process else value
            for value, process in (
                (given[key] if key in given or required else default, process)
                for key, required, default, process in self._arguments
            )
        ]


def _argument(compiled: SQLCompiler, name: str, default: object) -> tuple[str, bool, object, _Processor | None]:
    bind: BindParameter[Any] | None = compiled.binds.get(name)
    if bind is None:
        return name, False, default, None
    process = bind.type.dialect_impl(DIALECT).bind_processor(DIALECT)
    return bind.key, bind.required, default, process


_known: WeakKeyDictionary[Executable, dict[Sequence[str] | None, Compiled]] = WeakKeyDictionary()


def compiled(statement: Executable, given: Mapping[str, Any]) -> Compiled:
    """The statement as asyncpg takes it. An INSERT has the columns that are given."""
    names = tuple(given) if given and isinstance(statement, Insert) else None
    forms = _known.setdefault(statement, {})
    found = forms.get(names)
    if found is None:
        found = forms[names] = Compiled(statement, names)
    return found
