"""Texts that are dear to compute again, up to a bounded number and size."""

from headrace.stores import statements as sql
from headrace.stores.errors import StoreReadOnlyError
from headrace.stores.sessions import Database, Session

KEPT_MEMOS = 4096
KEPT_BYTES = 64 * 1024 * 1024


class SqlMemoStore:
    """The port `MemoStore` on a database; forgets what was kept longest ago."""

    def __init__(self, database: Database, *, count: int = KEPT_MEMOS, size_bytes: int = KEPT_BYTES) -> None:
        self._database, self._count, self._size_bytes = database, count, size_bytes

    def recall(self, key: str) -> str | None:
        """The text kept under this key."""
        row = self._database.read(lambda session: session.execute(sql.RECALL, (key,)).fetchone())
        return None if row is None else str(row[0])

    def keep(self, key: str, text: str) -> None:
        """Keep a text under this key.

        One that is larger than all may be together is not kept, and nothing is kept in a store that is only read.
        """
        size = len(text.encode())
        if size > self._size_bytes:
            return

        def work(session: Session) -> None:
            session.execute(sql.FORGET, (key,))
            session.execute(sql.KEEP, (key, size, text))
            session.execute(sql.FORGET_BY_COUNT, (self._count,))
            session.execute(sql.FORGET_BY_SIZE, (self._size_bytes,))

        try:
            self._database.write(work)
        except StoreReadOnlyError:
            return
