"""One attempt in the calling process: what is reported, what is caught, and what is left as it was."""

import logging
import os
import sys
import threading
import time
import warnings
from pathlib import Path

import pytest

import sample_steps
from headrace.core.canonical import restore
from headrace.core.states import FailureKind
from headrace.ports.code import Touched
from headrace.ports.executors import AttemptBegan, AttemptBroke, AttemptDone, TrackingBatch
from headrace.tracking.current import current_run
from headrace.worker.logs import read_log
from worker_kit import Reports, make_worker, spec_of


@pytest.fixture
def worker(tmp_path):
    return make_worker(tmp_path)


def run(worker, function, /, *, options=None, **arguments):
    reports, spec = Reports(), spec_of(function, options=options, **arguments)
    worker.run(spec, reports)
    return reports, spec, reports.end(spec)


def test_an_attempt_begins_and_ends_with_its_output(worker):
    reports, _, end = run(worker, sample_steps.add, a=2, b=3)
    began, done = reports.messages
    assert isinstance(began, AttemptBegan)
    assert isinstance(done, AttemptDone)
    assert restore(end.output.text) == 5
    assert (began.fence, done.fence) == (7, 7)
    assert began.worker.pid == os.getpid()
    assert began.at <= done.at


def test_an_input_with_a_default_may_be_left_out(worker):
    assert restore(run(worker, sample_steps.add, a=2)[2].output.text) == 3


def test_inputs_that_a_function_takes_by_position_only_reach_it(worker):
    assert restore(run(worker, sample_steps.by_position, a=1, b=2, c=3)[2].output.text) == [1, 2, 3]


def test_an_output_that_cannot_be_stored_fails_the_attempt_and_names_the_step(worker):
    end = run(worker, sample_steps.give_strange)[2]
    assert isinstance(end, AttemptBroke)
    assert end.failure.kind is FailureKind.USER_ERROR
    assert "the output of step 'give_strange' of type lock cannot be stored" in end.failure.message
    assert "headrace.core.errors:ArtifactError" in end.failure.error_types


def test_a_full_disk_is_no_fault_of_the_step(worker, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    worker._parts.artifacts.put = full
    end = run(worker, sample_steps.add, a=1)[2]
    assert end.failure.kind is FailureKind.INFRASTRUCTURE
    assert "No space left" in end.failure.message


def test_an_input_that_cannot_be_read_is_no_fault_of_the_step(worker):
    def away(value):
        raise FileNotFoundError(2, "No such file", "objects/ab")

    worker._parts.artifacts.get = away
    assert run(worker, sample_steps.add, a=1)[2].failure.kind is FailureKind.INFRASTRUCTURE


@pytest.mark.parametrize(
    ("step", "arguments", "message"),
    [
        (sample_steps.fail, {"text": "bad"}, "ValueError: bad"),
        (sample_steps.leave, {"status": 2}, "SystemExit: 2"),
        (sample_steps.exhaust_recursion, {}, "RecursionError"),
        (sample_steps.fail_mute, {}, "Mute"),
        (sample_steps.fail_unpicklable, {}, "Unpicklable"),
        (sample_steps.add, {"b": 1}, "missing 1 required positional argument: 'a'"),
    ],
)
def test_whatever_a_step_raises_ends_in_one_failure(worker, step, arguments, message):
    _, _, end = run(worker, step, **arguments)
    assert isinstance(end, AttemptBroke)
    assert message in end.failure.message
    assert end.failure.kind is FailureKind.USER_ERROR


def test_a_press_of_ctrl_c_is_reported_and_then_passed_on(worker):
    reports, spec = Reports(), spec_of(sample_steps.interrupt_itself)
    with pytest.raises(KeyboardInterrupt):
        worker.run(spec, reports)
    assert reports.end(spec).failure.kind is FailureKind.CANCELLED


def test_a_step_that_is_interrupted_cleans_up_and_ends_as_cancelled(worker, tmp_path):
    reports, spec = Reports(), spec_of(sample_steps.clean_up, path=str(tmp_path / "clean"))

    def interrupt_once_begun():
        while not (tmp_path / "clean.begun").exists():
            time.sleep(0.005)
        worker.interrupt(spec.attempt_id)

    threading.Thread(target=interrupt_once_begun).start()
    begun = time.monotonic()
    worker.run(spec, reports)
    assert time.monotonic() - begun < 30
    assert reports.end(spec).failure.kind is FailureKind.CANCELLED
    assert "clean_up" in reports.end(spec).failure.traceback
    assert (tmp_path / "clean").exists()


def test_an_interrupt_for_another_attempt_does_not_touch_this_one(worker):
    worker.interrupt("another")
    threading.Timer(0.02, lambda: worker.interrupt("another")).start()
    assert isinstance(run(worker, sample_steps.nap, seconds=0.1)[2], AttemptDone)


def test_an_attempt_that_was_interrupted_before_it_began_does_not_run_its_code(worker, tmp_path):
    reports, spec = Reports(), spec_of(sample_steps.clean_up, path=str(tmp_path / "clean"))
    worker.interrupt(spec.attempt_id)
    worker.run(spec, reports)
    assert reports.end(spec).failure.kind is FailureKind.CANCELLED
    assert not (tmp_path / "clean").exists()


def test_thousands_of_interrupts_at_any_moment_leave_one_end_each(worker):
    for delay in range(60):
        reports, spec = Reports(), spec_of(sample_steps.talk, times=40)
        timer = threading.Timer(delay * 0.00005, worker.interrupt, args=(spec.attempt_id,))
        timer.start()
        worker.run(spec, reports)
        timer.join()
        end = reports.end(spec)
        assert isinstance(end, AttemptDone) or end.failure.kind is FailureKind.CANCELLED
        assert sys.stdout is not worker._capture._out


def test_what_a_step_prints_and_logs_is_in_its_file_before_it_is_told(worker, tmp_path):
    reports, spec, _ = run(worker, sample_steps.talk, times=2)
    expected = [
        ("out", "out 0"),
        ("err", "err 0"),
        ("out", "out 1"),
        ("err", "err 1"),
        ("log", "WARNING sample: log 2"),
    ]
    assert reports.lines(spec) == expected
    assert [line[1:] for line in read_log(tmp_path / spec.log_path).lines] == expected


def test_a_silent_step_leaves_no_log_file(worker, tmp_path):
    _, spec, _ = run(worker, sample_steps.nothing)
    assert not (tmp_path / spec.log_path).exists()


def test_what_others_print_meanwhile_stays_where_it_belongs(worker, tmp_path, capsys):
    stop = threading.Event()

    def chatter():
        while not stop.is_set():
            print("from outside")
            time.sleep(0.001)

    other = threading.Thread(target=chatter)
    other.start()
    reports, spec, _ = run(worker, sample_steps.nap, seconds=0.05)
    stop.set()
    other.join()
    assert reports.lines(spec) == []
    assert "from outside" in capsys.readouterr().out


def test_a_thread_of_the_step_is_caught_and_its_metrics_count(worker):
    reports, spec, _ = run(worker, sample_steps.track_in_thread)
    assert reports.lines(spec) == [("out", "thread words")]
    assert reports.metrics(spec) == [("from thread", 1.0, None)]


def test_streams_are_as_they_were_after_the_attempt(worker):
    before = (sys.stdout, sys.stderr, list(logging.getLogger().handlers))
    run(worker, sample_steps.talk)
    run(worker, sample_steps.fail, text="x")
    assert (sys.stdout, sys.stderr, list(logging.getLogger().handlers)) == before


KEPT = []


def keep_stream() -> None:
    KEPT.append(sys.stdout)
    sys.stdout.buffer.write("bytes é\n".encode())
    assert not sys.stdout.isatty()
    assert sys.stdout.encoding == "utf-8"
    print("lone \udcff surrogate")


def test_a_stream_that_a_step_keeps_writes_to_the_original_afterwards(worker, capsys):
    reports, spec, end = run(worker, keep_stream)
    assert isinstance(end, AttemptDone), end
    assert reports.lines(spec) == [("out", "bytes é"), ("out", "lone \udcff surrogate")]
    print("later words", file=KEPT[-1])
    assert "later words" in capsys.readouterr().out


def log_through_console() -> None:
    logging.getLogger("sample").error("once")


def test_a_console_handler_of_the_root_logger_is_taken_over_and_given_back(worker, capsys):
    handler = logging.StreamHandler()
    logging.getLogger().addHandler(handler)
    try:
        reports, spec, _ = run(worker, log_through_console)
        assert reports.lines(spec) == [("log", "once")]
        assert handler.stream is sys.stderr
    finally:
        logging.getLogger().removeHandler(handler)


def test_what_a_step_tracks_is_reported_before_its_end(worker):
    reports, spec, end = run(worker, sample_steps.track)
    assert reports.metrics(spec) == [("loss", 0.5, 1.0), ("auc", 0.7, None), ("f1", 0.6, None)]
    (batch,) = reports.of(spec, TrackingBatch)
    assert [(value.kind, value.name) for value in batch.values] == [("parameter", "depth"), ("text", "note")]
    assert (batch.progress.done, batch.progress.total) == (3.0, 3.0)
    assert restore(end.output.text) == "key-of-track"
    assert not current_run().is_run


def test_a_long_step_tells_what_it_tracks_while_it_runs(worker):
    reports, spec, end = run(worker, sample_steps.track_slowly, seconds=0.6)
    (batch,) = reports.of(spec, TrackingBatch)
    assert end.at - batch.metrics[0].at > 0.5
    assert reports.messages.index(batch) == 1


def test_a_secret_is_there_while_the_step_runs_and_in_nothing_that_is_told(worker, tmp_path, monkeypatch):
    monkeypatch.setenv("SAMPLE_PASSWORD", "pa55word")
    reports, spec, end = run(
        worker, sample_steps.show_secret, options={"secrets": ("SAMPLE_PASSWORD",)}, name="SAMPLE_PASSWORD"
    )
    assert reports.lines(spec) == [("out", "the secret is ***")]
    assert "pa55word" not in repr(reports.messages)
    assert "pa55word" not in (tmp_path / spec.log_path).read_text()
    assert end.failure.message == "ValueError: wrong password ***"


def test_no_line_of_a_secret_of_several_lines_is_told(worker, tmp_path, monkeypatch):
    key = "-----BEGIN KEY-----\nMIIEvQIBADANBg\n  kqhkiG9w0BAQEF\n-----END KEY-----"
    monkeypatch.setenv("SAMPLE_PASSWORD", key)
    reports, spec, end = run(
        worker, sample_steps.show_secret, options={"secrets": ("SAMPLE_PASSWORD",)}, name="SAMPLE_PASSWORD"
    )
    told = repr(reports.messages) + (tmp_path / spec.log_path).read_text() + end.failure.traceback
    assert not [line for line in key.splitlines() if line.strip() in told]


def test_a_process_keeps_no_file_open_for_the_attempts_it_has_run(tmp_path):
    run(make_worker(tmp_path), sample_steps.nothing)
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        run(make_worker(tmp_path), sample_steps.nothing)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_secret_from_elsewhere_does_not_stay_in_the_environment(tmp_path):
    worker = make_worker(tmp_path, secrets=lambda names: dict.fromkeys(names, "from the file"))
    reports, spec, _end = run(
        worker, sample_steps.show_secret, options={"secrets": ("SAMPLE_OTHER",)}, name="SAMPLE_OTHER"
    )
    assert reports.lines(spec) == [("out", "the secret is ***")]
    assert "SAMPLE_OTHER" not in os.environ


@pytest.mark.parametrize("secret", ["pa55word", 'quo"ted é', "line\nbreak"])
def test_a_secret_that_is_stored_is_warned_of_by_its_name(worker, monkeypatch, secret):
    monkeypatch.setenv("SAMPLE_PASSWORD", secret)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        run(worker, sample_steps.keep_secret, options={"secrets": ("SAMPLE_PASSWORD",)}, name="SAMPLE_PASSWORD")
    told = [str(one.message).partition(" holds the value of the secret 'SAMPLE_PASSWORD': ")[0] for one in caught]
    assert told[:2] == ["parameter 'place' of step 'keep_secret'", "text 'card' of step 'keep_secret'"]
    assert told[-1] == "the output of step 'keep_secret'"
    assert len(told) == (4 if secret.isprintable() else 3)


def test_a_step_without_a_secret_in_its_values_is_not_warned_of(worker, monkeypatch):
    monkeypatch.setenv("SAMPLE_PASSWORD", "another")
    monkeypatch.setenv("SAMPLE_SHORT", "on")
    given = {"secrets": ("SAMPLE_PASSWORD", "SAMPLE_SHORT")}
    assert isinstance(run(worker, sample_steps.track, options=given)[2], AttemptDone)


def test_a_secret_that_nobody_provides_fails_the_attempt_before_its_code_runs(worker):
    end = run(worker, sample_steps.nothing, options={"secrets": ("SAMPLE_MISSING",)})[2]
    assert "needs the secret 'SAMPLE_MISSING'" in end.failure.message
    assert ".env" in end.failure.remedy


def test_peak_memory_is_that_of_the_attempt_and_not_of_the_one_before(worker):
    used = [run(worker, sample_steps.take_memory, megabytes=mb)[2].usage.peak_memory_bytes for mb in (1, 300, 1)]
    assert used[1] - used[0] > 250 << 20
    assert used[1] - used[2] > 250 << 20


def test_memory_of_mapped_files_does_not_count(worker, tmp_path):
    (tmp_path / "big").write_bytes(b"x" * (200 << 20))
    quiet = run(worker, sample_steps.nothing)[2].usage.peak_memory_bytes
    end = run(worker, read_mapped, path=str(tmp_path / "big"))[2]
    assert restore(end.output.text) == 200 << 20
    assert end.usage.peak_memory_bytes - quiet < 50 << 20


def read_mapped(path: str) -> int:
    import mmap

    with Path(path).open("rb") as file:
        KEPT.append(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    return sum(len(KEPT[-1][begin : begin + 4096]) for begin in range(0, len(KEPT[-1]), 4096))


def test_usage_tells_wall_and_processor_seconds(worker):
    usage = run(worker, sample_steps.nap, seconds=0.05)[2].usage
    assert 0.05 <= usage.wall_s < 5
    assert usage.cpu_s < usage.wall_s
    busy = run(worker, burn)[2].usage
    assert busy.cpu_s > 0.03


def burn() -> None:
    until = time.process_time() + 0.05
    while time.process_time() < until:
        pass


PLANNED = (("a.py", "digest"),)


class Notebook:
    """A tracer that tells what it was asked."""

    def __init__(self, edited=()):
        self.asked = []
        self.edited_files = list(edited)

    def reread(self, closure):
        return ()

    def edited(self, closure):
        return self.edited_files.pop(0) if self.edited_files else ()

    def start(self, closure, paths=()):
        self.asked.append(("start", tuple(closure)))

    def note_returned(self, paths):
        self.asked += [("returned", paths)] if paths else []

    def settled(self, touched):
        return touched

    def finish(self):
        self.asked.append("finish")
        return Touched(files=(("data.csv", f"digest {len(self.asked)}"),))


def test_what_a_step_touches_is_watched_while_its_own_code_runs(tmp_path):
    tracer = Notebook()
    worker = make_worker(tmp_path, tracer=tracer)
    end = run(worker, sample_steps.nothing, options={"closure": PLANNED})[2]
    assert tracer.asked == [("start", PLANNED), "finish"]
    assert end.touched.files == (("data.csv", "digest 2"),)


def test_a_failing_step_is_not_watched_any_more(tmp_path):
    tracer = Notebook()
    run(make_worker(tmp_path, tracer=tracer), sample_steps.fail, text="x")
    assert tracer.asked[-1] == "finish"


def test_a_step_that_asks_for_no_trace_is_not_watched(tmp_path):
    tracer = Notebook()
    run(make_worker(tmp_path, tracer=tracer), sample_steps.nothing, options={"track_reads": False})
    assert tracer.asked == []


@pytest.mark.parametrize("function", [sample_steps.nothing, sample_steps.fail], ids=["succeeds", "fails"])
def test_a_step_that_ran_other_code_than_was_planned_stores_nothing(tmp_path, function):
    tracer = Notebook(edited=[(), ("flights/clean.py",)])
    arguments = {} if function is sample_steps.nothing else {"text": "x"}
    end = run(make_worker(tmp_path, tracer=tracer), function, **arguments)[2]
    assert isinstance(end, AttemptBroke)
    assert end.failure.kind is FailureKind.USER_ERROR
    assert end.failure.message.startswith("flights/clean.py was changed after this run was planned")
    assert "nothing was stored. Run again." in end.failure.message
    assert end.failure.error_types[0].endswith("SourceEditedError")


def test_a_step_whose_module_is_loaded_with_other_code_is_not_called(tmp_path):
    tracer = Notebook(edited=[("flights/clean.py",)])
    end = run(make_worker(tmp_path, tracer=tracer), sample_steps.nothing, options={"track_reads": False})[2]
    assert end.failure.error_types[0].endswith("SourceEditedError")
    assert tracer.asked == []


def fork_and_print() -> int:
    child = os.fork()
    if child == 0:
        print("from the child")
        os._exit(0)
    os.waitpid(child, 0)
    print("from the parent")
    return child


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_writes_to_the_log_and_tells_nobody(worker, tmp_path):
    reports, spec, _ = run(worker, fork_and_print)
    assert reports.lines(spec) == [("out", "from the parent")]
    assert [line[2] for line in read_log(tmp_path / spec.log_path).lines] == ["from the child", "from the parent"]


@pytest.mark.parametrize("step", [sample_steps.change_folder, sample_steps.change_folder_and_fail])
def test_a_step_that_changes_the_working_directory_changes_it_for_itself_alone(worker, step):
    before = Path.cwd()
    run(worker, step)
    assert Path.cwd() == before
