"""Which lane an attempt gets: the calling process first, warm worker processes when that is worth it."""

import os
import sys
import threading
import time
from pathlib import Path

import pytest
from msgspec.structs import replace

import sample_steps
from headrace.core.canonical import restore
from headrace.core.states import FailureKind
from headrace.executors.errors import ExecutorClosedError
from headrace.executors.local import LocalExecutor
from headrace.executors.workers import WarmWorkers
from headrace.ports.executors import AttemptBegan, AttemptBroke, AttemptDone
from headrace.worker import wire
from worker_kit import Reports, command, local_executor, make_worker, run_here, spec_of

IN_WORKER = {"needs_worker": True}


@pytest.fixture
def warm(tmp_path):
    workers = WarmWorkers(command(tmp_path), wire)
    yield workers
    workers.close()


def pids(ends):
    return {restore(end.output.text) for end in ends}


def conduct(executor, reports, specs):
    """Keep as many attempts launched as there are lanes, as a conductor does; their ends."""
    todo, running = list(specs), []

    def feed():
        running[:] = [spec for spec in running if reports.end(spec) is None]
        while todo and len(running) < executor.capacity:
            running.append(todo.pop(0))
            executor.launch(running[-1])
        return not running

    executor.work_here(feed)
    return [reports.end(spec) for spec in specs]


def test_small_steps_run_in_the_calling_process(tmp_path):
    with local_executor(tmp_path) as (executor, reports):
        ends = conduct(executor, reports, [spec_of(sample_steps.where) for _ in range(200)])
        assert sum(restore(end.output.text) == os.getpid() for end in ends) > 100


def test_work_that_waits_gets_a_worker_process(tmp_path):
    one, two = str(tmp_path / "one"), str(tmp_path / "two")
    with local_executor(tmp_path) as (executor, reports):
        specs = [spec_of(sample_steps.meet, own=one, other=two), spec_of(sample_steps.meet, own=two, other=one)]
        ends = run_here(executor, reports, *specs)
        assert len(pids(ends)) == 2
        assert os.getpid() in pids(ends)


def test_a_long_row_of_short_steps_gets_a_worker_process_too(tmp_path):
    with local_executor(tmp_path) as (executor, reports):
        seen = set()
        while len(seen) < 2:
            seen |= pids(conduct(executor, reports, [spec_of(sample_steps.nap, seconds=0.02) for _ in range(20)]))
            assert len(reports.messages) < 4000


def test_without_anybody_in_the_calling_process_workers_start_at_once(tmp_path):
    with local_executor(tmp_path) as (executor, reports):
        spec = spec_of(sample_steps.where)
        executor.launch(spec)
        assert restore(reports.wait_end(spec).output.text) != os.getpid()


@pytest.mark.parametrize("options", [IN_WORKER, {"timeout_s": 30.0}, {"memory_bytes": 1 << 30}])
def test_what_needs_limits_never_runs_in_the_calling_process(tmp_path, options):
    with local_executor(tmp_path, lanes=1) as (executor, reports):
        (end,) = run_here(executor, reports, spec_of(sample_steps.where, options=options))
        assert restore(end.output.text) != os.getpid()


def test_a_worker_process_is_kept_for_the_next_executor(tmp_path, warm):
    seen = []
    for _ in range(2):
        with local_executor(tmp_path, warm=warm) as (executor, reports):
            seen += run_here(executor, reports, spec_of(sample_steps.where, options=IN_WORKER))
    assert len(pids(seen)) == 1


def test_a_retired_worker_is_not_used_again(tmp_path, warm):
    seen = []
    for _ in range(2):
        with local_executor(tmp_path, warm=warm) as (executor, reports):
            seen += run_here(executor, reports, spec_of(sample_steps.where, options=IN_WORKER))
        warm.retire()
    assert len(pids(seen)) == 2


def test_a_kept_worker_that_died_meanwhile_is_replaced(tmp_path, warm):
    seen = []
    for _ in range(2):
        with local_executor(tmp_path, warm=warm) as (executor, reports):
            seen += run_here(executor, reports, spec_of(sample_steps.where, options=IN_WORKER))
        if len(seen) == 1:
            pid = restore(seen[0].output.text)
            os.kill(pid, 9)
            os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert len(pids(seen)) == 2
    assert all(isinstance(end, AttemptDone) for end in seen)


@pytest.mark.parametrize(
    ("step", "what"),
    [
        (sample_steps.change_folder, "working directory"),
        (sample_steps.change_environment, "environment"),
        (sample_steps.leave_thread, "threads"),
        (sample_steps.leave_child, "children"),
    ],
)
def test_a_worker_that_a_step_leaves_changed_is_ended(tmp_path, step, what):
    with local_executor(tmp_path, lanes=1) as (executor, reports):
        specs = [spec_of(one, options=IN_WORKER) for one in (sample_steps.where, step, sample_steps.where)]
        ends = [run_here(executor, reports, spec)[0] for spec in specs]
        assert all(isinstance(end, AttemptDone) for end in ends), what
        assert ends[0].output != ends[2].output, what


def test_a_child_that_a_step_leaves_is_ended_with_its_worker(tmp_path):
    with local_executor(tmp_path, lanes=1) as (executor, reports):
        (end,) = run_here(executor, reports, spec_of(sample_steps.leave_child, options=IN_WORKER))
        run_here(executor, reports, spec_of(sample_steps.where, options=IN_WORKER))
        assert not alive(restore(end.output.text))


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_worker_that_a_step_leaves_clean_is_used_again(tmp_path):
    with local_executor(tmp_path, lanes=1) as (executor, reports):
        steps = (sample_steps.where, sample_steps.talk_natively, sample_steps.track_in_thread, sample_steps.where)
        ends = [run_here(executor, reports, spec_of(step, options=IN_WORKER))[0] for step in steps]
        assert ends[0].output == ends[-1].output


def test_what_a_notebook_has_defined_runs_in_the_calling_process_only(tmp_path):
    main = sys.modules["__main__"]
    main.sample_where = sample_steps.where
    before = main.__dict__.pop("__file__", None)
    try:
        with local_executor(tmp_path) as (executor, reports):
            spec = spec_of(sample_steps.where)
            symbol = spec.symbol._replace(module="__main__", qualname="sample_where", file="/tmp/ipykernel_1/2.py")
            specs = [replace(spec, attempt_id=f"{number}", symbol=symbol) for number in range(3)]
            assert pids(run_here(executor, reports, *specs)) == {os.getpid()}
            limited = replace(spec, attempt_id="limited", symbol=symbol, timeout_s=5.0)
            executor.launch(limited)
            failure = reports.end(limited).failure
            assert failure.kind is FailureKind.USER_ERROR
            assert "notebook" in failure.message
            assert "module" in failure.remedy
    finally:
        del main.sample_where
        if before is not None:
            main.__file__ = before


def test_nothing_is_launched_after_closing_and_closing_twice_is_fine(tmp_path):
    with local_executor(tmp_path) as (executor, _):
        executor.close()
        executor.close()
        with pytest.raises(ExecutorClosedError, match="closed"):
            executor.launch(spec_of(sample_steps.nothing))


def test_closing_leaves_no_process_thread_or_descriptor(tmp_path):
    with local_executor(tmp_path) as (executor, reports):  # the first use opens what stays open (a bell, /proc files)
        run_here(executor, reports, spec_of(sample_steps.nothing, options=IN_WORKER))
    before = (open_descriptors(), threading.active_count())
    for _ in range(3):
        with local_executor(tmp_path) as (executor, reports):
            run_here(executor, reports, spec_of(sample_steps.nothing, options=IN_WORKER))
            spec = spec_of(sample_steps.nap, seconds=30)
            executor.launch(spec)
            reports.wait_began(spec)
        del executor, reports
    assert (open_descriptors(), threading.active_count()) == before
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def open_descriptors():
    return sorted(target for target in map(target_of, Path("/proc/self/fd").iterdir()) if "/proc/" not in target)


def target_of(entry):
    try:
        return str(entry.readlink()).split(":")[0]
    except OSError:
        return "/proc/"


def test_an_attempt_in_the_calling_process_that_outlives_the_executor_ends_as_lost(tmp_path):
    with local_executor(tmp_path) as (executor, reports):
        spec = spec_of(sample_steps.nap, seconds=30)
        executor.launch(spec)

        def close_once_begun():
            reports.wait(lambda: bool(reports.of(spec, AttemptBegan)))
            executor.close()

        closer = threading.Thread(target=close_once_begun)
        closer.start()
        executor.work_here(lambda: False)
        closer.join()
        assert reports.end(spec).failure.kind is FailureKind.INFRASTRUCTURE


def test_the_calling_process_stops_waiting_as_soon_as_it_is_woken(tmp_path):
    with local_executor(tmp_path) as (executor, _):
        over = threading.Event()

        def finish():
            over.set()
            executor.wake()

        threading.Timer(0.02, finish).start()
        begun = time.perf_counter()
        executor.work_here(over.is_set)
        assert time.perf_counter() - begun < 5


def test_a_report_that_raises_stops_no_other_attempt(tmp_path, monkeypatch):
    told = []
    monkeypatch.setattr(sys, "excepthook", lambda *error: told.append(error[1]))
    kept = Reports()

    def report(message):
        kept(message)
        raise ValueError("the listener is broken")

    warm = WarmWorkers(command(tmp_path), wire)
    executor = LocalExecutor(report, worker=make_worker(tmp_path), warm=warm, lanes=1)
    try:
        for _ in range(2):
            spec = spec_of(sample_steps.nothing)
            executor.launch(spec)
            assert isinstance(kept.wait_end(spec), AttemptDone)
        assert str(told[0]) == "the listener is broken"
    finally:
        executor.close()
        warm.close()


@pytest.mark.parametrize(
    ("program", "words"),
    [
        (["/nowhere/python"], "No such file"),
        ([sys.executable, "-c", "import no_such_module_at_all"], "No module named 'no_such_module_at_all'"),
    ],
)
def test_a_worker_that_cannot_be_started_fails_what_needs_it_with_its_words(tmp_path, program, words):
    reports = Reports()
    executor = LocalExecutor(reports, worker=make_worker(tmp_path), warm=WarmWorkers(program, wire), lanes=2)
    try:
        specs = [spec_of(sample_steps.nothing, options=IN_WORKER) for _ in range(3)]
        for spec in specs:
            executor.launch(spec)
        for spec in specs:
            failure = reports.wait_end(spec).failure
            assert failure.kind is FailureKind.INFRASTRUCTURE
            assert words in failure.message + failure.remedy
    finally:
        executor.close()


def test_where_workers_cannot_be_started_the_calling_process_does_the_work(tmp_path):
    reports = Reports()
    warm = WarmWorkers([sys.executable, "-c", "1/0"], wire)
    executor = LocalExecutor(reports, worker=make_worker(tmp_path), warm=warm, lanes=2)
    try:
        ends = run_here(executor, reports, *[spec_of(sample_steps.nap, seconds=0.15) for _ in range(4)])
        assert pids(ends) == {os.getpid()}
    finally:
        executor.close()


def test_a_big_spec_and_a_big_output_pass_through_the_pipe(tmp_path):
    with local_executor(tmp_path) as (executor, reports):
        spec = spec_of(sample_steps.talk_back, options=IN_WORKER, text="x" * 3_000_000)
        (end,) = run_here(executor, reports, spec)
        assert len(restore(end.output.text)) == 3_000_000


def test_ends_are_told_once_each_whatever_happens_together(tmp_path):
    with local_executor(tmp_path, lanes=3) as (executor, reports):
        steps = [(sample_steps.vanish, {"status": 1}), (sample_steps.nothing, {}), (sample_steps.fail, {"text": "x"})]
        specs = [spec_of(step, options=IN_WORKER, **arguments) for _ in range(2) for step, arguments in steps]
        ends = run_here(executor, reports, *specs)
        assert [type(end) for end in ends] == [AttemptBroke, AttemptDone, AttemptBroke] * 2
        for spec in specs:
            assert isinstance(reports.of(spec)[0], AttemptBegan)
            assert reports.of(spec)[-1] is reports.end(spec)
