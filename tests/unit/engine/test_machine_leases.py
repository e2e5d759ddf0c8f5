"""Leases: who may report, time limits, lost workers, and messages that come late, twice or from nobody."""

import pytest

from headrace.core.states import FailureKind, State
from headrace.core.values import NONE
from headrace.engine.commands import StopAttempt
from headrace.engine.events import AttemptFailed, AttemptStarted, AttemptSucceeded, WorkerLost
from headrace.ports.executors import Usage, WorkerIdentity
from unit.engine.worlds import EAGER, WORKER, each, failure, never, node, out, text, world


def test_an_attempt_is_recorded_when_launched_when_begun_and_when_ended():
    run = world(node("a"), behave=never).start()
    [launch] = run.launches
    record = run.attempts[launch.attempt_id]
    assert (record.state, record.created_at, record.node, record.item) == (State.QUEUED, 100.0, "a", -1)
    assert record.log_path.endswith(f"{launch.attempt_id}.log")
    run.now = 101.0
    run.begin(launch)
    record = run.attempts[launch.attempt_id]
    assert (record.state, record.started_at, record.worker) == (State.RUNNING, 101.0, WORKER)
    run.now = 105.0
    run.tell(AttemptSucceeded(run.now, launch.attempt_id, launch.fence, NONE, Usage(wall_s=4.0)))
    record = run.attempts[launch.attempt_id]
    assert (record.state, record.finished_at, record.usage.wall_s) == (State.SUCCEEDED, 105.0, 4.0)


def test_attempts_launched_later_have_ids_that_sort_later():
    run = world(node("a", spec={"retry": EAGER}), behave=never).start()
    run.now = 100.5
    run.fail(run.launches[0])
    run.pass_time(0.0)
    ids = [launch.attempt_id for launch in run.launches]
    assert ids == sorted(ids)
    assert all(len(one) == 32 and int(one, 16) for one in ids)


@pytest.mark.parametrize("fence", [0, 2, -1])
def test_a_message_with_another_fencing_number_is_noted_and_changes_nothing(fence: int):
    run = world(node("a"), behave=never).start()
    [launch] = run.launches
    before = run.states
    for event in (
        AttemptStarted(run.now, launch.attempt_id, fence, WORKER),
        AttemptSucceeded(run.now, launch.attempt_id, fence, text(666)),
        AttemptFailed(run.now, launch.attempt_id, fence, failure()),
        WorkerLost(run.now, launch.attempt_id, fence, "gone"),
    ):
        run.tell(event)
        note = run.notes("message.ignored")[-1]
        assert note.data == {"attempt": launch.attempt_id, "fence": fence, "message": type(event).__name__}
    assert run.states == before
    assert run.succeed(launch, text(1)).finish.state == "succeeded"


def test_a_message_about_an_attempt_that_nobody_launched_is_noted():
    run = world(node("a"), behave=never).start()
    run.tell(AttemptSucceeded(run.now, "f" * 32, 1, NONE))
    assert run.story[-1] == "message.ignored"
    assert run.states == {"a": "queued"}


def test_a_message_that_comes_twice_counts_once():
    run = world(node("a"), node("b", x=out("a")), behave=never).start()
    [launch] = run.launches
    other = WorkerIdentity("there", 9, 9.0)
    run.begin(launch).tell(AttemptStarted(run.now + 5, launch.attempt_id, launch.fence, other))
    assert run.attempts[launch.attempt_id].worker == WORKER
    run.succeed(launch, text(1)).succeed(launch, text(2)).fail(launch)
    assert run.states["a"] == "succeeded"
    assert run.machine.step("a").output == text(1)
    assert run.story.count("message.ignored") == 3


def test_the_success_of_an_attempt_that_was_given_up_is_too_late():
    run = world(node("a"), behave=never, output=out("a")).start()
    [first] = run.launches
    run.tell(WorkerLost(run.now, first.attempt_id, first.fence, "the pod was evicted"))
    assert run.attempts[first.attempt_id].failure.message == "the pod was evicted"
    run.wait()
    second = run.launches[1]
    run.succeed(first, text(1))
    assert run.states == {"a": "queued"}
    run.succeed(second, text(2))
    assert run.finish.output == text(2)


def test_a_success_without_word_of_its_beginning_counts():
    run = world(node("a"), behave=never).start()
    run.succeed(run.launches[0])
    assert run.states == {"a": "succeeded"}
    assert run.records["a"].started_at == 100.0


def test_an_attempt_that_outlasts_its_time_and_its_executors_patience_is_stopped():
    run = world(node("a", spec={"timeout_s": 5.0}), behave=never, silence_s=2.0).start()
    run.begin(run.launches[0])
    run.pass_time(6.9)
    assert run.open
    run.pass_time(0.1)
    assert run.finish.failure.kind is FailureKind.TIMEOUT
    assert run.finish.failure.message == "Step 'a' failed: The attempt took longer than 5 s."


def test_a_time_out_that_the_executor_reports_needs_no_stop():
    run = world(node("a", spec={"timeout_s": 5.0}), behave=never).start()
    run.begin(run.launches[0])
    run.fail(run.launches[0], failure("too long", FailureKind.TIMEOUT))
    assert run.finish.failure.message == "Step 'a' failed: too long"
    assert not [command for command in run.commands if isinstance(command, StopAttempt)]


def test_the_time_limit_begins_when_the_attempt_begins():
    run = world(node("a", spec={"timeout_s": 5.0}), behave=never, silence_s=0.0).start()
    run.pass_time(100.0)
    run.begin(run.launches[0])
    run.pass_time(4.9)
    assert run.open


def test_a_stopped_attempt_that_never_ends_is_given_up():
    run = world(node("a", spec={"timeout_s": 1.0}), behave=never, silence_s=2.0, stop_grace_s=3.0).start()
    run.begin(run.launches[0])
    run.open.clear()  # nobody answers the stop
    run.pass_time(3.0)
    assert not run.machine.state.is_final
    run.pass_time(5.0)
    assert run.finish.failure.kind is FailureKind.TIMEOUT


def test_an_item_of_a_map_has_the_number_of_its_place():
    run = world(node("m", x=each([1, 2])), behave=never).start()
    assert [record.item for record in run.attempts.values()] == [0, 1]
    assert [launch.fence for launch in run.launches] == [1, 2]


def test_an_attempt_that_was_told_to_stop_has_all_its_grace_whatever_its_time_limit_was():
    run = world(node("a", spec={"timeout_s": 5.0}), behave=never, silence_s=2.0, stop_grace_s=10.0).start()
    [launch] = run.launches
    run.begin(launch)
    run.pass_time(3.0)
    run.open.clear()  # it does not hear the stop
    run.cancel()
    run.pass_time(4.0)
    assert run.machine.open_attempts == (launch.attempt_id,), "its time limit and the silence after it are over"
    run.pass_time(7.9)
    assert run.machine.open_attempts == (launch.attempt_id,)
    run.pass_time(0.1)
    assert run.machine.open_attempts == ()
