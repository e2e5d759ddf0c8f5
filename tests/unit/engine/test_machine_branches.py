"""Branches: guards, choices, and the None that follows a branch not taken."""

import pytest

from headrace.core.values import NONE
from headrace.definition.graph import ChoiceOf, Gather, Guard
from unit.engine.worlds import FALSE, add, const, each, failing, node, out, text, world


def when(condition, test="true", expected=True) -> list[Guard]:
    return [Guard(condition, test, expected)]


@pytest.mark.parametrize(("condition", "states"), [(True, ["succeeded", "skipped"]), (False, ["skipped", "succeeded"])])
def test_only_the_branch_that_is_taken_runs(condition: bool, states: list[str]):
    run = world(
        node("then", guards=when(const(condition))),
        node("otherwise", guards=when(const(condition), expected=False)),
    ).run()
    assert list(run.states.values()) == states
    assert run.finish.state == "succeeded"


def test_a_step_in_a_branch_not_taken_says_so_and_has_the_value_none():
    run = world(node("a", guards=when(FALSE)), output=out("a")).run()
    assert run.machine.step("a").reason == "its branch was not taken"
    assert run.records["a"].output == NONE
    assert run.finish.output == NONE


def test_what_follows_a_branch_not_taken_gets_none_and_runs():
    run = world(
        node("a", guards=when(FALSE)),
        node("b", x=ChoiceOf(FALSE, "true", out("a"), const(None))),
        behave=lambda launch: launch.arguments[0][1],
        output=out("b"),
    ).run()
    assert run.states == {"a": "skipped", "b": "succeeded"}
    assert run.finish.output == NONE


def test_the_value_of_when_is_that_of_the_branch_taken():
    choice = ChoiceOf(out("c"), "true", out("a"), out("b"))
    run = world(
        node("c"),
        node("a", x=const(10), guards=when(out("c"))),
        node("b", x=const(20), guards=when(out("c"), expected=False)),
        node("d", x=choice),
        behave=lambda launch: text(value=False) if launch.node == "c" else add(launch),
        output=out("d"),
    ).run()
    assert run.states == {"c": "succeeded", "a": "skipped", "b": "succeeded", "d": "succeeded"}
    assert run.finish.output == text(22)


@pytest.mark.parametrize(("value", "state"), [(None, "skipped"), (0, "succeeded"), (False, "succeeded")])
def test_when_some_asks_only_whether_a_value_is_none(value: object, state: str):
    assert world(node("a", guards=when(const(value), "some"))).run().states == {"a": state}


@pytest.mark.parametrize("value", [1, "yes", None, [True]])
def test_a_condition_that_is_no_bool_fails_the_step(value: object):
    run = world(node("a", guards=when(const(value)))).run()
    assert run.states == {"a": "failed"}
    assert "needs a bool" in run.finish.failure.message


def test_an_outer_guard_hides_the_inner_one():
    inner = Guard(out("c"), "true", expected=True)
    run = world(
        node("c", guards=when(FALSE)),
        node("a", guards=[Guard(FALSE, "true", expected=True), inner]),
    ).run()
    assert run.states == {"c": "skipped", "a": "skipped"}


def test_a_step_whose_condition_failed_is_skipped_as_hindered():
    run = world(node("c"), node("a", guards=when(out("c"))), node("b", x=out("a")), behave=failing("c")).run()
    assert run.states == {"c": "failed", "a": "skipped", "b": "skipped"}
    assert run.machine.step("b").reason == "upstream c failed"


def test_a_failed_step_in_a_branch_not_chosen_hinders_nobody_but_fails_the_run():
    choice = ChoiceOf(FALSE, "true", out("a"), const(3))
    run = world(node("a"), node("b", x=choice), behave=failing("a")).run()
    assert run.states == {"a": "failed", "b": "succeeded"}
    assert run.finish.state == "failed"


def test_a_map_in_a_branch_not_taken_runs_no_item():
    run = world(node("m", x=each([1, 2]), guards=when(FALSE)), node("sum", xs=out("m"))).run()
    assert run.states == {"m": "skipped", "sum": "succeeded"}
    assert [launch.node for launch in run.launches] == ["sum"]


def test_each_over_the_none_of_a_branch_not_taken_fails_as_in_a_plain_call():
    run = world(node("a", guards=when(FALSE)), node("m", x=each(out("a")))).run()
    assert run.states == {"a": "skipped", "m": "failed"}


def test_a_branch_value_inside_a_container_is_none():
    both = Gather("list", (("0", out("a")), ("1", const(4))))
    run = world(node("a", guards=when(FALSE)), node("b", xs=both), output=out("b")).run()
    assert run.finish.output == text(5)


def test_order_after_a_branch_not_taken_is_no_hindrance():
    run = world(node("a", guards=when(FALSE)), node("b", after=["a"])).run()
    assert run.states == {"a": "skipped", "b": "succeeded"}
