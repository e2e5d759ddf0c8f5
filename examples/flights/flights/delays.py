"""How punctual airports, carriers and routes were of late, as far as that was known when the question is asked.

An average over a window is the difference of two running sums, read at the window's ends by as-of joins on the moment
at which each delay became known. A flight still in the air is in no sum, however early it was due.
"""

from datetime import timedelta
from typing import NamedTuple

import polars as pl

import headrace as hr
from flights.rules import NEW_YORK_TIME

HELD_MINUTES = 15
GROUPS = {
    "city": (),
    "origin": ("origin",),
    "carrier": ("carrier",),
    "carrier_here": ("carrier", "origin"),
    "dest": ("dest",),
    "hour_here": ("origin", "hour"),
    "route": ("carrier", "origin", "dest"),
    "flight": ("carrier", "flight"),
}
"""Which flights are alike, for an average over them."""


class Window(NamedTuple):
    """Means of `values` over the flights of one group that became known within the last `hours`."""

    group: str
    hours: int
    values: tuple[str, ...]

    def column(self, value: str) -> str:
        """The name of a feature: `origin_3h_held`, `route_28d_late`."""
        span = f"{self.hours}h" if self.hours < 48 else f"{self.hours // 24}d"
        return f"{self.group}_{span}_{value}"


DEPARTURE_WINDOWS = (
    Window("city", 1, ("dep_delay",)),
    Window("origin", 1, ("dep_delay", "held", "left_share")),
    Window("origin", 3, ("dep_delay", "held", "left_share")),
    Window("origin", 20, ("dep_delay",)),
    Window("carrier_here", 1, ("left_share",)),
    Window("carrier_here", 3, ("dep_delay", "held", "left_share")),
    Window("dest", 1, ("left_share",)),
    Window("dest", 3, ("left_share",)),
    Window("dest", 6, ("dep_delay", "held")),
)
ARRIVAL_WINDOWS = (
    Window("origin", 4, ("arr_delay", "late")),
    Window("carrier", 12, ("arr_delay", "late")),
    Window("dest", 12, ("arr_delay", "late")),
    Window("city", 7 * 24, ("late",)),
    Window("carrier", 7 * 24, ("late",)),
    Window("hour_here", 28 * 24, ("late",)),
    Window("dest", 28 * 24, ("late",)),
    Window("route", 28 * 24, ("late",)),
    Window("flight", 28 * 24, ("arr_delay", "late")),
)


@hr.step
def departure_features(schedule: pl.DataFrame, outcomes: pl.DataFrame) -> pl.DataFrame:
    """Delays of flights that had left by the cutoff, and the share of the planned departures that did leave."""
    asked = questions(schedule)
    left = asked.join(outcomes, on="flight_id").with_columns(
        known_at="departed_at", held=pl.col("dep_delay") > HELD_MINUTES
    )
    return windows_side_by_side(asked, left, DEPARTURE_WINDOWS)


@hr.step
def arrival_features(schedule: pl.DataFrame, outcomes: pl.DataFrame) -> pl.DataFrame:
    """Delays of flights that had arrived by the cutoff, from four hours to four weeks back."""
    asked = questions(schedule)
    arrived = asked.join(outcomes, on="flight_id").drop_nulls("arrived_at").with_columns(known_at="arrived_at")
    return windows_side_by_side(asked, arrived, ARRIVAL_WINDOWS)


def questions(schedule: pl.DataFrame) -> pl.DataFrame:
    """The flights by the moment at which they are asked about, with the local hour of departure."""
    hour = pl.col("scheduled_at").dt.convert_time_zone(NEW_YORK_TIME).dt.hour().alias("hour")
    return schedule.with_columns(hour).sort("cutoff", "flight_id")


def windows_side_by_side(asked: pl.DataFrame, events: pl.DataFrame, windows: tuple[Window, ...]) -> pl.DataFrame:
    """All features of some windows, a row a flight, sorted by `flight_id`."""
    means = [window_means(asked, events, window) for window in windows]
    return pl.concat([asked.select("flight_id"), *means], how="horizontal").sort("flight_id")


def window_means(asked: pl.DataFrame, events: pl.DataFrame, window: Window) -> pl.DataFrame:
    """The means of one window at every cutoff, null where nothing of the group was known.

    `left_share` is the number of departures over one more than the number of flights that were to depart.
    """
    means = [value for value in window.values if value != "left_share"]
    seen = sums_within(asked, events, window, values=means)
    columns = [(seen[value] / seen["count"]).fill_nan(None).alias(window.column(value)) for value in means]
    if "left_share" in window.values:
        due = sums_within(asked, asked.with_columns(known_at="scheduled_at"), window, values=[])["count"]
        columns.append((seen["count"] / (due + 1)).alias(window.column("left_share")))
    return pl.DataFrame(columns).cast(pl.Float32)


def sums_within(asked: pl.DataFrame, events: pl.DataFrame, window: Window, *, values: list[str]) -> pl.DataFrame:
    """Count and sums of the group's events that became known in the window's hours before each cutoff."""
    by = list(GROUPS[window.group])
    totals = running_sums(events, by, values)
    at_end = sums_at(asked, totals, by=by, moment=pl.col("cutoff"))
    at_start = sums_at(asked, totals, by=by, moment=pl.col("cutoff") - timedelta(hours=window.hours))
    return at_end - at_start


def running_sums(events: pl.DataFrame, by: list[str], values: list[str]) -> pl.DataFrame:
    """Per group, count and sums over everything known up to each moment; exact, being sums of whole minutes."""
    count = pl.int_range(1, pl.len() + 1).alias("count")
    sums = [count, *(pl.col(value).cast(pl.Float64).cum_sum() for value in values)]
    ordered = events.sort("known_at")
    grouped = [total.over(by) for total in sums] if by else sums
    return ordered.select("known_at", *by, *grouped)


def sums_at(asked: pl.DataFrame, totals: pl.DataFrame, *, by: list[str], moment: pl.Expr) -> pl.DataFrame:
    """The running sums as they stood at a moment, zero before the first event."""
    joined = asked.select(*by, moment.alias("moment")).join_asof(
        totals, left_on="moment", right_on="known_at", by=by or None, check_sortedness=False
    )
    return joined.drop("moment", "known_at", *by).fill_null(0).cast(pl.Float64)
