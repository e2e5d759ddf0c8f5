"""Maps: items, crossing, joins, failures of items, limits."""

import pytest

from headrace.core.failures import Failure
from headrace.core.states import FailureKind
from headrace.core.values import InlineValue, Value, sequence_of
from headrace.definition.graph import ChoiceOf, Constant, SucceededOf
from headrace.engine.commands import Expand, LaunchAttempt, LookUp
from unit.engine.worlds import (
    FALSE,
    TRUE,
    Outcome,
    add,
    const,
    each,
    failing,
    failure,
    never,
    node,
    numbers_in,
    object_of,
    out,
    text,
    world,
)


def odd_fails(launch: LaunchAttempt) -> Outcome:
    """Items with an odd number fail, and whatever has `sum` in its name adds."""
    if launch.item >= 0 and launch.item % 2:
        return failure(f"item {launch.item} is odd")
    return add(launch)


def test_a_map_runs_once_an_item_and_gives_the_list_in_order():
    run = world(node("m", x=each([1, 2, 3])), output=out("m")).run()
    assert run.finish.output == sequence_of([text(2), text(3), text(4)])
    assert [launch.item for launch in run.launches] == [0, 1, 2]
    assert run.block("m") == "sss"


def test_items_that_end_in_another_order_give_the_list_in_order():
    run = world(node("m", x=each([1, 2, 3])), output=out("m"), behave=never).start()
    first, second, third = run.launches
    for launch in (third, first, second):
        run.succeed(launch)
    assert run.finish.output == sequence_of([text(2), text(3), text(4)])


def test_several_each_run_in_step():
    run = world(node("m", x=each([1, 2]), y=each([10, 20])), output=out("m")).run()
    assert run.finish.output == sequence_of([text(12), text(23)])


def test_unequal_lengths_fail_the_step_and_say_which_input_has_how_many():
    run = world(node("m", x=each([1, 2]), y=each([1])), node("b", xs=out("m"))).run()
    assert run.states == {"m": "failed", "b": "skipped"}
    assert "'x' has 2" in run.finish.failure.message
    assert "'y' has 1" in run.finish.failure.message
    assert run.launches == []


def test_product_crosses_and_the_last_axis_runs_fastest():
    run = world(node("m", x=each([1, 2], 0), y=each([10, 20, 30], 1))).run()
    pairs = [tuple(numbers_in(value)[0] for _, value in launch.arguments) for launch in run.launches]
    assert pairs == [(1, 10), (1, 20), (1, 30), (2, 10), (2, 20), (2, 30)]


@pytest.mark.parametrize("members", [text([]), sequence_of([])])
def test_an_empty_map_succeeds_with_an_empty_list(members: Value):
    run = world(node("m", x=each(Constant(members))), node("sum", xs=out("m")), output=out("sum"))
    assert run.run().states == {"m": "succeeded", "sum": "succeeded"}
    assert run.finish.output == text(1)


@pytest.mark.parametrize("value", ["abc", 3, None, {1, 2}, {"a": 1}])
def test_each_over_what_has_no_elements_in_order_fails_the_step(value: object):
    run = world(node("m", x=each(const(value)))).run()
    assert run.finish.failure.kind is FailureKind.USER_ERROR
    assert "'m'" in run.finish.failure.message


def test_a_list_that_lies_in_one_object_is_expanded_once():
    value, members = object_of([5, 6, 7])
    run = world(
        node("a"),
        node("m", x=each(out("a"))),
        behave=lambda launch: value if launch.node == "a" else add(launch),
        output=out("m"),
    )
    run.objects[value.digest] = members
    run.run()
    assert [numbers_in(v) for _, v in run.finish.output.members] == [[6], [7], [8]]
    assert len([command for command in run.commands if isinstance(command, Expand)]) == 1


def test_a_map_over_a_map_takes_its_items():
    run = world(node("m", x=each([1, 2])), node("n", x=each(out("m"))), output=out("n")).run()
    assert run.finish.output == sequence_of([text(3), text(4)])


def test_a_failed_item_fails_the_map_after_the_others_have_run():
    run = world(node("m", x=each([0] * 5)), node("sum", xs=out("m")), behave=odd_fails).run()
    assert run.block("m") == "sfsfs"
    assert run.states == {"m": "failed", "sum": "skipped"}
    assert run.finish.failure.message == "Step 'm' failed: 2 of 5 items failed; item 1: item 1 is odd"


def test_succeeded_takes_the_items_that_succeeded_and_the_run_succeeds():
    run = world(
        node("m", x=each([0] * 5)), node("sum", xs=SucceededOf(out("m"))), behave=odd_fails, output=out("sum")
    ).run()
    assert run.states == {"m": "failed", "sum": "succeeded"}
    assert run.finish.state == "succeeded"
    assert run.finish.output == text(4)


def test_succeeded_of_a_map_that_succeeded_is_the_whole_list():
    run = world(node("m", x=each([1, 2])), node("sum", xs=SucceededOf(out("m"))), output=out("sum")).run()
    assert run.finish.output == text(6)


def test_succeeded_of_a_map_whose_items_all_failed_is_an_empty_list():
    run = world(
        node("m", x=each([1, 2])), node("sum", xs=SucceededOf(out("m"))), behave=failing("m"), output=out("sum")
    ).run()
    assert run.finish.output == text(1)


def test_succeeded_can_be_what_the_pipeline_returns():
    run = world(node("m", x=each([0] * 3)), behave=odd_fails, output=SucceededOf(out("m"))).run()
    assert run.finish.output == sequence_of([text(1), text(1)])


def test_a_failed_map_that_is_also_taken_whole_fails_the_run():
    run = world(
        node("m", x=each([0] * 2)),
        node("sum", xs=SucceededOf(out("m"))),
        node("all", xs=out("m")),
        behave=odd_fails,
    ).run()
    assert run.states == {"m": "failed", "sum": "succeeded", "all": "skipped"}
    assert run.finish.state == "failed"


def test_a_failed_map_that_the_pipeline_returns_fails_the_run_although_another_takes_what_succeeded():
    run = world(
        node("m", x=each([0] * 2)), node("sum", xs=SucceededOf(out("m"))), behave=odd_fails, output=out("m")
    ).run()
    assert run.finish.state == "failed"


def test_a_failed_map_that_only_a_branch_not_taken_would_use_whole_does_not_fail_the_run():
    whole = ChoiceOf(FALSE, "true", out("m"), const(1))
    run = world(
        node("m", x=each([0] * 2)), node("sum", xs=SucceededOf(out("m")), y=whole), behave=odd_fails, output=out("sum")
    ).run()
    assert run.finish.state == "succeeded"


def test_succeeded_reaches_through_the_branch_that_was_taken():
    chosen = ChoiceOf(TRUE, "true", out("m"), const([]))
    run = world(
        node("m", x=each([0] * 3)), node("sum", xs=SucceededOf(chosen)), behave=odd_fails, output=out("sum")
    ).run()
    assert run.finish.output == text(3)


def test_unequal_lengths_are_no_failed_items_for_succeeded():
    run = world(node("m", x=each([1]), y=each([1, 2])), node("sum", xs=SucceededOf(out("m")))).run()
    assert run.states == {"m": "failed", "sum": "skipped"}
    assert run.finish.state == "failed"


def test_a_list_that_cannot_be_stored_fails_the_map():
    run = world(node("m", x=each([1])))
    run.gather = lambda members: Failure(FailureKind.INFRASTRUCTURE, "disk full")
    assert run.run().finish.failure.message == "Step 'm' failed: disk full"


def test_max_parallel_limits_one_step_and_leaves_room_for_others():
    run = world(node("m", x=each([1, 2, 3, 4]), spec={"max_parallel": 2}), node("a"), behave=never, capacity=4).start()
    assert [(launch.node, launch.item) for launch in run.launches] == [("m", 0), ("m", 1), ("a", -1)]
    run.succeed(run.launches[0])
    assert (run.launches[-1].node, run.launches[-1].item) == ("m", 2)


def test_items_are_launched_in_the_order_of_the_graph_then_by_number():
    run = world(node("m", x=each([1, 2])), node("n", x=each([1, 2])), behave=never, capacity=3).start()
    assert [(launch.node, launch.item) for launch in run.launches] == [("m", 0), ("m", 1), ("n", 0)]


def test_items_are_looked_up_in_batches_only_as_far_ahead_as_they_can_start():
    run = world(node("m", x=each(list(range(10)))), behave=never, capacity=2, lookup_batch=3).start()

    def batches():
        return [len(c.items) for c in run.commands if isinstance(c, LookUp)]

    # two of the first three are launched, so the next batch is on its way
    assert batches() == [3, 3]
    run.succeed(run.launches[0])
    assert batches() == [3, 3]
    while run.open:
        run.succeed(next(iter(run.open.values())))
    assert batches() == [3, 3, 3, 1]
    assert run.finish.state == "succeeded"


def test_only_the_first_look_up_of_a_map_carries_the_whole_lists():
    run = world(node("m", x=each(list(range(5)))), lookup_batch=2).run()
    lookups = [command for command in run.commands if isinstance(command, LookUp)]
    assert [bool(command.whole) for command in lookups] == [True, False, False]
    assert isinstance(lookups[0].whole[0][1], InlineValue)
