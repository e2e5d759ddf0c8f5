"""Right ways to define and call pipelines: every type checker accepts all of them, with these types."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, NamedTuple, assert_type

import headrace as hr


@dataclass(frozen=True)
class Model:
    algorithm: str


class Scores(NamedTuple):
    auc: float


class Split(NamedTuple):
    train: list[int]
    test: list[int]


@hr.step
def rows(until: date) -> list[int]:
    return [until.day]


@hr.step
def split_by_time(rows: list[int]) -> Split:
    return Split(rows, rows)


@hr.step(resources=hr.Resources(cpu=2, memory="4GiB", database=1), retries=hr.Retry(2, on=hr.InfrastructureError))
def fit(train: list[int], algorithm: str, rate: float = 0.1) -> Model:
    return Model(algorithm)


@hr.step(retries=3, timeout=timedelta(hours=1), cache=hr.Cache(ttl=60, ignore=["test"]), tags=["slow"])
def evaluate(model: Model, test: list[int]) -> Scores:
    hr.log_metric("auc", 0.5)
    return Scores(0.5)


@hr.step(cache=False, secrets=["DB_URL"], max_parallel=4, description="Chooses.")
def choose(models: Sequence[Model], scores: Sequence[Scores]) -> Model:
    return models[0]


@hr.step
def is_better(model: Model) -> bool:
    return True


@hr.step
def champion() -> Model | None:
    return None


@hr.step(effect=True, timeout=60)
def promote(name: str, model: Model) -> None: ...


@hr.step
def self_named(self: int, step: str, pipeline: str) -> int:
    return self


def double(number: int) -> int:
    return 2 * number


doubled = hr.step(double, name="doubled", retries=3, cache=False)
assert_type(doubled(1), int)
assert_type(hr.pipeline(double, name="double", tags=["nightly"])(number=1), int)


@hr.pipeline
def training(until: date, algorithms: Sequence[str] = ("logistic", "forest")) -> Model:
    split = split_by_time(rows(until))
    assert_type(split, Split)
    models = fit.map(split.train, algorithm=hr.each(algorithms))
    assert_type(models, list[Model])
    scores = evaluate.map(hr.each(models), split.test)
    best = choose(models, scores)
    assert_type(best, Model)
    promoted = hr.when(is_better(best), lambda: promote("late-flights", best))
    assert_type(promoted, None)
    promote.after(promoted, scores)("second", best)
    return best


@hr.pipeline(name="folds", tags=["nightly"], description="Folds.")
def folds(count: hr.Static[int], cores: int = 2) -> list[Model]:
    sized = fit.with_options(resources=hr.Resources(cpu=cores), name="sized")
    return [sized([number], "forest") for number in range(count)]


@hr.pipeline
def nested(until: date) -> Model:
    known = hr.when_some(champion(), lambda model: model, otherwise=lambda: training(until))
    assert_type(known, Model)
    return choose(folds(3, cores=4), [Scores(0.1)])


@hr.pipeline
def crossed(until: date) -> list[Model]:
    algorithm, rate = hr.product(["logistic", "forest"], [0.1, 0.2])
    assert_type(algorithm, str)
    assert_type(rate, float)
    models = fit.map(rows(until), algorithm, rate=rate)
    return hr.succeeded(models)


assert_type(hr.each([1, 2]), int)
assert_type(hr.product([1], ["a"]), tuple[int, str])
assert_type(hr.product([1], ["a"], [0.5]), tuple[int, str, float])
assert_type(hr.succeeded([1, 2]), list[int])
assert_type(hr.when(1 > 2, lambda: 1), int | None)
assert_type(hr.when(1 > 2, lambda: 1, otherwise=lambda: "a"), int | str)
assert_type(hr.when(1 > 2, lambda: 1, lambda: "a"), int | str)
assert_type(fit([1], "forest", rate=1), Model)
assert_type(self_named(self=1, step="a", pipeline="b"), int)
assert_type(training(date(2013, 4, 1)), Model)
assert_type(hr.run(training, until=date(2013, 4, 1)), hr.Run[Model])
assert_type(hr.run(training, date(2013, 4, 1), ["forest"]).output, Model)
hr.Session(project=".", lanes=2, quiet=True, until="fit", refresh=["fit"], options={"fit": {"timeout": 60}})
hr.Session(name="nightly", tags=("a", "b"), note="why", fail_fast=True, only=("fit",), from_="fit")
assert_type(hr.Session(check=False).run(folds, 3).output, list[Model])
assert_type(hr.get_run("last"), hr.Run[Any])
hr.plan(training, until=date(2013, 4, 1))
