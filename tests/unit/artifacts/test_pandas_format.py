"""pandas frames, series and indexes come back exactly, in their memory layout, writable and to equal bytes."""

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from pandas.testing import assert_frame_equal, assert_index_equal, assert_series_equal

from artifact_kit import read, round_trip, written
from headrace.artifacts.formats import FormatSettings, UncarriedError
from headrace.artifacts.pandas_frames import PandasFormat

ROWS = 5
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)


def column(elements, dtype=None):
    return st.lists(elements, min_size=ROWS, max_size=ROWS).map(lambda values: pd.Series(values, dtype=dtype))


COLUMNS = st.one_of(
    column(st.integers(-9, 9), "int64"),
    column(st.integers(0, 9), "uint8"),
    column(st.floats(), "float64"),
    column(st.floats(width=32), "float32"),
    column(st.booleans(), "bool"),
    column(st.none() | st.integers(-9, 9), "Int32"),
    column(st.none() | st.booleans(), "boolean"),
    column(st.none() | st.floats(allow_nan=False), "Float64"),
    column(TEXT | st.none(), "str"),
    column(TEXT | st.none(), "string"),
    column(TEXT | st.none(), pd.StringDtype("python")),
    column(TEXT | st.none(), "object"),
    column(TEXT | st.just(np.nan), "object"),
    column(st.none() | st.integers() | TEXT | st.dates() | st.lists(st.integers()) | st.booleans(), "object"),
    column(st.none() | st.sampled_from("abc"), pd.CategoricalDtype(list("cba"), ordered=True)),
    column(st.none() | st.sampled_from([3, 5]), pd.CategoricalDtype([5, 3])),
    column(st.none() | st.datetimes(*map(dt.datetime.fromisoformat, ("1900-01-01", "2100-01-01"))), "datetime64[us]"),
    column(
        st.none() | st.datetimes(*map(dt.datetime.fromisoformat, ("1971-01-01", "2030-01-01"))),
        "datetime64[ns, America/New_York]",
    ),
    column(st.none() | st.timedeltas(dt.timedelta(-9), dt.timedelta(9)), "timedelta64[us]"),
    column(st.none() | st.integers(-9, 9), "int64[pyarrow]"),
)
INDEXES = st.one_of(
    st.just(pd.RangeIndex(ROWS)),
    st.just(pd.RangeIndex(3, 3 + 2 * ROWS, 2, name="every other")),
    st.just(pd.date_range("2013-01-01", periods=ROWS, freq="h", name="hour")),
    st.just(pd.MultiIndex.from_product([["a"], range(ROWS)], names=["letter", None])),
    st.lists(TEXT, min_size=ROWS, max_size=ROWS).map(pd.Index),
)
LABELS = TEXT | st.integers(0, 99) | st.tuples(st.integers(0, 9), TEXT)


@st.composite
def frames(draw):
    columns = draw(st.lists(COLUMNS, min_size=1, max_size=5))
    frame = pd.concat(columns, axis=1)
    labels = draw(st.lists(LABELS, min_size=len(columns), max_size=len(columns)))
    frame.columns = pd.Index(labels, dtype=object, tupleize_cols=False)
    frame.index = draw(INDEXES)
    return frame


@given(frames())
def test_a_frame_comes_back_exactly(frame):
    back = round_trip(frame)
    assert_frame_equal(back, frame, check_freq=True, check_exact=True)
    assert [type(label) for label in back.columns] == [type(label) for label in frame.columns]


@given(frames())
def test_equal_frames_are_written_alike_however_they_came_about(frame):
    cut_out = pd.concat([frame, frame]).iloc[ROWS:]
    cut_off = pd.concat([frame, frame]).iloc[:ROWS]
    cut_out.index = cut_off.index = frame.index
    assert len({written(one)[0] for one in (frame, cut_out, cut_off, frame.copy())}) == 1


@given(frames())
def test_what_was_read_is_written_to_the_same_bytes(frame):
    assert written(round_trip(frame))[0] == written(frame)[0]


@given(COLUMNS, LABELS)
def test_a_series_comes_back_exactly(series, name):
    series.name = name
    assert_series_equal(round_trip(series), series, check_exact=True)


@pytest.mark.parametrize(
    "index",
    [
        pd.Index([1, 2], name="n"),
        pd.Index([1.5, None]),
        pd.Index(["a", None], dtype="str"),
        pd.Index(["a", 1], dtype=object),
        pd.RangeIndex(2, 10, 3),
        pd.date_range("2013-01-01", periods=3, freq="D", tz="UTC"),
        pd.DatetimeIndex(["2013-01-01", None]),
        pd.timedelta_range("1h", periods=3),
        pd.period_range("2013-01", periods=3, freq="M"),
        pd.interval_range(0, 3, closed="left"),
        pd.CategoricalIndex(["b", "a", None], ordered=True),
        pd.MultiIndex.from_tuples([("a", 1), ("b", None)], names=["x", "y"]),
        pd.Index([], dtype="int8"),
    ],
    ids=lambda index: type(index).__name__,
)
def test_an_index_comes_back_exactly(index):
    back = round_trip(index)
    assert_index_equal(back, index, exact=True)
    assert getattr(back, "freq", None) == getattr(index, "freq", None)


@pytest.mark.parametrize(
    "values",
    [
        pd.period_range("2013-01", periods=3, freq="M"),
        pd.cut([0.1, 0.5, np.nan], 2),
        pd.arrays.IntervalArray.from_breaks([0, 1, 2, 3]),
        np.array([1, 2, 3], dtype="complex64"),
        np.array([1, 2, 3], dtype="float16"),
        np.array([1, 2, 3], dtype=np.longdouble),
        np.array([1, 2, 3], dtype="timedelta64[s]"),
        pd.array(["a", None, "c"], dtype="string[pyarrow]"),
        pd.Series([[1], None, [2, 3]], dtype=pd.ArrowDtype(pa.list_(pa.int8()))),
        pd.Series([Decimal("1.5"), None, {"a": (1, 2)}], dtype=object),
    ],
    ids=str,
)
def test_rarer_types_come_back_exactly(values):
    for frame in (pd.DataFrame({"a": values, "b": [1, 2, 3]}), pd.DataFrame({"a": values}).iloc[:0]):
        assert_frame_equal(round_trip(frame), frame)


def test_frames_without_rows_or_columns_come_back():
    for frame in (
        pd.DataFrame(),
        pd.DataFrame(index=["a", "b"]),
        pd.DataFrame(columns=["a", "b"]),
        pd.DataFrame({"a": pd.Categorical([], categories=["x"])}),
        pd.DataFrame({"a": np.zeros(0), "b": np.zeros(0)}),
    ):
        assert_frame_equal(round_trip(frame), frame)


def test_repeated_and_odd_column_names_come_back():
    frame = pd.DataFrame(np.arange(12.0).reshape(3, 4), columns=["a", "a", "__index__", ""])
    frame.columns.name = "letters"
    assert_frame_equal(round_trip(frame), frame)
    for labels in (
        pd.date_range("2013", periods=4),
        pd.MultiIndex.from_product([[1, 2], ["x", "y"]]),
        range(4),
        [1, 2, 3, 5],
    ):
        frame.columns = labels
        assert_frame_equal(round_trip(frame), frame)


def test_attributes_and_flags_come_back():
    frame = pd.DataFrame({"a": [1]}).set_flags(allows_duplicate_labels=False)
    frame.attrs["source"] = {"file": "x.csv"}
    back = round_trip(frame)
    assert back.attrs == {"source": {"file": "x.csv"}}
    assert not back.flags.allows_duplicate_labels


def test_columns_of_one_type_come_back_as_one_block_without_copying():
    frame = pd.DataFrame(np.random.default_rng(0).random((1001, 4)), columns=list("abcd"))
    content, value = written(frame)
    memory = np.frombuffer(bytearray(content), np.uint8)
    back = read_from(memory, value)
    values = back.to_numpy()
    assert np.shares_memory(values, memory)
    assert (values == frame.to_numpy()).all()


def test_columns_of_two_types_in_turn_come_back_as_two_blocks():
    frame = pd.DataFrame({"a": [1.0, 2.0], "n": [1, 2], "b": [3.0, 4.0], "m": [3, 4]})
    back = round_trip(frame)
    assert len(back._mgr.blocks) == 2
    assert_frame_equal(back, frame)


def test_a_frame_that_is_laid_out_row_by_row_is_written_like_any_other():
    array = np.random.default_rng(0).random((70_000, 3))
    by_rows, by_columns = pd.DataFrame(array, copy=False), pd.DataFrame(array, copy=True)
    assert written(by_rows)[0] == written(by_columns)[0]


def test_a_frame_that_was_read_can_be_worked_with():
    frame = pd.DataFrame({"a": [3.0, 1.0], "b": ["x", "y"], "c": [True, False]})
    content, value = written(frame)
    back = read(content, value)
    back["d"] = back["a"] * 2
    back.loc[0, "a"] = 9.0
    back.iloc[1, 1] = "z"
    back = back.sort_values("a")
    back["a"] += 1
    assert back["a"].tolist() == [2.0, 10.0]
    assert_frame_equal(read(content, value), frame)


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (pd.DataFrame({"thing": [object()]}), "column 'thing' has objects that have no canonical text"),
        (pd.DataFrame({"thing": pd.arrays.SparseArray([0, 1])}), "column 'thing' has dtype Sparse"),
        (pd.DataFrame({"a": [1]}, index=pd.Index([1], name=pd.Timestamp("2013"))), "a name or attribute"),
    ],
)
def test_what_arrow_cannot_carry_is_refused_with_its_column(frame, reason):
    with pytest.raises(UncarriedError, match=reason):
        written(frame)


@given(npst.arrays(np.float64, (3, 2)))
def test_not_a_number_keeps_its_bits(array):
    assert round_trip(pd.DataFrame(array)).to_numpy().tobytes() == pd.DataFrame(array).to_numpy().tobytes()


def read_from(memory, value):
    class Source:
        def map(self, *, private=False):
            return memory.data

    return PandasFormat(FormatSettings()).read(Source(), value)
