"""Equal Polars columns have equal bytes, whatever was done to make them."""

import io
import sys
from datetime import date

import polars as pl
import pyarrow as pa  # noqa: F401 - Polars frames are read through it once it is loaded
import pytest

from artifact_kit import round_trip
from headrace.artifacts.polars_frames import write_frame

COLUMNS = {
    "text": ["a", None, "a text that is longer than twelve bytes"],
    "whole": [1, None, 3],
    "real": [0.5, None, 1.5],
    "day": [date(2013, 1, 1), None, date(2013, 1, 2)],
    "flag": [True, None, False],
    "list": [[1], None, [2, 3]],
    "bytes": [b"a", None, b"b"],
}


def content(column: pl.Series) -> bytes:
    sink = io.BytesIO()
    write_frame(column.to_frame(), sink)
    return sink.getvalue()


@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_that_once_had_nulls_is_written_like_one_that_never_had(name: str):
    some = pl.Series("x", COLUMNS[name] * 50)
    filtered = some.filter(some.is_not_null())
    anew = pl.Series("x", filtered.to_list(), dtype=some.dtype)
    assert filtered.equals(anew)
    assert content(filtered) == content(anew)


def test_a_column_of_categories_that_once_had_nulls_is_written_alike():
    some = pl.Series("x", ["a", None, "b"] * 50).cast(pl.Enum(["a", "b"]))
    assert content(some.drop_nulls()) == content(pl.Series("x", ["a", "b"] * 50).cast(pl.Enum(["a", "b"])))


def test_whole_numbers_of_128_bits_come_back_whether_pyarrow_is_loaded_or_not():
    frame = pl.DataFrame({"x": pl.Series([2**100, -1, None], dtype=pl.Int128)})
    assert "pyarrow" in sys.modules
    assert round_trip(frame).equals(frame)
