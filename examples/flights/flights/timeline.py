"""Clock times become moments in UTC, and the timetable is kept apart from what happened.

Every feature may read the timetable freely, and an outcome only after the moment at which it could be seen.
"""

from datetime import timedelta
from typing import NamedTuple

import polars as pl

import headrace as hr

LEAD = timedelta(hours=2)
"""The question is asked this long before the scheduled departure."""
LATE_MINUTES = 15


class Timeline(NamedTuple):
    """`schedule`: a row a planned flight, sorted by `flight_id`. `outcomes`: a row a flight that left."""

    schedule: pl.DataFrame
    outcomes: pl.DataFrame


@hr.step
def build_timeline(flights: pl.DataFrame, airports: pl.DataFrame) -> Timeline:
    """Split checked flights into the timetable (`scheduled_at`, `cutoff`, `due_at`) and the outcomes."""
    zones = airports.select(dest="faa", zone="tzone")
    planned = flights.join(zones, on="dest").with_columns(
        scheduled_at=pl.col("time_hour") + pl.duration(minutes="minute", time_unit="ms")
    )
    by_zone = planned.partition_by("zone", as_dict=True)
    timed = pl.concat([with_due_time(group, str(zone)) for (zone,), group in by_zone.items()]).sort("flight_id")
    return Timeline(schedule_of(timed), outcomes_of(timed))


def with_due_time(flights: pl.DataFrame, zone: str) -> pl.DataFrame:
    """Add the scheduled arrival of flights into one time zone.

    The table gives a clock time without a date: it means the first such time after the scheduled departure.
    """
    midnight = pl.col("scheduled_at").dt.convert_time_zone(zone).dt.replace_time_zone(None).dt.truncate("1d")
    hours, minutes = pl.col("sched_arr_time") // 100, pl.col("sched_arr_time") % 100
    same_day = midnight + pl.duration(hours=hours, minutes=minutes, time_unit="ms")
    same, following = to_utc(same_day, zone), to_utc(same_day + timedelta(days=1), zone)
    return flights.with_columns(due_at=pl.when(same >= pl.col("scheduled_at")).then(same).otherwise(following))


def to_utc(local: pl.Expr, zone: str) -> pl.Expr:
    """A local clock time as a moment: the first of two when clocks go back, an hour on when they skip it."""
    moment = local.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    skipped = (local + timedelta(hours=1)).dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    return pl.coalesce(moment, skipped).dt.convert_time_zone("UTC")


def schedule_of(timed: pl.DataFrame) -> pl.DataFrame:
    """What the timetable says, which nothing on the day changes."""
    return timed.select(
        *("flight_id", "carrier", "flight", "tailnum", "origin", "dest", "distance"),
        *("scheduled_at", "due_at", (pl.col("scheduled_at") - LEAD).alias("cutoff")),
        block_minutes=(pl.col("due_at") - pl.col("scheduled_at")).dt.total_minutes().cast(pl.Int32),
    )


def outcomes_of(timed: pl.DataFrame) -> pl.DataFrame:
    """Delays in minutes, and when each was known: `dep_delay` at `departed_at`, the rest at `arrived_at`."""
    left = timed.filter(pl.col("dep_delay").is_not_null())
    return left.select(
        *("flight_id", "dep_delay", "arr_delay"),
        departed_at=pl.col("scheduled_at") + pl.duration(minutes="dep_delay", time_unit="ms"),
        arrived_at=pl.col("due_at") + pl.duration(minutes="arr_delay", time_unit="ms"),
        late=pl.col("arr_delay") > LATE_MINUTES,
    )
