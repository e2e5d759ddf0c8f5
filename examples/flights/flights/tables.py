"""The five tables as they lie on disk, read with declared types; what is wrong in them is the business of `checks`."""

from pathlib import Path
from typing import NamedTuple

import polars as pl

import headrace as hr

FLIGHT_COLUMNS = (
    *("year", "month", "day", "hour", "minute", "time_hour", "sched_dep_time", "sched_arr_time"),
    *("carrier", "flight", "tailnum", "origin", "dest", "distance", "dep_delay", "arr_delay", "air_time"),
)
WEATHER_COLUMNS = (
    *("origin", "time_hour", "temp", "dewp", "humid"),
    *("wind_speed", "wind_gust", "precip", "pressure", "visib"),
)
PLANE_TYPES = pl.Schema({"tailnum": pl.String, "year": pl.Int32, "seats": pl.Int32})
AIRPORT_TYPES = pl.Schema({"faa": pl.String, "name": pl.String, "tzone": pl.String})
AIRLINE_TYPES = pl.Schema({"carrier": pl.String, "name": pl.String})
UTC_HOUR = "%Y-%m-%dT%H:%M:%SZ"


class Tables(NamedTuple):
    """The five tables, each row as it was written."""

    flights: pl.DataFrame
    weather: pl.DataFrame
    planes: pl.DataFrame
    airports: pl.DataFrame
    airlines: pl.DataFrame


@hr.step
def read_tables(*, flights: Path, weather: Path, planes: Path, airports: Path, airlines: Path) -> Tables:
    """Read all five; raises polars' own error where a column is missing or has another type."""
    return Tables(
        flights=read_flights(flights),
        weather=read_weather(weather),
        planes=read_csv(planes, PLANE_TYPES),
        airports=read_csv(airports, AIRPORT_TYPES),
        airlines=read_csv(airlines, AIRLINE_TYPES),
    )


def read_flights(path: Path) -> pl.DataFrame:
    """All departures, numbered by `flight_id` in the file's order; `time_hour` is a moment in UTC."""
    frame = pl.read_parquet(path, columns=list(FLIGHT_COLUMNS))
    return frame.with_columns(utc_hour(), pl.selectors.integer().cast(pl.Int32)).with_row_index("flight_id")


def read_weather(path: Path) -> pl.DataFrame:
    """Hourly readings at the three airports; `time_hour` is a moment in UTC."""
    frame = pl.read_parquet(path, columns=list(WEATHER_COLUMNS))
    return frame.with_columns(utc_hour(), pl.selectors.float().cast(pl.Float32))


def read_csv(path: Path, types: pl.Schema) -> pl.DataFrame:
    """The columns of `types` from comma-separated text in which `NA` stands for a missing value."""
    return pl.read_csv(path, columns=types.names(), schema_overrides=types, null_values="NA")


def utc_hour() -> pl.Expr:
    """`time_hour`, written as text with a Z for UTC, as a moment."""
    return pl.col("time_hour").str.to_datetime(UTC_HOUR, time_unit="ms", time_zone="UTC")
