"""Several processes and connections on one server: one wins each race, nobody sees an error, nothing is lost."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from msgspec.structs import replace

from headrace.core.errors import StaleWriteError
from headrace.core.states import State
from headrace.ports.records import RunEvent, RunFilter
from headrace.ports.stores import RunChange
from headrace.stores.postgres_opening import open_postgres
from headrace.testing.records import ME, SOME_TIME, some_attempt, some_metric, some_run, some_step
from integration.stores.test_many_processes_on_one_store import SHORT_RUNS, WRITER

pytestmark = pytest.mark.services


@pytest.fixture
def stores(postgres_address):
    """Four stores as four processes have them: each with its own connections."""
    with ExitStack() as stack:
        yield [stack.enter_context(open_postgres(postgres_address)) for _ in range(4)]


def test_of_writers_that_race_with_one_version_exactly_one_wins(stores):
    run = some_run()
    stores[0].runs.create(run, [], {})
    rounds, barrier = 25, threading.Barrier(len(stores))
    stale: list[int] = []

    def write(place):
        won = 0
        for number in range(rounds):
            step = some_step(run)
            events = [RunEvent(run.id, 0, SOME_TIME, f"{place}") for _ in range(place + 1)]
            barrier.wait(20)
            try:
                attempt = some_attempt(step)
                stores[place].runs.write(RunChange(replace(run, version=number), [step], [attempt], events=events))
                won += 1
            except StaleWriteError as error:
                stale.append(error.found - error.expected)
            barrier.wait(20)
        return won

    with ThreadPoolExecutor(len(stores)) as pool:
        won = list(pool.map(write, range(len(stores))))
    assert stale == [1] * (rounds * (len(stores) - 1))
    assert sum(won) == rounds == stores[0].runs.get(run.id).version
    events = stores[0].details.events(run.id)
    assert [event.sequence for event in events] == list(range(1, len(events) + 1))
    assert len(events) == sum(place + 1 for place in range(len(stores)) for _ in range(won[place]))
    assert len(stores[0].details.attempts(run.id)) == rounds


def test_of_claimers_that_race_one_gets_each_key_and_none_waits_for_ever(stores):
    runs = [some_run(state=State.RUNNING) for _ in stores]
    for run in runs:
        stores[0].runs.create(run, [], {})
    keys = [f"k{number}" for number in range(40)]
    for _ in range(5):
        orders = [keys, keys[::-1], keys[20:] + keys[:20], keys[10:30]]

        def claim(place, orders=orders):
            return stores[place].results.claim(orders[place], runs[place].id, ME)

        with ThreadPoolExecutor(len(stores)) as pool:
            held = list(pool.map(claim, range(len(stores))))
        for key in keys:
            owners = [place for place in range(len(stores)) if key in orders[place] and key not in held[place]]
            assert len(owners) == 1, key
            others = {held[place][key][0] for place in range(len(stores)) if key in held[place]}
            assert others <= {runs[owners[0]].id}
        for place, run in enumerate(runs):
            stores[place].results.release(keys, run.id)


def test_what_ends_while_its_keys_are_claimed_by_another_leaves_one_owner(stores):
    first, second = stores[:2]
    for _ in range(15):
        run, other = some_run(state=State.RUNNING), some_run(state=State.RUNNING)
        first.runs.create(run, [], {})
        first.runs.create(other, [], {})
        first.results.claim(["k"], run.id, ME)
        with ThreadPoolExecutor(2) as pool:
            ending = pool.submit(first.runs.write, RunChange(replace(run, state=State.FAILED)))
            claiming = pool.submit(second.results.claim, ["k"], other.id, ME)
            ending.result()
            held = claiming.result()
        assert set(held) <= {"k"}
        third = second.results.claim(["k"], "third", ME)
        # whoever was told that it has the key has it; if it was told of the first run, the key is free by now
        assert third == ({} if held else {"k": (other.id, ME)})
        first.results.release(["k"], "third")
        first.results.release(["k"], other.id)


def test_the_same_memos_and_documents_from_many_at_once_are_no_error(stores):
    def keep(place):
        for number in range(20):
            order = [f"{number}-{name}" for name in ("ab" if place % 2 else "ba")]
            for name in order:
                stores[place].memos.keep(name, "text")
            stores[place].runs.create(some_run(), [], dict.fromkeys(order, "graph"))

    with ThreadPoolExecutor(len(stores)) as pool:
        list(pool.map(keep, range(len(stores))))
    assert stores[0].memos.recall("7-a") == "text"
    assert stores[0].details.document("7-b") == "graph"
    assert len(stores[0].runs.list(RunFilter(limit=1000))) == 80


def test_many_threads_of_one_process_share_a_transaction_and_fail_alone(postgres_store, postgres_address):
    runs = [some_run() for _ in range(12)]
    for run in runs:
        postgres_store.runs.create(run, [], {})
    stale, broken = {3, 7}, {5}

    def write(place):
        run = replace(runs[place], version=5 if place in stale else 0, note=str(place))
        name = "no text \ud800" if place in broken else "auc"
        metric = some_metric(some_attempt(some_step(run)), name, 0.5)
        try:
            postgres_store.runs.write(RunChange(run, metrics=[metric]))
        except StaleWriteError:
            return "stale"
        except UnicodeEncodeError:
            return "broken"
        return "written"

    with ThreadPoolExecutor(len(runs)) as pool:
        told = list(pool.map(write, range(len(runs))))
    assert {place for place, word in enumerate(told) if word == "stale"} == stale
    assert {place for place, word in enumerate(told) if word == "broken"} == broken
    notes = [postgres_store.runs.get(run.id).note for run in runs]
    assert notes == ["" if place in stale | broken else str(place) for place in range(12)]


def child(code, *arguments):
    text = textwrap.dedent(code).replace(
        "headrace.stores.opening import open_store",
        "headrace.stores.postgres_opening import open_postgres as open_store",
    )
    command = [sys.executable, "-W", "error", "-c", text, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.slow
def test_eight_processes_write_a_hundred_runs_each_at_once(postgres_address):
    children = [child(SHORT_RUNS, postgres_address, 100) for _ in range(8)]
    for each in children:
        _, problems = each.communicate(timeout=120)
        assert each.returncode == 0, problems
    with open_postgres(postgres_address) as store:
        found = store.runs.list(RunFilter(limit=10**4))
        assert len(found) == 800
        assert {(run.version, run.state) for run in found} == {(3, State.SUCCEEDED)}
        for run in found[::20]:
            assert [event.sequence for event in store.details.events(run.id)] == [1, 2, 3, 4]
            assert len(store.details.steps(run.id)) == len(store.details.attempts(run.id)) == 1
            assert len(store.tracking.metrics(run.id)) == 1
        assert len(store.results.results([run.id for run in found])) == 800
        assert store.results.claim([f"key-{number}" for number in range(7)], "next", ME) == {}


@pytest.mark.slow
@pytest.mark.parametrize("after", [3, 60])
def test_what_a_killed_writer_has_reported_is_there_whole(postgres_address, after):
    writer = child(WRITER, postgres_address)
    assert writer.stdout is not None
    run_id = writer.stdout.readline().strip()
    for _ in range(after):
        writer.stdout.readline()
    os.kill(writer.pid, signal.SIGKILL)
    reported = [int(line) for line in writer.stdout.read().split()]
    writer.communicate()
    last = max(reported, default=after - 1)
    with open_postgres(postgres_address) as store:
        run = store.runs.get(run_id)
        # the write that was under way is there whole or not at all, perhaps a moment later
        store.runs.write(
            RunChange(run, events=[RunEvent(run_id, 0, SOME_TIME, "resumed", data={"version": run.version})])
        )
        assert run.version in (last + 1, last + 2)
        events = store.details.events(run_id)
        assert [event.data["version"] for event in events] == list(range(run.version + 1))
        assert len(store.details.attempts(run_id)) == run.version
