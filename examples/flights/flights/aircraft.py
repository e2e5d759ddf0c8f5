"""The aircraft of a flight: where it was when the question is asked, and how early it can be back in New York.

Only departures from New York are on record, so a plane's way back is reckoned from the way out: the same scheduled
minutes, and time on the ground at both ends. Which plane flies is taken as planned, two hours ahead.
"""

from datetime import timedelta

import polars as pl

import headrace as hr

TURNAROUND = timedelta(minutes=40)
"""On the ground between landing and leaving again: what airlines plan for one aisle."""
LONGEST_WAIT_MINUTES = 24 * 60
LEG_COLUMNS = ("scheduled_at", "due_at", "departed_at", "arrived_at", "dep_delay", "arr_delay", "block_minutes")


@hr.step
def aircraft_features(schedule: pl.DataFrame, outcomes: pl.DataFrame, planes: pl.DataFrame) -> pl.DataFrame:
    """Seats, and what was known of the plane's flight before this one; null for an unknown or first-seen plane."""
    legs = leg_features(with_leg_before(schedule, outcomes))
    seats = planes.select("tailnum", pl.col("seats").cast(pl.Float32))
    return (
        schedule.select("flight_id", "tailnum")
        .join(seats, on="tailnum", how="left")
        .join(legs, on="flight_id", how="left")
        .drop("tailnum")
        .sort("flight_id")
    )


def with_leg_before(schedule: pl.DataFrame, outcomes: pl.DataFrame) -> pl.DataFrame:
    """Each flight of a known plane beside (`leg_…`) the plane's planned flight before it."""
    flown = schedule.drop_nulls("tailnum").join(outcomes, on="flight_id", how="left")
    ordered = flown.sort("tailnum", "scheduled_at", "flight_id")
    before = (pl.col(name).shift(1).over("tailnum").alias(f"leg_{name}") for name in LEG_COLUMNS)
    return ordered.select("flight_id", "scheduled_at", "cutoff", *before)


def leg_features(legs: pl.DataFrame) -> pl.DataFrame:
    """Delay of the leg as far as seen by the cutoff, and the minutes to spare if all goes on as planned from there.

    A plane that should have left and has not is late by the time since: it leaves now at the earliest.
    """
    cutoff, out = pl.col("cutoff"), pl.col("leg_scheduled_at")
    has_left, has_landed = pl.col("leg_departed_at") <= cutoff, pl.col("leg_arrived_at") <= cutoff
    leaves = pl.when(has_left).then("leg_departed_at").otherwise(pl.max_horizontal(out, cutoff))
    way = pl.duration(minutes="leg_block_minutes", time_unit="ms")
    lands = pl.when(has_landed).then("leg_arrived_at").otherwise(leaves + way)
    waiting = pl.when(out <= cutoff).then(minutes(cutoff - out))
    spare = minutes(pl.col("scheduled_at") - (lands + TURNAROUND + way + TURNAROUND))
    planned = minutes(pl.col("scheduled_at") - pl.col("leg_due_at") - way)
    return legs.select(
        "flight_id",
        leg_dep_delay=pl.when(has_left).then(pl.col("leg_dep_delay").cast(pl.Float32)).otherwise(waiting),
        leg_arr_delay=pl.when(has_landed).then(pl.col("leg_arr_delay").cast(pl.Float32)),
        leg_minutes_to_spare=spare.clip(-LONGEST_WAIT_MINUTES, LONGEST_WAIT_MINUTES),
        leg_minutes_planned=planned.clip(-LONGEST_WAIT_MINUTES, LONGEST_WAIT_MINUTES),
        leg_is_out=pl.when(out <= cutoff).then(has_left.fill_null(value=False)).cast(pl.Float32),
    )


def minutes(span: pl.Expr) -> pl.Expr:
    """A duration in minutes."""
    return span.dt.total_minutes().cast(pl.Float32)
