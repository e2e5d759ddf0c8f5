"""Polars frames and series as Arrow IPC files, written by Polars itself and mapped through PyArrow where that pays."""

import sys
from typing import Any

from headrace.artifacts.arrow_tables import read_batch, to_batch, write_batch
from headrace.artifacts.formats import Draft, FormatSettings, UncarriedError
from headrace.artifacts.objects import ObjectSource, Sink
from headrace.core.values import ObjectValue

_SERIES, _LAZY = "polars:Series", "polars:LazyFrame"
_MAP_FROM_BYTES = 64 << 20
"""Below, reading with Polars (a copy) is quicker than importing PyArrow (0.15 s) for its map."""


class PolarsFormat:
    """Frames as one record batch without string views, whose layout would depend on how a frame came about.

    A lazy frame is collected when it is stored, and is read back as a lazy frame over the stored rows.
    """

    name = "polars"
    is_canonical = True

    def __init__(self, settings: FormatSettings) -> None:
        del settings

    def draft(self, value: object) -> Draft | None:
        """A frame, a lazy frame or a series; columns of Python objects are left to pickles."""
        import polars as pl  # the library of this format

        python_type = ""
        if isinstance(value, pl.LazyFrame):
            frame, python_type = value.collect(), _LAZY
        elif isinstance(value, pl.Series):
            frame, python_type = value.to_frame(), _SERIES
        else:
            assert isinstance(value, pl.DataFrame)
            frame = value.clone()
        objects = [name for name, dtype in frame.schema.items() if holds_objects(dtype)]
        if objects:
            raise UncarriedError(f"column {objects[0]!r} holds Python objects")
        return Draft(
            self.name,
            lambda sink: write_frame(frame, sink),
            python_type=python_type,
        )

    def read(self, source: ObjectSource, value: ObjectValue) -> object:
        """The frame: on a map if it is large (or PyArrow loaded) and its types allow it, else read by Polars."""
        import polars as pl  # the library of this format

        frame = None
        if value.size_bytes >= _MAP_FROM_BYTES or "pyarrow" in sys.modules:
            frame = _mapped(source)
        if frame is None:
            frame = pl.read_ipc(source.read())
        return _as_type(frame, value.python_type)


def write_frame(frame: Any, sink: Sink) -> None:
    """An Arrow IPC file of one record batch, uncompressed; a large one without copying, if PyArrow is installed."""
    import polars as pl  # the library of this format

    whole = frame.rechunk()
    untidy = [
        name
        for name, dtype in whole.schema.items()
        if dtype == pl.Boolean or dtype.is_nested() or whole[name].null_count() or _may_have_mask(whole[name])
    ]
    if untidy:
        # Gathering writes zeros under nulls and behind the last bit, where anything may stand after other operations,
        # and leaves out a mask of nulls that has none any more.
        every = pl.int_range(whole.height, dtype=pl.get_index_type(), eager=True)
        whole = whole.with_columns(whole[name].gather(every) for name in untidy).rechunk()
    batch = _as_batch(whole) if whole.estimated_size() >= _MAP_FROM_BYTES else None
    if batch is not None:
        write_batch(batch, sink)
        return
    whole.write_ipc(
        sink, compression="uncompressed", compat_level=pl.CompatLevel.oldest(), record_batch_size=max(1, frame.height)
    )


def _may_have_mask(column: Any) -> bool:
    """Whether a column without nulls may still carry their mask, as one does that was filtered.

    Polars shows no mask, but counts it: what is larger than its values has one. Texts vary in size, so theirs cannot be
    told.
    """
    import polars as pl  # the library of this format

    if column.dtype in (pl.String, pl.Binary):
        return True
    width = pl.Series([None], dtype=column.dtype).estimated_size() - 1
    return bool(column.estimated_size() > width * column.len())


def _as_batch(frame: Any) -> Any:
    """The frame as an Arrow batch on its own memory; None without PyArrow or for types that it would not keep."""
    import polars as pl  # the library of this format

    try:
        table = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
    except ImportError:
        return None  # Polars itself copies what it writes
    return to_batch(table) if _is_exact(table.schema) else None


def holds_objects(dtype: Any) -> bool:
    """Whether a Polars type is or contains Python objects."""
    import polars as pl  # the library of this format

    if isinstance(dtype, pl.List | pl.Array):
        return holds_objects(dtype.inner)
    if isinstance(dtype, pl.Struct):
        return any(holds_objects(field.dtype) for field in dtype.fields)
    return bool(dtype == pl.Object)


def _mapped(source: ObjectSource) -> Any:
    """The frame on a map; None without PyArrow or for types that it would not give back exactly."""
    import polars as pl  # the library of this format

    try:
        batch = read_batch(source.map())
    except (ImportError, NotImplementedError):
        return None  # only PyArrow can map an Arrow file, and it does not know all types of Polars (Int128)
    if batch is None:
        return None  # Polars writes no batch for a frame without rows
    if not _is_exact(batch.schema):
        return None
    return pl.from_arrow(batch, rechunk=False)


def _is_exact(schema: Any) -> bool:
    """Whether Polars and PyArrow mean the same by all these types."""
    import pyarrow as pa  # the caller has it

    kinds = pa.types
    exact = (kinds.is_integer, kinds.is_floating, kinds.is_boolean, kinds.is_large_string, kinds.is_date32)
    return all(any(test(field.type) for test in (*exact, kinds.is_timestamp, kinds.is_duration)) for field in schema)


def _as_type(frame: Any, python_type: str) -> Any:
    if python_type == _SERIES:
        return frame.to_series()
    return frame.lazy() if python_type == _LAZY else frame
