"""Conductors with threads and time: cancellation, single flight of two runs, takeovers, and going on after a crash."""

import threading
import time
from collections.abc import Callable

from msgspec.structs import replace

from headrace.core.states import State
from headrace.definition.graph import RetryRule
from headrace.engine.conductor import Conductor, Earlier
from headrace.plan.plan import Plan
from headrace.ports.executors import AttemptSpec
from headrace.ports.records import RunRecord
from headrace.ports.stores import RunChange
from unit.engine.fakes import OTHER, FunctionExecutor, Outcome, Site, Watcher, add, other_site
from unit.engine.worlds import const, each, failure, graph, node, out, text

CHAIN = graph(node("a", x=const(1)), node("b", x=out("a")), output=out("b"))
PATIENCE_S = 10.0


def site_in_time() -> Site:
    return Site(clock=time.time)


class Conducting:
    """A conductor in a thread of its own; steps go on until `end` is called, unless `work` says otherwise."""

    def __init__(self, site: Site, plan: Plan, work: Callable[[AttemptSpec], Outcome] | None = None, **options: object):
        self.site = site
        self.run = options.pop("run", None) or site.new_run(plan)
        options.setdefault("poll_s", 0.02)
        self.conductor: Conductor = site.conductor(plan, self.run, **options)
        self.executor = FunctionExecutor(self.conductor.report, work or (lambda spec: None), at=time.time())
        self.result: RunRecord | None = None
        self.thread = threading.Thread(target=self._conduct)
        self.thread.start()

    def _conduct(self) -> None:
        self.result = self.conductor.conduct(self.executor)

    def spec_of(self, name: str) -> AttemptSpec:
        wait_until(lambda: any(spec.node == name for spec in self.executor.specs))
        return [spec for spec in self.executor.specs if spec.node == name][-1]

    def end(self, name: str, outcome: Outcome = None) -> None:
        spec = self.spec_of(name)
        self.executor.end(spec, outcome or add(spec))

    def join(self) -> RunRecord:
        self.thread.join(PATIENCE_S)
        assert self.result is not None, "the conductor has not ended"
        return self.result


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def test_a_run_that_is_given_up_ends_although_its_attempts_do_not():
    site = site_in_time()
    conducting = Conducting(site, site.plan(CHAIN))
    spec = conducting.spec_of("a")
    conducting.executor.stop = lambda attempt_id, *, grace_s: None
    conducting.conductor.cancel()
    conducting.conductor.give_up()
    run = conducting.join()
    assert (run.state, site.states(run)) == (State.CANCELLED, {"a": "cancelled", "b": "cancelled"})
    [attempt] = site.store.details.attempts(run.id)
    assert (attempt.id, attempt.state) == (spec.attempt_id, State.CANCELLED)


def test_a_run_can_be_cancelled_from_another_thread():
    site = site_in_time()
    conducting = Conducting(site, site.plan(CHAIN))
    spec = conducting.spec_of("a")
    conducting.conductor.cancel()
    run = conducting.join()
    assert run.state is State.CANCELLED
    assert run.cancel_requested_at is not None
    assert conducting.executor.stopped == [spec.attempt_id]
    assert site.states(run) == {"a": "cancelled", "b": "cancelled"}


def test_a_cancellation_that_another_process_asks_for_is_seen_in_half_a_second():
    site = site_in_time()
    conducting = Conducting(site, site.plan(CHAIN), poll_s=0.4)
    conducting.spec_of("a")
    asked_at = time.time()
    assert site.store.runs.request_cancel(conducting.run.id, asked_at)
    run = conducting.join()
    assert time.time() - asked_at < 0.6
    assert (run.state, run.cancel_requested_at) == (State.CANCELLED, asked_at)
    assert "run.cancel_requested" in site.story(run)


def test_looking_for_a_cancellation_reads_a_few_times_a_second_and_writes_nothing():
    site = site_in_time()
    reads: list[float] = []

    class Counting:
        def __getattr__(self, name: str):
            return getattr(site.store.runs, name)

        def get(self, run_id: str) -> RunRecord:
            reads.append(time.time())
            return site.store.runs.get(run_id)

    conducting = Conducting(site, site.plan(CHAIN), runs=Counting(), poll_s=0.1)
    conducting.spec_of("a")
    version = site.store.runs.get(conducting.run.id).version
    time.sleep(0.35)
    assert 2 <= len(reads) <= 4
    assert site.store.runs.get(conducting.run.id).version <= version + 1  # that the attempt has begun
    conducting.end("a")
    conducting.end("b")
    assert conducting.join().state is State.SUCCEEDED


def test_a_message_wakes_a_waiting_conductor_at_once():
    site = site_in_time()
    conducting = Conducting(site, site.plan(CHAIN), poll_s=60.0)
    started = time.monotonic()
    conducting.end("a")
    conducting.end("b")
    conducting.join()
    assert time.monotonic() - started < 5.0


def test_a_retry_happens_after_its_delay():
    site = site_in_time()
    times: list[float] = []

    def work(spec: AttemptSpec) -> Outcome:
        times.append(time.time())
        return failure() if spec.number == 1 else text(1)

    plan = site.plan(graph(node("a", spec={"retry": RetryRule(1, delay_s=0.1, jitter=0.0)})))
    run = Conducting(site, plan, work, poll_s=60.0).join()
    assert run.state is State.SUCCEEDED
    assert 0.09 < times[1] - times[0] < 2.0


def test_two_runs_of_the_same_compute_it_once():
    site = site_in_time()
    first = Conducting(site, site.plan(CHAIN))
    first.spec_of("a")
    second = Conducting(other_site(site), site.plan(CHAIN), run=site.new_run(site.plan(CHAIN)))
    wait_until(lambda: "a step.waiting" in site.story(second.run))
    first.end("a")
    wait_until(lambda: site.states(second.run)["a"] == "reused")
    first.end("b")
    assert second.join().state is State.SUCCEEDED
    assert second.executor.specs == []
    assert first.join().state is State.SUCCEEDED
    waiting = next(e for e in site.store.details.events(second.run.id) if e.type == "step.waiting")
    assert waiting.data == {"run": first.run.id}


def test_what_a_dead_run_was_computing_is_taken_over():
    site = site_in_time()
    first = Conducting(site, site.plan(CHAIN))
    first.spec_of("a")
    other = other_site(site)
    second = Conducting(other, site.plan(CHAIN), add, run=site.new_run(site.plan(CHAIN)))
    wait_until(lambda: "a step.waiting" in site.story(second.run))
    assert second.executor.specs == []
    other.machines.dead.add(site.machines.who)
    assert second.join().state is State.SUCCEEDED
    assert second.executor.nodes() == ["a", "b"]
    first.conductor.cancel()
    first.join()


def test_what_failed_in_one_run_is_tried_by_the_run_that_waited():
    site = site_in_time()
    first = Conducting(site, site.plan(CHAIN))
    first.spec_of("a")
    second = Conducting(other_site(site), site.plan(CHAIN), add, run=site.new_run(site.plan(CHAIN)))
    wait_until(lambda: "a step.waiting" in site.story(second.run))
    first.end("a", failure())
    assert first.join().state is State.FAILED
    assert second.join().state is State.SUCCEEDED


def test_a_conductor_whose_run_was_taken_over_stops_its_attempts_and_leaves_the_run_alone():
    site = site_in_time()
    watcher = Watcher()
    conducting = Conducting(site, site.plan(CHAIN), watcher=watcher)
    spec = conducting.spec_of("a")
    wait_until(lambda: site.states(conducting.run)["a"] == "running")
    stored = site.store.runs.get(conducting.run.id)
    site.store.runs.write(RunChange(replace(stored, runner=OTHER)))
    taken = site.store.runs.get(conducting.run.id)
    run = conducting.join()
    assert run == taken == site.store.runs.get(conducting.run.id)
    assert conducting.executor.stopped == [spec.attempt_id]
    assert site.states(run)["a"] == "running"
    assert watcher.ends == [taken]


def test_a_result_that_comes_after_a_takeover_is_not_written():
    site = site_in_time()
    conducting = Conducting(site, site.plan(CHAIN), poll_s=60.0)
    conducting.spec_of("a")
    wait_until(lambda: site.states(conducting.run)["a"] == "running")
    stored = site.store.runs.get(conducting.run.id)
    site.store.runs.write(RunChange(replace(stored, runner=OTHER)))
    conducting.end("a")
    run = conducting.join()
    assert run.runner == OTHER
    assert site.states(run) == {"a": "running", "b": "pending"}
    key = site.store.details.steps(run.id)[0].key
    assert site.store.results.results([key]) == {}


def test_a_run_that_is_renamed_meanwhile_keeps_its_name_and_goes_on():
    site = site_in_time()
    conducting = Conducting(site, site.plan(CHAIN))
    conducting.spec_of("a")
    wait_until(lambda: site.states(conducting.run)["a"] == "running")
    stored = site.store.runs.get(conducting.run.id)
    site.store.runs.write(RunChange(replace(stored, name="april", note="look", tags=("keep",))))
    conducting.end("a")
    conducting.end("b")
    run = conducting.join()
    assert (run.state, run.name, run.note, run.tags) == (State.SUCCEEDED, "april", "look", ("keep",))
    assert run == site.store.runs.get(run.id)


def left_behind(site: Site, run: RunRecord) -> Earlier:
    details = site.store.details
    events = details.events(run.id)
    return Earlier(details.steps(run.id), details.attempts(run.id), len(events))


def crashed(site: Site, plan: Plan, work: Callable[[AttemptSpec], Outcome], calls: int) -> RunRecord:
    """A run whose conductor dies with its n-th write: what was written before stays."""
    left = [calls]

    class Dying:
        def __getattr__(self, name: str):
            return getattr(site.store.runs, name)

        def write(self, change: RunChange) -> None:
            if not left[0]:
                raise KeyboardInterrupt
            left[0] -= 1
            site.store.runs.write(change)

    run = site.new_run(plan)
    conductor = site.conductor(plan, run, runs=Dying())
    try:
        conductor.conduct(FunctionExecutor(conductor.report, work, lanes=1))
    except KeyboardInterrupt:
        return site.store.runs.get(run.id)
    raise AssertionError("it did not die")


def test_a_run_goes_on_after_its_conductor_died_and_repeats_nothing():
    site = site_in_time()
    four = graph(*(node(name, x=const(1)) for name in "abcd"), node("sum", xs=out("d")), output=out("sum"))
    plan = site.plan(four)
    for writes in range(1, 6):
        run = crashed(site, plan, add, writes)
        done = {name for name, state in site.states(run).items() if state == "succeeded"}
        conductor = site.conductor(plan, run, earlier=left_behind(site, run))
        executor = FunctionExecutor(conductor.report, lanes=1)
        result = conductor.conduct(executor)
        assert (result.state, result.output) == (State.SUCCEEDED, text(3))
        assert done.isdisjoint(executor.nodes())
        assert "run.resumed" in site.story(run)
        numbers = [event.sequence for event in site.store.details.events(run.id)]
        assert numbers == list(range(1, len(numbers) + 1))
        site.code = {name: f"{name} {writes}" for name in ("a", "b", "c", "d", "sum")}
        plan = site.plan(four)


def test_items_that_a_dead_conductor_has_finished_are_not_repeated_even_if_nobody_else_may_reuse_them():
    site = site_in_time()
    wide = graph(node("m", x=each(list(range(6))), spec={"effect": True}), node("sum", xs=out("m")), output=out("sum"))
    plan = site.plan(wide)
    done: list[int] = []

    def work(spec: AttemptSpec) -> Outcome:
        if spec.node == "m":
            done.append(spec.item)
        return add(spec)

    run = crashed(site, plan, work, 4)
    assert 1 <= len(done) <= 5
    finished = [attempt.item for attempt in site.store.details.attempts(run.id) if attempt.state is State.SUCCEEDED]
    assert finished
    conductor = site.conductor(plan, run, earlier=left_behind(site, run))
    executor = FunctionExecutor(conductor.report)
    result = conductor.conduct(executor)
    assert result.output == text(1 + sum(range(1, 7)))
    again = [spec.item for spec in executor.specs if spec.node == "m"]
    assert set(again).isdisjoint(finished)
    assert site.store.details.steps(run.id)[0].items.states == "ssssss"


def test_a_cancelled_run_that_goes_on_can_be_cancelled_again():
    site = site_in_time()
    plan = site.plan(CHAIN)
    first = Conducting(site, plan)
    first.spec_of("a")
    site.store.runs.request_cancel(first.run.id, 5.0)
    cancelled = first.join()
    assert (cancelled.state, cancelled.cancel_requested_at) == (State.CANCELLED, 5.0)
    second = Conducting(site, plan, run=cancelled, earlier=left_behind(site, cancelled))
    second.spec_of("a")
    assert site.store.runs.get(cancelled.id).cancel_requested_at is None
    site.store.runs.request_cancel(first.run.id, 6.0)
    assert second.join().cancel_requested_at == 6.0
