"""What can go wrong with a PostgreSQL server, in words for the person who has to do something about it. No message
holds a password: places are shown without it."""

import re

import psycopg

from headrace.core.errors import SettingsError, StoreError

SWITCHED_OFF = frozenset({"57P01", "57P02", "57P03", "57P05", "25P03"})
"""The server ends a session, or takes none just now: shutdown, crash of another session, start, idle for too long."""
CONTENDED = frozenset({"40001", "40P01", "55P03"})
"""Another session was in the way: serialization, deadlock, a lock that was not given in time."""
_SOON = re.compile(r"starting up|shutting down|recovery mode|too many clients|connection slots|not yet accepting")
_TOO_LONG, _NO_RIGHT, _READ_ONLY = "54000", "42501", "25006"
_PASSWORD = re.compile(r"password authentication failed|no password supplied|authentication failed|pg_hba\.conf")
_NO_ROLE = re.compile(r'role "[^"]*" (does not exist|is not permitted)')
_NO_DATABASE = re.compile(r'database "[^"]*" does not exist')


class BadAddressError(SettingsError):
    """The address of a database cannot be read. What it says is not shown, as it may hold a password."""

    code = "settings.database"

    def __init__(self) -> None:
        super().__init__(
            "The address of the database (HEADRACE_DATABASE, or `database` in [tool.headrace]) cannot be read. Write "
            "postgresql://USER@HOST:PORT/DATABASE; characters such as `/`, `@`, `:`, `%` and `#` in a name or password "
            "are written as %2F, %40, %3A, %25 and %23. It is not shown here, as it may hold a password."
        )


class ServerUnreachableError(StoreError):
    """No server answers."""

    code = "store.server-unreachable"

    def __init__(self, place: str, reason: str) -> None:
        self.place, self.reason = place, reason
        super().__init__(
            f"No PostgreSQL server answers at {place}: {reason}. Check that it runs (`pg_isready`) and that host and "
            f"port are right."
        )


class LoginRefusedError(StoreError):
    """The server does not let this user in."""

    code = "store.login-refused"

    def __init__(self, place: str, reason: str) -> None:
        self.place, self.reason = place, reason
        super().__init__(
            f"The server of {place} refuses the login: {reason}. Check the user's name, and give the password in "
            f"PGPASSWORD, in ~/.pgpass or in HEADRACE_DATABASE."
        )


class DatabaseMissingError(StoreError):
    """The server has no such database."""

    code = "store.database-missing"

    def __init__(self, place: str, name: str) -> None:
        self.place, self.name = place, name
        super().__init__(
            f"The server of {place} has no database {name!r}. Make one: `createdb --encoding=UTF8 --template=template0 "
            f"{name}`."
        )


class RightsMissingError(StoreError):
    """The database does not let this user do what is needed."""

    code = "store.no-rights"

    def __init__(self, place: str, reason: str) -> None:
        self.place, self.reason = place, reason
        super().__init__(
            f"This user may not do what is needed in {place}: {reason}. Who owns the database gives the right: `GRANT "
            f"CREATE, USAGE ON SCHEMA public TO` this user for making the tables, the tables' owner for using them."
        )


class ServerReadOnlyError(StoreError):
    """The server takes no writes."""

    code = "store.server-read-only"

    def __init__(self, place: str) -> None:
        self.place = place
        super().__init__(
            f"{place} can be read but not written: the server is a standby or read-only for this user. Commands that "
            f"only show things work; to run, use the address of the primary."
        )


class UnsuitableDatabaseError(StoreError):
    """The database cannot keep what is given to it."""

    code = "store.unsuitable"

    def __init__(self, place: str, found: str, wanted: str) -> None:
        self.place, self.found, self.wanted = place, found, wanted
        super().__init__(f"{place} cannot be used: it is {found}, and it has to be {wanted}.")


class ServerLostError(StoreError):
    """The connection broke and could not be made again in time."""

    code = "store.server-lost"

    def __init__(self, place: str, waited_s: float, reason: str) -> None:
        self.place, self.waited_s, self.reason = place, waited_s, reason
        super().__init__(
            f"The connection to {place} was lost and could not be made again for {waited_s:g} s: {reason}. What was "
            f"reported as finished is kept. Once the server answers (`pg_isready`), run again: what is finished is "
            f"reused."
        )


class ServerContendedError(StoreError):
    """Other sessions have been in the way past the deadline."""

    code = "store.locked"

    def __init__(self, place: str, waited_s: float) -> None:
        self.place, self.waited_s = place, waited_s
        super().__init__(
            f"Another session of {place} has held rows for {waited_s:g} s that had to be written. Nothing was changed. "
            f"Try again, or look in pg_stat_activity for a transaction that hangs."
        )


class TextTooLongError(StoreError):
    """A name or tag is longer than an index takes."""

    code = "store.too-long"

    def __init__(self, place: str, reason: str) -> None:
        self.place, self.reason = place, reason
        super().__init__(
            f"{place} does not take a text of this length: {reason}. Names, notes' words and tags may have about 2000 "
            f"characters there; give a shorter one."
        )


class ServerFailedError(StoreError):
    """The server could not do what was asked, in its own words."""

    code = "store.server"

    def __init__(self, place: str, reason: str) -> None:
        self.place, self.reason = place, reason
        super().__init__(
            f"The server of {place} could not do what was asked: {reason}. Look into its log; nothing of this was "
            f"written."
        )


def said(error: psycopg.Error) -> str:
    """What went wrong, in one line of the server's or driver's own words."""
    text = error.diag.message_primary or str(error)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__).removeprefix("connection failed: ").rstrip(".")


def passes_soon(error: psycopg.Error) -> bool:
    """Whether a server that refused a connection will take one before long."""
    return error.sqlstate in SWITCHED_OFF or bool(_SOON.search(str(error)))


def refusal(error: psycopg.Error, place: str, name: str) -> StoreError:
    """Why no connection to the database called `name` could be made."""
    text = str(error)
    if _NO_DATABASE.search(text):
        return DatabaseMissingError(place, name)
    if _PASSWORD.search(text) or _NO_ROLE.search(text):
        return LoginRefusedError(place, said(error))
    if "permission denied for database" in text:
        return RightsMissingError(place, said(error))
    return ServerUnreachableError(place, said(error))


def translated(error: psycopg.Error, place: str) -> StoreError:
    """The server's error in our words."""
    if error.sqlstate == _NO_RIGHT:
        return RightsMissingError(place, said(error))
    if error.sqlstate == _READ_ONLY:
        return ServerReadOnlyError(place)
    if error.sqlstate == _TOO_LONG:
        return TextTooLongError(place, said(error))
    return ServerFailedError(place, said(error))
