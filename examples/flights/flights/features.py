"""The feature table: one row a planned flight, what was known two hours ahead, and the answer with its date."""

from datetime import UTC, date, datetime, time

import polars as pl

import headrace as hr

KEYS = ("flight_id", "carrier", "flight", "origin", "dest", "scheduled_at")
ANSWER = ("late", "arrived_at")
"""Whether the flight came late, and when that became known; null if it was cancelled or diverted."""


@hr.step
def join_features(schedule: pl.DataFrame, outcomes: pl.DataFrame, groups: list[pl.DataFrame]) -> pl.DataFrame:
    """Keys, features and answer. Raises ValueError if a group has not exactly one row for each flight."""
    table = schedule.select(KEYS).sort("flight_id")
    for group in groups:
        if not group["flight_id"].sort().equals(table["flight_id"]):
            raise ValueError(f"features {group.columns[1:]} do not have exactly one row for each planned flight")
        table = table.join(group, on="flight_id", validate="1:1")
    return table.join(outcomes.select("flight_id", *ANSWER), on="flight_id", how="left", validate="1:1")


def feature_columns(table: pl.DataFrame) -> list[str]:
    """What a model may look at: everything but keys and answer."""
    return [name for name in table.columns if name not in (*KEYS, *ANSWER)]


def answered(table: pl.DataFrame, since: date, until: date) -> pl.DataFrame:
    """Rows to learn from: flights of a period whose answer was known when it ended."""
    start, end = start_of(since), start_of(until)
    return table.filter(pl.col("scheduled_at") >= start, pl.col("arrived_at") <= end)


def departing(table: pl.DataFrame, since: date, until: date) -> pl.DataFrame:
    """Rows to be judged by: flights scheduled in a period (its last day excluded) that have an answer at all."""
    scheduled = pl.col("scheduled_at").is_between(start_of(since), start_of(until), closed="left")
    return table.filter(scheduled, pl.col("late").is_not_null())


def start_of(day: date) -> datetime:
    """The moment between two days of flying: 08:00 UTC is three or four in New York's night."""
    return datetime.combine(day, time(hour=8), tzinfo=UTC)
