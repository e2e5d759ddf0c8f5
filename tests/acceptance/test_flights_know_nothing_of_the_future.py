"""No feature of the flights example knows what happens after its cutoff, two hours before the scheduled departure.

The raw files are rewritten as if the world had ended (or gone another way) at some moment; no feature row that was
asked for until then may change.
"""

import flights_project  # isort: skip  # noqa: F401 - makes `flights` importable

from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from flights.checks import UNLISTED_AIRPORTS
from flights.features import feature_columns
from flights.pipelines import features
from flights.tables import AIRPORT_TYPES, read_csv, read_flights
from flights.timeline import build_timeline

from flights import timeline, weather
from flights_project import DATA, at, raw_flights, raw_weather

DAYS = range(6, 12)
"""A snowstorm closes the airports from the eighth to the ninth of February."""
MOMENTS = ("2013-02-07 14:07", "2013-02-08 13:30", "2013-02-08 17:00", "2013-02-09 20:45", "2013-02-10 22:59")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("truth")
    raw_flights(month=2, days=DAYS).write_parquet(folder / "flights.parquet")
    raw_weather(month=2, days=DAYS).write_parquet(folder / "weather.parquet")
    return folder


@pytest.fixture(scope="module")
def truth(files: Path) -> pl.DataFrame:
    return asked(files)


@pytest.fixture(scope="module")
def happened(files: Path) -> pl.DataFrame:
    """The raw flights with the moments at which they left and arrived."""
    flights = read_flights(files / "flights.parquet")
    airports = pl.concat([read_csv(DATA / "airports.csv", AIRPORT_TYPES), UNLISTED_AIRPORTS])
    made = build_timeline(flights, airports)
    moments = made.schedule.select("flight_id", "scheduled_at", "due_at")
    outcomes = made.outcomes.select("flight_id", "departed_at", "arrived_at")
    raw = pl.read_parquet(files / "flights.parquet").with_row_index("flight_id")
    return raw.join(moments, on="flight_id").join(outcomes, on="flight_id", how="left").sort("flight_id")


def asked(folder: Path) -> pl.DataFrame:
    """The feature table of the files in a folder, without the answers."""
    table = features(flights=folder / "flights.parquet", weather=folder / "weather.parquet").features
    return table.drop("late", "arrived_at")


def until(table: pl.DataFrame, moment: datetime) -> pl.DataFrame:
    """The rows whose question was asked by then."""
    return table.filter(pl.col("scheduled_at") - timedelta(hours=2) <= moment)


def blanked(happened: pl.DataFrame, moment: datetime) -> pl.DataFrame:
    """Nothing leaves and nothing arrives any more."""
    has_left, has_landed = pl.col("departed_at") <= moment, pl.col("arrived_at") <= moment
    return happened.with_columns(
        pl.when(has_left).then("dep_delay"),
        pl.when(has_landed).then("arr_delay"),
        pl.when(has_landed).then("air_time"),
        pl.when(has_left).then("dep_time"),
    )


def scrambled(happened: pl.DataFrame, moment: datetime) -> pl.DataFrame:
    """Everything leaves and arrives after all, cancelled flights too, at other times than it did."""
    noise = pl.int_range(1, pl.len() + 1).shuffle(seed=7) % 600 + 1
    has_left, has_landed = (
        pl.col(name).fill_null(at("2014-01-01 00:00")) <= moment for name in ("departed_at", "arrived_at")
    )
    minutes_left = ((pl.lit(moment) - pl.col("scheduled_at")).dt.total_minutes() + noise).clip(lower_bound=-30)
    minutes_late = ((pl.lit(moment) - pl.col("due_at")).dt.total_minutes() + noise).clip(lower_bound=-60)
    return happened.with_columns(
        pl.when(has_left).then("dep_delay").otherwise(minutes_left).alias("dep_delay"),
        pl.when(has_landed).then("arr_delay").otherwise(minutes_late).alias("arr_delay"),
        pl.when(has_landed).then("air_time").otherwise(None).alias("air_time"),
    )


def other_weather(readings: pl.DataFrame, moment: datetime) -> pl.DataFrame:
    """Another sky in every hour that was not over by then."""
    hour_ends = pl.col("time_hour").str.to_datetime("%Y-%m-%dT%H:%M:%SZ", time_zone="UTC") + timedelta(hours=1)
    names = ("temp", "dewp", "wind_speed", "precip", "pressure", "visib")
    return readings.with_columns(pl.when(hour_ends <= moment).then(name).otherwise(7.0).alias(name) for name in names)


def changed_world(folder: Path, files: Path, happened: pl.DataFrame, then: datetime, change=scrambled) -> Path:
    """The files as they would be if everything after `then` had gone another way."""
    raw = pl.read_parquet(files / "flights.parquet")
    change(happened, then).select(raw.columns).write_parquet(folder / "flights.parquet")
    other_weather(pl.read_parquet(files / "weather.parquet"), then).write_parquet(folder / "weather.parquet")
    return folder


@pytest.mark.parametrize("change", [blanked, scrambled])
@pytest.mark.parametrize("moment", MOMENTS)
def test_what_happens_after_the_question_changes_no_feature(change, moment, files, happened, truth, tmp_path):
    then = at(moment)
    other = asked(changed_world(tmp_path, files, happened, then, change))
    assert until(truth, then).height > 500
    assert until(other, then).equals(until(truth, then))
    assert not other.equals(truth)


def leaking_columns(folder: Path, files: Path, happened: pl.DataFrame) -> set[str]:
    """The features that differ between the two worlds although they were asked for before the worlds parted."""
    then = at(MOMENTS[2])
    here, there = until(asked(files), then), until(asked(changed_world(folder, files, happened, then)), then)
    return {name for name in feature_columns(here) if not here[name].equals(there[name])}


def test_weather_of_an_hour_that_is_not_over_would_be_noticed(files, happened, tmp_path, monkeypatch):
    monkeypatch.setattr(weather, "OBSERVED_FOR", timedelta(0))
    assert "precip" in leaking_columns(tmp_path, files, happened)


def test_asking_at_departure_would_be_noticed(files, happened, tmp_path, monkeypatch):
    monkeypatch.setattr(timeline, "LEAD", timedelta(0))
    assert {"temp", "origin_3h_dep_delay", "leg_dep_delay", "carrier_12h_late"} <= leaking_columns(
        tmp_path, files, happened
    )


def test_a_rolling_delay_by_scheduled_time_would_be_noticed(files, happened, tmp_path, monkeypatch):
    honest = timeline.outcomes_of

    def by_schedule(timed: pl.DataFrame) -> pl.DataFrame:
        return honest(timed).with_columns(arrived_at=pl.col("arrived_at") - pl.duration(minutes="arr_delay"))

    monkeypatch.setattr(timeline, "outcomes_of", by_schedule)
    assert {"origin_4h_late", "carrier_12h_arr_delay"} <= leaking_columns(tmp_path, files, happened)


def test_the_outcome_of_a_flight_is_none_of_its_features(truth):
    assert not set(feature_columns(truth)) & {"dep_delay", "arr_delay", "air_time", "departed_at", "arrived_at", "late"}
    assert len(feature_columns(truth)) == 55
