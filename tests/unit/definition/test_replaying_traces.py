"""Whether a stored trace may stand for a new one: pipelines of this very file, sound and unsound ones."""

import datetime as dt
import math
import os
import random
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import headrace as hr
from headrace.definition.pipelines import Pipeline
from headrace.definition.pure_names import PURE_HEADRACE
from headrace.definition.replay import is_replayable, why_not_replayable

METHODS = ("logistic", "forest")
RATES = dict.fromkeys(METHODS, 0.1)
START = dt.date(2013, 1, 1) + dt.timedelta(days=2)
FOLDER = os.environ.get("HEADRACE_TEST_FOLDER", "data")
FOLDERS = (FOLDER, "b")
CHANGED = ["a"]
CHANGED.append("b")
RANDOM = random.random()


class Split(NamedTuple):
    train: int
    test: int = 2


class Carrier(Enum):
    UNITED = "UA"


@dataclass(frozen=True)
class Config:
    rate: float = 0.1

    @property
    def folder(self) -> str:
        return os.environ["HOME"]

    def load(self) -> float:
        return time.time()


class Clever:
    def __init__(self) -> None:
        self.now = time.time()


CONFIG = Config()
CLEVER = Clever()


@hr.step(retries=hr.Retry(2, on=OSError), timeout=dt.timedelta(hours=1))
def fit(rate: float = 0.5, *, name: str = METHODS[0]) -> float: ...


@hr.step(timeout=float(os.environ.get("HEADRACE_TEST_TIMEOUT", "60")))
def limited() -> int: ...


@hr.step
def located(folder: str = FOLDER) -> int: ...


quick_fit = fit.with_options(timeout=10, tags=["quick"])


def grid(count: int) -> list[float]:
    return [number / 10 for number in range(count)]


def clocked() -> float:
    return time.time()


@hr.pipeline
def inner(rate: float) -> float:
    return quick_fit(rate)


@hr.pipeline
def sound(until: date = START, folds: hr.Static[int] = 3, rates: Sequence[float] = (0.1, 0.2)) -> dict[str, Any]:
    """All that a body may do."""
    split = Split(train=1)
    fits = [fit.with_options(name=f"fit-{fold}")(rate) for fold, rate in enumerate(grid(folds))]
    names = sorted({name.upper() for name in METHODS}, key=lambda name: (len(name), name))
    names.append(Carrier.UNITED.value)
    for left, right in combinations(names, 2):
        fit.after(fits[0])(CONFIG.rate * math.sqrt(2), name=f"{left} {right}")
    mapped = fit.map(hr.each(rates), name=hr.each(["a", "b"]))
    best = hr.when(is_good(mapped), lambda: inner(RATES[METHODS[0]]), otherwise=lambda: max(0.1, 0.2))
    return {"best": best, "split": split, "first": date(until.year, 1, 1) if folds > 100 else START}


@hr.step
def is_good(scores: Sequence[float]) -> bool: ...


def test_a_body_of_steps_and_plain_values_is_replayable():
    assert why_not_replayable(sound) == ""
    assert is_replayable(sound)
    assert is_replayable(inner)


@hr.pipeline
def names_what_the_environment_said() -> None:
    fit(name=FOLDER)


@hr.pipeline
def names_it_in_a_tuple() -> None:
    fit(name=FOLDERS[0])


@hr.pipeline
def names_a_list_that_changes() -> None:
    fit(name=CHANGED[0])


@hr.pipeline
def names_a_number_by_chance() -> None:
    fit(RANDOM)


@hr.pipeline
def calls_a_step_with_an_option_from_outside() -> None:
    limited()


@hr.pipeline
def calls_a_step_with_a_default_from_outside() -> None:
    located()


@hr.pipeline
def calls_a_function_that_reads_the_clock() -> None:
    fit(clocked())


@hr.pipeline
def calls_a_pipeline_that_is_not() -> None:
    names_a_number_by_chance()


@hr.pipeline
def reads_a_folder(folder: hr.Static[Path] = Path("data")) -> None:
    for path in sorted(folder.iterdir()):
        fit(name=str(path))


@hr.pipeline
def asks_for_today() -> None:
    fit(name=str(date.today()))  # noqa: DTZ011 - the mistake


@hr.pipeline
def hashes() -> None:
    fit(hash("a"))


@hr.pipeline
def imports() -> None:
    from math import pi

    fit(pi)


@hr.pipeline
def reads_a_property() -> None:
    fit(name=CONFIG.folder)


@hr.pipeline
def calls_a_method_of_a_record() -> None:
    fit(CONFIG.load())


@hr.pipeline
def names_an_object_with_a_constructor() -> None:
    fit(CLEVER.now)


@hr.pipeline
def asks_the_interpreter() -> None:
    fit(name=sys.platform)


@hr.pipeline
def asks_for_the_run() -> None:
    fit(name=str(hr.current_run()))


@hr.pipeline
def evaluates() -> None:
    fit(eval("0.1"))


@hr.pipeline
def depends_on_a_default_from_outside(name: str = FOLDER) -> None:
    fit(name=name)


HERE = __file__
UNSOUND: list[tuple[Pipeline[..., Any], str]] = [
    (names_what_the_environment_said, "os.environ.get is used"),
    (names_it_in_a_tuple, "os.environ.get is used"),
    (names_a_list_that_changes, "'CHANGED' is not bound exactly once"),
    (names_a_number_by_chance, "random.random is used"),
    (calls_a_step_with_an_option_from_outside, "os.environ.get is used"),
    (calls_a_step_with_a_default_from_outside, "os.environ.get is used"),
    (calls_a_function_that_reads_the_clock, "time.time is used"),
    (calls_a_pipeline_that_is_not, "random.random is used"),
    (reads_a_folder, ".iterdir may read a file or the clock"),
    (asks_for_today, ".today may read a file or the clock"),
    (hashes, f"hash() is used in {HERE}"),
    (imports, "a importfrom statement stands in a function"),
    (reads_a_property, "CONFIG.folder is a property"),
    (calls_a_method_of_a_record, "CONFIG.load() is called"),
    (names_an_object_with_a_constructor, ".now may read a file or the clock"),
    (asks_the_interpreter, "sys.platform is used"),
    (asks_for_the_run, "headrace.current_run is used"),
    (evaluates, f"eval() is used in {HERE}"),
    (depends_on_a_default_from_outside, "os.environ.get is used"),
]


@pytest.mark.parametrize(("pipeline", "reason"), UNSOUND, ids=[pipeline.name for pipeline, _ in UNSOUND])
def test_a_body_that_depends_on_more_than_files_is_traced_anew(pipeline: Pipeline[..., Any], reason: str):
    why = why_not_replayable(pipeline)
    assert why.startswith(reason), why
    assert HERE in why
    assert not is_replayable(pipeline)


def test_a_pipeline_without_a_file_is_traced_anew():
    namespace: dict[str, Any] = {"hr": hr, "__name__": "no_such_module"}
    exec("@hr.pipeline\ndef p() -> None: ...", namespace)
    assert why_not_replayable(namespace["p"]) == "no_such_module has no file that could be read"


def test_what_a_body_may_use_of_headrace_is_there_without_loading_more():
    assert set(hr.__all__) >= PURE_HEADRACE
