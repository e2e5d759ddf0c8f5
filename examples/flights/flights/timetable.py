"""What the timetable and the calendar alone say about a flight."""

from datetime import date

import polars as pl

import headrace as hr
from flights.rules import NEW_YORK_TIME

HOLIDAYS = (
    *(date(2013, 1, 1), date(2013, 1, 21), date(2013, 2, 18), date(2013, 5, 27), date(2013, 7, 4)),
    *(date(2013, 9, 2), date(2013, 10, 14), date(2013, 11, 11), date(2013, 11, 28), date(2013, 12, 25)),
    date(2014, 1, 1),
)
"""Federal holidays of the United States."""
FARTHEST_HOLIDAY_DAYS = 7
CRUISE_MILES_A_MINUTE = 8


@hr.step
def timetable_features(schedule: pl.DataFrame) -> pl.DataFrame:
    """Local hour, weekday, days to the nearest holiday, length, padding, and how many flights leave that hour."""
    local = pl.col("scheduled_at").dt.convert_time_zone(NEW_YORK_TIME)
    days = (abs_days(local.dt.date(), holiday) for holiday in HOLIDAYS)
    padding = pl.col("block_minutes") - pl.col("distance") / CRUISE_MILES_A_MINUTE
    return schedule.select(
        "flight_id",
        hour=local.dt.hour() + local.dt.minute() / 60,
        weekday=local.dt.weekday(),
        days_to_holiday=pl.min_horizontal(*days).clip(upper_bound=FARTHEST_HOLIDAY_DAYS),
        distance="distance",
        block_minutes="block_minutes",
        padding=padding,
        flights_this_hour=pl.len().over("origin", pl.col("scheduled_at").dt.truncate("1h")),
    ).cast({pl.selectors.exclude("flight_id"): pl.Float32})


def abs_days(day: pl.Expr, holiday: date) -> pl.Expr:
    """How many days lie between two dates."""
    return (day - pl.lit(holiday)).dt.total_days().abs()
