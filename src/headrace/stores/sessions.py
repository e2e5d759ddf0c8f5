"""The seam between statements and databases: what a database has to offer so that the stores can work on it.

Statements are written once, with `?` for parameters and in words that SQLite and PostgreSQL both know; an adapter
puts its own placeholders and column types in. Nothing else of a database is seen outside its adapter.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol, TypeVar

from headrace.stores.errors import StoreReadOnlyError

T = TypeVar("T")

Parameter = str | float | int | None
Row = Sequence[Any]

TYPE_WORDS = ("serial", "key", "clustered", "and_word")
"""What migrations write in braces, because databases name it differently.

`{serial}`: a number that grows with each row, as primary key. `{key}`: a text that compares by code point, whatever
the database's language. `{clustered}`: after a table's bracket, rows lie in the order of their primary key.
`{and_word}`: one more column of an index, a text of any length that is there only to be read with the others.
"""


class Cursor(Protocol):
    """The answer to a statement."""

    @property
    def rowcount(self) -> int:
        """How many rows a write has changed."""
        ...

    def fetchone(self) -> Any:
        """The next row, None after the last."""
        ...

    def fetchall(self) -> list[Any]:
        """All rows."""
        ...


class Session(Protocol):
    """A connection for the time of one piece of work."""

    def execute(self, sql: str, parameters: Sequence[Parameter] = ..., /) -> Cursor:
        """Run a statement."""
        ...

    def executemany(self, sql: str, parameters: Iterable[Sequence[Parameter]], /) -> Cursor:
        """Run a statement once for each row of parameters."""
        ...


class Database(Protocol):
    """Carries work to a database and waits while it is busy.

    Any thread. `read` gives the work a session without a transaction: each statement sees what is committed. `write`
    runs the work inside a transaction and returns after the commit; work that raises leaves no trace. Work may run
    more than once, so it must have no effect outside its session; and an earlier time may have been committed although
    nobody could say so (the connection broke), so it must find that out where doing it twice would be wrong.
    """

    def read(self, work: Callable[[Session], T]) -> T:
        """Do some reading."""
        ...

    def write(self, work: Callable[[Session], T]) -> T:
        """Do some writing, in one transaction."""
        ...

    def faults(self, *, deep: bool = False) -> list[str]:
        """What is wrong with the database itself, by its own account; `deep` takes longer and looks at indexes too."""
        ...

    def close(self) -> None:
        """Close every connection; nothing can be read or written afterwards."""
        ...


class ReadOnlyDatabase:
    """A database of which only reading is wanted."""

    def __init__(self, database: Database, place: str) -> None:
        self._database, self._place = database, place

    def read(self, work: Callable[[Session], T]) -> T:
        """Do some reading."""
        return self._database.read(work)

    def write(self, work: Callable[[Session], T]) -> T:
        """Raises StoreReadOnlyError."""
        del work
        raise StoreReadOnlyError(self._place)

    def faults(self, *, deep: bool = False) -> list[str]:
        """What is wrong with the database itself."""
        return self._database.faults(deep=deep)

    def close(self) -> None:
        """Close every connection."""
        self._database.close()
