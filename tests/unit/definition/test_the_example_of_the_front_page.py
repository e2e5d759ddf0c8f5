"""The example that the documentation begins with, word for word: it is traced, and it is called plainly."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

import polars as pl

import headrace as hr
from headrace.definition.graph import Constant, EachOf, Guard, OutputOf, ParameterOf
from headrace.definition.tracing import trace


@dataclass(frozen=True)
class LateFlightModel:
    algorithm: str


@dataclass(frozen=True)
class Scores:
    auc: float


class Split(NamedTuple):
    train: pl.DataFrame
    test: pl.DataFrame


PROMOTED: list[str] = []


def score(model: LateFlightModel, test: pl.DataFrame) -> Scores:
    return Scores(auc=0.5 + test.height / 100)


def plot_calibration(scores: Scores) -> object:
    return frozenset({scores.auc})


@hr.step
def training_rows(until: date) -> pl.DataFrame:
    return pl.DataFrame({"day": range(until.day)})


@hr.step
def split_by_time(rows: pl.DataFrame) -> Split:
    return Split(rows.head(3), rows.tail(1))


@hr.step
def choose(models: Sequence[LateFlightModel], scores: Sequence[Scores]) -> LateFlightModel:
    assert len(models) == len(scores)
    return LateFlightModel(f"best of {len(models)}")


@hr.step
def beats_champion(best: LateFlightModel) -> bool:
    return True


@hr.step(effect=True)
def promote(name: str, best: LateFlightModel) -> None:
    PROMOTED.append(f"{name}: {best.algorithm}")


@hr.step(resources=hr.Resources(cpu=2, memory="4GiB"), retries=hr.Retry(2, on=hr.InfrastructureError))
def fit(train: pl.DataFrame, algorithm: str) -> LateFlightModel: ...


@hr.step
def evaluate(model: LateFlightModel, test: pl.DataFrame) -> Scores:
    scores = score(model, test)
    hr.log_metric("auc", scores.auc)
    hr.log_figure("calibration", plot_calibration(scores))
    return scores


@hr.pipeline
def training(until: date, algorithms: Sequence[str] = ("logistic", "forest", "boosting")) -> LateFlightModel:
    """Learn which flights will be late."""
    split = split_by_time(training_rows(until))
    models = fit.map(split.train, algorithm=hr.each(algorithms))  # one logical step, run in parallel
    scores = evaluate.map(hr.each(models), split.test)
    best = choose(models, scores)
    hr.when(beats_champion(best), lambda: promote("late-flights", best))
    return best


def test_the_example_is_traced_into_its_steps_and_edges():
    graph = trace(training)
    arguments = {node.name: dict(node.arguments) for node in graph.nodes}
    assert arguments == {
        "training_rows": {"until": ParameterOf("until")},
        "split_by_time": {"rows": OutputOf("training_rows")},
        "fit": {"train": OutputOf("split_by_time", ("train",)), "algorithm": EachOf(ParameterOf("algorithms"))},
        "evaluate": {"model": EachOf(OutputOf("fit")), "test": OutputOf("split_by_time", ("test",))},
        "choose": {"models": OutputOf("fit"), "scores": OutputOf("evaluate")},
        "beats_champion": {"best": OutputOf("choose")},
        "promote": {"name": arguments["promote"]["name"], "best": OutputOf("choose")},
    }
    assert isinstance(arguments["promote"]["name"], Constant)
    assert graph.output == OutputOf("choose")


def test_the_example_promotes_only_a_model_that_beats_the_champion():
    graph = trace(training)
    assert graph.node("promote").guards == (Guard(OutputOf("beats_champion"), "true", expected=True),)
    assert all(node.guards == () for node in graph.nodes if node.name != "promote")


def test_the_example_keeps_what_it_says_about_resources_and_retries():
    spec = trace(training).node("fit").step
    assert [name for name, _ in spec.resources] == ["cpu", "memory"]
    assert (spec.retry.times, spec.retry.on) == (2, ("infrastructure",))
    assert (spec.output, spec.is_reusable) == ("LateFlightModel", True)
    assert trace(training).description == "Learn which flights will be late."
    assert trace(training).notes == ()


def test_the_example_runs_as_plain_python():
    PROMOTED.clear()
    assert training(date(2013, 4, 1)) == LateFlightModel("best of 3")
    assert PROMOTED == ["late-flights: best of 3"]
