"""What a script changes in modules before it starts a run: no key sees it, so it is refused with what to do."""

from pathlib import Path

import pytest

from acceptance.command_line import Project

CONFIG = "LR = 1\nOPTIONS = {'depth': 3}\nNAMES = []\n\n\ndef learn(name):\n    NAMES.append(name)\n"
CONFIG += "\n\ndef scale(x):\n    return x\n\n\nclass Unit:\n    def of(self, x):\n        return x\n"
CONFIG += """

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from types import SimpleNamespace

from shop import FEE, fetch


class Limits:
    low = 1

    class Inner:
        high = 2


class Settings:
    def __init__(self, rate=3):
        self.rate = rate
        self.found = []


@dataclass
class Row:
    width: int = 4
    names: list = field(default_factory=list)


@dataclass(frozen=True)
class Fixed:
    size: int = 4


class Counter:
    total = 0

    @classmethod
    def count(cls):
        cls.total += 1


SETTINGS = Settings()
SPACE = SimpleNamespace(depth=5)
ROW = Row(width=6)
FIXED = Fixed()
BIG = 10**5000
DAY = date(2013, 4, 1)
PLACE = Path("data")
ITEMS = dict(one=1)


def given(x=7, *, y=8):
    return x + y


def everything():
    Counter.count()
    parts = (Limits.low, Limits.Inner.high, SETTINGS.rate, SPACE.depth, ROW.width, given(), fetch(), FEE, FIXED.size)
    return f"{parts} {SETTINGS.found} {ROW.names} {BIG % 10} {DAY} {PLACE} {ITEMS}"
"""
SHOP = "FEE = 9\n\n\ndef fetch():\n    return 10\n"
SCRIPT = """
import sys

import config
import headrace as hr

RATE = 1
CACHE = {}


@hr.step
def compute(x: int) -> str:
    CACHE[x] = x
    return f"{RATE} {config.LR} {config.OPTIONS['depth']} {config.NAMES}"


class Local:
    size = 1


@hr.step
def gather() -> str:
    return f"{config.everything()} {Local.size}"


@hr.pipeline
def gathering() -> str:
    return gather()


@hr.step
def convert(x: int) -> int:
    return shift(config.Unit().of(config.scale(x)))


def shift(x):
    return x


def other(x):
    return x + 1


def by_method(unit, x):
    return x + 1


@hr.pipeline
def computing(x: int = 1) -> str:
    return compute(convert(x))


def main():
    print(hr.run(computing).output)


if __name__ == "__main__":
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "memory"\nversion = "0"\n')
    (tmp_path / "config.py").write_text(CONFIG)
    (tmp_path / "shop.py").write_text(SHOP)
    return Project(tmp_path)


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("RATE = int('5')", "`RATE` of script.py"),
        ("RATE = 5", "`RATE` of script.py"),
        ("config.LR = 5", "`LR` of config.py"),
        ("setattr(config, 'LR', 5)", "`LR` of config.py"),
        ("config.OPTIONS['depth'] = 5", "`OPTIONS` of config.py"),
        ("config.OPTIONS.update(depth=5)", "`OPTIONS` of config.py"),
    ],
)
def test_a_constant_that_the_script_changes_is_refused_before_anything_runs(project: Project, line: str, name: str):
    answer = project.python(f"{SCRIPT}    {line}\n    main()\n")
    assert answer.status == 1
    assert f"{name} was edited after" in answer.err.replace(" in ", " of ") or f"A step uses {name}" in answer.err
    assert "a parameter of the pipeline" in answer.err
    assert project.headrace("show", "last").status == 2, "no run was made"


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("config.scale = lambda x: x + 1", "`scale` of config.py"),
        ("config.scale = int", "`scale` of config.py"),
        ("config.scale = other", "`scale` of config.py"),
        ("config.Unit.of = by_method", "`Unit.of` of config.py"),
        ("shift = other", "`shift` of script.py"),
        ("import functools; config.scale = functools.wraps(config.scale)(lambda x: x + 1)", "`scale` of config.py"),
    ],
)
def test_a_function_that_the_script_replaces_is_refused_before_anything_runs(project: Project, line: str, name: str):
    answer = project.python(f"{SCRIPT}    {line}\n    main()\n")
    assert answer.status == 1
    assert f"A step uses {name}" in answer.err
    assert "a parameter that chooses" in answer.err
    assert project.headrace("show", "last").status == 2, "no run was made"


@pytest.mark.parametrize(
    "line",
    [
        "import functools; config.scale = functools.lru_cache(config.scale)",
        "config.unused = other",
        "config.Unit.more = other",
    ],
)
def test_what_replaces_no_function_runs(project: Project, line: str):
    answer = project.python(f"{SCRIPT}    {line}\n    main()\n")
    assert answer.status == 0, answer.err


@pytest.mark.parametrize(
    "line", ["pass", "config.LR = 1", "RATE = 1", "unused = 5", "config.learn('a')", "CACHE[7] = 7"]
)
def test_what_changes_no_constant_runs(project: Project, line: str):
    answer = project.python(f"{SCRIPT}    {line}\n    main()\n")
    assert answer.status == 0, answer.err
    assert answer.out.startswith("1 1 3 [")


def test_a_script_that_is_imported_keeps_what_stands_under_its_guard_to_itself(project: Project):
    (project.folder / "script.py").write_text(f"{SCRIPT}    RATE = 5\n    main()\n")
    assert project.ok("run", "script.py:computing", "--json").data["output"] == "1 1 3 []"


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("config.Limits.low = 5", "`Limits.low` of config.py"),
        ("setattr(config.Limits.Inner, 'high', 5)", "`Limits.Inner.high` of config.py"),
        ("config.SETTINGS.rate = 5", "`SETTINGS.rate` of config.py"),
        ("config.SETTINGS = config.Settings(5)", "`SETTINGS.rate` of config.py"),
        ("config.SETTINGS.more = 5", "`SETTINGS.more` of config.py"),
        ("config.SPACE.depth = 50", "`SPACE.depth` of config.py"),
        ("config.ROW.width = 50", "`ROW.width` of config.py"),
        ("config.FIXED = config.Fixed(5)", "`FIXED.size` of config.py"),
        ("config.given.__defaults__ = (70,)", "`given` of config.py"),
        ("config.given.__kwdefaults__ = {'y': 80}", "`given` of config.py"),
        ("config.FEE = 90", "`FEE` of config.py"),
        ("config.fetch = lambda: 100", "`fetch` of config.py"),
        ("from unittest import mock; mock.patch('config.fetch', return_value=3).start()", "`fetch` of config.py"),
        ("Local.size = 2", "`Local.size` of script.py"),
        ("import datetime; config.DAY = datetime.date(2014, 4, 1)", "`DAY` of config.py"),
        ("config.PLACE = config.Path('other')", "`PLACE` of config.py"),
        ("config.ITEMS['one'] = 2", "`ITEMS` of config.py"),
    ],
)
def test_what_a_script_sets_on_classes_records_and_names_is_refused(project: Project, line: str, name: str):
    head = SCRIPT.replace("hr.run(computing)", "hr.run(gathering)").partition("if __name__")[0]
    answer = project.python(
        f"{head}\ndef start():\n    global Local\n    {line}\n    main()\n\nif __name__ == '__main__':\n    start()\n"
    )
    assert answer.status == 1, answer.out
    assert name in answer.err.replace(" in ", " of "), answer.err


@pytest.mark.parametrize(
    "line",
    [
        "pass",
        "config.SETTINGS.rate = 3",
        "config.SETTINGS.found.append(1)",
        "config.ROW.names.append(1)",
        "config.Counter.count()",
        "config.Limits.unknown = 3",
        "config.shop = 3",
    ],
)
def test_what_is_as_written_or_there_to_fill_runs(project: Project, line: str):
    head = SCRIPT.replace("hr.run(computing)", "hr.run(gathering)").partition("if __name__")[0]
    answer = project.python(
        f"{head}\ndef start():\n    {line}\n    main()\n\nif __name__ == '__main__':\n    start()\n"
    )
    assert answer.status == 0, answer.err


ODD = {
    "a decorator of a class that wraps its methods": (
        "def logged(cls):\n    old = cls.go\n    cls.go = lambda self: old(self)\n    return cls\n\n"
        "@logged\nclass Work:\n    def go(self):\n        return 1\n\ndef use():\n    return Work().go()\n"
    ),
    "a star import after a fallback": "def fast():\n    return 1\n\nfrom quick import *\n\ndef use():\n    return fast()\n",
    "names bound by globals": "def fast():\n    return 1\n\nglobals().update(fast=lambda: 2)\n\ndef use():\n    return fast()\n",
    "an assignment in an expression": "N = 0\nif (N := 5):\n    pass\n\ndef use():\n    return N\n",
    "an enum": "from enum import Enum\n\nclass Kind(Enum):\n    A = 1\n    B = (2, 3)\n\ndef use():\n    return Kind.A.value\n",
    "a function that is bound twice": "def go():\n    return 1\n\ndef go():\n    return 2\n\ndef use():\n    return go()\n",
    "a function that is given to a wrapper": "import functools\n\ndef go():\n    return 1\n\ngo = functools.cache(go)\n\ndef use():\n    return go()\n",
    "a constant that another module sets": "import quick\n\nquick.LIMIT = 2\n\ndef use():\n    return quick.LIMIT\n",
    "slots and descriptors": (
        "from dataclasses import dataclass\nfrom functools import cached_property\n\n@dataclass(slots=True)\nclass Row:\n    x: int = 1\n\n"
        "class Lazy:\n    size = 3\n\n    @property\n    def x(self):\n        return 1\n\nROW = Row(2)\n\ndef use():\n    return ROW.x + Lazy().x\n"
    ),
    "what objects and defaults keep for themselves": (
        "from dataclasses import dataclass\nfrom functools import cached_property\n\nclass Conf:\n    size = 3\n\n    @cached_property\n"
        "    def double(self):\n        return self.size * 2\n\n@dataclass(frozen=True)\nclass Frozen:\n    x: int = 1\n\n    @cached_property\n"
        "    def more(self):\n        return self.x + 1\n\nCONF = Conf()\nFROZEN = Frozen()\n\ndef log(x, _seen=[0]):\n    _seen.append(x)\n    return x\n\n"
        "def use():\n    return log(CONF.double + FROZEN.more)\n"
    ),
    "attributes that another module sets": ("import quick\n\ndef use():\n    quick.count(quick.STATE)\n    return 1\n"),
    "state that functions keep on classes and records": (
        "class Pool:\n    size = 1\n\n    def grow(self):\n        type(self).size += 1\n        self.used = 3\n\nPOOL = Pool()\nPOOL.grow()\n\n"
        "def use():\n    POOL.grow()\n    return 1\n"
    ),
}


@pytest.mark.parametrize("case", ODD, ids=lambda case: case.replace(" ", "-"))
def test_what_files_do_themselves_is_no_change_from_outside(project: Project, case: str):
    (project.folder / "quick.py").write_text(
        "LIMIT = 1\n\n\ndef fast():\n    return 3\n\n\nclass State:\n    n = 1\n\n\nSTATE = State()\n\n\n"
        "def count(state):\n    state.n += 1\n"
    )
    (project.folder / "odd.py").write_text(ODD[case])
    code = "import headrace as hr\nimport odd\n\n@hr.step\ndef use() -> int:\n    return odd.use()\n\n@hr.pipeline\ndef odds() -> int:\n    return use()\n\n"
    answer = project.python(f"{code}if __name__ == '__main__':\n    odd.use()\n    hr.run(odds)\n    hr.run(odds)\n")
    assert answer.status == 0, answer.err


STEPS = "import headrace as hr\n\n{head}\n@hr.step\ndef score() -> int:\n    return RATE * 10\n\n@hr.pipeline\ndef p() -> int:\n    return score()\n\n"


@pytest.mark.parametrize(
    "after",
    [
        "RATE = 1\nprint(hr.run(p).output)\nRATE = 2\nprint(hr.run(p).output)\n",
        "RATE = 1\nfor RATE in (3, 4):\n    print(hr.run(p).output)\n",
    ],
)
def test_a_sweep_over_a_global_at_the_top_level_is_refused_and_not_reused(project: Project, after: str):
    answer = project.python(STEPS.format(head="") + after)
    assert (answer.status, answer.out) == (1, "")
    assert "`RATE` of script.py" in answer.err.replace(" in ", " of ")


@pytest.mark.parametrize(
    "report",
    [
        "print([score.name for score in run.steps])",
        "for score in run.steps:\n        print(score.name)",
        "score = run.step('score')",
    ],
)
def test_names_that_a_report_under_the_guard_uses_again_are_its_own(project: Project, report: str):
    code = STEPS.format(head="RATE = 1\n")
    answer = project.python(f"{code}if __name__ == '__main__':\n    run = hr.run(p)\n    {report}\n")
    assert answer.status == 0, answer.err
