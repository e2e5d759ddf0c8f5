"""One-dimensional pandas data as Arrow arrays and back, exactly: what Arrow knows by other names is told by a small
description of its own. Buffers are shared in both directions wherever the bytes are the same."""

from typing import Any

from headrace.artifacts.arrow_tables import tidy
from headrace.artifacts.formats import UncarriedError
from headrace.core.canonical import NotCanonicalError, canonical, restore

Description = list[Any]
"""How to read an Arrow array back: a word and what it needs, as plain JSON data."""


def encode(values: Any) -> tuple[Any, Description]:
    """An Arrow array and its description, of a NumPy or pandas array; raises UncarriedError."""
    import numpy as np  # pandas stands on it

    if isinstance(values, np.ndarray):
        return encode_objects(values) if values.dtype == object else encode_numpy(values)
    if isinstance(values.dtype, np.dtype) and values.dtype.kind in "mM":
        return encode_numpy(np.asarray(values))
    kind = type(values.dtype)
    write = _WRITERS.get(kind.__name__) if kind.__module__.partition(".")[0] == "pandas" else None
    if write is None:
        raise UncarriedError(f"dtype {values.dtype} of {type(values).__module__}")
    return write(values)


def decode(array: Any, description: Description, buffer: Any) -> Any:
    """The NumPy or pandas array of an Arrow array; `buffer` is the memory that the Arrow array lies in."""
    return _READERS[description[0]](array, description, buffer)


def numpy_view(array: Any, dtype: Any, buffer: Any) -> Any:
    """The values of a fixed-width Arrow array as a NumPy array on the same memory (as writable as `buffer` is)."""
    import numpy as np  # pandas stands on it

    if len(array) == 0:
        return np.empty(0, dtype)
    return np.frombuffer(buffer, dtype, len(array), offset_of(array, dtype.itemsize, buffer))


def offset_of(array: Any, itemsize: int, buffer: Any) -> int:
    """Where the values of a fixed-width Arrow array begin in the memory that it lies in."""
    import pyarrow as pa  # the columns' format

    return int(array.buffers()[1].address - pa.py_buffer(buffer).address + array.offset * itemsize)


def arrow_type_of(dtype: Any) -> Any:
    """The Arrow type whose values have the same bytes as a NumPy type; truth values are bytes of 0 and 1."""
    import numpy as np
    import pyarrow as pa

    if not dtype.isnative or dtype.kind not in "biufcmM":
        raise UncarriedError(f"NumPy dtype {dtype}")
    if dtype.kind == "b":
        return pa.uint8()
    if dtype.kind in "mM":
        unit = np.datetime_data(dtype)
        if unit[0] not in ("s", "ms", "us", "ns") or unit[1] != 1:
            raise UncarriedError(f"NumPy dtype {dtype}")
        return pa.timestamp(unit[0]) if dtype.kind == "M" else pa.duration(unit[0])
    if dtype.kind == "c" or dtype.itemsize > 8:
        return pa.binary(dtype.itemsize)
    return pa.from_numpy_dtype(dtype)


def encode_numpy(values: Any) -> tuple[Any, Description]:
    """Numbers, truth values and times."""
    import numpy as np
    import pyarrow as pa

    kind = arrow_type_of(values.dtype)
    flat = np.ascontiguousarray(values)
    array = pa.Array.from_buffers(kind, len(flat), [None, pa.py_buffer(flat.view(np.uint8))])
    return array, ["numpy", values.dtype.str]


def encode_objects(values: Any) -> tuple[Any, Description]:
    """Texts with one kind of gap as they are, other Python objects by canonical text."""
    import numpy as np
    import pyarrow as pa

    kinds = set(map(type, values))
    gap = "none" if type(None) in kinds else ""
    if float in kinds:
        has_only_gaps = all(value != value for value in values if type(value) is float)
        gap = "nan" if has_only_gaps and not gap else "mixed"
    if kinds <= {str, type(None), float} and gap != "mixed":
        try:
            return tidy(pa.array(values, pa.large_string(), from_pandas=True)), ["texts", gap]
        except UnicodeEncodeError:
            pass
    try:
        texts = np.array([canonical(value) for value in values], dtype=object)
    except (NotCanonicalError, RecursionError, ValueError) as error:
        raise UncarriedError(f"objects that have no canonical text ({error})") from error
    return pa.array(texts, pa.large_string()), ["canonical"]


def _encode_zoned(values: Any) -> tuple[Any, Description]:
    import numpy as np
    import pandas as pd

    text = str(values.dtype)
    if pd.DatetimeTZDtype.construct_from_string(text) != values.dtype or "tzfile" in text:
        raise UncarriedError(f"time zone {values.dtype.tz!r}")
    array, _ = encode_numpy(np.asarray(values.tz_convert(None)))
    return array, ["zoned", text]


def _encode_category(values: Any) -> tuple[Any, Description]:
    import numpy as np
    import pyarrow as pa

    codes, _ = encode_numpy(np.asarray(values.codes))
    categories = values.categories
    dictionary, inner = encode(array_of(categories))
    if categories.name is not None:
        raise UncarriedError("named categories")
    array = pa.DictionaryArray.from_arrays(
        with_gaps(codes, values.codes), dictionary, ordered=bool(values.ordered), safe=False
    )
    return array, ["category", bool(values.ordered), inner, str(np.asarray(values.codes).dtype.str)]


def _encode_masked(values: Any) -> tuple[Any, Description]:
    import numpy as np
    import pyarrow as pa

    dtype = values.dtype.numpy_dtype
    gaps = np.asarray(values.isna())
    data = values.to_numpy(dtype=dtype, na_value=dtype.type(0)) if gaps.any() else values.to_numpy(dtype=dtype)
    array, inner = encode_numpy(np.asarray(data))
    bitmap = _bitmap(~gaps) if gaps.any() else None
    return pa.Array.from_buffers(array.type, len(array), [bitmap, array.buffers()[1]]), [
        "masked",
        str(values.dtype),
        *inner,
    ]


def _encode_string(values: Any) -> tuple[Any, Description]:
    import pyarrow as pa

    gap = "na" if values.dtype.na_value is not None and str(values.dtype.na_value) == "<NA>" else "nan"
    try:
        array = pa.array(values, pa.large_string(), from_pandas=True)
    except UnicodeEncodeError as error:
        raise UncarriedError("texts with lone surrogates") from error
    return _whole(array), ["string", values.dtype.storage, gap]


def _encode_arrow(values: Any) -> tuple[Any, Description]:
    return _whole(values.__arrow_array__()), ["arrow"]


def _encode_period(values: Any) -> tuple[Any, Description]:
    import numpy as np

    array, _ = encode_numpy(np.asarray(values.asi8))
    return array, ["period", str(values.dtype)]


def _encode_interval(values: Any) -> tuple[Any, Description]:
    import pyarrow as pa

    left, left_inner = encode(array_of(values.left))
    right, right_inner = encode(array_of(values.right))
    array = pa.StructArray.from_arrays([left, right], ["left", "right"])
    return array, ["interval", values.closed, left_inner, right_inner]


def with_gaps(indices: Any, codes: Any) -> Any:
    """Codes into a dictionary with gaps where they are -1; the codes themselves stay as they are underneath."""
    import pyarrow as pa

    return pa.Array.from_buffers(indices.type, len(indices), [_bitmap(codes >= 0), indices.buffers()[1]])


def array_of(data: Any) -> Any:
    """The NumPy array under a Series or Index if there is one, else its pandas array."""
    array = data.array
    return array.to_numpy() if type(array).__name__ == "NumpyExtensionArray" else array


def _whole(array: Any) -> Any:
    import pyarrow as pa

    if not isinstance(array, pa.ChunkedArray):
        return tidy(array)
    joined = array.combine_chunks()
    if isinstance(joined, pa.ChunkedArray):
        if joined.num_chunks != 1:
            raise UncarriedError("an Arrow column that does not fit into one chunk")
        joined = joined.chunk(0)
    return tidy(joined)


def _bitmap(is_valid: Any) -> Any:
    import numpy as np
    import pyarrow as pa

    return pa.py_buffer(np.packbits(np.asarray(is_valid), bitorder="little"))


def _decode_numpy(array: Any, description: Description, buffer: Any) -> Any:
    import numpy as np

    return numpy_view(array, np.dtype(description[1]), buffer)


def _decode_texts(array: Any, description: Description, buffer: Any) -> Any:
    import numpy as np

    del buffer
    values = array.to_numpy(zero_copy_only=False)
    if description[1] == "nan" and array.null_count:
        values[~np.asarray(array.is_valid())] = np.nan
    return values


def _decode_canonical(array: Any, description: Description, buffer: Any) -> Any:
    import numpy as np

    del description, buffer
    values = np.empty(len(array), dtype=object)
    for index, text in enumerate(array.to_pylist()):
        values[index] = restore(text)
    return values


def _decode_zoned(array: Any, description: Description, buffer: Any) -> Any:
    import numpy as np
    import pandas as pd

    dtype: Any = pd.DatetimeTZDtype.construct_from_string(description[1])
    naive = numpy_view(array, np.dtype(f"M8[{dtype.unit}]"), buffer)
    return pd.DatetimeIndex(naive, copy=False).tz_localize("UTC").tz_convert(dtype.tz).array


def _decode_category(array: Any, description: Description, buffer: Any) -> Any:
    import numpy as np
    import pandas as pd

    categories = pd.Index(decode(array.dictionary, description[2], buffer), copy=False)
    dtype = pd.CategoricalDtype(categories, description[1])
    codes = numpy_view(array.indices, np.dtype(description[3]), buffer)
    return pd.Categorical.from_codes(codes, dtype=dtype, validate=False)


def _decode_masked(array: Any, description: Description, buffer: Any) -> Any:
    import numpy as np
    import pandas as pd

    dtype: Any = pd.api.types.pandas_dtype(description[1])
    data = numpy_view(array, np.dtype(description[3]), buffer)
    gaps = ~np.asarray(array.is_valid()) if array.null_count else np.zeros(len(array), bool)
    return dtype.construct_array_type()(data, gaps)


def _decode_string(array: Any, description: Description, buffer: Any) -> Any:
    import numpy as np
    import pandas as pd

    del buffer
    dtype: Any = pd.StringDtype(description[1], na_value=pd.NA if description[2] == "na" else np.nan)
    return dtype.__from_arrow__(array)


def _decode_arrow(array: Any, description: Description, buffer: Any) -> Any:
    import pandas as pd

    del description, buffer
    dtype: Any = pd.ArrowDtype(array.type)
    return dtype.__from_arrow__(array)


def _decode_period(array: Any, description: Description, buffer: Any) -> Any:
    import numpy as np
    import pandas as pd

    ordinals = numpy_view(array, np.dtype("i8"), buffer)
    dtype: Any = pd.api.types.pandas_dtype(description[1])
    return pd.arrays.PeriodArray(ordinals, dtype=dtype)


def _decode_interval(array: Any, description: Description, buffer: Any) -> Any:
    import pandas as pd

    left = decode(array.field("left"), description[2], buffer)
    right = decode(array.field("right"), description[3], buffer)
    return pd.arrays.IntervalArray.from_arrays(left, right, closed=description[1])


_WRITERS = {
    "ArrowDtype": _encode_arrow,
    "BooleanDtype": _encode_masked,
    "CategoricalDtype": _encode_category,
    "DatetimeTZDtype": _encode_zoned,
    "IntervalDtype": _encode_interval,
    "PeriodDtype": _encode_period,
    "StringDtype": _encode_string,
    **{f"{sign}Int{bits}Dtype": _encode_masked for sign in ("", "U") for bits in (8, 16, 32, 64)},
    **{f"Float{bits}Dtype": _encode_masked for bits in (32, 64)},
}
_READERS = {
    "arrow": _decode_arrow,
    "canonical": _decode_canonical,
    "category": _decode_category,
    "interval": _decode_interval,
    "masked": _decode_masked,
    "numpy": _decode_numpy,
    "period": _decode_period,
    "string": _decode_string,
    "texts": _decode_texts,
    "zoned": _decode_zoned,
}
