"""How good a forecast is: ranking, probabilities, calibration, each beside what a simple rule would have said."""

from typing import NamedTuple

import numpy as np
import polars as pl
from sklearn.metrics import roc_auc_score

import headrace as hr
from flights.figures import plot_calibration, plot_comparison
from flights.methods import LateFlightModel, Probabilities, predict

BASELINE = "carrier's mean rate"
BINS = 10
SURELY = 1e-6
"""No forecast counts as surer than this, so that one miss costs no infinite loss."""
BEYOND_CHANCE = 2.0
"""Standard errors by which the loss has to fall before a method counts as better than the rule."""


class Scores(NamedTuple):
    """A forecast against what happened.

    `auc`, `log_loss` (nats) and `brier` over all flights; `calibration_error` the mean distance between forecast and
    rate over ten equally full bins (`curve`: forecast, rate, flights); `daily` the summed loss and flights a day.
    """

    algorithm: str
    auc: float
    log_loss: float
    brier: float
    calibration_error: float
    curve: pl.DataFrame
    daily: pl.DataFrame


class Choice(NamedTuple):
    """The model with the lowest log loss, the table it was chosen by, and whether it beats the rule beyond chance."""

    model: LateFlightModel
    comparison: pl.DataFrame
    beats_baseline: bool


@hr.step
def evaluate(model: LateFlightModel, test: pl.DataFrame) -> Scores:
    """Judge a model on flights it has not seen."""
    scores = score(model.algorithm, predict(model, test), test)
    hr.log_metric("auc", scores.auc)
    hr.log_metric("log_loss", scores.log_loss)
    hr.log_metric("calibration_error", scores.calibration_error)
    hr.log_figure("calibration", plot_calibration(scores.algorithm, scores.curve))
    return scores


@hr.step
def evaluate_baseline(train: pl.DataFrame, test: pl.DataFrame) -> Scores:
    """Judge the rule that everybody has without a model: how often the carrier was late until now."""
    return score(BASELINE, carrier_rates(train, test), test)


@hr.step
def choose(models: list[LateFlightModel], scores: list[Scores], baseline: Scores) -> Choice:
    """Choose by log loss, which honest probabilities minimise; ranking alone would not see a bad base rate."""
    comparison = compare([*scores, baseline])
    best = min(range(len(models)), key=lambda index: scores[index].log_loss)
    row = comparison.row(best, named=True)
    hr.log_table("comparison", comparison)
    hr.log_figure("comparison", plot_comparison(comparison))
    hr.log_metric("auc", scores[best].auc)
    hr.log_metric("log_loss", scores[best].log_loss)
    hr.log_metric("calibration_error", scores[best].calibration_error)
    return Choice(models[best], comparison, row["gain"] > BEYOND_CHANCE * row["gain_error"])


@hr.step
def describe(choice: Choice) -> str:
    """A few lines for the people who will use the model: what it is, and on what evidence."""
    best, rule = (
        choice.comparison.row(by_predicate=pl.col("algorithm") == name, named=True)
        for name in (choice.model.algorithm, BASELINE)
    )
    return (
        f"Late flights from New York, two hours ahead: {best['algorithm']} on {len(choice.model.columns)} features.\n"
        f"AUC {best['auc']:.3f} (rule: {rule['auc']:.3f}), "
        f"log loss {best['log_loss']:.4f} (rule: {rule['log_loss']:.4f}), "
        f"a gain of {best['gain']:.4f} ± {best['gain_error']:.4f} a flight over the test's days."
    )


def score(algorithm: str, forecast: Probabilities, test: pl.DataFrame) -> Scores:
    """All scores of a forecast for the rows of `test`."""
    late = test["late"].to_numpy()
    sure = np.clip(forecast, SURELY, 1 - SURELY)
    losses = -np.where(late, np.log(sure), np.log1p(-sure))
    curve = calibration_curve(forecast, late)
    distance = np.abs(curve["forecast"].to_numpy() - curve["rate"].to_numpy())
    return Scores(
        algorithm=algorithm,
        auc=float(roc_auc_score(late, forecast)),
        log_loss=float(losses.mean()),
        brier=float(np.square(forecast - late).mean()),
        calibration_error=float(np.average(distance, weights=curve["flights"].to_numpy())),
        curve=curve,
        daily=daily_losses(test, losses),
    )


def calibration_curve(forecast: Probabilities, late: np.ndarray) -> pl.DataFrame:
    """Mean forecast and rate of late flights in equally full bins, from the surest to be in time upwards."""
    ordered = pl.DataFrame({"forecast": forecast, "late": late}).sort("forecast", maintain_order=True)
    bins = pl.int_range(pl.len()) * BINS // pl.len()
    return ordered.group_by(bins.alias("bin"), maintain_order=True).agg(
        forecast=pl.col("forecast").mean(), rate=pl.col("late").mean(), flights=pl.len()
    )


def daily_losses(test: pl.DataFrame, losses: Probabilities) -> pl.DataFrame:
    """Summed loss and number of flights a day, in the order of days."""
    days = pl.col("scheduled_at").dt.convert_time_zone("America/New_York").dt.date().alias("day")
    # in the order of the rows, because a sum of floats depends on it
    by_day = test.select(days, loss=losses).group_by("day", maintain_order=True)
    return by_day.agg(pl.col("loss").sum(), flights=pl.len()).sort("day")


def carrier_rates(train: pl.DataFrame, test: pl.DataFrame) -> Probabilities:
    """Each flight's forecast by its carrier's share of late flights so far; all carriers' for a new one."""
    rates = train.group_by("carrier").agg(rate=pl.col("late").mean())
    known = test.select("carrier").join(rates, on="carrier", how="left", maintain_order="left")
    return known["rate"].fill_null(train["late"].mean()).to_numpy()


def compare(scores: list[Scores]) -> pl.DataFrame:
    """One row a method, the last of `scores` being the rule that `gain` (loss saved a flight) is counted against."""
    rows = []
    for one in scores:
        gain, error = gain_over(one.daily, scores[-1].daily)
        measures = (one.auc, one.log_loss, one.brier, one.calibration_error)
        rows.append((one.algorithm, *measures, gain, error))
    names = ("algorithm", "auc", "log_loss", "brier", "calibration_error", "gain", "gain_error")
    return pl.DataFrame(rows, schema=names, orient="row")


def gain_over(daily: pl.DataFrame, rule: pl.DataFrame) -> tuple[float, float]:
    """Loss saved a flight, and its standard error over days: flights of one day share its weather and queues.

    The error is that of a ratio estimator with days as clusters (Cochran, Sampling Techniques, 3rd ed., 6.4).
    """
    saved = (rule["loss"] - daily["loss"]).to_numpy()
    flights = daily["flights"].to_numpy()
    gain = saved.sum() / flights.sum()
    rest = saved - gain * flights
    days = len(flights)
    return float(gain), float(np.sqrt(np.square(rest).sum() * days / max(days - 1, 1)) / flights.sum())
