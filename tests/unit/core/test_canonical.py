"""Canonical text: typed, stable, and read back as an equal value."""

import dataclasses
import datetime as dt
import enum
import math
import subprocess
import sys
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.core.canonical import NotCanonicalError, canonical, restore
from headrace.core.parts import comparable
from headrace.core.values import InlineValue


class Carrier(enum.Enum):
    UNITED = "UA"
    DELTA = "DL"


@dataclasses.dataclass(frozen=True)
class Window:
    days: int
    carrier: Carrier


class Pair(NamedTuple):
    left: int
    right: float


ATOMS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary()
    | st.dates()
    | st.datetimes()
    | st.timedeltas()
    | st.decimals(allow_nan=False)
    | st.uuids()
    | st.sampled_from(Carrier)
    | st.builds(Window, st.integers(), st.sampled_from(Carrier))
    | st.builds(Pair, st.integers(), st.floats(allow_nan=False))
)
HASHABLE = st.integers() | st.text() | st.dates()
VALUES = st.recursive(
    ATOMS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(HASHABLE, inner, max_size=4)
        | st.sets(HASHABLE, max_size=4)
    ),
    max_leaves=12,
)


@given(VALUES)
def test_a_value_is_read_back_equal_and_of_the_same_type(value):
    back = restore(canonical(value))
    assert back == value
    assert type(back) is type(value)


@given(VALUES, VALUES)
def test_equal_texts_mean_equal_values(left, right):
    if canonical(left) == canonical(right):
        assert left == right


def test_numbers_booleans_and_texts_that_compare_equal_have_different_texts():
    assert len({canonical(value) for value in (1, 1.0, True, "1", (1,), [1])}) == 6


def test_not_a_number_and_infinities_are_kept():
    assert math.isnan(restore(canonical(math.nan)))
    assert restore(canonical(-math.inf)) == -math.inf
    assert canonical(-0.0) != canonical(0.0)


def test_the_order_of_a_dict_counts_and_the_order_of_a_set_does_not():
    assert canonical({"a": 1, "b": 2}) != canonical({"b": 2, "a": 1})
    assert canonical({"x", "y", "z"}) == canonical({"z", "y", "x"})


def test_a_dict_that_looks_like_a_tag_is_kept_as_a_dict():
    assert restore(canonical({"$": "date", "v": "2013-01-01"})) == {"$": "date", "v": "2013-01-01"}


def test_a_value_without_canonical_text_is_named_with_its_place():
    with pytest.raises(NotCanonicalError, match=r"functools\.partial at \['model'\]\[0\]"):
        canonical({"model": [__import__("functools").partial(print)]})


def test_texts_are_the_same_in_processes_with_other_hash_seeds():
    program = (
        "from headrace.core.canonical import canonical; print(canonical({'a': {'x', 'y', 'z'}, 'b': frozenset('pqr')}))"
    )
    texts = {
        subprocess.run(
            [sys.executable, "-c", program], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(texts) == 1


def test_a_moment_with_a_time_zone_is_kept():
    moment = dt.datetime(2013, 3, 10, 2, 30, tzinfo=dt.UTC)
    assert restore(canonical(moment)) == moment


@given(
    st.datetimes(dt.datetime(1990, 1, 1), dt.datetime(2030, 1, 1), allow_imaginary=True),  # noqa: DTZ001
    st.sampled_from(["Europe/Berlin", "America/New_York", "Asia/Kathmandu", "UTC"]),
    st.sampled_from([0, 1]),
)
def test_a_moment_keeps_the_rules_of_its_zone_and_which_of_two_it_is(moment, key, fold):
    there = moment.replace(tzinfo=ZoneInfo(key), fold=fold)
    back = restore(canonical(there))
    assert back.tzinfo is there.tzinfo
    assert (back.replace(tzinfo=None), back.utcoffset()) == (moment, there.utcoffset())
    later = dt.timedelta(days=200)
    assert (back + later).utcoffset() == (there.replace(fold=back.fold) + later).utcoffset()


OFFSETS = st.integers(-1439, 1439).map(lambda minutes: dt.timedelta(minutes=minutes))
NAMED = st.builds(dt.timezone, OFFSETS, st.text(max_size=8)) | st.builds(dt.timezone, OFFSETS) | st.just(dt.UTC)


@given(st.datetimes() | st.times(), NAMED)
def test_an_offset_keeps_the_name_that_it_was_given(moment, zone):
    there = moment.replace(tzinfo=zone)
    back = restore(canonical(there))
    assert (back, type(back), back.tzname(), back.utcoffset()) == (
        there,
        type(there),
        zone.tzname(None),
        there.utcoffset(),
    )
    assert canonical(back) == canonical(there)


def test_an_offset_without_a_name_is_written_as_ever():
    assert canonical(dt.time(1, tzinfo=dt.UTC)) == '{"$":"time","v":"01:00:00+00:00"}'
    india = dt.timezone(dt.timedelta(hours=5, minutes=30), "IST")
    assert canonical(dt.time(1, tzinfo=india)) == '{"$":"time","v":"01:00:00+05:30[=IST]"}'


@pytest.mark.parametrize("path", [Path("a/b"), PurePosixPath("a/b"), PureWindowsPath("c:/a/b")])
def test_a_path_stays_of_its_kind(path):
    back = restore(canonical(path))
    assert (back, type(back)) == (path, type(path))


@pytest.mark.parametrize("fold", [0, 1])
def test_both_hours_of_an_autumn_night_are_two(fold):
    moment = dt.datetime(2013, 10, 27, 2, 30, fold=fold, tzinfo=ZoneInfo("Europe/Berlin"))
    assert restore(canonical(moment)).fold == fold


def test_a_time_of_day_keeps_its_zone_and_a_zone_of_another_kind_has_no_text():
    time = dt.time(12, 30, tzinfo=ZoneInfo("Europe/Berlin"))
    assert restore(canonical(time)).tzinfo is time.tzinfo

    class Odd(dt.tzinfo):
        def utcoffset(self, moment):
            return dt.timedelta(hours=1)

    with pytest.raises(NotCanonicalError):
        canonical(dt.datetime(2013, 1, 1, tzinfo=Odd()))


@dataclasses.dataclass
class Counter:
    start: int
    seen: int = dataclasses.field(default=0, init=False)


class Side(enum.Flag):
    LEFT = 1
    RIGHT = 2


@dataclasses.dataclass
class WithArgument:
    start: int
    scale: dataclasses.InitVar[int]


def test_a_field_that_the_constructor_does_not_take_is_kept():
    counter = Counter(3)
    counter.seen = 7
    assert restore(canonical(counter)) == counter


def test_a_dataclass_with_state_beside_its_fields_has_no_canonical_text():
    counter = Counter(3)
    counter.hidden = 1
    with pytest.raises(NotCanonicalError):
        canonical(counter)
    with pytest.raises(NotCanonicalError):
        canonical(WithArgument(1, 2))


def test_combined_flags_are_kept():
    assert restore(canonical(Side.LEFT | Side.RIGHT)) == Side.LEFT | Side.RIGHT
    assert restore(canonical(Side.LEFT)) is Side.LEFT
    assert restore(canonical(Side(0))) == Side(0)


@pytest.mark.parametrize("name", ["float64", "float32", "float16", "int8", "uint64", "bool", "complex64"])
def test_a_numpy_scalar_is_read_back_with_its_type(name):
    numpy = pytest.importorskip("numpy")
    value = numpy.dtype(name).type(1)
    assert type(restore(canonical(value))) is type(value)
    assert restore(canonical(value)) == value
    assert canonical(value) != canonical(1)


def test_a_numpy_time_is_read_back_with_its_unit():
    numpy = pytest.importorskip("numpy")
    for value in (numpy.datetime64("2013-01-01T05:00", "ns"), numpy.timedelta64(3, "h")):
        assert restore(canonical(value)) == value
        assert restore(canonical(value)).dtype == value.dtype


def test_a_numpy_array_has_no_canonical_text():
    numpy = pytest.importorskip("numpy")
    for array in (numpy.zeros(3), numpy.array(1.0)):
        with pytest.raises(NotCanonicalError):
            canonical(array)


def test_a_search_compares_numpy_scalars_like_plain_numbers():
    numpy = pytest.importorskip("numpy")
    for value, plain in ((numpy.float64(0.5), 0.5), (numpy.int8(3), 3), (numpy.True_, True)):
        assert comparable(InlineValue(canonical(value))) == comparable(InlineValue(canonical(plain)))


@pytest.mark.parametrize(("number", "found"), [(10**300, 1e300), (10**400, None), (-(10**400), None)])
def test_a_search_compares_no_number_beyond_floats(number, found):
    assert comparable(InlineValue(canonical(number))) == (found, None)
