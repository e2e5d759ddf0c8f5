"""What is recorded of a run whose own process cannot say it any more."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from headrace.app.projects.settings import read_settings
from headrace.app.rooms import Rooms
from headrace.app.runs.deaths import failure_of_run, record_crash, record_end
from headrace.app.runs.lifeline import Lifeline
from headrace.core.states import State
from headrace.executors.causes import Death
from headrace.ports.executors import NO_ITEM
from headrace.ports.records import AttemptRecord, RunRecord
from headrace.ports.stores import RunChange
from headrace.testing.records import SOMEBODY_ELSE, some_attempt, some_run, some_step

CRASH = Death(-11)


@pytest.fixture
def rooms(tmp_path: Path) -> Rooms:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "deaths"\nversion = "0"\n')
    return Rooms(read_settings(tmp_path))


def under_way(rooms: Rooms) -> tuple[RunRecord, AttemptRecord]:
    """A run of a process that is gone: `load` is done, `fit` was running, `report` was waiting for it."""
    run = replace(some_run(state=State.RUNNING), runner=SOMEBODY_ELSE, started_at=1.0)
    names = (("load", State.SUCCEEDED), ("fit", State.RUNNING), ("report", State.PENDING))
    steps = [some_step(run, name, place, state=state) for place, (name, state) in enumerate(names)]
    rooms.stores.runs.create(run, steps, {})
    attempt = replace(some_attempt(steps[1]), state=State.RUNNING, finished_at=None, log_path="logs/none.log")
    rooms.stores.runs.write(RunChange(run, attempts=[attempt]))
    return rooms.stores.runs.get(run.id), attempt


def events(rooms: Rooms, run: RunRecord) -> list[str]:
    return [f"{one.node} {one.type}".strip() for one in rooms.stores.details.events(run.id)]


def test_a_run_whose_step_has_killed_it_belongs_to_its_supervisor_until_it_goes_on(rooms: Rooms):
    run, attempt = under_way(rooms)
    lifeline = Lifeline()
    lifeline.run_id, lifeline.attempt_id, lifeline.plan = run.id, attempt.id, "p" * 32
    going_on = record_crash(rooms, lifeline, CRASH)
    assert going_on is not None
    assert (going_on.run_id, going_on.plan) == (run.id, "p" * 32)
    stored = rooms.stores.runs.get(run.id)
    assert (stored.state, stored.runner) == (State.RUNNING, rooms.processes.me())
    [broken] = rooms.stores.details.attempts(run.id)
    assert (broken.state, broken.worker) == (State.FAILED, SOMEBODY_ELSE)
    assert "SIGSEGV" in broken.failure.message
    assert events(rooms, run) == ["fit attempt.failed"]


def test_a_crash_that_somebody_has_recorded_is_not_recorded_twice(rooms: Rooms):
    run, attempt = under_way(rooms)
    lifeline = Lifeline()
    lifeline.run_id, lifeline.attempt_id = run.id, attempt.id
    assert record_crash(rooms, lifeline, CRASH) is not None
    assert record_crash(rooms, lifeline, CRASH) is None
    assert events(rooms, run) == ["fit attempt.failed"]


def test_with_a_run_that_died_the_steps_that_ran_fail_and_those_that_waited_are_cancelled(rooms: Rooms):
    run, _ = under_way(rooms)
    record = record_end(rooms, run.id, failure_of_run(CRASH))
    assert record.state is State.FAILED
    assert "The run's process crashed (SIGSEGV)" in record.failure.message
    steps = {one.node: one for one in rooms.stores.details.steps(run.id)}
    assert {name: one.state.value for name, one in steps.items()} == {
        "load": "succeeded",
        "fit": "failed",
        "report": "cancelled",
    }
    assert steps["fit"].failure == record.failure
    assert steps["report"].reason == "the run ended before it could start"
    assert [one.state for one in rooms.stores.details.attempts(run.id)] == [State.FAILED]
    assert events(rooms, run) == ["fit attempt.lost", "fit step.failed", "report step.cancelled", "run.failed"]
    [lost, *_] = rooms.stores.details.events(run.id)
    assert lost.data == {"item": NO_ITEM, "number": 1}


def test_a_run_that_was_cancelled_before_it_could_say_so_has_no_failure(rooms: Rooms):
    run, _ = under_way(rooms)
    record = record_end(rooms, run.id, None)
    assert (record.state, record.failure) == (State.CANCELLED, None)
    assert [one.state.value for one in rooms.stores.details.steps(run.id)] == ["succeeded", "cancelled", "cancelled"]


def test_an_end_that_is_written_already_stays(rooms: Rooms):
    run, _ = under_way(rooms)
    first = record_end(rooms, run.id, None)
    assert record_end(rooms, run.id, failure_of_run(CRASH)) == first


def test_a_crash_that_somebody_records_at_the_same_moment_is_theirs(rooms: Rooms, monkeypatch: pytest.MonkeyPatch):
    run, attempt = under_way(rooms)
    lifeline = Lifeline()
    lifeline.run_id, lifeline.attempt_id = run.id, attempt.id
    record_end(rooms, run.id, failure_of_run(CRASH))
    monkeypatch.setattr(type(rooms.stores.runs), "get", lambda *_: run)  # as it was when this process looked
    monkeypatch.setattr(type(rooms.stores.details), "attempts", lambda *_: [attempt])
    assert record_crash(rooms, lifeline, CRASH) is None
    monkeypatch.undo()
    assert events(rooms, run)[-1] == "run.failed"
