"""How attempts in worker processes end: crashes, limits, stops; always one end, with the cause in plain words."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

import sample_steps
from headrace.core.canonical import restore
from headrace.core.states import FailureKind
from headrace.executors.memory import private_bytes
from headrace.ports.executors import AttemptBroke, AttemptDone
from headrace.worker.logs import read_log
from worker_kit import TESTS, local_executor, run_here, spec_of

pytestmark = pytest.mark.slow

IN_WORKER = {"needs_worker": True}


@pytest.fixture
def lane(tmp_path):
    with local_executor(tmp_path, lanes=1) as (executor, reports):
        yield Lane(executor, reports)


class Lane:
    def __init__(self, executor, reports):
        self.executor, self.reports = executor, reports

    def run(self, step, /, *, options=None, **arguments):
        spec = spec_of(step, options=IN_WORKER | (options or {}), **arguments)
        return spec, run_here(self.executor, self.reports, spec)[0]

    def begin(self, step, /, **arguments):
        spec = spec_of(step, options=IN_WORKER, **arguments)
        self.executor.launch(spec)
        return spec, self.reports.wait_began(spec).worker.pid

    def is_fit(self):
        """Whether the lane still works."""
        return isinstance(self.run(sample_steps.nothing)[1], AttemptDone)


def is_running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_until(condition, seconds=30.0):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


def test_a_step_that_ends_its_process_breaks_its_attempt_and_tells_its_last_words(lane):
    spec, end = lane.run(sample_steps.vanish, status=3)
    assert end.failure.kind is FailureKind.USER_ERROR
    assert end.failure.message == "The step's process ended itself with exit code 3, before the step had returned."
    assert end.failure.remedy.endswith("about to vanish")
    assert lane.reports.lines(spec) == [("out", "about to vanish")]
    assert lane.is_fit()


def test_a_crash_of_native_code_is_told_by_the_name_of_its_signal(lane, tmp_path):
    spec, end = lane.run(sample_steps.crash)
    assert end.failure.kind is FailureKind.INFRASTRUCTURE
    assert "crashed (SIGSEGV)" in end.failure.message
    assert "native code" in end.failure.remedy
    assert set(lane.reports.lines(spec)) >= {("out", "about to crash"), ("err", "native words")}
    logged = [line[1:] for line in read_log(tmp_path / spec.log_path).lines]
    assert {("out", "about to crash"), ("err", "native words")} <= set(logged)
    assert any(text.endswith(" in crash") for stream, text in logged if stream == "err"), "the line of Python is told"
    assert lane.is_fit()


def test_a_process_that_is_killed_from_outside_is_lost_infrastructure(lane):
    spec, pid = lane.begin(sample_steps.nap, seconds=60)
    os.kill(pid, signal.SIGKILL)
    failure = lane.reports.wait_end(spec).failure
    assert failure.kind is FailureKind.INFRASTRUCTURE
    assert failure.message == "The step's process was killed from outside (SIGKILL)."
    assert "headrace.core.errors:InfrastructureError" in failure.error_types
    assert lane.is_fit()


def test_a_process_that_is_asked_to_end_from_outside_is_lost_infrastructure(lane, tmp_path):
    spec, pid = lane.begin(sample_steps.clean_up, path=str(tmp_path / "clean"))
    wait_until((tmp_path / "clean.begun").exists)
    os.kill(pid, signal.SIGTERM)
    failure = lane.reports.wait_end(spec).failure
    assert failure.kind is FailureKind.INFRASTRUCTURE
    assert "SIGTERM" in failure.message
    assert lane.is_fit()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_process_that_is_ended_between_attempts_is_replaced_and_costs_none(lane, number):
    for _ in range(10):
        pid = restore(lane.run(sample_steps.where)[1].output.text)
        os.kill(pid, number)
        assert lane.is_fit()


@pytest.mark.parametrize("step", [sample_steps.leave, sample_steps.fail, sample_steps.interrupt_itself])
def test_what_a_step_raises_leaves_its_worker_alive_or_replaced(lane, step):
    arguments = {sample_steps.leave: {"status": 2}, sample_steps.fail: {"text": "bad"}}.get(step, {})
    end = lane.run(step, **arguments)[1]
    assert isinstance(end, AttemptBroke)
    assert end.failure.kind is FailureKind.USER_ERROR
    assert lane.is_fit()


def test_ctrl_c_in_the_terminal_does_not_reach_a_worker(lane):
    assert restore(lane.run(sample_steps.interrupted_by_terminal)[1].output.text) == "went on"


def test_a_step_cannot_read_the_terminal(lane):
    assert restore(lane.run(sample_steps.read_terminal)[1].output.text) == ""


def test_a_step_that_takes_too_long_is_ended_and_tells_where_it_stood(lane):
    begun = time.monotonic()
    failure = lane.run(sample_steps.nap, options={"timeout_s": 0.3}, seconds=60)[1].failure
    assert time.monotonic() - begun < 30
    assert failure.kind is FailureKind.TIMEOUT
    assert failure.message == "The step took longer than its time limit of 0.3 s and was ended."
    assert "in nap" in failure.traceback
    assert "headrace.core.errors:StepTimeoutError" in failure.error_types
    assert lane.is_fit()


@pytest.mark.parametrize("step", ["hold_interpreter", "never_return"])
def test_a_step_that_cannot_be_asked_is_killed_at_its_time_limit(lane, tmp_path, step):
    arguments = {"seconds": 60} if step == "hold_interpreter" else {"path": str(tmp_path / "begun")}
    begun = time.monotonic()
    end = lane.run(getattr(sample_steps, step), options={"timeout_s": 0.3}, **arguments)[1]
    assert end.failure.kind is FailureKind.TIMEOUT
    assert time.monotonic() - begun < 30
    assert lane.is_fit()


def test_a_step_within_its_time_limit_is_left_alone(lane):
    assert isinstance(lane.run(sample_steps.nap, options={"timeout_s": 30.0}, seconds=0.01)[1], AttemptDone)


def test_a_step_that_takes_too_much_memory_is_killed_with_figures(lane):
    options = {"memory_bytes": 150 << 20}
    failure = lane.run(sample_steps.take_memory, options=options, megabytes=400, seconds=30)[1].failure
    assert failure.kind is FailureKind.OUT_OF_MEMORY
    assert "its limit is 150 MiB" in failure.message
    assert "memory=" in failure.remedy
    assert lane.is_fit()


def test_memory_of_children_counts(lane):
    options = {"memory_bytes": 150 << 20}
    failure = lane.run(sample_steps.take_memory_in_child, options=options, megabytes=400)[1].failure
    assert failure.kind is FailureKind.OUT_OF_MEMORY


def test_a_step_within_its_memory_is_left_alone(lane):
    options = {"memory_bytes": 400 << 20}
    end = lane.run(sample_steps.take_memory, options=options, megabytes=50, seconds=0.2)[1]
    assert isinstance(end, AttemptDone)
    assert 50 << 20 < end.usage.peak_memory_bytes < 400 << 20


def test_private_memory_is_read_from_the_system():
    assert private_bytes(os.getpid()) > 1 << 20
    assert private_bytes(2**22 - 1) == 0


def test_a_stopped_step_cleans_up_within_the_grace(lane, tmp_path):
    spec, _ = lane.begin(sample_steps.clean_up, path=str(tmp_path / "clean"))
    wait_until((tmp_path / "clean.begun").exists)
    lane.executor.stop(spec.attempt_id, grace_s=20)
    failure = lane.reports.wait_end(spec).failure
    assert failure.kind is FailureKind.CANCELLED
    assert failure.message == "The attempt was stopped."
    assert (tmp_path / "clean").exists()
    assert lane.is_fit()


def test_a_stopped_step_that_does_not_end_is_killed_after_the_grace(lane, tmp_path):
    spec, pid = lane.begin(sample_steps.never_return, path=str(tmp_path / "begun"))
    wait_until((tmp_path / "begun").exists)
    begun = time.monotonic()
    lane.executor.stop(spec.attempt_id, grace_s=0.3)
    assert lane.reports.wait_end(spec).failure.kind is FailureKind.CANCELLED
    assert 0.25 < time.monotonic() - begun < 30
    assert not is_running(pid)


def test_a_stop_without_grace_kills_at_once(lane):
    spec, pid = lane.begin(sample_steps.hold_interpreter, seconds=60)
    lane.executor.stop(spec.attempt_id, grace_s=0)
    assert lane.reports.wait_end(spec).failure.kind is FailureKind.CANCELLED
    assert not is_running(pid)


def test_a_step_that_closes_the_pipe_of_its_worker_is_ended_with_the_reason(lane):
    failure = lane.run(sample_steps.close_all_descriptors)[1].failure
    assert failure.kind is FailureKind.INFRASTRUCTURE
    assert "closed the pipe" in failure.message
    assert lane.is_fit()


def test_what_native_code_and_children_write_is_in_the_log_in_order(lane, tmp_path):
    spec, _ = lane.run(sample_steps.talk_natively)
    expected = [("out", "by descriptor"), ("out", "by child"), ("out", "by printf"), ("out", r"broken \xff text")]
    assert [line for line in lane.reports.lines(spec) if line[0] == "out"] == expected
    assert ("err", "child err") in lane.reports.lines(spec)
    assert len(read_log(tmp_path / spec.log_path).lines) == 5


def test_a_line_that_was_never_ended_is_told_at_the_end(lane):
    spec, _ = lane.run(sample_steps.mix_streams)
    assert lane.reports.lines(spec) == [("out", "begun and ended"), ("out", "no end")]


def test_logging_in_a_worker_is_told_once(lane):
    spec, _ = lane.run(sample_steps.talk, times=3)
    assert lane.reports.lines(spec)[-1] == ("log", "WARNING sample: log 3")
    assert len(lane.reports.lines(spec)) == 7


PARENT = """
import sys, time
sys.path[:0] = [{tests!r}]
from pathlib import Path
import sample_steps
from worker_kit import local_executor, spec_of
with local_executor(Path({folder!r}), lanes=2) as (executor, reports):
    specs = [spec_of(sample_steps.hold_interpreter, seconds=60), spec_of(sample_steps.leave_child)]
    for spec in specs:
        executor.launch(spec)
    pids = [reports.wait_began(spec).worker.pid for spec in specs]
    child = reports.wait_end(specs[1]).output.text
    print(*pids, child, flush=True)
    time.sleep(60)
"""


def test_workers_die_with_the_process_that_started_them_however_it_dies(tmp_path):
    code = textwrap.dedent(PARENT.format(tests=str(TESTS), folder=str(tmp_path)))
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    try:
        pids = [int(word) for word in parent.stdout.readline().split()]
        assert is_running(pids[0])
    finally:
        parent.kill()
        parent.communicate()
    wait_until(lambda: not any(is_running(pid) for pid in pids))


WATCHED = """
import os, sys, time
sys.path[:0] = [{tests!r}]
from headrace.worker.descriptors import die_with
os.setpgid(0, 0)
die_with(int(sys.argv[1]), by_signal={by_signal})
print("watching", flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("by_signal", [True, False])
def test_a_closed_life_pipe_ends_the_process_on_every_platform(by_signal):
    reading, writing = os.pipe()
    code = WATCHED.format(tests=str(TESTS), by_signal=by_signal)
    command = [sys.executable, "-c", code, str(reading)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, pass_fds=[reading], text=True)
    os.close(reading)
    assert process.stdout.readline() == "watching\n"
    os.close(writing)
    assert process.wait(30) == -signal.SIGKILL
    process.stdout.close()


def test_a_life_pipe_that_closed_before_anybody_watched_ends_the_process_too():
    reading, writing = os.pipe()
    os.close(writing)
    command = [sys.executable, "-c", WATCHED.format(tests=str(TESTS), by_signal=True), str(reading)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, pass_fds=[reading], text=True)
    os.close(reading)
    assert process.wait(30) == -signal.SIGKILL
    process.stdout.close()
