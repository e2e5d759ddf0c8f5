"""What PostgreSQL says differently: types, placeholders, the few statements that differ, and how values are written.

Every difference to SQLite that is more than a connection stands here.
"""

import re
from collections.abc import Mapping
from functools import lru_cache

from psycopg.abc import AdaptContext, Buffer
from psycopg.adapt import AdaptersMap
from psycopg.postgres import adapters as standard
from psycopg.types.numeric import FloatDumper, Int8Dumper
from psycopg.types.string import StrDumperUnknown, TextLoader

from headrace.stores import statements as sql

TYPES: Mapping[str, str] = {
    "serial": "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
    "key": 'TEXT COLLATE "C"',
    "clustered": "",
    "and_word": "",
}
"""PostgreSQL's words for what migrations write in braces. `COLLATE "C"` compares by code point, as the texts are UTF-8.
An index takes no text of any length (2.7 kB is the most), so that words of facts are read from their table."""

_MEAN = """CASE WHEN MAX(ABS(value)) < 1e150 THEN AVG(CASE WHEN ABS(value) < 1e150 THEN value END)
                                      ELSE SUM(CASE WHEN ABS(value) > 1e100 THEN value / total END) END"""
_ORDERED_WITH_TOTAL = "SELECT name, value, at, COUNT(*) OVER (PARTITION BY name) AS total FROM ordered WHERE place = 1"

DIFFERENT: Mapping[str, str] = {
    # AVG squares values and SUM adds them, and both refuse what is too large instead of calling it infinite, as a
    # division refuses what is too small; beside values of that size the small ones do not count
    sql.MEANS_OF_MAP: sql.MEANS_OF_MAP.replace("AVG(value)", _MEAN).replace(
        "FROM ordered WHERE place = 1", f"FROM ({_ORDERED_WITH_TOTAL}) AS counted"
    ),
    # SQLite lets one write at a time; here a run must not begin between a look at those under way and the removal
    sql.HOLD_RUNS: "LOCK TABLE runs IN SHARE ROW EXCLUSIVE MODE",
}
"""The statements that PostgreSQL needs in other words, by the common one."""


@lru_cache(maxsize=1024)
def own_words(statement: str) -> bytes:
    """A statement as PostgreSQL takes it: `$1`, `$2` … for each `?`."""
    first, *others = DIFFERENT.get(statement, statement).split("?")
    return "".join([first, *(f"${number}{text}" for number, text in enumerate(others, 1))]).encode()


_MARKED, _UNMARKED = re.compile("[\0\1]"), re.compile("\1[\1\2]")


def marked(text: str) -> str:
    """A text without NUL, which PostgreSQL does not take: it is written as 1 1, and 1 as 1 2.

    Different texts stay different, and in the same order.
    """
    if "\0" not in text and "\1" not in text:
        return text
    return _MARKED.sub(lambda found: "\1\1" if found[0] == "\0" else "\1\2", text)


def unmarked(text: str) -> str:
    """The text that `marked` was given."""
    return _UNMARKED.sub(lambda found: "\0" if found[0][1] == "\1" else "\1", text) if "\1" in text else text


class _Texts(StrDumperUnknown):
    """Texts, with what PostgreSQL does not take written otherwise."""

    def dump(self, obj: str) -> Buffer | None:
        return marked(obj).encode()


class _Numbers(FloatDumper):
    """Numbers; what is none is NULL, as in SQLite."""

    def dump(self, obj: float) -> Buffer | None:
        return super().dump(obj) if obj == obj else None


class _Read(TextLoader):
    """Texts as they were given."""

    def load(self, data: Buffer) -> str:
        return unmarked(str(data, "utf-8"))


def adapted() -> AdaptContext:
    """How values go to the server and come back."""
    own = AdaptersMap(standard)
    own.register_dumper(str, _Texts)
    own.register_dumper(float, _Numbers)
    # one type for every whole number: a statement is prepared once for each combination of types
    own.register_dumper(int, Int8Dumper)
    own.register_loader("text", _Read)
    return _Adapted(own)


class _Adapted:
    """What a connection takes its adapters from."""

    connection = None

    def __init__(self, adapters: AdaptersMap) -> None:
        self.adapters = adapters
