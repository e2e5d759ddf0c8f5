"""Which functions keep what they read for later calls: by what the containers are that they change."""

import json
import sys
from collections import deque
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

from headrace.code.keeping import KeptReads

COLUMNS = ["a", "b"]
WIDTHS = {"a": 1}
SEEN: dict[str, Any] = {}
MANY: list[dict[str, Any]] = [{}]
TEXTS = ["one"]
UNIQUE: set[str] = set()
QUEUE: deque[Any] = deque()
LINE: SimpleQueue[Any] = SimpleQueue()
READS = [KeptReads()]


class Store:
    shared: dict[str, Any] = {}  # noqa: RUF012 - that it is shared is the point

    def __init__(self) -> None:
        self.rows: dict[str, Any] = {}

    def keep(self) -> None:
        self.rows["a"] = read()


STORE = Store()


def read() -> dict[str, Any]:
    """Stands for the opening of a file."""
    READS[0].note("/data/a.csv", (None, False), sys._getframe())
    return {"a": 1}


def seen() -> dict[str, Any]:
    return SEEN


def put(table: Any, key: str) -> None:
    table[key] = read()


def changes_a_row() -> None:
    read()
    row = json.loads('{"a": 1}')
    for column in COLUMNS:
        row[column] = WIDTHS.get(column, 0) + 1


def adds_to_a_row() -> None:
    row = {"a": 0, "b": 0}
    read()
    row.update(b=2)
    for column in COLUMNS:
        row[column] += 1


def appends_to_a_list() -> None:
    read()
    found = [1, len(COLUMNS)]
    found.append(1)
    assert WIDTHS


def changes_items_of_its_own() -> None:
    read()
    rows = [{"a": 1}, {"b": 2}]
    for number, row in enumerate(rows):
        row["b"] = number


def gives_its_own() -> None:
    row: dict[str, Any] = {}
    put(row, "a")


def changes_its_own_store() -> None:
    Store().keep()


def stores() -> None:
    SEEN["a"] = read()


def stores_in_an_alias() -> None:
    table = SEEN
    table["a"] = read()


def stores_in_an_alias_of_an_item() -> None:
    value = read()
    table = MANY[0]
    table["a"] = value


def stores_in_one_of_two() -> None:
    table = SEEN if WIDTHS else {}
    table["a"] = read()


def stores_in_all() -> None:
    value = read()
    for table in (SEEN, MANY[0]):
        table["a"] = value


def adds() -> None:
    SEEN.setdefault("b", [])
    SEEN["b"] += [read()]


def stores_in_what_a_function_gives() -> None:
    table = seen()
    table["a"] = read()


def gives_to_one_that_stores() -> None:
    put(SEEN, "a")


def gives_an_item_to_one_that_stores() -> None:
    put(MANY[0], "a")


def stores_in_an_object() -> None:
    STORE.keep()


def stores_in_a_class() -> None:
    Store.shared["a"] = read()


def appends() -> None:
    MANY.append(read())
    MANY.pop()


def adds_to_a_set() -> None:
    UNIQUE.add(str(read()))


def updates() -> None:
    SEEN.update(a=read())


def sets_a_default() -> None:
    SEEN.setdefault("c", read())


def sets_an_item_by_name() -> None:
    SEEN.__setitem__("a", read())


def extends() -> None:
    TEXTS.extend([str(read())])
    TEXTS.pop()


def inserts() -> None:
    TEXTS.insert(0, str(read()))
    TEXTS.pop()


def appends_on_the_left() -> None:
    QUEUE.appendleft(read())


def puts_in_a_queue() -> None:
    LINE.put(read())


def replaces_a_slice() -> None:
    TEXTS[:] = [str(read())]


def stores_in_a_default_by_name(*, cache: dict[str, Any] = {}) -> None:  # noqa: B006 - that it is kept is the point
    cache["a"] = read()


def put_by_name(**tables: Any) -> None:
    value = read()
    if SEEN:
        tables["into"]["a"] = value


def gives_by_name_to_one_that_stores() -> None:
    put_by_name(into=SEEN)


class Outer:
    class Inner:
        found: Any = None

        @classmethod
        def keep(cls) -> None:
            target = cls if cls else None
            target.found = read()


def stores_in_an_attribute_of_an_inner_class() -> None:
    Outer.Inner.keep()


def appends_to_a_list_of_texts() -> None:
    TEXTS.append(str(read()))
    TEXTS.pop()


def stores_in_an_attribute(name: str = "a") -> None:
    STORE.rows = {name: read()}


def stores_in_an_attribute_of_a_class(number: int = 1) -> None:
    Store.shared = {"a": number}
    read()


def adds_to_an_alias() -> None:
    texts = TEXTS
    texts += [str(read())]
    TEXTS.pop()


def stores_in_a_default(cache: dict[str, Any] = {}) -> None:  # noqa: B006 - that it is kept is the point
    cache["a"] = read()


def counts_and_fills_an_object() -> None:
    store = Store()
    store.rows = {"a": 1}
    store.rows["a"] += 1
    total = len(COLUMNS)
    total += 1
    read()


def closure() -> Callable[[], None]:
    found: dict[str, Any] = {}

    def inner() -> None:
        found["a"] = read()

    return inner


FREE = (
    *(changes_a_row, adds_to_a_row, appends_to_a_list, changes_items_of_its_own, gives_its_own),
    *(changes_its_own_store, counts_and_fills_an_object),
)
KEEPING = (
    *(stores, stores_in_an_alias, stores_in_an_alias_of_an_item, stores_in_one_of_two, stores_in_all, adds, appends),
    *(stores_in_what_a_function_gives, gives_to_one_that_stores, gives_an_item_to_one_that_stores),
    *(stores_in_an_object, stores_in_a_class, closure()),
    *(appends_to_a_list_of_texts, stores_in_an_attribute, stores_in_an_attribute_of_a_class, adds_to_an_alias),
    *(stores_in_a_default, stores_in_a_default_by_name, gives_by_name_to_one_that_stores, replaces_a_slice),
    *(adds_to_a_set, updates, sets_a_default, sets_an_item_by_name, extends, inserts, appends_on_the_left),
    *(puts_in_a_queue, stores_in_an_attribute_of_an_inner_class),
)


@pytest.fixture(autouse=True)
def _nothing_kept():
    READS[0] = KeptReads()


def kept(function: Callable[[], None]) -> bool:
    function()
    return bool(READS[0].of(str(Path(__file__).resolve())))


@pytest.mark.parametrize("function", FREE, ids=lambda one: one.__name__)
def test_a_function_that_changes_only_its_own_keeps_nothing(function: Callable[[], None]):
    assert not kept(function)


@pytest.mark.parametrize("function", KEEPING, ids=lambda one: one.__qualname__)
def test_a_function_that_changes_what_outlives_it_keeps_what_it_reads(function: Callable[[], None]):
    assert kept(function)
