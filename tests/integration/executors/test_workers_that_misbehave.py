"""Worker processes as nobody would write them: that die before they begin, never get ready, or answer too late."""

import sys
import textwrap
from pathlib import Path

import pytest

import sample_steps
from headrace.core.states import FailureKind
from headrace.executors import crew
from headrace.executors.local import LocalExecutor
from headrace.executors.workers import WarmWorkers
from headrace.ports.executors import AttemptBegan, AttemptDone
from headrace.worker import wire
from worker_kit import Reports, make_worker, spec_of

BEGINNING = """
import os, signal, sys, time
from headrace.core.values import InlineValue
from headrace.executors.processes import LocalProcesses
from headrace.ports.code import Touched
from headrace.ports.executors import AttemptBegan, AttemptDone, Usage
from headrace.ports.workers import WorkerReady
from headrace.worker.serving import Connection

with open(sys.argv[1], "a") as starts:
    starts.write("started\\n")
line, me = Connection(), LocalProcesses().me()
"""
DIES_WHEN_IT_GETS_WORK = """
line.send(WorkerReady(me))
next(line.frames())
os._exit(3)
"""
NEVER_READY = """
time.sleep(60)
"""
DONE_WHEN_ASKED_TO_END = """
line.send(WorkerReady(me))
spec = next(line.frames()).spec
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
line.send(AttemptBegan(spec.attempt_id, spec.fence, me, time.time()))
signal.sigwait([signal.SIGTERM])
line.send(AttemptDone(spec.attempt_id, spec.fence, InlineValue("1"), Touched(), Usage(), time.time()))
time.sleep(60)
"""


OWN_WORDS_WHEN_ASKED_TO_END = """
from headrace.core.failures import Failure
from headrace.core.states import FailureKind
from headrace.ports.executors import AttemptBroke
line.send(WorkerReady(me))
spec = next(line.frames()).spec
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
line.send(AttemptBegan(spec.attempt_id, spec.fence, me, time.time()))
signal.sigwait([signal.SIGTERM])
failure = Failure(FailureKind.USER_ERROR, "row 7 is bad")
line.send(AttemptBroke(spec.attempt_id, spec.fence, failure, Usage(), time.time()))
time.sleep(60)
"""


class Lane:
    """One lane of workers with a program of the test's own."""

    def __init__(self, folder: Path, program: str) -> None:
        self.starts = folder / "starts"
        command = [sys.executable, "-c", textwrap.dedent(BEGINNING + program), str(self.starts)]
        self.warm = WarmWorkers(command, wire)
        self.reports = Reports()
        self.executor = LocalExecutor(self.reports, worker=make_worker(folder), warm=self.warm, lanes=1)

    def launch(self, **options):
        spec = spec_of(sample_steps.nothing, options={"needs_worker": True} | options)
        self.executor.launch(spec)
        return spec

    def close(self) -> None:
        self.executor.close()
        self.warm.close()


@pytest.fixture
def lane_of(tmp_path):
    lanes = []

    def make(program: str) -> Lane:
        lanes.append(Lane(tmp_path, program))
        return lanes[-1]

    yield make
    for lane in lanes:
        lane.close()


def test_an_attempt_whose_processes_die_before_they_begin_gets_two_of_them_and_no_more(lane_of):
    lane = lane_of(DIES_WHEN_IT_GETS_WORK)
    spec = lane.launch()
    end = lane.reports.wait_end(spec)
    assert end.failure.kind is FailureKind.USER_ERROR
    assert "exit code 3" in end.failure.message
    assert lane.reports.of(spec, AttemptBegan) == []
    assert lane.starts.read_text().splitlines() == ["started"] * 2


def test_a_process_that_never_gets_ready_is_given_up_and_said_to_be(lane_of, monkeypatch):
    monkeypatch.setattr(crew, "READY_S", 0.5)
    lane = lane_of(NEVER_READY)
    end = lane.reports.wait_end(lane.launch())
    assert end.failure.kind is FailureKind.INFRASTRUCTURE
    assert "worker process" in end.failure.message


def test_a_success_that_comes_after_the_time_limit_does_not_count(lane_of):
    lane = lane_of(DONE_WHEN_ASKED_TO_END)
    end = lane.reports.wait_end(lane.launch(timeout_s=0.3))
    assert end.failure.kind is FailureKind.TIMEOUT


def test_a_success_that_comes_within_the_grace_of_a_stop_counts(lane_of):
    lane = lane_of(DONE_WHEN_ASKED_TO_END)
    spec = lane.launch()
    lane.reports.wait_began(spec)
    lane.executor.stop(spec.attempt_id, grace_s=20)
    assert isinstance(lane.reports.wait_end(spec), AttemptDone)


def test_what_a_step_says_itself_after_a_stop_counts_and_after_a_time_limit_the_limit(lane_of):
    lane = lane_of(OWN_WORDS_WHEN_ASKED_TO_END)
    spec = lane.launch()
    lane.reports.wait_began(spec)
    lane.executor.stop(spec.attempt_id, grace_s=20)
    assert lane.reports.wait_end(spec).failure.message == "row 7 is bad"
    late = lane_of(OWN_WORDS_WHEN_ASKED_TO_END)
    assert late.reports.wait_end(late.launch(timeout_s=0.3)).failure.kind is FailureKind.TIMEOUT
