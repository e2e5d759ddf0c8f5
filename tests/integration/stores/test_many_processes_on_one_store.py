"""Several processes on one file: nobody sees an error, and what was reported as written is there."""

import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest
from msgspec.structs import replace

from headrace.core.errors import StaleWriteError
from headrace.ports.records import RunEvent, RunFilter
from headrace.ports.stores import RunChange
from headrace.stores.errors import StoreBusyError
from headrace.stores.opening import open_store
from headrace.testing.records import ME, SOME_TIME, some_attempt, some_metric, some_run, some_step

SHORT_RUNS = """
    import sys
    from msgspec.structs import replace
    from headrace.core.states import State
    from headrace.ports.records import RunEvent
    from headrace.ports.stores import RunChange
    from headrace.stores.opening import open_store
    from headrace.testing.records import *

    place, count = sys.argv[1], int(sys.argv[2])
    with open_store(place) as store:
        for number in range(count):
            run = some_run()
            step = some_step(run)
            attempt, key = some_attempt(step), f"key-{number % 7}"
            store.runs.create(run, [step], {"9" * 64: "graph"})
            held = store.results.claim([key, run.id], run.id, ME)
            assert set(held) <= {key}
            event = RunEvent(run.id, 0, 1.0, "note")
            running = replace(run, state=State.RUNNING)
            store.runs.write(RunChange(running, [replace(step, state=State.RUNNING)], [attempt], events=[event]))
            made = replace(step, state=State.SUCCEEDED, key=key, parts=some_parts())
            result, metric = some_result(run, attempt, run.id), some_metric(attempt, "auc", number)
            store.runs.write(RunChange(replace(running, version=1), [made], [], [result], [event, event], [metric]))
            store.runs.write(RunChange(replace(running, version=2, state=State.SUCCEEDED), events=[event]))
            assert store.results.results([run.id])[run.id][0].attempt_id == attempt.id
            store.results.release([key, run.id], run.id)
"""


def child(code: str, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-W", "error", "-c", textwrap.dedent(code), *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def run_all(place: Path, processes: int, runs: int) -> None:
    children = [child(SHORT_RUNS, place, runs) for _ in range(processes)]
    for each in children:
        _, problems = each.communicate()
        assert each.returncode == 0, problems
    with open_store(place) as store:
        found = store.runs.list(RunFilter(limit=10**6))
        assert len(found) == processes * runs
        assert {run.version for run in found} == {3}
        assert {run.state.value for run in found} == {"succeeded"}
        for run in found[:: max(1, len(found) // 50)]:
            assert [event.sequence for event in store.details.events(run.id)] == [1, 2, 3, 4]
            assert len(store.details.steps(run.id)) == len(store.details.attempts(run.id)) == 1
            assert len(store.tracking.metrics(run.id)) == 1
        results = store.results.results([run.id for run in found])
        assert all(len(rows) == 1 for rows in results.values())
        assert len(results) == len(found)
        assert store.results.claim([f"key-{number}" for number in range(7)], "next", ME) == {}
    assert_sound(place)


def assert_sound(place: Path) -> None:
    raw = sqlite3.connect(place / "headrace.db")
    assert raw.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    raw.close()


def test_a_few_processes_write_runs_at_once_from_the_first_moment(tmp_path):
    run_all(tmp_path / ".headrace", processes=4, runs=15)


@pytest.mark.slow
def test_eight_processes_write_five_hundred_runs_each_at_once(tmp_path):
    run_all(tmp_path / ".headrace", processes=8, runs=500)


WRITER = """
    import sys
    from msgspec.structs import replace
    from headrace.ports.records import RunEvent
    from headrace.ports.stores import RunChange
    from headrace.stores.opening import open_store
    from headrace.testing.records import *

    store, run = open_store(sys.argv[1]), some_run()
    step = some_step(run)
    store.runs.create(run, [step], {})
    print(run.id, flush=True)
    for version in range(10**6):
        attempt = some_attempt(step)
        event = RunEvent(run.id, 0, 1.0, "note", data={"version": version})
        change = RunChange(replace(run, version=version), [step], [attempt], [some_result(run, attempt, "k")], [event])
        store.runs.write(change)
        print(version, flush=True)
"""


@pytest.mark.parametrize("after", [3, 40, 150])
def test_what_a_killed_writer_has_reported_is_there_whole(tmp_path, after):
    place = tmp_path / ".headrace"
    writer = child(WRITER, place)
    assert writer.stdout is not None
    run_id = writer.stdout.readline().strip()
    for _ in range(after):
        writer.stdout.readline()
    os.kill(writer.pid, signal.SIGKILL)
    reported = [int(line) for line in writer.stdout.read().split()]
    writer.communicate()
    last = max(reported, default=after - 1)
    with open_store(place) as store:
        run = store.runs.get(run_id)
        events = store.details.events(run_id)
        # the write that was under way is there whole or not at all
        assert run.version in (last + 1, last + 2)
        assert [event.data["version"] for event in events] == list(range(run.version))
        assert len(store.details.attempts(run_id)) == run.version
        store.runs.write(RunChange(run, events=[RunEvent(run_id, 0, SOME_TIME, "resumed")]))
        assert store.details.events(run_id, after=run.version)[0].type == "resumed"
    assert_sound(place)


@pytest.fixture
def held(tmp_path):
    """A store, and a foreign connection that can hold its file."""
    place = tmp_path / ".headrace"
    with open_store(place) as store:
        holder = sqlite3.connect(place / "headrace.db", isolation_level=None, check_same_thread=False)
        yield store, holder, place
        holder.close()


def test_a_busy_store_is_waited_for(held):
    store, holder, _ = held
    holder.execute("BEGIN IMMEDIATE")
    release = threading.Timer(0.3, lambda: holder.execute("COMMIT"))
    release.start()
    run = some_run()
    store.runs.create(run, [], {})
    release.join()
    assert store.runs.get(run.id) == run


def test_a_store_that_stays_busy_is_named_at_the_deadline(held):
    store, holder, place = held
    holder.execute("BEGIN IMMEDIATE")
    with open_store(place, busy_deadline_s=0.2) as impatient:
        start = time.monotonic()
        with pytest.raises(StoreBusyError) as caught:
            impatient.runs.create(some_run(), [], {})
        assert 0.2 <= time.monotonic() - start < 2
        assert "locked" not in str(caught.value)
        assert str(place / "headrace.db") in str(caught.value)
        assert impatient.runs.list(RunFilter()) == []
        holder.execute("COMMIT")
        impatient.runs.create(some_run(), [], {})
    assert len(store.runs.list(RunFilter())) == 1


def test_readers_do_not_wait_for_a_writer(held):
    store, holder, _ = held
    run = some_run()
    store.runs.create(run, [], {})
    holder.execute("BEGIN IMMEDIATE")
    holder.execute("UPDATE runs SET note = 'half-way'")
    assert store.runs.get(run.id).note == ""
    holder.execute("ROLLBACK")


def in_one_transaction(holder, write, count):
    """Let threads call `write` while the file is held: what they write is waiting when it is free, and goes together."""
    holder.execute("BEGIN IMMEDIATE")
    threads = [threading.Thread(target=write, args=(place,)) for place in range(count)]
    for thread in threads:
        thread.start()
    time.sleep(0.1)
    holder.execute("COMMIT")
    for thread in threads:
        thread.join(10)


def test_a_stale_write_among_many_in_one_transaction_fails_alone(held):
    store, holder, _ = held
    runs = [some_run() for _ in range(10)]
    for run in runs:
        store.runs.create(run, [], {})
    stale = {3, 7}
    changes = [RunChange(replace(run, version=5 if n in stale else 0, note=str(n))) for n, run in enumerate(runs)]
    outcomes: list[object] = [None] * len(runs)

    def write(place):
        try:
            store.runs.write(changes[place])
        except StaleWriteError as error:
            outcomes[place] = error

    in_one_transaction(holder, write, len(runs))
    assert {place for place, outcome in enumerate(outcomes) if outcome is not None} == stale
    assert [store.runs.get(run.id).note for run in runs] == ["" if n in stale else str(n) for n in range(10)]


def test_a_write_that_fails_half_way_among_many_leaves_nothing_of_itself(held):
    store, holder, _ = held
    runs = [some_run() for _ in range(6)]
    for run in runs:
        store.runs.create(run, [], {})
    broken = {1, 4}
    outcomes: list[object] = [None] * len(runs)

    def write(place):
        run = runs[place]
        name = (
            "no text \ud800" if place in broken else "auc"
        )  # refused by SQLite, when the run's row is written already
        metric = some_metric(some_attempt(some_step(run)), name, 0.5)
        try:
            store.runs.write(RunChange(replace(run, note=str(place)), metrics=[metric]))
        except Exception as error:  # noqa: BLE001 - whichever
            outcomes[place] = error

    in_one_transaction(holder, write, len(runs))
    assert {place for place, outcome in enumerate(outcomes) if outcome is not None} == broken
    notes = [store.runs.get(run.id).note for run in runs]
    assert notes == ["" if place in broken else str(place) for place in range(6)]


def test_two_processes_may_make_one_store_at_the_same_moment(tmp_path):
    code = "import sys; from headrace.stores.opening import open_store; open_store(sys.argv[1]).close()"
    children = [child(code, tmp_path / ".headrace") for _ in range(4)]
    for each in children:
        assert (each.communicate()[1], each.returncode) == ("", 0)
