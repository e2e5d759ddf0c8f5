"""How runs are found and listed: by id, name, state, tag, and by what conditions say."""

# ruff: noqa: D102 - the name of a test says what it is about

from collections.abc import Sequence
from functools import partial
from typing import Literal

from msgspec.structs import replace

from headrace.core.errors import UnknownNameError, UsageError
from headrace.core.ids import new_id
from headrace.core.states import State
from headrace.core.values import CompositeValue, InlineValue
from headrace.ports.records import Condition, RunFilter, RunRecord
from headrace.ports.stores import MetadataStore, RunChange
from headrace.testing.expectations import raised
from headrace.testing.records import SOME_TIME, some_attempt, some_metric, some_run, some_step

Operator = Literal["=", "!=", "<", "<=", ">", ">="]


class SearchContract:
    """What `find` and `list` of a `RunStore` have to do."""

    store: MetadataStore

    def test_a_run_is_found_by_the_start_or_the_end_of_its_id(self) -> None:
        run, _ = self._made(some_run()), self._made(some_run())
        for text in (run.id, run.id[-8:], run.id[-8:].upper(), run.id[:31]):
            assert run.id in [found.id for found in self.store.runs.find(text)]
        assert self.store.runs.find(run.id) == [run]

    def test_all_runs_that_a_short_text_fits_come_back_newest_first(self) -> None:
        runs = [
            self._made(replace(some_run(), id=f"{number:030x}{'ab' if number % 2 else 'cd'}")) for number in range(24)
        ]
        assert [run.id for run in self.store.runs.find("ab")] == [run.id for run in runs[:3:-1] if run.id[-1] == "b"]
        assert len(self.store.runs.find("0000")) == 10

    def test_a_run_is_found_by_its_whole_name(self) -> None:
        run = self._made(replace(some_run(), name="tuesday"))
        self._made(some_run())
        assert self.store.runs.find("tuesday") == [run]
        assert self.store.runs.find("tues") == []

    def test_last_is_the_newest_run_and_an_empty_text_is_none(self) -> None:
        assert self.store.runs.find("last") == []
        runs = [self._made(some_run()) for _ in range(3)]
        assert self.store.runs.find("last") == [runs[2]]
        assert self.store.runs.find("") == []

    def test_pages_go_from_the_newest_to_the_oldest(self) -> None:
        runs = [self._made(some_run()) for _ in range(5)]
        first = self.store.runs.list(RunFilter(limit=3))
        rest = self.store.runs.list(RunFilter(limit=3, before=first[-1].id))
        assert [*first, *rest] == runs[::-1]

    def test_runs_are_filtered_by_pipeline_state_and_tags(self) -> None:
        a = self._made(replace(some_run("a", State.RUNNING), tags=("x", "y")))
        b = self._made(replace(some_run("b", State.FAILED), tags=("x",)))
        c = self._made(some_run("a", State.SUCCEEDED))
        self._lists([c, a], RunFilter(pipeline="a"))
        self._lists([c, b], RunFilter(states=(State.FAILED, State.SUCCEEDED)))
        self._lists([b], RunFilter(states=(State.FAILED, State.SUCCEEDED), limit=1, before=c.id))
        self._lists([a], RunFilter(pipeline="a", states=(State.RUNNING,)))
        self._lists([b, a], RunFilter(tags=("x",)))
        self._lists([a], RunFilter(tags=("x", "y"), states=(State.RUNNING, State.PENDING)))
        self._lists([], RunFilter(pipeline="none"))

    def test_a_run_is_found_by_its_state_and_tags_of_now(self) -> None:
        run = self._made(replace(some_run(), tags=("old", "kept")))
        self.store.runs.write(RunChange(replace(run, state=State.RUNNING, tags=("kept", "new"))))
        changed = replace(run, state=State.RUNNING, tags=("kept", "new"), version=1)
        self._lists([changed], RunFilter(tags=("new", "kept"), states=(State.RUNNING,)))
        self._lists([], RunFilter(tags=("old",)))
        self._lists([], RunFilter(states=(State.PENDING,)))

    def test_runs_are_compared_by_their_metrics(self) -> None:
        low, high, none = self._scoring(0.5), self._scoring(0.75), self._scoring(None)
        wanted: dict[Operator, list[RunRecord]] = {">": [high], ">=": [high, low], "<": [], "<=": [low]}
        wanted |= {"=": [low], "!=": [high]}
        for operator, runs in wanted.items():
            assert self._where("auc", operator, 0.5) == [run.id for run in runs], operator
        assert none.id not in self._where("auc", "!=", 0.0)

    def test_runs_are_compared_by_their_parameters(self) -> None:
        one = self._made(some_run(depth=InlineValue("3"), kind=InlineValue('"forest"'), fast=InlineValue("true")))
        two = self._made(some_run(depth=InlineValue("10"), kind=InlineValue('"boosting"'), fast=InlineValue("false")))
        three = self._made(some_run(until=InlineValue("null")))
        assert self._where("depth", ">", 4) == [two.id]
        assert self._where("kind", "=", "forest") == [one.id]
        assert self._where("kind", "!=", "forest") == [two.id]
        assert self._where("fast", "=", "true") == [one.id]
        assert self._where("fast", "=", 0) == [two.id]
        assert self._where("depth", "=", "3") == []
        assert self._where("until", "=", "none") == [three.id]

    def test_dates_compare_as_texts_and_decimals_as_numbers(self) -> None:
        day, price = InlineValue('{"$":"date","v":"2013-04-01"}'), InlineValue('{"$":"decimal","v":"9.50"}')
        run = self._made(some_run(until=day, price=price, many=CompositeValue("list", ())))
        assert self._where("until", ">=", "2013-03-31") == [run.id]
        assert self._where("until", "<", "2013-03-31") == []
        assert self._where("price", "<", 10) == [run.id]
        assert self._where("many", "!=", "x") == []

    def test_a_metric_hides_a_parameter_of_its_name_unless_it_is_said(self) -> None:
        run = self._scoring(0.5, some_run(auc=InlineValue("7")))
        assert self._where("auc", "=", 0.5) == self._where("parameters.auc", "=", 7) == [run.id]
        assert self._where("metrics.auc", "=", 7) == []

    def test_runs_are_compared_by_their_own_fields(self) -> None:
        slow = replace(some_run("a", State.SUCCEEDED), started_at=SOME_TIME, finished_at=SOME_TIME + 60, name="slow")
        fast = replace(slow, id=new_id(), finished_at=SOME_TIME + 1, created_at=SOME_TIME + 10, name="5", note="n")
        going = replace(some_run("b", State.RUNNING), started_at=SOME_TIME + 5)
        for run in (slow, fast, going):
            self._made(run)
        assert self._where("duration", ">", 30) == [slow.id]
        assert self._where("duration", "<", 30) == [fast.id]
        assert self._where("created", ">=", SOME_TIME + 10) == [fast.id]
        assert self._where("started", ">", SOME_TIME) == [going.id]
        assert self._where("finished", "<=", SOME_TIME + 1) == [fast.id]
        assert self._where("state", "!=", "succeeded") == self._where("pipeline", "=", "b") == [going.id]
        assert self._where("name", "=", 5) == self._where("note", "=", "n") == [fast.id]
        assert self._where("id", "=", slow.id) == [slow.id]

    def test_all_conditions_have_to_hold(self) -> None:
        good = self._scoring(0.75, replace(some_run("a", State.RUNNING, depth=InlineValue("3")), tags=("x",)))
        self._scoring(0.75, some_run("a", depth=InlineValue("4")))
        self._scoring(0.5, some_run("a", depth=InlineValue("3")))
        conditions = (Condition("auc", ">", 0.6), Condition("depth", "=", 3), Condition("created", ">", 0.0))
        found = self.store.runs.list(RunFilter("a", (State.RUNNING,), ("x",), conditions, before="f" * 32))
        assert [run.id for run in found] == [good.id]

    def test_conditions_page_too(self) -> None:
        runs = [self._scoring(0.75) for _ in range(5)]
        conditions = (Condition("auc", ">", 0.5),)
        found = self.store.runs.list(RunFilter(conditions=conditions, limit=2, before=runs[3].id))
        assert [run.id for run in found] == [runs[2].id, runs[1].id]

    def test_what_is_not_a_number_fulfils_no_condition(self) -> None:
        self._scoring(float("nan"))
        assert self._where("auc", "!=", 0.5) == self._where("auc", "<=", 0.5) == []

    def test_an_unknown_name_in_a_condition_is_named_with_its_neighbours(self) -> None:
        self._scoring(0.5, some_run(depth=InlineValue("3")))
        for name, meant in (("acu", "auc"), ("dept", "depth"), ("durations", "duration")):
            error = raised(UnknownNameError, partial(self._where, name, ">", 1))
            assert f"did you mean '{meant}'" in str(error)

    def test_a_metric_and_a_parameter_that_were_never_logged_are_unknown_under_their_kind(self) -> None:
        self._scoring(0.5, some_run(depth=InlineValue("3")))
        for name, meant in (("metrics.depth", "metric 'depth'"), ("parameters.auc", "parameter 'auc'")):
            assert meant in str(raised(UnknownNameError, partial(self._where, name, ">", 1)))

    def test_a_metric_is_not_compared_with_a_text(self) -> None:
        self._scoring(0.5)
        assert "'auc'" in str(raised(UsageError, lambda: self._where("auc", ">", "high")))

    def test_a_time_is_not_compared_with_a_text(self) -> None:
        error = raised(UsageError, lambda: self._where("started", ">", "yesterday"))
        assert "'started'" in str(error)

    def _made(self, run: RunRecord) -> RunRecord:
        self.store.runs.create(run, [], {})
        return run

    def _scoring(self, auc: float | None, run: RunRecord | None = None) -> RunRecord:
        run = self._made(run or some_run())
        if auc is not None:
            metric = some_metric(some_attempt(some_step(run)), "auc", auc)
            self.store.runs.write(RunChange(run, metrics=[metric]))
        return run

    def _lists(self, wanted: Sequence[RunRecord], which: RunFilter) -> None:
        assert self.store.runs.list(which) == list(wanted)

    def _where(self, name: str, operator: Operator, operand: float | str) -> list[str]:
        return [run.id for run in self.store.runs.list(RunFilter(conditions=(Condition(name, operator, operand),)))]
