"""The pipelines: features from five tables, a model from features, and what it would have been worth over the year."""

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

import polars as pl

import headrace as hr
from flights.aircraft import aircraft_features
from flights.backtest import (
    POLICIES,
    YEAR_BEGINS,
    plan_backtest,
    plan_policies,
    report_backtest,
    report_policies,
    run_trial,
)
from flights.checks import check_tables
from flights.delays import arrival_features, departure_features
from flights.evaluation import choose, describe, evaluate, evaluate_baseline
from flights.features import answered, departing, join_features
from flights.methods import ALGORITHMS, LateFlightModel, fit
from flights.tables import read_tables
from flights.timeline import build_timeline
from flights.timetable import timetable_features
from flights.weather import weather_features

DATA = Path(__file__).parents[1] / "data"
TEST_DAYS = 28


class FeatureTables(NamedTuple):
    """The features (a row a planned flight), and the rows that were not fit for use, each with its reason."""

    features: pl.DataFrame
    quarantine: pl.DataFrame


class Split(NamedTuple):
    """Rows to learn from, and later rows to be judged by."""

    train: pl.DataFrame
    test: pl.DataFrame


@hr.step
def split_by_time(features: pl.DataFrame, until: date) -> Split:
    """The last four weeks before `until` are for the test; learnt is what was known when they began."""
    begin = until - timedelta(days=TEST_DAYS)
    return Split(answered(features, YEAR_BEGINS, begin), departing(features, begin, until))


@hr.pipeline
def features(
    *,
    flights: Path = DATA / "flights.parquet",
    weather: Path = DATA / "weather.parquet",
    planes: Path = DATA / "planes.csv",
    airports: Path = DATA / "airports.csv",
    airlines: Path = DATA / "airlines.csv",
) -> FeatureTables:
    """What is known of every flight two hours before it is to leave."""
    tables = read_tables(flights=flights, weather=weather, planes=planes, airports=airports, airlines=airlines)
    checked = check_tables(tables)
    timeline = build_timeline(checked.flights, checked.airports)
    schedule, outcomes = timeline.schedule, timeline.outcomes
    groups = [
        timetable_features(schedule),
        weather_features(schedule, checked.weather),
        departure_features(schedule, outcomes),
        arrival_features(schedule, outcomes),
        aircraft_features(schedule, outcomes, checked.planes),
    ]
    return FeatureTables(join_features(schedule, outcomes, groups), checked.quarantine)


@hr.pipeline
def training(until: date, algorithms: Sequence[str] = ALGORITHMS) -> LateFlightModel:
    """Learn which flights will be late."""
    split = split_by_time(features().features, until)
    models = fit.map(split.train, algorithm=hr.each(algorithms))
    scores = evaluate.map(hr.each(models), split.test)
    baseline = evaluate_baseline(split.train, split.test)
    best = choose(models, scores, baseline)
    hr.when(best.beats_baseline, lambda: describe(best))
    return best.model


@hr.pipeline
def backtest(
    first: date = date(2013, 4, 1),
    last: date = date(2013, 12, 1),
    algorithms: Sequence[str] = ALGORITHMS,
    *,
    seeds: int = 3,
) -> pl.DataFrame:
    """Each month forecast by models that know all months before it: AUC and log loss a month and method."""
    trials = plan_backtest(first, last, algorithms, seeds=seeds)
    results = run_trial.map(features().features, hr.each(trials))
    return report_backtest(results)


@hr.pipeline
def retraining(
    first: date = date(2013, 7, 1), last: date = date(2013, 12, 1), algorithm: str = "boosting"
) -> pl.DataFrame:
    """Never updated, refitted on the last three months, refitted on all: the log loss of each policy a month."""
    trials = plan_policies(first, last, POLICIES, algorithm=algorithm)
    results = run_trial.map(features().features, hr.each(trials))
    return report_policies(results)
