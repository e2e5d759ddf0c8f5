"""Retries: which failures, how often, after how long."""

import pytest

from headrace.core.failures import Failure
from headrace.core.states import FailureKind
from headrace.definition.graph import RetryRule
from headrace.engine.retries import delay_s, is_covered
from unit.engine.worlds import World, add, const, each, failure, never, node, out, text, world

LOST = failure("the worker is gone", FailureKind.INFRASTRUCTURE, "builtins:Exception")


def flaky(*kinds: Failure):
    """The first attempts fail one after the other, the next one succeeds."""
    left = list(kinds)
    return lambda launch: left.pop(0) if left else add(launch)


def rule(times: int, *on: str, **options: float) -> dict[str, object]:
    options = {"delay_s": 0.0, "jitter": 0.0} | options
    return {"retry": RetryRule(times, on, **options)}


def run_with(spec: dict[str, object], *failures: Failure, **options: object) -> World:
    return world(node("a", x=const(1), spec=spec), output=out("a"), behave=flaky(*failures), **options).run()


def test_a_failure_is_not_tried_again_unless_asked():
    run = run_with({}, failure())
    assert run.finish.state == "failed"
    assert len(run.launches) == 1


def test_a_step_is_tried_as_often_as_asked():
    run = run_with(rule(2), failure(), failure())
    assert run.finish.output == text(2)
    assert [launch.number for launch in run.launches] == [1, 2, 3]
    assert len({launch.attempt_id for launch in run.launches}) == 3
    assert [launch.fence for launch in run.launches] == [1, 2, 3]


def test_lost_workers_and_what_was_asked_for_are_one_budget():
    run = run_with(rule(1), *[LOST] * 9, infrastructure_retries=2)
    assert len(run.launches) == 3
    run = run_with(rule(3), *[LOST] * 9, infrastructure_retries=2)
    assert len(run.launches) == 4


def test_a_budget_that_is_used_up_fails_the_step_with_the_last_failure():
    run = run_with(rule(1), failure("first"), failure("second"))
    assert run.finish.failure.message == "Step 'a' failed: second"


@pytest.mark.parametrize(
    ("on", "count"), [("builtins:ValueError", 2), ("builtins:Exception", 2), ("builtins:KeyError", 1), ("timeout", 1)]
)
def test_a_rule_speaks_of_an_exception_by_its_class_or_a_base(on: str, count: int):
    assert len(run_with(rule(1, on), failure()).launches) == count


ERRORS = "headrace.core.errors:"


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (FailureKind.TIMEOUT, "StepTimeoutError"),
        (FailureKind.OUT_OF_MEMORY, "OutOfMemoryError"),
        (FailureKind.INFRASTRUCTURE, "InfrastructureError"),
    ],
)
def test_a_rule_speaks_of_a_kind_by_its_word_its_class_or_a_base_of_that(kind: FailureKind, name: str):
    lost = Failure(kind, "gone")
    covering = [kind.value, ERRORS + name, ERRORS + "AttemptError", "builtins:Exception"]
    assert all(is_covered(RetryRule(1, (word,)), lost) for word in covering)
    others = {"StepTimeoutError", "OutOfMemoryError", "InfrastructureError"} - {name}
    assert not any(is_covered(RetryRule(1, (ERRORS + other,)), lost) for other in others)


def test_a_rule_without_names_covers_every_failure_but_a_cancellation():
    covered = [kind for kind in FailureKind if is_covered(RetryRule(1), Failure(kind, ""))]
    assert covered == [kind for kind in FailureKind if kind is not FailureKind.CANCELLED]
    assert not is_covered(RetryRule(1, ("cancelled",)), Failure(FailureKind.CANCELLED, ""))


def test_a_lost_worker_is_tried_again_although_nobody_asked():
    run = run_with({}, LOST, LOST)
    assert run.finish.output == text(2)
    assert run_with({}, LOST, LOST, LOST).finish.state == "failed"
    assert run_with({}, LOST, infrastructure_retries=0).finish.state == "failed"


def test_each_kind_of_failure_has_its_own_budget():
    run = run_with(rule(1, "builtins:ValueError"), LOST, failure(), LOST)
    assert run.finish.output == text(2)
    assert len(run.launches) == 4


def test_a_larger_budget_for_lost_workers_is_taken_from_the_rule():
    assert run_with(rule(3, "infrastructure"), LOST, LOST, LOST).finish.output == text(2)


def test_retries_wait_longer_each_time_up_to_a_limit():
    run = world(node("a", spec=rule(4, delay_s=1.0, factor=3.0, max_delay_s=5.0)), behave=never).start()
    waits = []
    for _ in range(4):
        before = run.now
        run.fail(run.launches[-1])
        waits.append(run.wake_at - before)
        run.pass_time(waits[-1] - 0.001)
        assert not run.open
        run.pass_time(0.001)
        assert len(run.open) == 1
    assert waits == [1.0, 3.0, 5.0, 5.0]


def test_jitter_spreads_delays_within_its_share_and_is_the_same_for_the_same_seed():
    spread = RetryRule(1, delay_s=10.0, jitter=0.1)
    delays = [delay_s(spread, 1, f"step {number}") for number in range(200)]
    assert all(9.0 <= delay <= 11.0 for delay in delays)
    assert max(delays) - min(delays) > 1.5
    assert delays == [delay_s(spread, 1, f"step {number}") for number in range(200)]


def test_a_failed_attempt_is_told_with_its_number_its_cause_and_when_it_is_tried_again():
    run = run_with(rule(1, delay_s=2.0), failure("first"), failure("second"))
    first, last = [note.data for note in run.notes("attempt.failed")]
    assert first == {
        "item": -1,
        "number": 1,
        "message": "first",
        "remedy": "",
        "kind": "user_error",
        "retry_in_s": 2.0,
    }
    assert last["number"] == 2
    assert "retry_in_s" not in last


def test_items_have_budgets_of_their_own():
    seen: set[int] = set()

    def once(launch):
        if launch.item in seen:
            return add(launch)
        seen.add(launch.item)
        return failure()

    run = world(node("m", x=each([1, 2, 3]), spec=rule(1)), behave=once).run()
    assert run.finish.state == "succeeded"
    assert len(run.launches) == 6


def test_a_step_that_waits_for_its_next_attempt_is_queued():
    run = world(node("a", spec=rule(1, delay_s=5.0)), behave=never).start()
    run.begin(run.launches[0])
    assert run.states == {"a": "running"}
    run.fail(run.launches[0])
    assert run.states == {"a": "queued"}
    run.pass_time(5.0)
    run.begin(run.launches[1])
    assert run.states == {"a": "running"}
    assert run.story.count("a step.started") == 1


def test_other_steps_run_while_one_waits_for_its_next_attempt():
    run = world(node("a", spec=rule(1, delay_s=5.0)), node("b"), behave=never, capacity=1).start()
    run.fail(run.launches[0])
    assert [launch.node for launch in run.open.values()] == ["b"]


def test_an_attempt_after_a_loss_stays_out_of_the_calling_process():
    run = run_with(rule(1), failure(), LOST)
    assert [launch.is_wary for launch in run.launches] == [False, False, True]


def test_failed_attempts_are_told_one_by_one_only_while_they_are_few():
    run = world(node("m", x=each([0] * 300)), behave=lambda launch: failure()).run()
    assert len(run.notes("attempt.failed")) == 100
    assert run.notes("step.failed")[0].data["failed"] == 300
