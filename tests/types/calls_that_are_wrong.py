"""Wrong ways to define and call pipelines: each marked line is an error for every type checker, and no other."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

import headrace as hr


class Split(NamedTuple):
    train: list[int]
    test: list[int]


@hr.step
def rows(until: date) -> list[int]:
    return [until.day]


@hr.step
def split(rows: list[int]) -> Split:
    return Split(rows, rows)


@hr.step
def fit(train: list[int], algorithm: str, rate: float = 0.1) -> float:
    return rate


@hr.step
def best(models: Sequence[float]) -> float:
    return models[0]


@hr.step
def is_good(model: float) -> bool:
    return model > 0


@hr.step
def champion() -> float | None:
    return None


@hr.step
def use_text(text: str) -> int:
    return len(text)


@hr.step
def store(model: float) -> None: ...


@hr.pipeline
def training(until: date, algorithms: Sequence[str] = ("forest",), folds: hr.Static[int] = 3) -> float:
    return best(fit.map(rows(until), hr.each(algorithms)))


some_rows = rows(date(2013, 4, 1))
some_models = fit.map(some_rows, hr.each(["a"]))
algorithm, rate = hr.product(["a"], [0.1])

rows()  # wrong
rows("2013-04-01")  # wrong
rows(date(2013, 4, 1), 2)  # wrong
rows(untill=date(2013, 4, 1))  # wrong
fit(some_rows, algorithm=3)  # wrong
fit(some_rows, "a", rate="fast")  # wrong
fit(split(some_rows), "a")  # wrong
fit(split(some_rows).training, "a")  # wrong
fit(best(some_models), "a")  # wrong
best(fit(some_rows, "a"))  # wrong
best(hr.each(some_models))  # wrong
fit.map(some_rows, hr.each([1, 2]))  # wrong
fit.map(some_rows, hr.each("text"))  # wrong
fit.map(some_rows, hr.each(3))  # wrong
fit.map(some_rows, "a", rat=hr.each([0.1]))  # wrong
fit.map(some_rows)  # wrong
fit.map(some_rows, rate, algorithm)  # wrong
fit(fit.map(some_rows, "a"), "a")  # wrong
is_good.map(hr.each(split.map(hr.each([some_rows]))))  # wrong
hr.product([1])  # wrong
hr.succeeded(best(some_models))  # wrong
hr.when(best(some_models), lambda: store(1.0))  # wrong
hr.when(is_good(1.0), store(1.0))  # wrong
is_good(hr.when(is_good(1.0), lambda: 0.5))  # wrong
is_good(hr.when(is_good(1.0), lambda: 0.5, otherwise=lambda: "none"))  # wrong
is_good(champion())  # wrong
hr.when_some(champion(), use_text)  # wrong
hr.when_some(champion(), lambda: 1)  # wrong
fit.with_options(retry=3)  # wrong
fit.with_options(retries="3")  # wrong
fit.with_options(name=3)  # wrong
fit.with_options(resources=hr.Resources(cpu="2"))  # wrong
fit.with_options(cache="no")  # wrong
hr.Retry("2")  # wrong
hr.Retry(2, on=OSError())  # wrong
hr.Retry(2, OSError)  # wrong
hr.Cache(ignore=3)  # wrong
training()  # wrong
training(until="2013-04-01")  # wrong
training(date(2013, 4, 1), algorithms=3)  # wrong
training(date(2013, 4, 1), folds="3")  # wrong
training.run(date(2013, 4, 1))  # wrong
training.map(hr.each([date(2013, 4, 1)]))  # wrong
hr.run(training)  # wrong
hr.run(training, until=2013)  # wrong
hr.run(training, date(2013, 4, 1), workers=4)  # wrong
hr.plan(training, untill=date(2013, 4, 1))  # wrong
hr.run(rows, date(2013, 4, 1))  # wrong
hr.Session(lane=2)  # wrong
hr.Session(lanes="2")  # wrong
hr.Session(2)  # wrong
hr.Session(tags=3)  # wrong
hr.Session(until=3)  # wrong
hr.Session(options={"fit": 60})  # wrong
text: str = hr.run(training, date(2013, 4, 1)).output  # wrong


def halve(number: int) -> float:
    return number / 2


hr.step(halve, retrys=3)  # wrong
hr.step(halve, retries="3")  # wrong
hr.step(halve, name="half")("a")  # wrong
hr.pipeline(halve, retries=3)  # wrong


@hr.step(retrys=3)  # wrong
def misspelt() -> int:
    return 1


@hr.pipeline(retries=3)  # wrong
def no_such_option() -> int:
    return 1


@hr.pipeline
def gives_something_else() -> str:
    return best([1.0])  # wrong
