"""What the flights example does with rows that cannot be right: each defect of the real tables is found and named."""

import flights_project  # isort: skip  # noqa: F401 - makes `flights` importable

import json

import polars as pl
import pytest
from flights.checks import Checked, check_tables, sift
from flights.pipelines import DATA
from flights.rules import flight_rules, weather_rules
from flights.tables import Tables, read_tables

from flights_project import flight, flights_frame, weather_frame

FILES = {
    "flights": DATA / "flights.parquet",
    "weather": DATA / "weather.parquet",
    "planes": DATA / "planes.csv",
    "airports": DATA / "airports.csv",
    "airlines": DATA / "airlines.csv",
}


@pytest.fixture(scope="module")
def tables() -> Tables:
    return read_tables(**FILES)


@pytest.fixture(scope="module")
def checked(tables) -> Checked:
    return check_tables(tables)


def broken_by(*rows: dict[str, object]) -> list[str]:
    """The reasons for which flights are taken out."""
    known = (pl.Series(["N1"]), pl.Series(["ORD", "LGA"]), pl.Series(["UA"]))
    return sift("flights", flights_frame(*rows), flight_rules(*known)).quarantine["reason"].to_list()


def test_every_row_is_either_good_or_in_quarantine(tables, checked):
    for name in ("flights", "weather", "planes", "airports"):
        taken_out = checked.quarantine.filter(pl.col("table") == name).height
        added = 4 if name == "airports" else 0
        assert getattr(checked, name).height + taken_out == getattr(tables, name).height + added


def test_the_defects_of_the_real_tables_are_found_and_counted(checked):
    found = checked.report.filter(pl.col("rows") > 0)
    assert {(table, rule): rows for table, rule, _, rows in found.iter_rows()} == {
        ("flights", "too short to be a flight"): 1,
        ("flights", "faster than planes fly"): 2,
        ("flights", "never left"): 8_255,
        ("flights", "left, arrival unknown"): 1_175,
        ("flights", "tail number missing"): 2_512,
        ("flights", "aircraft unknown"): 52_515,
        ("weather", "wind that never blew"): 1,
        ("weather", "temperature missing"): 1,
        ("weather", "pressure missing"): 2_729,
        ("planes", "too small for a scheduled flight"): 40,
        ("planes", "year of construction missing"): 70,
        ("airports", "time zone missing"): 3,
    }


def test_a_row_in_quarantine_is_kept_whole_with_its_reason(checked):
    rows = checked.quarantine.filter(pl.col("reason") == "wind that never blew")
    row = json.loads(rows["row"][0])
    assert (rows["table"][0], row["origin"], round(row["wind_speed"])) == ("weather", "EWR", 1048)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"origin": "PHL"}, "another origin"),
        ({"carrier": "ZZ"}, "unknown carrier"),
        ({"dest": "XXX"}, "unknown destination"),
        ({"sched_arr_time": 1375}, "no such clock time"),
        ({"time_hour": "2013-02-08T16:00:00Z"}, "clock and UTC disagree"),
        ({"distance": 17}, "too short to be a flight"),
    ],
)
def test_a_flight_that_cannot_be_is_taken_out(change, reason):
    assert broken_by(flight(), flight(flight=2, **change)) == [reason]


def test_both_rows_of_a_flight_written_twice_are_taken_out():
    assert broken_by(flight(), flight(), flight(flight=2)) == ["flight twice", "flight twice"]


def test_a_flight_faster_than_planes_fly_keeps_its_row_and_loses_its_outcome():
    known = (pl.Series(["N1"]), pl.Series(["ORD"]), pl.Series(["UA"]))
    good = sift(
        "flights", flights_frame(flight(air_time=30, arr_delay=-90), flight(flight=2)), flight_rules(*known)
    ).good
    assert good["arr_delay"].to_list() == [None, 0]
    assert good["flight"].to_list() == [1, 2]


def test_a_reading_that_misses_a_value_is_no_bad_reading():
    sifted = sift("weather", weather_frame(temp=None, wind_speed=None), weather_rules())
    assert (sifted.good.height, sifted.quarantine.height) == (1, 0)


def test_hours_read_twice_and_impossible_air_are_taken_out():
    readings = pl.concat([weather_frame(), weather_frame(), weather_frame(origin="JFK", humid=130.0)])
    reasons = sift("weather", readings, weather_rules()).quarantine["reason"].to_list()
    assert reasons == ["hour twice", "hour twice", "humidity out of range"]


def test_destinations_that_no_table_lists_are_known_all_the_same(checked):
    assert checked.flights.filter(pl.col("dest").is_in(["SJU", "BQN", "STT", "PSE"])).height == 7_602
