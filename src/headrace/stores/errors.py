"""What can go wrong with a metadata store, in words for the person who has to do something about it."""

from collections.abc import Mapping

from headrace.core.errors import StoreError, UsageError


class StoreMissingError(StoreError):
    """A store is to be read where there is none."""

    code = "store.missing"

    def __init__(self, path: str) -> None:
        self.path = path
        super().__init__(f"There is no store at {path}: nothing has run in this project yet. A first run makes one.")


class StoreBusyError(StoreError):
    """Other processes have kept the store busy past the deadline."""

    code = "store.busy"

    def __init__(self, path: str, waited_s: float) -> None:
        self.path, self.waited_s = path, waited_s
        super().__init__(
            f"Other processes have been writing to {path} for {waited_s:g} s without a gap. Nothing was changed. "
            f"Try again, or look with `lsof {path}` for a process that holds it and hangs."
        )


class StoreReadOnlyError(StoreError):
    """Something is to be written where this user may not write."""

    code = "store.read-only"

    def __init__(self, path: str) -> None:
        self.path = path
        super().__init__(
            f"The store {path} can be read here but not written: the file, its folder or its disk is read-only for "
            f"this user, or it was opened for reading. Commands that only show things work; to run, make it writable "
            f"or choose another place for the store."
        )


class StoreUnreachableError(StoreError):
    """The operating system does not let the store be opened or used."""

    code = "store.unreachable"

    def __init__(self, path: str, reason: str) -> None:
        self.path, self.reason = path, reason
        super().__init__(
            f"The store {path} cannot be used: {reason}. Check that the disk has room and that the folder exists and "
            f"belongs to this user."
        )


class StoreDamagedError(StoreError):
    """The store's file is not what was written to it."""

    code = "store.damaged"

    def __init__(self, path: str, reason: str) -> None:
        self.path, self.reason = path, reason
        super().__init__(
            f"The store {path} is damaged ({reason}). Restore it from a backup, or move it away together with its "
            f"-wal and -shm files: a new one is made, stored values stay, but runs are forgotten and computed again."
        )


class ForeignStoreError(StoreError):
    """The file is a database, but of another program."""

    code = "store.foreign"

    def __init__(self, path: str, reason: str) -> None:
        self.path, self.reason = path, reason
        super().__init__(
            f"{path} is no store of Headrace: {reason}. It is left as it is; move it away or choose another place for "
            f"the store."
        )


class NewerStoreError(StoreError):
    """The store was written by a newer Headrace."""

    code = "store.newer"

    def __init__(self, path: str, found: int, known: int) -> None:
        self.path, self.found, self.known = path, found, known
        super().__init__(
            f"The store {path} has schema {found}, written by a newer Headrace; this one knows schema {known}. Update "
            f"this one (`pip install -U headrace`), or choose another place for the store."
        )


class OlderStoreError(StoreError):
    """The store was written by an older Headrace and cannot be brought up to date here."""

    code = "store.older"

    def __init__(self, path: str, found: int, known: int) -> None:
        self.path, self.found, self.known = path, found, known
        super().__init__(
            f"The store {path} has schema {found} and has to be brought up to {known} before it can be read, but it "
            f"is read-only for this user. Open it once where it can be written: any command of this version does it."
        )


class NetworkFileSystemError(StoreError):
    """The store would lie on a network file system, where SQLite loses data."""

    code = "store.network-file-system"

    def __init__(self, folder: str, kind: str) -> None:
        self.folder, self.kind = folder, kind
        super().__init__(
            f"The store's folder {folder} is on a network file system ({kind}). SQLite cannot share memory and locks "
            f"between processes there, which damages the database. Choose a folder on a disk of this machine, or use "
            f"a server."
        )


class StoreGoneError(StoreError):
    """The store was removed or replaced while this process wrote to it."""

    code = "store.gone"

    def __init__(self, path: str) -> None:
        self.path = path
        super().__init__(
            f"The store {path} was removed or replaced by another one while this run went on: what the run has "
            "computed went with it, and nothing is kept. Run again."
        )


class ClosedStoreError(StoreError):
    """A store is used after it was closed."""

    code = "store.closed"

    def __init__(self, path: str) -> None:
        self.path = path
        super().__init__(f"The store {path} was closed by this process. Open it again, or keep it open longer.")


class DriverMissingError(StoreError):
    """A server's database is asked for, and what talks to servers is not installed."""

    code = "store.driver-missing"

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(
            f"The project's database is on a PostgreSQL server, and psycopg cannot be used here ({reason}). Install "
            f"it: `pip install 'headrace[postgres]'`."
        )


class ConditionError(UsageError):
    """A condition compares a field with something that it never is."""

    code = "usage.condition"

    def __init__(self, name: str, operand: str, wanted: str) -> None:
        self.name, self.operand = name, operand
        super().__init__(f"{name!r} is {wanted} and cannot be compared with the text {operand!r}.")


FIELD_WORDS: Mapping[str, str] = {
    "time": "a time (unix seconds)",
    "seconds": "a number of seconds",
    "metric": "a number",
}
"""What the kinds of fields are, in words."""
