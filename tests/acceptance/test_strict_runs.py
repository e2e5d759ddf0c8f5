"""`headrace.testing.strict` finds what plain calls hide: altered inputs, identity, hidden order."""

import random
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import headrace as hr
from acceptance.agreeing_pipelines import CASES, FAILING
from headrace.testing import NotStrictError, Strict, strict

STATE: dict[str, object] = {}
UNKNOWN = "a text that is long enough not to be interned by anybody"
SEEDS = range(6)


@hr.step
def numbers(n: int) -> list[int]:
    return list(range(n))


@hr.step
def total(xs: Sequence[int]) -> int:
    return sum(xs)


@hr.step
def both(x: int, y: int) -> int:
    return x + y


@hr.step
def last_taken(xs: list[int]) -> int:
    return xs.pop()


@hr.pipeline
def taking(n: int = 4) -> int:
    xs = numbers(n)
    return both(last_taken(xs), total(xs))


def test_the_output_is_that_of_a_plain_call():
    @hr.pipeline
    def adding(n: int) -> int:
        return total(numbers(n))

    assert strict(adding, 5) == strict(adding, n=5) == adding(5) == 10


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0].name)
def test_what_a_run_and_a_plain_call_agree_on_is_strict(case):
    pipeline, arguments = case
    assert strict(pipeline, **arguments) == pipeline(**arguments)


@pytest.mark.parametrize(("pipeline", "cause"), FAILING, ids=lambda one: getattr(one, "name", ""))
def test_what_fails_in_a_plain_call_fails_for_the_same_reason(pipeline, cause):
    with pytest.raises(Exception, match=cause) as failure:
        strict(pipeline)
    assert not isinstance(failure.value, NotStrictError)


def test_a_step_that_alters_its_input_is_named_with_the_input():
    with pytest.raises(NotStrictError, match="Step 'last_taken' alters its input 'xs' in place") as found:
        strict(taking)
    assert len(found.value.findings) == 1
    assert isinstance(found.value, AssertionError), "a test fails by it, it does not break"


@hr.step
def frame() -> pd.DataFrame:
    return pd.DataFrame({"a": [1.0, 2.0]})


@hr.step
def with_another_column(table: pd.DataFrame) -> float:
    table["b"] = 1.0
    return float(table["b"].sum())


@hr.pipeline
def widening() -> float:
    return with_another_column(frame())


def test_a_frame_that_a_step_adds_a_column_to_is_found():
    with pytest.raises(NotStrictError, match="'with_another_column' alters its input 'table'"):
        strict(widening)


@hr.step
def vector() -> np.ndarray:
    return np.zeros(3)


@hr.step
def overwriting(xs: np.ndarray) -> float:
    xs[0] = 1.0
    return float(xs.sum())


@hr.pipeline
def overwritten() -> float:
    return overwriting(vector())


def test_an_array_that_a_step_writes_to_raises_as_in_a_run_with_the_step_and_the_seed():
    with pytest.raises(ValueError, match="read-only") as failure:
        strict(overwritten)
    notes = " ".join(failure.value.__notes__)
    assert "in step 'overwriting'" in notes
    assert re.search(r"Seed \d+; repeat it with headrace.testing.Strict\(seed=\d+\)", notes)


@hr.step
def unknown_or_not(n: int) -> str:
    return UNKNOWN if n < 0 else str(n)


@hr.step
def is_known(x: str) -> bool:
    return x is not UNKNOWN


@hr.pipeline
def knowing(n: int = -1) -> bool:
    return is_known(unknown_or_not(n))


def test_a_step_that_compares_by_identity_is_named():
    with pytest.raises(
        NotStrictError, match="Step 'is_known' gives something else for inputs that come from the store"
    ):
        strict(knowing)
    assert strict(knowing, 3) is True


@hr.step
def remember(n: int) -> int:
    STATE["n"] = n
    return n


@hr.step
def recall(n: int) -> int:
    return n + int(str(STATE.get("n", 0)))


@hr.pipeline
def recalling(n: int = 7) -> int:
    return both(remember(n), recall(n))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_step_that_counts_on_a_step_before_it_is_named_whatever_the_seed(seed: int):
    STATE.clear()
    with pytest.raises(NotStrictError) as found:
        Strict(seed=seed).run(recalling)
    assert "Step 'recall' gives something else when independent steps run in another order (recall, remember" in str(
        found.value
    )
    assert f"Strict(seed={seed})" in str(found.value)


def test_an_order_that_is_written_down_is_kept():
    @hr.pipeline
    def ordered(n: int = 7) -> int:
        kept = remember(n)
        return both(kept, recall.after(kept)(n))

    STATE.clear()
    assert strict(ordered) == 21


@hr.step
def drawn() -> float:
    return random.random()


@hr.step(cache=False)
def drawn_anew() -> float:
    return random.random()


def test_a_step_that_gives_something_else_each_time_is_named_unless_it_says_so():
    @hr.pipeline
    def drawing() -> float:
        return drawn()

    @hr.pipeline
    def drawing_anew() -> float:
        return drawn_anew()

    with pytest.raises(NotStrictError, match="Step 'drawn' gives something else each time"):
        strict(drawing)
    assert 0 <= strict(drawing_anew) < 1
    assert 0 <= Strict(compare=False).run(drawing) < 1


def test_only_the_first_step_that_differs_is_named():
    @hr.step
    def rounded(x: float) -> float:
        return round(x, 6)

    @hr.pipeline
    def drawing() -> float:
        return rounded(drawn())

    with pytest.raises(NotStrictError) as found:
        strict(drawing)
    assert [re.search(r"'(\w+)'", one)[1] for one in found.value.findings] == ["drawn"]


def test_without_comparison_every_step_runs_once():
    calls = []

    @hr.step
    def counted() -> int:
        calls.append(1)
        return 1

    @hr.pipeline
    def counting() -> int:
        return counted()

    Strict(compare=False).run(counting)
    assert len(calls) == 1


@hr.step
def flaky(x: int) -> int:
    if x % 2:
        raise ValueError(f"{x} is odd")
    return x


@hr.pipeline
def lenient(n: int = 4) -> int:
    return total(hr.succeeded(flaky.map(hr.each(numbers(n)))))


@hr.pipeline
def exacting(n: int = 4) -> int:
    return total(flaky.map(hr.each(numbers(n))))


def test_failed_items_of_a_map_are_left_out_or_raised_as_in_a_run():
    assert strict(lenient) == 2
    with pytest.raises(ValueError, match="is odd") as failure:
        strict(exacting)
    assert any("in step 'flaky', item" in note for note in failure.value.__notes__)


def test_a_pickled_value_warns_as_in_a_run():
    class Odd:
        pass

    @hr.step
    def odd() -> object:
        return Odd()

    @hr.pipeline
    def giving() -> object:
        return odd()

    with pytest.warns(UserWarning, match="the output of step 'odd' is a .*Odd, stored as a pickle"):
        strict(giving)


@hr.step
def written(text: str) -> Path:
    path = Path(STATE["folder"]) / "written.txt"
    path.write_text(text)
    return path


@hr.pipeline
def writing(text: str = "kept") -> Path:
    return written(text)


def test_a_file_that_a_step_returns_can_be_read_afterwards(tmp_path: Path):
    STATE["folder"] = str(tmp_path)
    path = strict(writing)
    assert path.read_text() == "kept"
    assert not path.is_relative_to(tmp_path), "it comes from the store, not from the step"


def test_nothing_is_written_into_the_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    strict(lenient)
    assert list(tmp_path.iterdir()) == []
