"""Halts: a cancellation, and the first failure where that is to end the run."""

from headrace.core.states import FailureKind
from headrace.definition.graph import RetryRule, SucceededOf
from headrace.engine.commands import StopAttempt
from unit.engine.worlds import add, each, failing, failure, never, node, out, text, world


def stops(run) -> list[str]:
    return [command.attempt_id for command in run.commands if isinstance(command, StopAttempt)]


def test_a_cancellation_stops_what_runs_and_cancels_what_waits():
    run = world(node("a"), node("b"), node("c", x=out("a")), behave=never, capacity=1).start()
    [launch] = run.launches
    run.begin(launch).cancel()
    assert stops(run) == [launch.attempt_id]
    assert run.states == {"a": "cancelled", "b": "cancelled", "c": "cancelled"}
    assert run.finish.state == "cancelled"
    assert run.finish.failure is None
    assert "run.cancel_requested" in run.story
    assert run.attempts[launch.attempt_id].state == "cancelled"


def test_a_cancelled_run_ends_only_when_its_attempts_have_ended():
    run = world(node("a"), behave=never).start()
    [launch] = run.launches
    run.open.clear()
    run.cancel()
    assert not run.machine.state.is_final
    run.fail(launch, failure("stopped", FailureKind.CANCELLED))
    assert run.finish.state == "cancelled"


def test_a_step_that_finishes_while_it_is_stopped_keeps_its_value():
    run = world(node("a"), node("b", x=out("a")), behave=never).start()
    [launch] = run.launches
    run.open.clear()
    run.cancel().succeed(launch, text(1))
    assert run.states == {"a": "succeeded", "b": "cancelled"}
    assert run.finish.state == "cancelled"
    assert run.records["a"].output == text(1)


def test_a_cancellation_that_comes_too_late_for_anything_leaves_a_run_that_succeeded():
    run = world(node("a"), behave=never).start()
    [launch] = run.launches
    run.open.clear()
    run.cancel().succeed(launch, text(1))
    assert run.finish.state == "succeeded"


def test_a_second_cancellation_changes_nothing():
    run = world(node("a"), behave=never).start()
    run.open.clear()
    run.cancel().cancel()
    assert len(stops(run)) == 1
    assert run.story.count("run.cancel_requested") == 1


def test_a_cancelled_run_tries_nothing_again():
    run = world(node("a", spec={"retry": RetryRule(5, delay_s=10.0)}), behave=never).start()
    run.fail(run.launches[0])
    run.cancel()
    assert run.finish.state == "cancelled"
    assert len(run.pass_time(100.0).launches) == 1


def test_a_failure_while_a_run_is_cancelled_is_no_reason_to_try_again():
    run = world(node("a", spec={"retry": RetryRule(5)}), behave=never).start()
    [launch] = run.launches
    run.open.clear()
    run.cancel().fail(launch, failure("broke while stopping"))
    assert run.states == {"a": "failed"}
    assert len(run.launches) == 1


def test_a_worker_that_dies_of_being_stopped_was_cancelled():
    run = world(node("a"), behave=never).start()
    [launch] = run.launches
    run.open.clear()
    run.cancel().fail(launch, failure("killed", FailureKind.INFRASTRUCTURE))
    assert run.states == {"a": "cancelled"}


def test_cancelling_a_map_keeps_what_its_items_have_come_to():
    run = world(node("m", x=each([1] * 6)), behave=never, capacity=2, lookup_batch=2).start()
    run.succeed(run.launches[0]).fail(run.launches[1])
    run.cancel()
    assert run.block("m") == "sfcccc"
    assert run.states == {"m": "failed"}
    assert run.finish.state == "cancelled"


def test_cancelling_before_anything_has_run_cancels_every_step():
    run = world(node("a"), node("m", x=each([1, 2]))).start()
    assert run.finish.state == "succeeded"
    waiting = world(node("a"), behave=never, capacity=0).start().cancel()
    assert waiting.states == {"a": "cancelled"}
    assert waiting.finish.state == "cancelled"


def test_a_stop_that_nobody_answers_does_not_hold_a_run_for_ever():
    run = world(node("a"), behave=never, stop_grace_s=1.0, silence_s=2.0).start()
    run.open.clear()
    run.cancel()
    run.pass_time(2.9)
    assert not run.machine.state.is_final
    assert run.pass_time(0.1).finish.state == "cancelled"


def test_without_fail_fast_everything_runs_that_can():
    run = world(node("a"), node("b"), node("c", x=out("b")), behave=failing("a"), capacity=1).run()
    assert run.states == {"a": "failed", "b": "succeeded", "c": "succeeded"}


def test_with_fail_fast_the_first_failure_ends_the_run():
    run = world(
        node("a"), node("b"), node("c", x=out("a")), node("d"), behave=never, capacity=2, fail_fast=True
    ).start()
    first, second = run.launches
    run.fail(first)
    assert stops(run) == [second.attempt_id]
    assert run.states == {"a": "failed", "b": "cancelled", "c": "skipped", "d": "cancelled"}
    assert run.machine.step("d").reason == "a failed"
    assert run.finish.state == "failed"
    assert run.finish.failure.message == "Step 'a' failed: no"


def test_with_fail_fast_a_step_that_nobody_follows_ends_the_run_too():
    run = world(node("a"), node("b"), behave=never, capacity=1, fail_fast=True).start()
    run.fail(run.launches[0])
    assert run.states == {"a": "failed", "b": "cancelled"}


def test_with_fail_fast_a_map_that_is_taken_whole_as_well_ends_the_run_when_that_is_seen():
    run = world(
        node("m", x=each([0])),
        node("sum", xs=SucceededOf(out("m"))),
        node("all", xs=out("m")),
        node("rest", x=out("sum")),
        behave=lambda launch: failure() if launch.node == "m" else None,
        fail_fast=True,
    ).start()
    assert run.states["all"] == "skipped"
    assert run.states["rest"] == "cancelled"
    assert run.finish.state == "failed"


def test_with_fail_fast_a_retry_comes_first():
    spec = {"retry": RetryRule(1, delay_s=0.0)}
    outcomes = [failure(), text(1)]
    run = world(node("a", spec=spec), behave=lambda launch: outcomes.pop(0), fail_fast=True).run()
    assert run.finish.state == "succeeded"


def test_with_fail_fast_a_failed_item_ends_its_map_once_nobody_takes_the_others():
    run = world(node("m", x=each([0, 1, 2, 3])), behave=never, capacity=2, fail_fast=True).start()
    run.fail(run.launches[0])
    assert run.block("m") == "fccc"
    assert run.finish.failure.message == "Step 'm' failed: 1 of 4 items failed; item 0: no"


def test_with_fail_fast_items_may_fail_where_only_those_that_succeeded_are_taken():
    run = world(
        node("m", x=each([0, 1, 2])),
        node("sum", xs=SucceededOf(out("m"))),
        behave=lambda launch: failure() if launch.item == 0 else add(launch),
        output=out("sum"),
        fail_fast=True,
        capacity=1,
    ).run()
    assert run.states == {"m": "failed", "sum": "succeeded"}
    assert run.finish.output == text(6)
