"""Read, split, fit three methods in parallel, keep the best. Change any function, run again, ask `headrace why`."""

import csv
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

import headrace as hr
from starter.methods import METHODS, Delivery, Line

DELIVERIES = Path(__file__).parents[1] / "data" / "deliveries.csv"


class Split(NamedTuple):
    train: list[Delivery]
    test: list[Delivery]


@hr.step
def read(path: Path) -> list[Delivery]:
    """Read the deliveries; rows without a plausible time are left out."""
    with path.open(newline="") as file:
        rows = [Delivery(float(row["kilometres"]), float(row["minutes"])) for row in csv.DictReader(file)]
    good = [row for row in rows if row.minutes > 0]
    print(f"{len(good)} of {len(rows)} rows are good")
    return good


@hr.step
def split(deliveries: Sequence[Delivery], share: float) -> Split:
    """The first rows to learn from, the last ones to judge by."""
    cut = int(len(deliveries) * share)
    return Split(list(deliveries[:cut]), list(deliveries[cut:]))


@hr.step
def fit(train: Sequence[Delivery], method: str) -> Line:
    return METHODS[method](train)


@hr.step
def evaluate(line: Line, test: Sequence[Delivery]) -> float:
    """Mean absolute error in minutes."""
    error = fmean(abs(line.minutes(one.kilometres) - one.minutes) for one in test)
    hr.log_metric(f"error_{line.method}", error)
    return error


@hr.step
def choose(lines: Sequence[Line], errors: Sequence[float]) -> Line:
    error, best = min(zip(errors, lines, strict=True), key=lambda pair: pair[0])
    hr.log_metric("error", error)
    return best


@hr.pipeline
def training(path: Path = DELIVERIES, share: float = 0.8, methods: Sequence[str] = ("mean", "pace", "line")) -> Line:
    """Learn how long a delivery takes."""
    parts = split(read(path), share)
    lines = fit.map(parts.train, method=hr.each(methods))
    errors = evaluate.map(hr.each(lines), parts.test)
    return choose(lines, errors)
