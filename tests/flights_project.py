"""The flights example for tests: makes its package importable; samples of its data, rows and tables like its own."""

import sys
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

PROJECT = Path(__file__).parents[1] / "examples" / "flights"
DATA = PROJECT / "data"
if str(PROJECT) not in sys.path:
    sys.path.insert(0, str(PROJECT))


def at(text: str) -> datetime:
    """A moment in UTC, written `2013-02-08 15:30`."""
    return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=UTC)


def raw_flights(*, month: int, days: range) -> pl.DataFrame:
    """The rows of some days as the file has them."""
    frame = pl.read_parquet(DATA / "flights.parquet")
    return frame.filter(pl.col("month") == month, pl.col("day").is_in(list(days)))


def raw_weather(*, month: int, days: range) -> pl.DataFrame:
    """The readings of some days as the file has them."""
    frame = pl.read_parquet(DATA / "weather.parquet")
    return frame.filter(pl.col("month") == month, pl.col("day").is_in(list(days)))


def flight(**changes: object) -> dict[str, object]:
    """One row of the raw flights table: a United flight from Newark to Chicago on the eighth of February, on time."""
    row: dict[str, object] = {
        "year": 2013,
        "month": 2,
        "day": 8,
        "hour": 12,
        "minute": 0,
        "time_hour": "2013-02-08T17:00:00Z",
        "sched_dep_time": 1200,
        "sched_arr_time": 1340,
        "dep_delay": 0,
        "arr_delay": 0,
        "air_time": 120,
        "carrier": "UA",
        "flight": 1,
        "tailnum": "N1",
        "origin": "EWR",
        "dest": "ORD",
        "distance": 719,
    }
    return row | changes


def flights_frame(*rows: dict[str, object]) -> pl.DataFrame:
    """Raw rows as `read_flights` gives them."""
    outcomes = {"dep_delay": pl.Int64, "arr_delay": pl.Int64, "air_time": pl.Int64}
    frame = pl.DataFrame(list(rows), schema_overrides=outcomes)
    hour = pl.col("time_hour").str.to_datetime("%Y-%m-%dT%H:%M:%SZ", time_unit="ms", time_zone="UTC")
    return frame.with_columns(hour, pl.selectors.integer().cast(pl.Int32)).with_row_index("flight_id")


def airports_frame(**zones: str) -> pl.DataFrame:
    """Airports by code and time zone."""
    return pl.DataFrame({"faa": list(zones), "name": list(zones), "tzone": list(zones.values())})


def weather_frame(**changes: object) -> pl.DataFrame:
    """One reading at Newark as `read_weather` gives it."""
    readings: dict[str, object] = {
        "temp": 40.0,
        "dewp": 30.0,
        "humid": 60.0,
        "wind_speed": 10.0,
        "wind_gust": None,
        "precip": 0.0,
        "pressure": 1010.0,
        "visib": 10.0,
    }
    row = {"origin": "EWR", "time_hour": datetime(2013, 2, 8, 13, tzinfo=UTC)} | readings | changes
    return pl.DataFrame([row], schema_overrides=dict.fromkeys(readings, pl.Float32))
