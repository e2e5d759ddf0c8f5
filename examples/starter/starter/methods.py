"""Ways to predict minutes from kilometres, each a plain function from past deliveries to a slope and an intercept."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, linear_regression, median


@dataclass(frozen=True)
class Delivery:
    """One delivery: how far, how long."""

    kilometres: float
    minutes: float


@dataclass(frozen=True)
class Line:
    """A fitted method: minutes = intercept + slope x kilometres."""

    method: str
    slope: float
    intercept: float

    def minutes(self, kilometres: float) -> float:
        return self.intercept + self.slope * kilometres


def fit_mean(deliveries: Sequence[Delivery]) -> Line:
    return Line("mean", 0.0, fmean(one.minutes for one in deliveries))


def fit_pace(deliveries: Sequence[Delivery]) -> Line:
    """Every kilometre takes the same time: the median pace."""
    return Line("pace", median(one.minutes / one.kilometres for one in deliveries), 0.0)


def fit_line(deliveries: Sequence[Delivery]) -> Line:
    slope, intercept = linear_regression([one.kilometres for one in deliveries], [one.minutes for one in deliveries])
    return Line("line", slope, intercept)


METHODS = {"mean": fit_mean, "pace": fit_pace, "line": fit_line}
