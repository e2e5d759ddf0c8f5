"""Steps and pipelines called as plain Python, outside of any run: the same meaning, no store and no graph."""

import copy
import pickle
from collections.abc import Sequence
from threading import Thread
from typing import Any

import pytest

import headrace as hr
from headrace.core.errors import DefinitionError
from headrace.definition.errors import BranchError, MapError, RecursivePipelineError

DONE: list[str] = []


@hr.step
def add(left: int, right: int = 10) -> int:
    return left + right


@hr.step
def invert(number: int) -> float:
    DONE.append(f"invert {number}")
    return 1 / number


@hr.step
def total(numbers: Sequence[float]) -> float:
    return sum(numbers)


@hr.step
def is_large(number: float) -> bool:
    return number > 1


@hr.step
def say(text: str) -> None:
    DONE.append(text)


@pytest.fixture(autouse=True)
def nothing_done():
    DONE.clear()


def test_a_step_is_its_function():
    assert add(1) == 11
    assert add(left=1, right=2) == 3
    assert add.__name__ == "add"
    assert repr(add) == "<step 'add'>"


def test_a_wrong_plain_call_fails_as_python_says():
    with pytest.raises(TypeError, match=r"add\(\) missing 1 required positional argument: 'left'"):
        add()  # type: ignore[call-arg]


def test_a_map_gives_the_outputs_in_order():
    assert add.map(hr.each([1, 2, 3])) == [11, 12, 13]
    assert add.map(1, right=hr.each((5, 6))) == [6, 7]
    assert add.map(hr.each(list[int]())) == []


def test_several_each_of_one_map_run_in_step():
    assert add.map(hr.each([1, 2]), hr.each([10, 20])) == [11, 22]


def test_lists_of_unequal_length_do_not_run_in_step():
    with pytest.raises(MapError) as caught:
        add.map(hr.each([1, 2, 3]), right=hr.each([10, 20]))
    assert str(caught.value) == (
        "The inputs of add.map(…) run in step but differ in length: 'left' has 3, 'right' has 2. Use hr.product to "
        "cross them."
    )


def test_a_product_crosses_and_its_last_list_runs_fastest():
    assert add.map(*hr.product([1, 2], [10, 20, 30])) == [11, 21, 31, 12, 22, 32]


def test_a_product_may_be_used_by_name_and_in_another_order():
    left, right = hr.product([1, 2], [10, 20])
    assert add.map(right=right, left=left) == [11, 21, 12, 22]


def test_a_map_without_each_is_refused():
    with pytest.raises(MapError, match=r"^add\.map\(…\) runs over nothing"):
        add.map(1)


def test_an_each_outside_of_a_map_is_refused():
    with pytest.raises(MapError, match=r"^add\(…\) gets hr\.each\(…\): only \.map takes elements"):
        add(hr.each([1, 2]))
    with pytest.raises(MapError, match=r"^add\(…\) gets hr\.each"):
        add(1, right=hr.each([1, 2]))


@pytest.mark.parametrize(
    "use", [len, str, bool, iter, lambda mark: mark + 1, lambda mark: mark.name, lambda mark: mark[0]]
)
def test_an_each_is_no_value(use: Any):
    with pytest.raises(MapError, match=r"it stands for an element only as an argument of \.map"):
        use(hr.each([[1]]))


@pytest.mark.parametrize("values", ["text", b"bytes", {1, 2}, {"a": 1}, 7, None, iter([1])])
def test_only_what_has_elements_in_order_can_be_mapped(values: Any):
    with pytest.raises(MapError, match=r"^hr\.each takes a list, tuple or other sequence, but it gets"):
        hr.each(values)


def test_two_products_in_one_map_are_refused():
    left, _ = hr.product([1], [2])
    _, right = hr.product([1], [2])
    with pytest.raises(MapError, match=r"mixes hr\.product with another"):
        add.map(left, right)


def test_half_a_product_is_refused():
    left, _ = hr.product([1], [2])
    with pytest.raises(MapError, match=r"uses 1 of the 2 elements of its hr\.product"):
        add.map(left)


def test_when_runs_the_branch_that_is_taken():
    assert hr.when(is_large(5), lambda: add(1)) == 11
    assert hr.when(is_large(0), lambda: add(1)) is None
    assert hr.when(is_large(0), lambda: add(1), otherwise=lambda: "small") == "small"


def test_what_follows_a_branch_that_is_not_taken_gets_none():
    assert hr.when_some(hr.when(is_large(0), lambda: add(1)), add) is None
    assert hr.when_some(hr.when(is_large(2), lambda: add(1)), add) == 21
    assert hr.when_some(None, add, lambda: 0) == 0


@pytest.mark.parametrize("condition", [1, "yes", None, [1]])
def test_a_condition_is_a_bool(condition: Any):
    with pytest.raises(BranchError, match=r"^hr\.when needs a bool and gets \w+\."):
        hr.when(condition, lambda: None)


def test_a_bool_of_numpy_is_a_bool():
    numpy = pytest.importorskip("numpy")
    assert hr.when(numpy.float64(2) > 1, lambda: "taken") == "taken"


def test_a_branch_is_a_function():
    with pytest.raises(BranchError, match=r"^hr\.when\(…\) takes a function as 'then'"):
        hr.when(is_large(2), say("too early"))  # type: ignore[arg-type,func-returns-value]


@hr.pipeline
def inverses(numbers: Sequence[int]) -> float:
    return total(invert.map(hr.each(numbers)))


@hr.pipeline
def inverses_that_exist(numbers: Sequence[int]) -> float:
    return total(hr.succeeded(invert.map(hr.each(numbers))))


@hr.pipeline
def unread(numbers: Sequence[int]) -> int:
    invert.map(hr.each(numbers))
    return add(1)


@hr.pipeline
def given_back(numbers: Sequence[int]) -> list[float]:
    return invert.map(hr.each(numbers))


@hr.pipeline
def chained(numbers: Sequence[int]) -> list[bool]:
    return is_large.map(hr.each(invert.map(hr.each(numbers))))


@hr.pipeline
def ordered(numbers: Sequence[int]) -> None:
    inverted = invert.map(hr.each(numbers))
    say.after(inverted)("later")


@hr.pipeline
def nested(numbers: Sequence[int]) -> float:
    return add(1, 2) + inverses_that_exist(numbers)


def test_a_pipeline_runs_its_steps():
    assert inverses([1, 2]) == 1.5
    assert nested([1, 0]) == 4.0


@pytest.mark.parametrize("pipeline", [inverses, unread, given_back, chained, ordered])
def test_a_failed_item_fails_the_pipeline_after_the_other_items_have_run(pipeline: Any):
    with pytest.raises(ZeroDivisionError) as caught:
        pipeline([1, 0, 2])
    assert caught.value.__notes__ == ["in item 1 of invert.map(…)"]
    assert DONE == ["invert 1", "invert 0", "invert 2"]


def test_succeeded_takes_the_items_that_are_there():
    assert inverses_that_exist([1, 0, 2]) == 1.5
    assert inverses_that_exist([0]) == 0


def test_outside_of_a_pipeline_a_failed_item_raises_at_once():
    with pytest.raises(ZeroDivisionError) as caught:
        invert.map(hr.each([0, 1]))
    assert caught.value.__notes__ == ["in item 0 of invert.map(…)"]
    assert hr.succeeded([1, 2]) == [1, 2]


@hr.step
def maps_inside(numbers: Sequence[int]) -> int:
    invert.map(hr.each(numbers))
    return 0


@hr.pipeline
def runs_a_step_that_maps(numbers: Sequence[int]) -> int:
    return maps_inside(numbers)


def test_what_a_step_calls_itself_is_plain_python():
    with pytest.raises(ZeroDivisionError):
        runs_a_step_that_maps([0, 1])
    assert DONE == ["invert 0"]


@hr.pipeline
def endless(number: int) -> int:
    return endless(number) if number else 0


def test_a_pipeline_that_calls_itself_is_refused_when_called_too():
    with pytest.raises(RecursivePipelineError, match="'endless' calls itself: endless → endless"):
        endless(3)


def test_options_and_order_change_nothing_in_a_plain_call():
    assert add.with_options(name="other", retries=3).after("anything")(1) == 11
    assert add.with_options(name="other").name == "other"
    assert add.name == "add"


def test_steps_and_pipelines_are_pickled_by_name():
    assert pickle.loads(pickle.dumps(add)) is add
    assert pickle.loads(pickle.dumps(inverses)) is inverses
    assert copy.deepcopy(add) is add
    renamed = pickle.loads(pickle.dumps(add.with_options(name="other", retries=3)))
    assert (renamed.name, renamed.options, renamed(1)) == ("other", {"name": "other", "retries": 3}, 11)
    assert pickle.loads(pickle.dumps(inverses.with_options(name="other"))).name == "other"


def test_threads_of_a_plainly_called_pipeline_are_plain():
    results: list[int] = []

    @hr.pipeline
    def threaded() -> None:
        thread = Thread(target=lambda: results.append(add(1)))
        thread.start()
        thread.join()

    threaded()
    assert results == [11]


def test_definition_errors_are_not_swallowed_by_hasattr():
    assert not issubclass(DefinitionError, TypeError | AttributeError | ValueError)
    with pytest.raises(MapError):
        hasattr(hr.each([1]), "name")
