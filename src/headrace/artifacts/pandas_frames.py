"""pandas frames, series and indexes as Arrow IPC files that keep pandas' memory layout: columns of one type lie at
equal distances, so that reading back is one map and one block, and `to_numpy()` copies nothing."""

import base64
import json
from itertools import pairwise
from typing import Any

from headrace.artifacts.arrow_tables import read_batch, write_batch
from headrace.artifacts.formats import Draft, FormatSettings, UncarriedError
from headrace.artifacts.objects import ObjectSource
from headrace.artifacts.pandas_columns import Description, array_of, decode, encode, offset_of
from headrace.core.canonical import NotCanonicalError, canonical, restore
from headrace.core.symbols import resolve
from headrace.core.values import ObjectValue

_META = b"headrace"
_SERIES, _INDEX = "pandas:Series", "pandas:Index"
_TRANSPOSED_ROWS = 1 << 15


class PandasFormat:
    """Frames, series and indexes, exactly as pandas 3 holds them.

    What is read lies on a private map: it can be written to like any frame, and nobody else sees it.
    """

    name = "pandas"
    is_canonical = True

    def __init__(self, settings: FormatSettings) -> None:
        del settings

    def draft(self, value: object) -> Draft | None:
        """Anything but columns of objects without canonical text, sparse columns and foreign extension types."""
        try:
            return self._draft(value)
        except NotCanonicalError as error:
            raise UncarriedError(f"a name or attribute of it: {error}") from error

    def _draft(self, value: Any) -> Draft:
        import pandas as pd  # the library of this format

        python_type = "" if isinstance(value, pd.DataFrame) else _SERIES if isinstance(value, pd.Series) else _INDEX
        batch = to_arrow(value)
        kept: Any = value.copy(deep=False)
        return Draft(
            self.name,
            lambda sink: write_batch(batch, sink),
            python_type=python_type,
            share=(lambda: kept.copy(deep=False)) if is_provably_private(value) else None,
        )

    def read(self, source: ObjectSource, value: ObjectValue) -> object:
        """The frame, series or index on a private map."""
        del value
        return from_arrow(source.map(private=True))


def to_arrow(value: Any) -> Any:
    """A record batch that shares memory with a frame, series or index; raises UncarriedError."""
    import pandas as pd
    import pyarrow as pa

    fields: list[tuple[str, Any]] = []
    about: dict[str, Any] = {}
    if isinstance(value, pd.Index):
        about["kind"], about["row_labels"] = "index", _describe_index(value, fields, "__index__")
    elif isinstance(value, pd.Series):
        about["kind"], about["name"] = "series", canonical(value.name)
        _describe_columns(value.to_frame("0"), fields, about, ["values"])
    else:
        about["kind"] = "frame"
        names = [name if isinstance(name, str) else f"column {index}" for index, name in enumerate(value.columns)]
        _describe_columns(value, fields, about, names)
        about["column_labels"] = _describe_labels(value.columns)
    metadata = {_META: json.dumps(about, separators=(",", ":"), ensure_ascii=True)}
    schema = pa.schema([pa.field(name, array.type) for name, array in fields], metadata)
    return pa.RecordBatch.from_arrays([array for _, array in fields], schema=schema)


def _describe_columns(frame: Any, fields: list[tuple[str, Any]], about: dict[str, Any], names: list[str]) -> None:
    columns: list[Description] = []
    for position, values in enumerate(_column_arrays(frame)):
        try:
            array, description = encode(values)
        except UncarriedError as error:
            raise UncarriedError(f"column {names[position]!r} has {error}") from error
        fields.append((names[position], array))
        columns.append(description)
    about["columns"] = columns
    about["rows"] = len(frame)
    about["row_labels"] = _describe_index(frame.index, fields, "__index__")
    if frame.attrs:
        about["attrs"] = canonical(frame.attrs)
    if not frame.flags.allows_duplicate_labels:
        about["unique"] = True


def _column_arrays(frame: Any) -> list[Any]:
    """The columns' arrays; those of a block that is laid out row by row are turned over together, in pieces that fit
    the processor's cache (six times quicker than one by one)."""
    import numpy as np

    arrays = [array_of(frame.iloc[:, position]) for position in range(frame.shape[1])]
    scattered: dict[Any, list[int]] = {}
    for position, array in enumerate(arrays):
        if isinstance(array, np.ndarray) and array.dtype != object and not array.flags.c_contiguous:
            scattered.setdefault(array.dtype, []).append(position)
    for dtype, positions in scattered.items():
        turned = np.empty((len(positions), len(frame)), dtype)
        for start in range(0, len(frame), _TRANSPOSED_ROWS):
            for row, position in enumerate(positions):
                turned[row, start : start + _TRANSPOSED_ROWS] = arrays[position][start : start + _TRANSPOSED_ROWS]
        for row, position in enumerate(positions):
            arrays[position] = turned[row]
    return arrays


def _describe_index(index: Any, fields: list[tuple[str, Any]], name: str) -> Description:
    import pandas as pd
    import pyarrow as pa

    if isinstance(index, pd.RangeIndex):
        return ["range", index.start, index.stop, index.step, canonical(index.name)]
    if isinstance(index, pd.MultiIndex):
        used = index.remove_unused_levels()
        levels: list[Description] = []
        for number, (level, codes) in enumerate(zip(used.levels, used.codes, strict=True)):
            dictionary, inner = encode(array_of(level))
            indices, codes_inner = encode(_numpy(codes))
            array = pa.DictionaryArray.from_arrays(_with_gaps(indices, codes), dictionary, safe=False)
            fields.append((f"{name}{number}", array))
            levels.append([inner, codes_inner])
        return ["multi", levels, [canonical(one) for one in index.names]]
    array, inner = encode(array_of(index))
    fields.append((name, array))
    frequency = getattr(index, "freqstr", None) if isinstance(index, pd.DatetimeIndex | pd.TimedeltaIndex) else None
    return ["plain", inner, canonical(index.name), frequency]


def _with_gaps(indices: Any, codes: Any) -> Any:
    import numpy as np
    import pyarrow as pa

    bitmap = pa.py_buffer(np.packbits(np.asarray(codes) >= 0, bitorder="little"))
    return pa.Array.from_buffers(indices.type, len(indices), [bitmap, indices.buffers()[1]])


def _numpy(values: Any) -> Any:
    import numpy as np

    return np.asarray(values)


def _describe_labels(labels: Any) -> Description:
    """The column labels: as part of the description if they are plain texts, else as a small table of their own."""
    import pandas as pd
    import pyarrow as pa

    if isinstance(labels, pd.RangeIndex):
        return _describe_index(labels, [], "")
    fields: list[tuple[str, Any]] = []
    inner = _describe_index(labels, fields, "labels")
    batch = pa.RecordBatch.from_arrays([array for _, array in fields], names=[name for name, _ in fields])
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return ["table", inner, base64.b64encode(sink.getvalue().to_pybytes()).decode("ascii")]


def from_arrow(content: Any) -> Any:
    """The frame, series or index of an Arrow file in a buffer, on that buffer's memory."""
    import pandas as pd

    batch = read_batch(content)
    about = json.loads(batch.schema.metadata[_META])
    arrays = batch.columns
    if about["kind"] == "index":
        return _restore_index(about["row_labels"], arrays, content)
    count = len(about["columns"])
    index = _restore_index(about["row_labels"], arrays[count:], content)
    if about["kind"] == "series":
        values = decode(arrays[0], about["columns"][0], content)
        made: Any = pd.Series(values, index=index, name=restore(about["name"]), copy=False, dtype=_dtype_of(values))
    else:
        made = _assemble(arrays[:count], about, index, content)
    if "attrs" in about:
        made.attrs = restore(about["attrs"])
    return made.set_flags(allows_duplicate_labels=False) if "unique" in about else made


def _dtype_of(values: Any) -> Any:
    return object if values.dtype == object else None


def _assemble(arrays: list[Any], about: dict[str, Any], index: Any, content: Any) -> Any:
    import numpy as np

    create: Any = resolve("pandas.api.internals:create_dataframe_from_blocks")  # no stubs know it
    blocks: list[tuple[Any, Any]] = []
    alike: dict[str, list[int]] = {}
    for position, description in enumerate(about["columns"]):
        if description[0] == "numpy":
            alike.setdefault(description[1], []).append(position)
            continue
        values = decode(arrays[position], description, content)
        is_flat = isinstance(values, np.ndarray)
        blocks.append((values.reshape(1, -1) if is_flat else values, np.array([position])))
    for dtype, positions in alike.items():
        blocks += _numpy_blocks(arrays, positions, np.dtype(dtype), content)
    labels = _restore_labels(about["column_labels"])
    return create(blocks, index=index, columns=labels)


def _numpy_blocks(arrays: list[Any], positions: list[int], dtype: Any, content: Any) -> list[tuple[Any, Any]]:
    """Columns of one type as one block if they lie at equal distances, else as a block each."""
    import numpy as np

    rows = len(arrays[positions[0]])
    if rows == 0:
        return [(np.empty((len(positions), 0), dtype), np.array(positions))]
    starts = [offset_of(arrays[position], dtype.itemsize, content) for position in positions]
    step = starts[1] - starts[0] if len(starts) > 1 else rows * dtype.itemsize
    if step > 0 and all(after - before == step for before, after in pairwise(starts)):
        block = np.ndarray((len(positions), rows), dtype, content, starts[0], (step, dtype.itemsize))
        return [(block, np.array(positions))]
    return [
        (np.ndarray((1, rows), dtype, content, start), np.array([position]))
        for start, position in zip(starts, positions, strict=True)
    ]


def _restore_index(description: Description, arrays: list[Any], content: Any) -> Any:
    import numpy as np
    import pandas as pd

    if description[0] == "range":
        return pd.RangeIndex(description[1], description[2], description[3], name=restore(description[4]))
    if description[0] == "multi":
        levels: Any = [
            pd.Index(decode(one.dictionary, inner[0], content), copy=False)
            for one, inner in zip(arrays, description[1], strict=True)
        ]
        codes: Any = [
            np.asarray(decode(one.indices, inner[1], content))
            for one, inner in zip(arrays, description[1], strict=True)
        ]
        return pd.MultiIndex(levels, codes, names=[restore(name) for name in description[2]], verify_integrity=False)
    values = decode(arrays[0], description[1], content)
    index: Any = pd.Index(values, name=restore(description[2]), copy=False, dtype=_dtype_of(values))
    if description[3] is not None:
        index.freq = description[3]
    return index


def _restore_labels(description: Description) -> Any:
    if description[0] != "table":
        return _restore_index(description, [], b"")
    content = base64.b64decode(description[2])
    return _restore_index(description[1], read_batch(content).columns, content)


def is_provably_private(value: Any) -> bool:
    """Whether nobody can alter a frame's memory behind pandas' back: set when sharing is built."""
    del value
    return False
