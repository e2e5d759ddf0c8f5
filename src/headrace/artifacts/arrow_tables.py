"""PyArrow tables and record batches as Arrow IPC files, read back on a read-only map without copying."""

from typing import Any

from headrace.artifacts.formats import Draft, FormatSettings, UncarriedError
from headrace.artifacts.objects import ObjectSource, Sink
from headrace.core.values import ObjectValue

_BATCH = "pyarrow:RecordBatch"


class ArrowFormat:
    """Tables and batches as one record batch, so that how a table was cut into chunks does not count.

    What stands under nulls is whatever the table holds there: two tables that differ only in that have two digests.
    """

    name = "arrow"
    is_canonical = True

    def __init__(self, settings: FormatSettings) -> None:
        del settings

    def draft(self, value: object) -> Draft | None:
        """A table or a record batch."""
        import pyarrow as pa  # the library of this format

        is_batch = isinstance(value, pa.RecordBatch)
        batch = value if is_batch else to_batch(value)
        return Draft(
            self.name,
            lambda sink: write_batch(batch, sink),
            python_type=_BATCH if is_batch else "",
        )

    def read(self, source: ObjectSource, value: ObjectValue) -> object:
        """The table or batch on a read-only map."""
        import pyarrow as pa  # the library of this format

        batch = read_batch(source.map())
        return batch if value.python_type == _BATCH else pa.Table.from_batches([batch])


def to_batch(table: Any) -> Any:
    """A table's rows as one record batch; one that is cut into chunks is copied."""
    import pyarrow as pa  # the library of this format

    whole = table.unify_dictionaries().combine_chunks()
    chunks = [column.chunks or [pa.array([], column.type)] for column in whole.columns]
    if any(len(parts) > 1 for parts in chunks):
        raise UncarriedError("a column of it is too large for one Arrow array; use large_string or large_binary")
    return pa.RecordBatch.from_arrays([parts[0] for parts in chunks], schema=whole.schema)


def write_batch(batch: Any, sink: Sink) -> None:
    """An Arrow IPC file of one record batch, uncompressed, buffers handed to the sink without copying."""
    import pyarrow as pa  # the library of this format

    with pa.PythonFile(sink, mode="w") as file, pa.ipc.new_file(file, batch.schema) as writer:
        writer.write_batch(batch)


def read_batch(content: Any) -> Any:
    """The one record batch of an Arrow IPC file in a buffer, without copying."""
    import pyarrow as pa  # the library of this format

    return pa.ipc.open_file(pa.py_buffer(content)).get_batch(0)
