"""Conducting runs on stores in memory: success, failure, retries, reuse, what is written and who is told."""

import pytest
from msgspec.structs import replace

from headrace.core.errors import HeadraceError, StoreError
from headrace.core.failures import Failure
from headrace.core.states import FailureKind, State
from headrace.core.values import InlineValue, ObjectValue
from headrace.definition.graph import CacheRule, Constant, RetryRule
from headrace.plan.plan import Selection
from headrace.ports.code import Touched
from headrace.ports.executors import (
    AttemptDone,
    AttemptSpec,
    LoggedMetric,
    LoggedValue,
    LogLines,
    Progress,
    TrackingBatch,
    Usage,
)
from headrace.ports.stores import RunChange
from unit.engine.fakes import FunctionExecutor, Outcome, Site, Watcher, add, other_site
from unit.engine.worlds import const, each, failure, graph, node, out, text

CHAIN = graph(node("a", x=const(1)), node("b", x=out("a")), output=out("b"))
MAP = graph(node("m", x=each([1, 2, 3])), node("sum", xs=out("m")), output=out("sum"))


def test_a_run_is_stored_with_its_state_its_times_its_output_and_its_conductor():
    site = Site()
    run, _ = site.run(site.plan(CHAIN))
    assert run == site.store.runs.get(run.id)
    assert (run.state, run.output, run.runner) == (State.SUCCEEDED, text(3), site.machines.me())
    assert run.started_at < run.finished_at
    assert site.states(run) == {"a": "succeeded", "b": "succeeded"}


def test_step_runs_keep_the_ids_and_places_they_were_created_with():
    site = Site()
    plan = site.plan(CHAIN)
    run = site.new_run(plan)
    before = [(step.id, step.position) for step in site.store.details.steps(run.id)]
    conductor = site.conductor(plan, run)
    conductor.conduct(FunctionExecutor(conductor.report))
    assert [(step.id, step.position) for step in site.store.details.steps(run.id)] == before


def test_the_second_run_reuses_everything_and_starts_nothing():
    site = Site()
    first, _ = site.run(site.plan(CHAIN))
    second, executor = site.run(site.plan(CHAIN))
    assert site.states(second) == {"a": "reused", "b": "reused"}
    assert second.output == first.output
    assert executor.specs == []
    made = [(step.made_in, step.made_by) for step in site.store.details.steps(second.id)]
    assert made == [(first.id, attempt.id) for attempt in site.store.details.attempts(first.id)]


def test_step_runs_keep_what_their_keys_were_made_of_so_that_why_can_compare():
    site = Site()
    pipeline = graph(node("a", x=const(1)), node("m", x=each(list(range(600))), y=out("a")))
    run, _ = site.run(site.plan(pipeline))
    plain, mapped = site.store.details.steps(run.id)
    assert (plain.parts.code, [name for name, _ in plain.parts.arguments]) == ("code a", ["x"])
    assert plain.key
    assert [name for name, _ in mapped.parts.arguments] == ["x", "y"]
    assert mapped.key == ""
    longer = graph(node("a", x=const(1)), node("m", x=each(list(range(601))), y=out("a")))
    second, _ = site.run(site.plan(longer))
    again = site.store.details.steps(second.id)[1]
    same = dict(mapped.parts.arguments).items() & dict(again.parts.arguments).items()
    assert [name for name, _ in same] == ["y"]


def test_reuse_stops_where_an_input_differs_and_goes_on_where_an_output_is_the_same():
    site = Site()
    site.run(site.plan(CHAIN))
    site.code["a"] = "rewritten, with the same result"
    run, executor = site.run(site.plan(CHAIN))
    assert site.states(run) == {"a": "succeeded", "b": "reused"}
    assert executor.nodes() == ["a"]


def test_reuse_is_per_item_and_shows_what_the_other_run_has_logged():
    site = Site()
    plan = site.plan(MAP)
    conductor = site.conductor(plan, site.new_run(plan))

    def work(spec: AttemptSpec) -> Outcome:
        conductor.report(TrackingBatch(spec.attempt_id, spec.fence, (LoggedMetric("loss", spec.item, None, 5.0),)))
        return add(spec)

    first = conductor.conduct(FunctionExecutor(conductor.report, work))
    wider = graph(node("m", x=each([2, 9])), node("sum", xs=out("m")))
    second, executor = site.run(site.plan(wider))
    assert [(spec.node, spec.item) for spec in executor.specs] == [("m", 1), ("sum", -1)]
    assert site.store.details.steps(second.id)[0].items.states == "us"
    shown = [
        (metric.node, metric.item, metric.value, metric.run_id) for metric in site.store.tracking.metrics(second.id)
    ]
    assert shown == [("m", 0, 1.0, first.id)]


def test_what_attempts_log_is_stored_with_the_turn():
    site, watcher = Site(), Watcher()
    plan = site.plan(CHAIN)
    conductor = site.conductor(plan, site.new_run(plan), watcher=watcher)

    def work(spec: AttemptSpec) -> Outcome:
        batch = TrackingBatch(
            spec.attempt_id,
            spec.fence,
            (LoggedMetric("auc", 0.7, None, 5.0),),
            (LoggedValue("text", "card", text("hello"), 5.0),),
            Progress(1, 2, "half", 5.0),
        )
        conductor.report(batch)
        conductor.report(TrackingBatch(spec.attempt_id, spec.fence + 1, (LoggedMetric("stale", 1.0, None, 5.0),)))
        conductor.report(LogLines(spec.attempt_id, ((5.0, "out", "a line"),)))
        return add(spec)

    run = conductor.conduct(FunctionExecutor(conductor.report, work))
    metrics = site.store.tracking.metrics(run.id)
    assert [(metric.node, metric.item, metric.name, metric.value) for metric in metrics] == [
        ("a", -1, "auc", 0.7),
        ("b", -1, "auc", 0.7),
    ]
    assert [(entry.kind, entry.name) for entry in site.store.tracking.logged(run.id)] == [("text", "card")] * 2
    assert [progress.note for _, _, progress in watcher.progress] == ["half", "half"]
    assert [(name, lines.lines[0][2]) for name, _, lines in watcher.lines] == [("a", "a line"), ("b", "a line")]


def test_an_attempt_gets_everything_that_a_worker_needs():
    site = Site()
    spec = {"timeout_s": 9.0, "secrets": ("DB_URL",), "resources": (("memory", const("2GiB")),), "output": "Table"}
    run, executor = site.run(site.plan(graph(node("a", x=const(1), spec=spec), node("b"))))
    limited, free = executor.specs
    assert (run.state, len(executor.specs)) == (State.SUCCEEDED, 2)
    assert (limited.timeout_s, limited.memory_bytes, limited.secrets) == (9.0, 2 * 2**30, ("DB_URL",))
    assert (limited.annotation, limited.pipeline, limited.run_id) == ("Table", "pipeline", run.id)
    assert limited.arguments == (("x", text(1)),)
    assert limited.needs_worker
    assert not free.needs_worker
    assert limited.log_path == site.store.details.attempts(run.id, "a")[0].log_path


def test_a_memory_size_that_is_none_fails_the_step_and_names_it():
    site = Site()
    run, _ = site.run(site.plan(graph(node("a", spec={"resources": (("memory", const("lots")),)}))))
    assert run.state is State.FAILED
    assert "'lots'" in run.failure.message


def test_the_key_of_an_effect_stays_the_same_over_its_attempts():
    site = Site()
    outcomes: list[Outcome] = [failure(), text(1)]
    spec = {"retry": RetryRule(1, delay_s=0.0), "effect": True}
    _, executor = site.run(site.plan(graph(node("a", spec=spec))), lambda spec: outcomes.pop(0))
    first, second = executor.specs
    assert first.idempotency_key == second.idempotency_key != ""
    assert first.attempt_id != second.attempt_id


@pytest.mark.parametrize("spec", [{"effect": True}, {"returns": False}, {"cache": CacheRule(enabled=False)}])
def test_steps_that_are_never_reused_run_every_time_and_leave_no_result(spec: dict[str, object]):
    site = Site()
    plan = site.plan(graph(node("a", x=const(1), spec=spec)))
    first, _ = site.run(plan)
    _, executor = site.run(plan)
    assert executor.nodes() == ["a"]
    key = site.store.details.steps(first.id)[0].key
    assert key
    assert site.store.results.results([key]) == {}


def test_an_expired_result_is_computed_again():
    site = Site()
    plan = site.plan(graph(node("a", spec={"cache": CacheRule(ttl_s=60.0)})))
    site.run(plan)
    _, executor = site.run(plan)
    assert executor.nodes() == []
    site.clock.now += 61.0
    run, executor = site.run(plan)
    assert executor.nodes() == ["a"]
    assert site.store.details.steps(run.id)[0].reason == "expired"


def test_what_an_attempt_touched_is_verified_before_reuse():
    site = Site()
    site.sources.files["data/x.csv"] = "d1"
    plan = site.plan(CHAIN)
    site.run(plan, touched=Touched(files=(("data/x.csv", "d1"),)))
    site.sources.files["data/x.csv"] = "d2"
    run, executor = site.run(plan)
    assert executor.nodes() == ["a", "b"]
    assert site.store.details.steps(run.id)[0].reason == "file `data/x.csv`, which it read, changed"


def test_a_file_that_changes_under_a_running_step_leaves_no_result():
    site = Site()
    site.sources.files["data/x.csv"] = "d1"
    path = graph(node("a", x=const_path("data/x.csv")), output=out("a"))

    def work(spec: AttemptSpec) -> Outcome:
        site.sources.files["data/x.csv"] = "d2"
        return text(1)

    plan = site.plan(path)
    run, _ = site.run(plan, work)
    assert run.output == text(1)
    site.sources.files["data/x.csv"] = "d1"
    _, executor = site.run(plan)
    assert executor.nodes() == ["a"]


def const_path(path: str) -> Constant:
    return Constant(InlineValue(f'{{"$":"path","v":"{path}"}}'))


def test_a_refreshed_step_runs_although_its_result_is_there():
    site = Site()
    site.run(site.plan(CHAIN))
    run, executor = site.run(site.plan(CHAIN, Selection(refresh=("a",))))
    assert executor.nodes() == ["a"]
    steps = {step.node: step for step in site.store.details.steps(run.id)}
    assert (steps["a"].reason, steps["b"].state) == ("refresh asked", State.REUSED)


def test_two_steps_with_the_same_key_are_computed_once():
    site = Site()
    site.code |= {"a": "same", "b": "same"}
    plan = site.plan(graph(node("a", x=const(1)), node("b", x=const(1)), node("c", x=out("b")), output=out("c")))
    run, executor = site.run(plan)
    assert executor.nodes() == ["a", "c"]
    assert run.output == text(3)
    assert site.states(run) == {"a": "succeeded", "b": "succeeded", "c": "succeeded"}


def test_equal_items_of_a_map_are_computed_once():
    site = Site()
    plan = site.plan(graph(node("m", x=each([7, 7, 7, 8])), node("sum", xs=out("m")), output=out("sum")))
    run, executor = site.run(plan)
    assert [(spec.node, spec.item) for spec in executor.specs] == [("m", 0), ("m", 3), ("sum", -1)]
    assert run.output == text(1 + 8 + 8 + 8 + 9)


def test_a_wide_map_hands_on_one_object_that_is_reused_like_any_value():
    site = Site()
    site.artifacts.wide = 10
    many = graph(node("m", x=each(list(range(50)))), node("n", x=each(out("m"))), output=out("n", "7"))
    first, _ = site.run(site.plan(many))
    assert isinstance(site.store.details.steps(first.id)[0].output, ObjectValue)
    assert first.output == text(9)
    second, executor = site.run(site.plan(many))
    assert site.states(second) == {"m": "reused", "n": "reused"}
    assert executor.specs == []


def test_a_failure_is_stored_with_the_attempt_the_step_and_the_run():
    site = Site()
    why = Failure(FailureKind.USER_ERROR, "bad row 7", "Drop it.", ("builtins:ValueError",), "Traceback …")
    run, _ = site.run(site.plan(CHAIN), lambda spec: why)
    assert run.failure.message == "Step 'a' failed: bad row 7"
    assert (run.failure.remedy, run.failure.traceback) == ("Drop it.", "Traceback …")
    assert site.store.details.attempts(run.id)[0].failure == why
    assert site.states(run) == {"a": "failed", "b": "skipped"}


def test_retries_are_stored_as_attempts_of_one_step_run():
    site = Site()
    outcomes: list[Outcome] = [failure("first"), failure("second"), text(1)]
    plan = site.plan(graph(node("a", spec={"retry": RetryRule(2, delay_s=0.01)})))
    run, _ = site.run(plan, lambda spec: outcomes.pop(0))
    attempts = site.store.details.attempts(run.id)
    assert [(attempt.number, attempt.state.value) for attempt in attempts] == [
        (1, "failed"),
        (2, "failed"),
        (3, "succeeded"),
    ]
    assert len({attempt.step_run_id for attempt in attempts}) == 1


def test_whoever_watches_is_told_after_the_store_has_it_and_in_its_order():
    site = Site()
    watcher = Watcher()

    def is_stored(event) -> None:
        assert event in site.store.details.events(event.run_id)

    watcher.react = is_stored
    run, _ = site.run(site.plan(CHAIN), watcher=watcher)
    assert watcher.events == site.store.details.events(run.id)
    assert [event.sequence for event in watcher.events] == list(range(1, len(watcher.events) + 1))
    assert watcher.ends == [run]


def test_no_attempt_starts_before_its_record_is_stored():
    site = Site()

    def work(spec: AttemptSpec) -> Outcome:
        stored = {attempt.id: attempt for attempt in site.store.details.attempts(spec.run_id)}
        assert stored[spec.attempt_id].state is State.QUEUED
        return add(spec)

    run, _ = site.run(site.plan(MAP), work)
    assert run.state is State.SUCCEEDED


def test_one_turn_is_one_write():
    site = Site()
    run, _ = site.run(site.plan(MAP), lanes=8)
    # started and launched; items done and sum launched; sum done and finished
    assert run.version == 3


class BreaksAtSuccess:
    """The runs of a site's store, which takes no step that has succeeded."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def __getattr__(self, name: str):
        return getattr(self._site.store.runs, name)

    def write(self, change: RunChange) -> None:
        if any(step.state is State.SUCCEEDED for step in change.steps):
            raise StoreError("the disk is full")
        self._site.store.runs.write(change)


def test_a_store_that_breaks_stops_the_attempts_and_says_so():
    site = Site()
    plan = site.plan(graph(node("a"), node("b")))
    conductor = site.conductor(plan, site.new_run(plan), runs=BreaksAtSuccess(site))
    executor = FunctionExecutor(conductor.report, lambda spec: text(1) if spec.node == "a" else None)
    with pytest.raises(StoreError, match="disk is full"):
        conductor.conduct(executor)
    assert [spec.node for spec in executor.specs if spec.attempt_id in executor.stopped] == ["b"]


def test_an_executor_that_refuses_an_attempt_fails_it_as_lost():
    site = Site()
    plan = site.plan(CHAIN)
    conductor = site.conductor(plan, site.new_run(plan), infrastructure_retries=0)

    class Closed(FunctionExecutor):
        def launch(self, spec: AttemptSpec) -> None:
            raise HeadraceError("the executor is closed")

    run = conductor.conduct(Closed(conductor.report))
    assert run.failure.kind is FailureKind.INFRASTRUCTURE
    assert "the executor is closed" in run.failure.message


def test_the_usage_of_an_attempt_is_stored():
    site = Site()
    run, _ = site.run(site.plan(CHAIN))
    assert [attempt.usage.wall_s for attempt in site.store.details.attempts(run.id)] == [0.5, 0.5]
    assert site.store.details.durations("pipeline") == {"a": 0.5, "b": 0.5}


def test_a_message_that_comes_after_the_end_does_no_harm():
    site = Site()
    plan = site.plan(CHAIN)
    conductor = site.conductor(plan, site.new_run(plan))
    executor = FunctionExecutor(conductor.report)
    run = conductor.conduct(executor)
    spec = executor.specs[0]
    conductor.report(AttemptDone(spec.attempt_id, spec.fence, text(666), Touched(), Usage(), 5.0))
    conductor.cancel()
    assert site.store.runs.get(run.id) == run


def test_claims_are_given_back_at_the_end_whatever_happens():
    site = Site()
    run, _ = site.run(site.plan(CHAIN), lambda spec: failure())
    keys = [step.key for step in site.store.details.steps(run.id) if step.key]
    assert keys
    assert site.store.results.claim(keys, "f" * 32, site.machines.me()) == {}


def test_a_worker_that_died_of_a_step_is_followed_by_another_worker():
    site = Site()
    outcomes: list[Outcome] = [failure("killed", FailureKind.INFRASTRUCTURE), text(1)]
    plan = site.plan(graph(node("a", spec={"retry": RetryRule(delay_s=0.0)})))
    _, executor = site.run(plan, lambda spec: outcomes.pop(0))
    assert [spec.needs_worker for spec in executor.specs] == [False, True]


def test_a_turn_that_takes_long_is_written_before_it_is_over():
    site = Site()
    site.run(site.plan(MAP))
    site.clock.tick = 0.06
    long = graph(*(node(f"a{number}", x=const(number)) for number in range(20)))
    site.run(site.plan(long))
    run, executor = site.run(site.plan(long))
    assert set(site.states(run).values()) == {"reused"}
    assert executor.specs == []
    assert run.version > 5


def test_what_another_run_finishes_between_the_look_and_the_claim_is_reused():
    site = Site()
    plan = site.plan(graph(node("a", x=const(1)), output=out("a")))

    class FinishedMeanwhile:
        """Another run has computed the key when this one claims it."""

        others = 0

        def __getattr__(self, name: str):
            return getattr(site.store.results, name)

        def claim(self, keys, run_id, holder):
            if not self.others:
                self.others = 1
                other_site(site).run(plan)
            return site.store.results.claim(keys, run_id, holder)

    run, executor = site.run(plan, results=FinishedMeanwhile())
    assert executor.specs == []
    assert site.states(run) == {"a": "reused"}


def test_a_run_that_another_process_has_ended_meanwhile_stays_as_that_has_left_it():
    site = Site()
    plan = site.plan(graph(node("a", x=const(1)), output=out("a")))
    run = site.new_run(plan)

    def end_elsewhere(spec):
        stored = site.store.runs.get(run.id)
        ended = replace(stored, state=State.CANCELLED, finished_at=9.0)
        site.store.runs.write(RunChange(ended))
        return add(spec)

    conductor = site.conductor(plan, run)
    found = conductor.conduct(FunctionExecutor(conductor.report, end_elsewhere))
    assert (found.state, found.finished_at) == (State.CANCELLED, 9.0)
    assert site.store.runs.get(run.id) == found


def test_what_a_run_leaves_undone_when_its_store_breaks_others_may_compute():
    site = Site()
    plan = site.plan(graph(node("a", x=const(1)), node("b", x=const(2))))
    run = site.new_run(plan)
    conductor = site.conductor(plan, run, runs=BreaksAtSuccess(site))
    executor = FunctionExecutor(conductor.report, lambda spec: text(1) if spec.node == "a" else None)
    with pytest.raises(StoreError, match="disk is full"):
        conductor.conduct(executor)
    keys = [step.key for step in site.store.details.steps(run.id)]
    assert all(keys)
    assert site.store.results.claim(keys, "f" * 32, other_site(site).machines.me()) == {}
