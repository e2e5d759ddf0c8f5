"""A set of texts that may be larger than memory."""

import sqlite3
from collections.abc import Iterable


class Marks:
    """Texts that were seen, in a temporary file of SQLite's, of which it holds the pages in use: one thread only."""

    def __init__(self) -> None:
        self._connection = sqlite3.connect("", isolation_level=None)
        self._connection.execute("PRAGMA journal_mode=OFF")
        self._connection.execute("CREATE TABLE marks (text TEXT PRIMARY KEY) WITHOUT ROWID")

    def add(self, text: str) -> bool:
        """Mark a text; whether it is new."""
        return self._connection.execute("INSERT OR IGNORE INTO marks VALUES (?)", (text,)).rowcount == 1

    def update(self, texts: Iterable[str]) -> None:
        """Mark several."""
        self._connection.executemany("INSERT OR IGNORE INTO marks VALUES (?)", ((text,) for text in texts))

    def __contains__(self, text: str) -> bool:
        return self._connection.execute("SELECT 1 FROM marks WHERE text = ?", (text,)).fetchone() is not None
