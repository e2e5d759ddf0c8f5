"""The features of the flights example: moments in UTC, what was known when, and averages against a plain recount."""

import flights_project  # isort: skip  # noqa: F401 - makes `flights` importable

from datetime import date, timedelta

import polars as pl
import pytest
from flights.aircraft import aircraft_features
from flights.checks import UNLISTED_AIRPORTS
from flights.delays import (
    ARRIVAL_WINDOWS,
    DEPARTURE_WINDOWS,
    GROUPS,
    arrival_features,
    departure_features,
    questions,
)
from flights.features import answered, departing, join_features
from flights.tables import AIRPORT_TYPES, read_csv, read_flights
from flights.timeline import Timeline, build_timeline
from flights.timetable import timetable_features
from flights.weather import weather_features

from flights_project import DATA, airports_frame, at, flight, flights_frame, raw_flights

ZONES = {
    "ORD": "America/Chicago",
    "SJU": "America/Puerto_Rico",
    "LAX": "America/Los_Angeles",
    "BOS": "America/New_York",
}
PLANES = pl.DataFrame({"tailnum": ["N1"], "seats": [150]})


def timeline_of(*rows: dict[str, object]) -> Timeline:
    return build_timeline(flights_frame(*rows), airports_frame(**ZONES))


def local(
    hour: int, *, dest: str = "ORD", arrives: int = 1340, late: int | None = 0, left_late: int | None = 0, **more
):
    """A flight on the eighth of February at a full local hour (New York is five hours behind UTC)."""
    return flight(
        hour=hour, sched_dep_time=hour * 100, time_hour=f"2013-02-08T{hour + 5:02}:00:00Z", dest=dest,
        sched_arr_time=arrives, dep_delay=left_late, arr_delay=late, **more,
    )  # fmt: skip


@pytest.fixture(scope="module")
def february() -> Timeline:
    flights = raw_flights(month=2, days=range(7, 11))
    hour = pl.col("time_hour").str.to_datetime("%Y-%m-%dT%H:%M:%SZ", time_unit="ms", time_zone="UTC")
    airports = pl.concat([read_csv(DATA / "airports.csv", AIRPORT_TYPES), UNLISTED_AIRPORTS])
    return build_timeline(flights.with_columns(hour).with_row_index("flight_id"), airports)


class TestTimeline:
    def test_a_clock_time_at_the_destination_is_read_in_its_zone(self):
        made = timeline_of(local(12, arrives=1340, late=20))
        assert made.schedule["due_at"][0] == at("2013-02-08 19:40")
        assert made.outcomes["arrived_at"][0] == at("2013-02-08 20:00")
        assert made.schedule["block_minutes"][0] == 160

    def test_an_arrival_after_midnight_is_tomorrow(self):
        made = timeline_of(local(18, dest="SJU", arrives=10))
        assert made.schedule["due_at"][0] == at("2013-02-09 04:10")

    def test_the_question_is_asked_two_hours_before_departure(self):
        assert timeline_of(local(12)).schedule["cutoff"][0] == at("2013-02-08 15:00")

    def test_a_delay_over_the_change_to_summer_time_counts_real_minutes(self):
        night = flight(
            month=3, day=9, hour=21, sched_dep_time=2100, time_hour="2013-03-10T02:00:00Z",
            dest="BOS", sched_arr_time=2210, dep_delay=300, arr_delay=300,
        )  # fmt: skip
        made = timeline_of(night)
        assert made.outcomes["departed_at"][0] == at("2013-03-10 07:00")  # 03:00 local: clocks skipped an hour

    def test_an_arrival_at_a_clock_time_that_summer_time_skips_is_an_hour_on(self):
        night = flight(
            month=3, day=9, hour=23, sched_dep_time=2300, time_hour="2013-03-10T04:00:00Z", dest="BOS",
            sched_arr_time=230,
        )  # fmt: skip
        assert timeline_of(night).schedule["due_at"][0] == at("2013-03-10 07:30")

    def test_a_flight_that_never_left_has_no_outcome(self):
        made = timeline_of(local(12, late=None, left_late=None))
        assert (made.schedule.height, made.outcomes.height) == (1, 0)

    def test_every_flight_of_the_year_spends_a_plausible_time_on_the_ground(self):
        flights = read_flights(DATA / "flights.parquet")
        airports = pl.concat([read_csv(DATA / "airports.csv", AIRPORT_TYPES), UNLISTED_AIRPORTS])
        made = build_timeline(flights, airports)
        flown = made.outcomes.join(flights.select("flight_id", "air_time"), on="flight_id").drop_nulls()
        gate_to_gate = (flown["arrived_at"] - flown["departed_at"]).dt.total_minutes()
        taxi = gate_to_gate - flown["air_time"]
        assert flown.height == 327_346
        assert taxi.is_between(5, 240).all()


class TestDelays:
    def test_a_flight_still_in_the_air_is_in_no_average(self):
        early = local(6, arrives=740, late=200, left_late=0, flight=7)  # due 13:40, there at 17:00 UTC
        asked = local(13, flight=8)  # asked at 16:00 UTC
        made = timeline_of(early, asked)
        row = arrival_features(made.schedule, made.outcomes).row(1, named=True)
        assert row["carrier_12h_late"] is None
        assert row["origin_4h_late"] is None

    def test_a_flight_counts_from_the_minute_it_arrives(self):
        early = local(6, arrives=740, late=140, left_late=0, flight=7)  # there at 16:00 UTC
        made = timeline_of(early, local(13, flight=8))
        row = arrival_features(made.schedule, made.outcomes).row(1, named=True)
        assert (row["carrier_12h_late"], row["carrier_12h_arr_delay"]) == (1.0, 140.0)

    def test_a_departure_is_seen_when_it_happens_not_when_it_was_due(self):
        held = local(9, left_late=61, late=61, flight=7)  # leaves at 15:01 UTC
        made = timeline_of(held, local(12, flight=8))  # asked at 15:00 UTC
        row = departure_features(made.schedule, made.outcomes).row(1, named=True)
        assert row["origin_3h_dep_delay"] is None
        assert row["origin_3h_left_share"] == 0.0

    def test_the_share_of_departures_shows_a_standstill(self):
        gone = [local(10, flight=number) for number in (1, 2, 3)]
        stuck = [local(11, flight=number, left_late=None, late=None) for number in (4, 5, 6)]
        made = timeline_of(*gone, *stuck, local(14, flight=9))
        row = departure_features(made.schedule, made.outcomes).row(6, named=True)
        assert row["origin_3h_left_share"] == pytest.approx(3 / (6 + 1))

    @pytest.mark.parametrize("window", [*DEPARTURE_WINDOWS, *ARRIVAL_WINDOWS], ids=lambda w: f"{w.group}-{w.hours}h")
    def test_an_average_is_that_of_a_plain_recount(self, window, february):
        moment, made = (
            ("departed_at", departure_features) if window in DEPARTURE_WINDOWS else ("arrived_at", arrival_features)
        )
        table = made(february.schedule, february.outcomes)
        asked = questions(february.schedule)
        events = asked.join(february.outcomes, on="flight_id").with_columns(held=pl.col("dep_delay") > 15)
        for row in asked.sample(12, seed=window.hours).iter_rows(named=True):
            same = [pl.col(name) == row[name] for name in GROUPS[window.group]]
            begin = row["cutoff"] - timedelta(hours=window.hours)
            seen = events.filter(*same, pl.col(moment) > begin, pl.col(moment) <= row["cutoff"])
            due = asked.filter(*same, pl.col("scheduled_at") > begin, pl.col("scheduled_at") <= row["cutoff"])
            found = table.filter(pl.col("flight_id") == row["flight_id"])
            for value in window.values:
                expected = seen.height / (due.height + 1) if value == "left_share" else seen[value].mean()
                assert found[window.column(value)].to_list() == [
                    None if expected is None else pytest.approx(expected, rel=1e-5)
                ]


class TestAircraft:
    def aircraft(self, *rows: dict[str, object]) -> dict[str, object]:
        """What is known of the aircraft of the last row's flight."""
        made = timeline_of(*rows)
        return aircraft_features(made.schedule, made.outcomes, PLANES).row(-1, named=True)

    def test_a_plane_that_landed_is_as_late_as_it_landed(self):
        row = self.aircraft(local(6, arrives=740, late=30, left_late=25), local(13, flight=2))
        assert (row["leg_dep_delay"], row["leg_arr_delay"], row["leg_is_out"]) == (25.0, 30.0, 1.0)
        # lands 14:10, 40 minutes, 160 back, 40 minutes: ready at 18:10 for 18:00
        assert row["leg_minutes_to_spare"] == -10.0

    def test_a_plane_in_the_air_is_expected_by_its_scheduled_minutes(self):
        row = self.aircraft(local(9, arrives=1040, late=90, left_late=30), local(13, flight=2))
        # left 14:30, due after 160 minutes at 17:10, ready after 240 more at 21:10 for 18:00
        assert row["leg_arr_delay"] is None
        assert row["leg_minutes_to_spare"] == -190.0

    def test_a_plane_that_should_have_left_is_late_by_the_time_since(self):
        row = self.aircraft(local(9, arrives=1040, late=400, left_late=390), local(13, flight=2))
        assert (row["leg_dep_delay"], row["leg_is_out"]) == (120.0, 0.0)  # asked at 16:00 UTC, due out at 14:00

    def test_a_plane_seen_for_the_first_time_has_seats_and_no_history(self):
        row = self.aircraft(local(13))
        assert (row["seats"], row["leg_minutes_to_spare"], row["leg_dep_delay"]) == (150.0, None, None)


class TestWeather:
    def readings(self, *rows: tuple[str, float]) -> pl.DataFrame:
        names = ("dewp", "humid", "wind_speed", "wind_gust", "precip", "pressure", "visib")
        made = pl.DataFrame({"time_hour": [at(moment) for moment, _ in rows], "temp": [value for _, value in rows]})
        return made.with_columns(
            pl.col("time_hour").dt.cast_time_unit("ms"),
            pl.lit("EWR").alias("origin"),
            *(pl.lit(0.5).alias(name) for name in names),
        )

    def test_the_last_hour_that_is_over_counts(self):
        schedule = timeline_of(local(12)).schedule  # asked at 15:00 UTC
        known = weather_features(
            schedule, self.readings(("2013-02-08 13:00", 1.0), ("2013-02-08 14:00", 2.0), ("2013-02-08 15:00", 3.0))
        )
        assert known["temp"][0] == 2.0

    def test_a_change_is_the_one_over_three_hours_and_rain_that_of_six(self):
        schedule = timeline_of(local(12)).schedule
        hours = [(f"2013-02-08 {hour:02}:00", float(hour)) for hour in range(5, 16)]
        row = weather_features(schedule, self.readings(*hours)).row(0, named=True)
        assert (row["temp_change"], row["precip_6h"]) == (3.0, 3.0)

    def test_a_reading_older_than_six_hours_is_none(self):
        schedule = timeline_of(local(12)).schedule
        assert weather_features(schedule, self.readings(("2013-02-08 07:00", 1.0)))["temp"][0] is None


class TestTable:
    def test_days_to_a_holiday_and_weekday_are_local(self):
        night = flight(month=7, day=3, hour=22, sched_dep_time=2200, time_hour="2013-07-04T02:00:00Z")
        row = timetable_features(timeline_of(night).schedule).row(0, named=True)
        assert (row["days_to_holiday"], row["weekday"], row["hour"]) == (1.0, 3.0, 22.0)

    def test_a_group_without_a_row_for_each_flight_is_refused(self):
        made = timeline_of(local(12), local(13, flight=2))
        with pytest.raises(ValueError, match="exactly one row"):
            join_features(made.schedule, made.outcomes, [timetable_features(made.schedule).head(1)])

    def test_rows_to_learn_from_were_answered_by_then(self):
        table = pl.DataFrame(
            {
                "scheduled_at": [at("2013-02-27 20:00"), at("2013-03-01 05:00"), at("2013-03-01 05:00")],
                "arrived_at": [at("2013-02-27 23:00"), at("2013-03-01 07:59"), at("2013-03-01 08:01")],
                "late": [False, True, True],
            }
        )
        assert answered(table, date(2013, 1, 1), date(2013, 3, 1)).height == 2
        assert departing(table, date(2013, 2, 27), date(2013, 2, 28)).height == 1


def test_the_data_beside_the_example_are_complete():
    assert {path.name for path in DATA.iterdir()} >= {
        *("flights.parquet", "weather.parquet", "planes.csv", "airports.csv", "airlines.csv"),
    }
