"""What a `TrackingStore` has to do: above all, that a reused step shows what its value's maker has logged."""

# ruff: noqa: D102 - the name of a test says what it is about

import math

from msgspec.structs import replace

from headrace.core.states import State
from headrace.core.values import InlineValue
from headrace.ports.records import AttemptRecord, Condition, ItemBlock, ReuseRecord, RunFilter, RunRecord
from headrace.ports.stores import MetadataStore, RunChange
from headrace.testing.records import SOME_TIME, some_attempt, some_logged, some_metric, some_run, some_step, some_value


class TrackingStoreContract:
    """What a `TrackingStore` has to do."""

    store: MetadataStore

    def test_metrics_come_back_in_order_of_time(self) -> None:
        _, attempt = self._logging()
        run = some_run()
        attempt = some_attempt(some_step(run), item=4)
        late, early = some_metric(attempt, "loss", 0.25, at=SOME_TIME + 1), some_metric(attempt, "loss", 0.5)
        other = replace(some_metric(attempt, "auc", math.inf), step=3.0, at=SOME_TIME + 0.5)
        self.store.runs.create(run, [], {})
        self.store.runs.write(RunChange(run, metrics=[late, early, other]))
        assert self.store.tracking.metrics(run.id) == [early, other, late]
        assert self.store.tracking.metrics(run.id, "loss") == [early, late]
        assert self.store.tracking.metrics(run.id, "none") == []

    def test_what_is_not_a_number_is_kept(self) -> None:
        run, _ = self._logging(auc=math.nan)
        assert math.isnan(self.store.tracking.metrics(run.id)[0].value)
        assert math.isnan(self.store.tracking.latest([run.id])[run.id]["auc"])

    def test_logged_values_come_back_whole(self) -> None:
        run = some_run()
        attempt = some_attempt(some_step(run))
        figure = some_logged(attempt, "figure", "curve", value=some_value())
        text = replace(some_logged(attempt, "text", "note", value=InlineValue('"x"')), at=SOME_TIME - 1)
        self.store.runs.create(run, [], {})
        self.store.runs.write(RunChange(run, logged=[figure, text]))
        assert self.store.tracking.logged(run.id) == [text, figure]

    def test_the_latest_value_of_each_metric_is_the_last_in_time(self) -> None:
        run = some_run()
        attempt = some_attempt(some_step(run))
        values = [(0.5, 2.0), (0.75, 3.0), (0.25, 1.0)]
        metrics = [some_metric(attempt, "auc", value, at=at) for value, at in values]
        self.store.runs.create(run, [], {})
        self.store.runs.write(RunChange(run, metrics=[*metrics, some_metric(attempt, "rows", 7.0)]))
        self.store.runs.write(RunChange(replace(run, version=1), metrics=[some_metric(attempt, "auc", 0.1, at=2.5)]))
        silent, _ = self._logging()
        assert self.store.tracking.latest([run.id, silent.id]) == {run.id: {"auc": 0.75, "rows": 7.0}}
        assert self.store.tracking.latest([]) == {}

    def test_a_reused_step_shows_the_metrics_of_the_attempt_that_made_its_value(self) -> None:
        maker, attempt = self._logging(auc=0.875)
        run = self._reusing(attempt, node="renamed")
        (metric,) = self.store.tracking.metrics(run.id)
        assert metric == replace(some_metric(attempt, "auc", 0.875), node="renamed")
        assert (metric.run_id, metric.attempt_id) == (maker.id, attempt.id)
        assert self.store.tracking.latest([run.id]) == {run.id: {"auc": 0.875}}

    def test_of_a_reused_series_the_last_point_counts(self) -> None:
        maker, attempt = self._logging()
        points = [some_metric(attempt, "loss", 1 / (1 + n), at=SOME_TIME + n % 4) for n in range(4)]
        self.store.runs.write(RunChange(replace(maker, version=1), metrics=points[::-1]))
        run = self._reusing(attempt)
        assert self.store.tracking.latest([run.id]) == {run.id: {"loss": 0.25}}
        assert self.store.tracking.metrics(run.id) == points

    def test_a_reused_step_shows_the_values_that_its_maker_has_logged(self) -> None:
        maker, attempt = self._logging()
        figure = some_logged(attempt, "figure", "curve", value=some_value())
        self.store.runs.write(RunChange(replace(maker, version=1), logged=[figure]))
        run = self._reusing(attempt)
        assert self.store.tracking.logged(run.id) == [figure]

    def test_a_step_that_failed_shows_nothing_of_another_run(self) -> None:
        _, attempt = self._logging(auc=0.875)
        run = self._reusing(attempt, state=State.FAILED)
        assert self.store.tracking.metrics(run.id) == []

    def test_a_reused_item_of_a_map_shows_the_metrics_of_its_maker(self) -> None:
        maker, attempt = self._logging(auc=0.875)
        run = some_run()
        step = replace(some_step(run, state=State.RUNNING), items=ItemBlock("pu"))
        self.store.runs.create(run, [step], {})
        own = some_attempt(step, item=0)
        reuse = ReuseRecord(run.id, "fit", 1, attempt.id, maker.id)
        metric = some_metric(own, "auc", 0.5, at=SOME_TIME + 9)
        self.store.runs.write(RunChange(run, [step], [own], metrics=[metric], reused=[reuse]))
        shown = self.store.tracking.metrics(run.id)
        assert [(each.item, each.value, each.run_id) for each in shown] == [(1, 0.875, maker.id), (0, 0.5, run.id)]
        assert self.store.tracking.latest([run.id]) == {run.id: {"auc": 0.5}}

    def test_a_metric_of_a_map_is_the_mean_of_its_items_once_the_map_has_ended(self) -> None:
        run = some_run()
        step = replace(some_step(run, state=State.RUNNING), items=ItemBlock("sr"))
        own = [some_attempt(step, item=item) for item in (0, 1)]
        points = [(0, 9.0, 0.0), (0, 0.5, 1.0), (1, 0.25, 0.5)]
        metrics = [some_metric(own[item], "auc", value, at=at) for item, value, at in points]
        self.store.runs.create(run, [step], {})
        self.store.runs.write(RunChange(run, [step], own, metrics=metrics))
        assert self.store.tracking.latest([run.id]) == {run.id: {"auc": 0.5}}
        ended = replace(step, state=State.FAILED, items=ItemBlock("sf"))
        self.store.runs.write(RunChange(replace(run, version=1), [ended]))
        assert self.store.tracking.latest([run.id]) == {run.id: {"auc": 0.375}}
        found = self.store.runs.list(RunFilter(conditions=(Condition("auc", "=", 0.375),)))
        assert [each.id for each in found] == [run.id]

    def test_the_attempts_that_made_what_a_run_reuses_are_found_under_its_own_names(self) -> None:
        maker, attempt = self._logging(auc=0.5)
        run = some_run()
        step = some_step(run)
        self.store.runs.create(run, [step], {})
        places = (("a", -1), ("fit", 0), ("fit", 1))
        reuses = [ReuseRecord(run.id, node, item, attempt.id, maker.id) for node, item in places]
        self.store.runs.write(RunChange(run, [step], reused=reuses))
        found = self.store.details.makers(run.id)
        assert [(one.node, one.item) for one in found] == [("a", -1), ("fit", 0), ("fit", 1)]
        assert {(one.id, one.run_id, one.log_path) for one in found} == {(attempt.id, maker.id, attempt.log_path)}
        assert [one.item for one in self.store.details.makers(run.id, "fit")] == [0, 1]
        assert self.store.details.makers(maker.id) == []

    def test_the_mean_over_a_map_counts_its_reused_items(self) -> None:
        maker, attempt = self._logging(auc=0.875)
        run = some_run()
        step = replace(some_step(run, state=State.SUCCEEDED), items=ItemBlock("su"))
        own = some_attempt(step, item=0)
        reuse = ReuseRecord(run.id, "fit", 1, attempt.id, maker.id)
        self.store.runs.create(run, [step], {})
        metric = some_metric(own, "auc", 0.125, at=SOME_TIME + 9)
        self.store.runs.write(RunChange(run, [step], [own], metrics=[metric], reused=[reuse]))
        assert self.store.tracking.latest([run.id]) == {run.id: {"auc": 0.5}}

    def test_a_mean_over_what_is_not_a_number_is_none(self) -> None:
        run = some_run()
        step = replace(some_step(run, state=State.SUCCEEDED), items=ItemBlock("ss"))
        own = [some_attempt(step, item=item) for item in (0, 1)]
        metrics = [some_metric(one, "auc", value) for one, value in zip(own, (math.nan, 0.5), strict=True)]
        self.store.runs.create(run, [step], {})
        self.store.runs.write(RunChange(run, [step], own, metrics=metrics))
        assert math.isnan(self.store.tracking.latest([run.id])[run.id]["auc"])

    def test_a_step_that_is_computed_after_all_shows_nothing_of_what_it_was_reused_from(self) -> None:
        maker, attempt = self._logging(auc=0.875)
        run = self._reusing(attempt)
        stored = self.store.runs.get(run.id)
        reuse = ReuseRecord(run.id, "fit", 0, attempt.id, maker.id)
        self.store.runs.write(RunChange(stored, reused=[reuse, replace(reuse, node="other")]))
        assert [each.node for each in self.store.tracking.metrics(run.id)] == ["fit", "fit", "other"]
        self.store.runs.write(RunChange(replace(stored, version=stored.version + 1), reopened=["fit"]))
        assert [each.node for each in self.store.tracking.metrics(run.id)] == ["other"]

    def test_a_run_is_found_by_the_metrics_of_its_reused_steps(self) -> None:
        maker, attempt = self._logging(auc=0.875)
        run = self._reusing(attempt)
        self._logging(auc=0.5)
        found = self.store.runs.list(RunFilter(conditions=(Condition("auc", ">", 0.7),)))
        assert [each.id for each in found] == [run.id, maker.id]

    def test_a_run_is_found_by_the_parameters_that_its_reused_steps_have_logged(self) -> None:
        maker, attempt = self._logging()
        logged = some_logged(attempt, "parameter", "depth", value=InlineValue("7"))
        self.store.runs.write(RunChange(replace(maker, version=1), logged=[logged]))
        run = self._reusing(attempt)
        found = self.store.runs.list(RunFilter(conditions=(Condition("depth", "=", 7),)))
        assert [each.id for each in found] == [run.id, maker.id]

    def _logging(self, **metrics: float) -> tuple[RunRecord, AttemptRecord]:
        run = some_run()
        step = some_step(run, state=State.SUCCEEDED)
        attempt = some_attempt(step)
        self.store.runs.create(run, [step], {})
        logged = [some_metric(attempt, name, value) for name, value in metrics.items()]
        self.store.runs.write(RunChange(run, [step], [attempt], metrics=logged))
        return run, attempt

    def _reusing(self, attempt: AttemptRecord, node: str = "fit", state: State = State.REUSED) -> RunRecord:
        run = some_run()
        step = some_step(run, node)
        self.store.runs.create(run, [step], {})
        reused = replace(step, state=state, made_by=attempt.id, made_in=attempt.run_id)
        self.store.runs.write(RunChange(run, [reused]))
        return run
