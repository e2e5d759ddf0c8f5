"""What a step of a run gives back to those who ask: values of items, what was logged, and why there is none."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from headrace.app.answers.handles import Run
from headrace.app.answers.run_view import run_view
from headrace.app.projects.settings import read_settings
from headrace.app.rooms import Rooms
from headrace.core.canonical import canonical
from headrace.core.errors import UnknownNameError, UsageError
from headrace.core.ids import short_id
from headrace.core.states import State
from headrace.core.values import CompositeValue, InlineValue, sequence_of
from headrace.ports.records import ItemBlock, RunRecord, StepRunRecord
from headrace.ports.stores import RunChange
from headrace.testing.records import some_attempt, some_logged, some_result, some_run, some_step


@pytest.fixture
def rooms(tmp_path: Path) -> Rooms:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "results"\nversion = "0"\n')
    return Rooms(read_settings(tmp_path))


def inline(value: object) -> InlineValue:
    return InlineValue(canonical(value))


def ended(rooms: Rooms, step: StepRunRecord, run: RunRecord, **change: object) -> Run[object]:
    rooms.stores.runs.create(run, [step], {})
    rooms.stores.runs.write(RunChange(run, **change))  # type: ignore[arg-type]
    return Run(rooms, rooms.stores.runs.get(run.id))


def a_map(rooms: Rooms, states: str, outputs: CompositeValue | None, kept: dict[int, object]) -> Run[object]:
    """A run of one map: the states of its items, its value, and the values of items that are kept."""
    run = some_run(state=State.SUCCEEDED)
    state = State.FAILED if outputs is None else State.SUCCEEDED
    step = replace(some_step(run, state=state), items=ItemBlock(states), output=outputs)
    attempts = [some_attempt(step, item=item) for item in kept]
    results = [
        replace(some_result(run, attempt, f"key {attempt.item}"), output=inline(kept[attempt.item]))
        for attempt in attempts
    ]
    return ended(rooms, step, run, attempts=attempts, results=results)


def test_an_item_of_a_map_is_that_member_of_its_value(rooms: Rooms):
    fit = a_map(rooms, "sss", sequence_of([inline(one) for one in "abc"]), {}).step("fit")
    assert [fit.output(item=number) for number in range(3)] == ["a", "b", "c"]
    assert fit.output() == ["a", "b", "c"]
    for item in (3, -1):
        with pytest.raises(UsageError, match=rf"There is no item {item} in run \w+: fit has items 0 to 2\."):
            fit.output(item=item)


def test_a_value_with_fewer_members_than_items_is_not_counted_off(rooms: Rooms):
    fit = a_map(rooms, "sfs", sequence_of([inline("a"), inline("c")]), {0: "a", 2: "c"}).step("fit")
    assert [fit.output(item=number) for number in (0, 2)] == ["a", "c"]
    with pytest.raises(UsageError, match=r"Item 1 of step 'fit' of run \w+ has no value\. Of its 3 items items 0, 2"):
        fit.output(item=1)


@pytest.mark.parametrize(
    ("state", "reason", "told"),
    [
        (State.SKIPPED, "upstream load failed", "skipped (upstream load failed)"),
        (State.SKIPPED, "its branch was not taken", "skipped (its branch was not taken)"),
        (State.CANCELLED, "", "cancelled"),
        (State.FAILED, "no result for this key yet", "failed"),
    ],
)
def test_an_item_of_a_step_that_never_began_is_told_with_the_reason(rooms: Rooms, state: State, reason: str, told: str):
    run = some_run(state=State.FAILED)
    fit = ended(rooms, replace(some_step(run, state=state), reason=reason), run).step("fit")
    words = f"Step 'fit' of run {short_id(run.id)} is {told}"
    for ask in (fit.output, fit.logs):
        with pytest.raises(UsageError) as caught:
            ask(item=0)
        assert str(caught.value) == f"{words}, so there is no item 0 of it."
    with pytest.raises(UsageError) as caught:
        fit.output()
    assert str(caught.value) == f"{words} and has no value."


def test_of_several_values_logged_under_a_name_the_last_one_counts(rooms: Rooms):
    run = some_run(state=State.SUCCEEDED)
    fit, other = some_step(run, state=State.SUCCEEDED), some_step(run, "other", 1, state=State.SUCCEEDED)
    mine, others = some_attempt(fit), some_attempt(other)
    told = [("text", "card", "first"), ("text", "card", "last"), ("text", "note", "later"), ("parameter", "card", 7)]
    logged = [
        replace(some_logged(mine, kind, name, value=inline(one)), at=at) for at, (kind, name, one) in enumerate(told)
    ]
    logged.append(replace(some_logged(others, "text", "card", value=inline("of another step")), at=9.0))
    rooms.stores.runs.create(run, [fit, other], {})
    rooms.stores.runs.write(RunChange(run, attempts=[mine, others], logged=logged))
    step = Run(rooms, rooms.stores.runs.get(run.id)).step("fit")
    assert step.logged("text", "card") == "last"
    assert step.logged("parameter", "card") == 7
    with pytest.raises(UnknownNameError, match="There is no text of step fit: 'crad'; did you mean 'card'"):
        step.logged("text", "crad")


def test_a_kind_that_nothing_is_logged_as_is_answered_with_the_near_one(rooms: Rooms):
    run = some_run(state=State.SUCCEEDED)
    step = ended(rooms, some_step(run, state=State.SUCCEEDED), run).step("fit")
    with pytest.raises(UnknownNameError, match="There is no kind of logged value 'tabel'; did you mean 'table'"):
        step.logged("tabel", "t2")  # type: ignore[arg-type]


def test_a_map_of_one_item_is_told_in_the_singular(rooms: Rooms):
    one = a_map(rooms, "s", sequence_of([inline("a")]), {})
    two = a_map(rooms, "ss", sequence_of([inline("a"), inline("b")]), {})
    told = [run_view(rooms, rooms.stores.runs.get(run.id))["steps"][0]["items"] for run in (one, two)]
    assert told == ["1 item", "2 items"]
