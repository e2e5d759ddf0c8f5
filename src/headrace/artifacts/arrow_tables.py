"""PyArrow tables and record batches as Arrow IPC files, read back on a read-only map without copying."""

from typing import Any

from headrace.artifacts.formats import Draft, FormatSettings, UncarriedError
from headrace.artifacts.objects import ObjectSource, Sink
from headrace.core.values import ObjectValue

_BATCH = "pyarrow:RecordBatch"


class ArrowFormat:
    """Tables and batches as one record batch: neither the chunks of a table nor what lies under its nulls counts.

    View and run-end-encoded types are written as they lie in memory, which depends on how they came about.
    """

    name = "arrow"
    is_canonical = True

    def __init__(self, settings: FormatSettings) -> None:
        del settings

    def draft(self, value: object) -> Draft | None:
        """A table or a record batch."""
        import pyarrow as pa  # the library of this format

        is_batch = isinstance(value, pa.RecordBatch)
        whole: Any = value if is_batch else to_batch(value)
        columns = [tidy(column) for column in whole.columns]
        batch = pa.RecordBatch.from_arrays(columns, schema=whole.schema)
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


def tidy(array: Any) -> Any:
    """The same values with zeros under nulls and nothing behind the last one; copied only where that is not sure."""
    import numpy as np  # counts quicker than Python
    import pyarrow as pa  # the library of this format

    kind = array.type
    if array.null_count == 0:
        if pa.types.is_primitive(kind) and not pa.types.is_boolean(kind):
            return _cut_to_size(array, kind.bit_width // 8)
        if _is_exact_text(array):
            return array
    try:
        return array.take(pa.array(np.arange(len(array))))
    except pa.ArrowNotImplementedError:
        return array


def _cut_to_size(array: Any, width: int) -> Any:
    """Numbers or times on a buffer that ends with them: Arrow would write a little of what lies behind."""
    import pyarrow as pa  # the library of this format

    values = array.buffers()[1]
    if values is None:
        return array
    values = values.slice(array.offset * width, len(array) * width)
    return pa.Array.from_buffers(array.type, len(array), [None, values])


def _is_exact_text(array: Any) -> bool:
    """Whether a text or binary array begins and ends with its buffers."""
    import pyarrow as pa  # the library of this format

    is_long = pa.types.is_large_string(array.type) or pa.types.is_large_binary(array.type)
    if not (is_long or pa.types.is_string(array.type) or pa.types.is_binary(array.type)) or array.offset:
        return False
    _, ends, content = array.buffers()
    offsets = memoryview(ends).cast("B").cast("q" if is_long else "i")
    return len(offsets) == len(array) + 1 and content is not None and content.size == offsets[-1]


def write_batch(batch: Any, sink: Sink) -> None:
    """An Arrow IPC file of one record batch, uncompressed, buffers handed to the sink without copying."""
    import pyarrow as pa  # the library of this format

    with pa.PythonFile(sink, mode="w") as file, pa.ipc.new_file(file, batch.schema) as writer:
        writer.write_batch(batch)


def read_batch(content: Any) -> Any:
    """The one record batch of an Arrow IPC file in a buffer, without copying; None if it has none."""
    import pyarrow as pa  # the library of this format

    file = pa.ipc.open_file(pa.py_buffer(content))
    return file.get_batch(0) if file.num_record_batches else None
