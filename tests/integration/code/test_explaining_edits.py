"""What `why` says of twenty edits to one project: which function, in which file and lines, reached through what."""

# ruff: noqa: RUF001, ISC004 - spans of lines are written with an en dash, long texts in parts

from pathlib import Path

import pytest

from headrace.code.reader import StaticCodeReader
from headrace.core.symbols import Symbol
from headrace.plan.explain import compare_code
from headrace.ports.code import CodeRow
from headrace.testing.memory_stores import MemoryStore
from integration.code.edited_projects import write

FILES = {
    "flights/__init__.py": "",
    "flights/train.py": """\
import headrace as hr
from flights.features import rolling
from flights.models import Model
from flights import plugins
RATE = 0.1

@hr.step
def fit(rows: list[float]) -> Model:
    model = Model(RATE)
    return model.learn(rolling(rows))
""",
    "flights/features.py": """\
from flights.clean import clip

def rolling(rows):
    return [clip(row) for row in rows]

def unused(rows):
    return rows
""",
    "flights/clean.py": """\
LOW, HIGH = 0, 1

def clip(x):
    return min(max(x, LOW), HIGH)
""",
    "flights/tidy.py": "def clip(x):\n    return x\n",
    "flights/models.py": """\
class Model:
    depth = 3

    def __init__(self, rate):
        self.rate = rate

    def learn(self, rows):
        return self._score(rows) * self.rate

    def _score(self, rows):
        return sum(rows) / self.depth
""",
    "flights/plugins.py": """\
from flights.registry import KNOWN, register

@register
def plug():
    return 1
""",
    "flights/registry.py": """\
KNOWN = {}

def register(function):
    KNOWN[function.__name__] = function
    return function
""",
}

EDITS: dict[str, tuple[str, str, str, list[str]]] = {
    "a function at a distance": (
        *("flights/clean.py", "return min(max(x, LOW), HIGH)", "return min(max(x, LOW), HIGH) * 2"),
        ["changed: `clip` in `flights/clean.py`, lines 3–4, reached through `fit` → `rolling` → `clip`"],
    ),
    "a constant at a distance": (
        *("flights/clean.py", "= 0, 1", "= 0, 2"),
        [
            "changed: `HIGH` in `flights/clean.py`, line 1, reached through `fit` → `rolling` → `clip` → `HIGH`",
            "changed: `LOW` in `flights/clean.py`, line 1, reached through `fit` → `rolling` → `clip` → `LOW`",
        ],
    ),
    "the step itself": (
        *("flights/train.py", "Model(RATE)", "Model(RATE * 2)"),
        ["changed: `fit` in `flights/train.py`, lines 8–10"],
    ),
    "the step's annotations": (
        *("flights/train.py", "rows: list[float]", "rows: list[int]"),
        ["changed: `fit` in `flights/train.py`, lines 8–10"],
    ),
    "a constant beside the step": (
        *("flights/train.py", "RATE = 0.1", "RATE = 0.2"),
        ["changed: `RATE` in `flights/train.py`, line 5, reached through `fit` → `RATE`"],
    ),
    "a function one step away": (
        *("flights/features.py", "[clip(row) for row in rows]", "[clip(row) for row in rows[1:]]"),
        ["changed: `rolling` in `flights/features.py`, lines 3–4, reached through `fit` → `rolling`"],
    ),
    "a method": (
        *("flights/models.py", "sum(rows) / self.depth", "sum(rows) // self.depth"),
        ["changed: `Model._score` in `flights/models.py`, lines 10–11, reached through `fit` → `Model._score`"],
    ),
    "a constructor": (
        *("flights/models.py", "self.rate = rate", "self.rate = rate + 1"),
        ["changed: `Model.__init__` in `flights/models.py`, lines 4–5, reached through `fit` → `Model.__init__`"],
    ),
    "an attribute of a class": (
        *("flights/models.py", "depth = 3", "depth = 4"),
        ["changed: `Model` in `flights/models.py`, lines 1–11, reached through `fit` → `Model`"],
    ),
    "a base of a class": (
        *("flights/models.py", "class Model:", "class Model(dict):"),
        ["changed: `Model` in `flights/models.py`, lines 1–11, reached through `fit` → `Model`"],
    ),
    "a further method": (
        *("flights/models.py", "    def learn", "    def forget(self):\n        return 0\n\n    def learn"),
        ["added: `Model.forget` in `flights/models.py`, lines 7–8, reached through `fit` → `Model.forget`"],
    ),
    "a method less": (
        *("flights/models.py", "    def _score(self, rows):\n        return sum(rows) / self.depth\n", ""),
        ["removed: `Model._score` in `flights/models.py`, lines 10–11, reached through `fit` → `Model._score`"],
    ),
    "another module for a name": (
        *("flights/features.py", "from flights.clean import clip", "from flights.tidy import clip"),
        [
            "changed: what `clip` means in `flights/features.py`, line 1 (was `flights.clean.clip`, is "
            "`flights.tidy.clip`), reached through `fit` → `rolling` → `clip`",
            "added: `clip` in `flights/tidy.py`, lines 1–2, reached through `fit` → `rolling` → `clip`",
            "removed: `clip` in `flights/clean.py`, lines 3–4, reached through `fit` → `rolling` → `clip`",
        ],
    ),
    "a function that takes the place of an import": (
        *("flights/features.py", "from flights.clean import clip", "def clip(x):\n    return x"),
        [
            "changed: what `clip` means in `flights/features.py`, lines 1–2 (was `flights.clean.clip`, is defined "
            "there), reached through `fit` → `rolling` → `clip`",
            "removed: `clip` in `flights/clean.py`, lines 3–4, reached through `fit` → `rolling` → `clip`",
        ],
    ),
    "a function that is called now": (
        *("flights/features.py", "    return [clip", "    unused(rows)\n    return [clip"),
        [
            "changed: `rolling` in `flights/features.py`, lines 3–5, reached through `fit` → `rolling`",
            "added: `unused` in `flights/features.py`, lines 7–8, reached through `fit` → `rolling` → `unused`",
        ],
    ),
    "a function that is not called any more": (
        *("flights/train.py", "rolling(rows)", "rows"),
        [
            "changed: `fit` in `flights/train.py`, lines 8–10",
            "removed: `rolling` in `flights/features.py`, lines 3–4, reached through `fit` → `rolling`",
        ],
    ),
    "a plug-in": (
        *("flights/plugins.py", "return 1", "return 2"),
        [
            "changed: `plug` in `flights/plugins.py`, lines 3–5, reached through "
            "`fit` → importing `flights.plugins` → `plug`"
        ],
    ),
    "a plug-in that is not registered any more": (
        *("flights/plugins.py", "@register\n", ""),
        [
            "removed: what importing `flights.plugins` does, in `flights/plugins.py`, lines 3–5, reached through "
            "`fit` → importing `flights.plugins`",
        ],
    ),
    "a patch made at import": (
        *("flights/plugins.py", "    return 1\n", "    return 1\n\nKNOWN.clear()\n"),
        [
            "changed: what importing `flights.plugins` does, in `flights/plugins.py`, lines 3–7, reached through "
            "`fit` → importing `flights.plugins`"
        ],
    ),
    "only a comment": ("flights/clean.py", "def clip", "# a comment\ndef clip", []),
    "only another function": ("flights/features.py", "return rows", "return rows[1:]", []),
}


def rows_of(root: Path) -> tuple[CodeRow, ...]:
    reader = StaticCodeReader(root, MemoryStore().memos, path=[str(root)])
    return reader.code_of(Symbol("flights.train", "fit")).rows


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_is_told_by_function_file_and_way(name: str, tmp_path: Path):
    file, old, new, expected = EDITS[name]
    before = rows_of(write(FILES, tmp_path / "before"))
    assert FILES[file].count(old) == 1
    after = rows_of(write({**FILES, file: FILES[file].replace(old, new)}, tmp_path / "after"))
    assert [str(change) for change in compare_code(before, after)] == expected
