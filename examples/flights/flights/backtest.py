"""What would have happened: models refitted month after month on the past alone, and what each policy is worth."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

import polars as pl

import headrace as hr
from flights.evaluation import BASELINE, carrier_rates, score
from flights.features import answered, departing
from flights.figures import plot_by_month
from flights.methods import fit, predict

YEAR_BEGINS = date(2013, 1, 1)


class Trial(NamedTuple):
    """Learn from the flights of `since` … `until`, then forecast the month that begins at `month`."""

    name: str
    algorithm: str
    month: date
    since: date
    until: date
    seed: int = 0


class Result(NamedTuple):
    """How a trial went, beside the carrier's mean rate over the same past."""

    name: str
    month: date
    seed: int
    flights: int
    late_rate: float
    forecast_rate: float
    auc: float
    log_loss: float
    baseline_auc: float
    baseline_log_loss: float


class Policy(NamedTuple):
    """Which months to learn from: the last `months` before the test, or (0) all since January; never after `frozen`."""

    name: str
    months: int = 0
    frozen: date | None = None


POLICIES = (
    Policy("never updated since April", frozen=date(2013, 4, 1)),
    Policy("last three months, blindly", months=3),
    Policy("everything so far"),
)


@hr.step
def plan_backtest(first: date, last: date, algorithms: Sequence[str], *, seeds: int) -> list[Trial]:
    """Every month from `first` to `last`, every method and seed, each on all months before."""
    return [
        Trial(algorithm, algorithm, month, YEAR_BEGINS, month, seed)
        for month in months_between(first, last)
        for algorithm in algorithms
        for seed in range(seeds)
    ]


@hr.step
def plan_policies(first: date, last: date, policies: Sequence[Policy], *, algorithm: str) -> list[Trial]:
    """Every month from `first` to `last` under every policy."""
    return [
        Trial(policy.name, algorithm, month, *learning_months(policy, month))
        for month in months_between(first, last)
        for policy in policies
    ]


@hr.step(resources=hr.Resources(cpu=1))
def run_trial(table: pl.DataFrame, trial: Trial) -> Result:
    """Fit on the trial's past, forecast its month."""
    train, test = answered(table, trial.since, trial.until), departing(table, trial.month, next_month(trial.month))
    forecast = predict(fit(train, trial.algorithm, trial.seed), test)
    scores, rule = (
        score(name, p, test) for name, p in ((trial.name, forecast), (BASELINE, carrier_rates(train, test)))
    )
    return Result(
        *(trial.name, trial.month, trial.seed, test.height),
        *(float(test["late"].to_numpy().mean()), float(forecast.mean())),
        *(scores.auc, scores.log_loss, rule.auc, rule.log_loss),
    )


@hr.step
def report_backtest(results: list[Result]) -> pl.DataFrame:
    """AUC and log loss a month and method, averaged over seeds; the mean of each method is logged."""
    by_month = average(results, ["name", "month"])
    totals = by_month.group_by("name", maintain_order=True).agg(pl.col("auc", "log_loss", "baseline_auc").mean())
    for name, auc, log_loss, _ in totals.iter_rows():
        hr.log_metric(f"auc_{name}", auc)
        hr.log_metric(f"log_loss_{name}", log_loss)
    hr.log_table("by_month", by_month)
    hr.log_figure("auc_by_month", plot_by_month("Forecast of each month from the months before", by_month, "auc"))
    return by_month


@hr.step
def report_policies(results: list[Result]) -> pl.DataFrame:
    """Log loss a month and policy: where blind refitting makes a model worse, it shows here."""
    by_month = average(results, ["name", "month"])
    hr.log_table("by_month", by_month)
    hr.log_figure("log_loss_by_month", plot_by_month("What refitting is worth", by_month, "log_loss"))
    return by_month


def average(results: list[Result], by: list[str]) -> pl.DataFrame:
    """The means of all measures over the results that agree in `by`, in their order."""
    frame = pl.DataFrame(results, schema=list(Result._fields), orient="row")
    return frame.drop("seed").group_by(by, maintain_order=True).agg(pl.all().mean())


def learning_months(policy: Policy, month: date) -> tuple[date, date]:
    """The first day of a policy's past, and the day after its last."""
    until = min(month, policy.frozen or month)
    return (months_before(until, policy.months) if policy.months else YEAR_BEGINS, until)


def months_between(first: date, last: date) -> list[date]:
    """The first days of all months from `first` to `last`, both included."""
    return pl.date_range(first, last, "1mo", eager=True).to_list()


def months_before(month: date, count: int) -> date:
    """The first day of the month `count` months before, but not before the data begin."""
    years, months = divmod(month.month - 1 - count, 12)
    return max(date(month.year + years, months + 1, 1), YEAR_BEGINS)


def next_month(month: date) -> date:
    """The first day of the next month."""
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)
