"""Holds each table to its rules.

Bad rows go into quarantine with their reason, impossible values are blanked, oddities are counted.
"""

from collections.abc import Sequence
from typing import NamedTuple

import polars as pl

import headrace as hr
from flights.rules import Rule, airline_rules, airport_rules, flight_rules, plane_rules, weather_rules
from flights.tables import AIRPORT_TYPES, Tables

UNLISTED_AIRPORTS = pl.DataFrame(
    [
        ("BQN", "Rafael Hernández, Aguadilla", "America/Puerto_Rico"),
        ("PSE", "Mercedita, Ponce", "America/Puerto_Rico"),
        ("SJU", "Luis Muñoz Marín, San Juan", "America/Puerto_Rico"),
        ("STT", "Cyril E. King, Charlotte Amalie", "America/St_Thomas"),
    ],
    schema=AIRPORT_TYPES,
    orient="row",
)
"""Destinations of 7,602 flights that the airports table does not list."""


class Checked(NamedTuple):
    """The tables as they can be trusted, the rows that cannot (`table`, `reason`, `row` as JSON), a count a rule."""

    flights: pl.DataFrame
    weather: pl.DataFrame
    planes: pl.DataFrame
    airports: pl.DataFrame
    quarantine: pl.DataFrame
    report: pl.DataFrame


class Sifted(NamedTuple):
    """One table after its rules."""

    good: pl.DataFrame
    quarantine: pl.DataFrame
    report: pl.DataFrame


@hr.step
def check_tables(tables: Tables) -> Checked:
    """Check referenced tables first: a flight may only point at rows that are good themselves."""
    listed = pl.concat([tables.airports, UNLISTED_AIRPORTS]).unique("faa", keep="first", maintain_order=True)
    airports = sift("airports", listed, airport_rules())
    airlines = sift("airlines", tables.airlines, airline_rules())
    planes = sift("planes", tables.planes, plane_rules())
    weather = sift("weather", tables.weather, weather_rules())
    known = (planes.good["tailnum"], airports.good["faa"], airlines.good["carrier"])
    flights = sift("flights", tables.flights, flight_rules(*known))
    every = (flights, weather, planes, airports, airlines)
    quarantine = pl.concat([one.quarantine for one in every])
    report = pl.concat([one.report for one in every])
    hr.log_metric("rows_in_quarantine", quarantine.height)
    hr.log_table("broken_rules", report.filter(pl.col("rows") > 0))
    return Checked(flights.good, weather.good, planes.good, airports.good, quarantine, report)


def sift(table: str, frame: pl.DataFrame, rules: Sequence[Rule]) -> Sifted:
    """Apply the rules of one table; a row that breaks several is kept once, with the first reason."""
    broken = frame.select(rule.broken.fill_null(value=False).alias(rule.name) for rule in rules)
    strict = [pl.when(rule.name).then(pl.lit(rule.name)) for rule in rules if rule.severity == "quarantine"]
    reason = broken.select(pl.coalesce(strict).alias("reason"))["reason"]
    quarantine = frame.select(
        pl.lit(table).alias("table"), reason, pl.struct(pl.all()).struct.json_encode().alias("row")
    ).drop_nulls("reason")
    counts = [(table, rule.name, rule.severity, broken[rule.name].sum()) for rule in rules]
    report = pl.DataFrame(counts, schema=["table", "rule", "severity", "rows"], orient="row")
    good = blank(frame, broken, rules).filter(reason.is_null())
    return Sifted(good, quarantine, report)


def blank(frame: pl.DataFrame, broken: pl.DataFrame, rules: Sequence[Rule]) -> pl.DataFrame:
    """Empty the columns that a rule of severity `blank` does not believe."""
    for rule in rules:
        frame = frame.with_columns(
            pl.when(~broken[rule.name]).then(pl.col(column)).alias(column) for column in rule.blanks
        )
    return frame
