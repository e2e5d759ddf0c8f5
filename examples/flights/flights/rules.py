"""What each table promises: types of rows that break it, and how grave that is. Applied by `checks`."""

from typing import Literal, NamedTuple

import polars as pl

NEW_YORK = ("EWR", "JFK", "LGA")
NEW_YORK_TIME = "America/New_York"
SHORTEST_FLIGHT_MILES = 50
STRONGEST_WIND_MPH = 150
"""Twice the strongest gust of the year; one reading says 1,048."""
FASTEST_MPH = 650
"""Over ground: an airliner's cruise of 570 in a strong jet stream."""
FEWEST_SEATS = 20
"""Smaller aircraft fly no schedule from New York: their registration has passed to another plane since."""


class Rule(NamedTuple):
    """A promise of one table. `broken` is true for a row that does not keep it.

    `quarantine` takes such a row out, `blank` empties the columns `blanks` in it, `note` only counts it.
    """

    name: str
    severity: Literal["quarantine", "blank", "note"]
    broken: pl.Expr
    blanks: tuple[str, ...] = ()


def plane_rules() -> list[Rule]:
    """One row a tail number, and an aircraft that can fly a schedule."""
    return [
        Rule("tail number twice", "quarantine", pl.col("tailnum").is_duplicated()),
        Rule("too small for a scheduled flight", "quarantine", pl.col("seats") < FEWEST_SEATS),
        Rule("year of construction missing", "note", pl.col("year").is_null()),
    ]


def airport_rules() -> list[Rule]:
    """One row a code, with its time zone."""
    return [
        Rule("code twice", "quarantine", pl.col("faa").is_duplicated()),
        Rule("time zone missing", "quarantine", pl.col("tzone").is_null()),
    ]


def airline_rules() -> list[Rule]:
    """One row a carrier."""
    return [Rule("carrier twice", "quarantine", pl.col("carrier").is_duplicated())]


def weather_rules() -> list[Rule]:
    """One row an airport and hour, with readings that weather can have."""
    return [
        Rule("hour twice", "quarantine", pl.struct("origin", "time_hour").is_duplicated()),
        Rule("another airport", "quarantine", ~pl.col("origin").is_in(NEW_YORK)),
        Rule("wind that never blew", "quarantine", pl.col("wind_speed") > STRONGEST_WIND_MPH),
        Rule("temperature out of range", "quarantine", ~pl.col("temp").is_between(-40, 120)),
        Rule("humidity out of range", "quarantine", ~pl.col("humid").is_between(0, 100)),
        Rule("temperature missing", "note", pl.col("temp").is_null()),
        Rule("pressure missing", "note", pl.col("pressure").is_null()),
    ]


def flight_rules(planes: pl.Series, airports: pl.Series, airlines: pl.Series) -> list[Rule]:
    """One row a planned departure that points at known airports and carriers.

    An impossible outcome empties the outcome and keeps the row: were a flight to vanish from the timetable because
    of how it ended, every count of planned flights before it would know the future.
    """
    key = pl.struct("carrier", "flight", "origin", "dest", "time_hour", "minute")
    speed = pl.col("distance") / pl.col("air_time") * 60
    return [
        Rule("flight twice", "quarantine", key.is_duplicated()),
        Rule("another origin", "quarantine", ~pl.col("origin").is_in(NEW_YORK)),
        Rule("unknown carrier", "quarantine", ~pl.col("carrier").is_in(airlines.implode())),
        Rule("unknown destination", "quarantine", ~pl.col("dest").is_in(airports.implode())),
        Rule("no such clock time", "quarantine", ~is_clock("sched_dep_time") | ~is_clock("sched_arr_time")),
        Rule("clock and UTC disagree", "quarantine", ~clocks_agree()),
        Rule("too short to be a flight", "quarantine", pl.col("distance") < SHORTEST_FLIGHT_MILES),
        Rule("faster than planes fly", "blank", speed > FASTEST_MPH, ("dep_delay", "arr_delay", "air_time")),
        Rule("never left", "note", pl.col("dep_delay").is_null()),
        Rule("left, arrival unknown", "note", pl.col("dep_delay").is_not_null() & pl.col("arr_delay").is_null()),
        Rule("tail number missing", "note", pl.col("tailnum").is_null()),
        Rule("aircraft unknown", "note", ~pl.col("tailnum").is_in(planes.implode())),
    ]


def is_clock(column: str) -> pl.Expr:
    """Whether an HHMM number is a time of day (2400 is written for midnight)."""
    return pl.col(column).is_between(0, 2400) & (pl.col(column) % 100 < 60)


def clocks_agree() -> pl.Expr:
    """Whether the scheduled hour in UTC is the same hour as the local date and clock time beside it."""
    local = pl.col("time_hour").dt.convert_time_zone(NEW_YORK_TIME)
    written = pl.datetime("year", "month", "day", "hour", time_unit="ms")
    return local.dt.replace_time_zone(None) == written
