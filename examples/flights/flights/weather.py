"""The weather at the origin, as it was known when the question is asked."""

from datetime import timedelta

import polars as pl

import headrace as hr

OBSERVED_FOR = timedelta(hours=1)
"""A reading carries the hour it was taken in, and its rain is summed until minute 51: known when the hour ends."""
OLDEST_READING = timedelta(hours=6)
READINGS = ("temp", "dewp", "humid", "wind_speed", "wind_gust", "precip", "pressure", "visib")
TRENDS = ("temp", "wind_speed", "pressure", "visib")
TREND_SPAN = timedelta(hours=3)


@hr.step
def weather_features(schedule: pl.DataFrame, weather: pl.DataFrame) -> pl.DataFrame:
    """A flight's last known reading, its change over three hours and the rain of six; null if older than six hours."""
    asked = schedule.select("flight_id", "origin", "cutoff").sort("cutoff")
    joined = asked.join_asof(
        known_readings(weather),
        left_on="cutoff",
        right_on="known_at",
        by="origin",
        tolerance=OLDEST_READING,
        check_sortedness=False,  # polars cannot check it within groups; both sides are sorted as a whole
    )
    return joined.drop("origin", "cutoff", "known_at").sort("flight_id")


def known_readings(weather: pl.DataFrame) -> pl.DataFrame:
    """Readings with trends, sorted by the moment at which they are known; without gusts the wind is the gust."""
    known = weather.with_columns(
        known_at=pl.col("time_hour") + OBSERVED_FOR, wind_gust=pl.coalesce("wind_gust", "wind_speed")
    ).sort("known_at")
    before = known.select(
        "origin", pl.col("known_at") + TREND_SPAN, *(pl.col(name).alias(f"{name}_before") for name in TRENDS)
    )
    rain = known.rolling("known_at", period="6h", group_by="origin").agg(precip_6h=pl.col("precip").sum())
    trended = known.join(before, on=("origin", "known_at"), how="left").join(rain, on=("origin", "known_at"))
    changes = ((pl.col(name) - pl.col(f"{name}_before")).alias(f"{name}_change") for name in TRENDS)
    return trended.select("origin", "known_at", *READINGS, "precip_6h", *changes).sort("known_at")
