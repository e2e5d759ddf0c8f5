"""NumPy arrays as npy files, mapped read-only. Arrays of Python objects are left to pickles."""

import io
from typing import Any

from headrace.artifacts.formats import Draft, FormatSettings, UncarriedError
from headrace.artifacts.objects import ObjectSource, Sink
from headrace.core.values import ObjectValue

_LONGEST_SHORT_HEADER = 60_000
_HEAD_BYTES = 1 << 16
"""More than any header of version 1."""


class NpyFormat:
    """Arrays as npy.

    The memory order (C or Fortran) is kept: it decides the order of summation, and so the last digits of results.
    """

    name = "npy"
    is_canonical = True

    def __init__(self, settings: FormatSettings) -> None:
        del settings

    def draft(self, value: object) -> Draft | None:
        """An array of fixed-size elements."""
        array: Any = value
        if array.dtype.hasobject or array.dtype.kind == "T":
            raise UncarriedError(f"its elements are of dtype {array.dtype}")
        return Draft(self.name, lambda sink: write_array(array, sink))

    def read(self, source: ObjectSource, value: ObjectValue) -> object:
        """The array on a read-only map."""
        del value
        return read_array(source.map())


def write_array(array: Any, sink: Sink) -> None:
    """An npy file: header, then the elements in the array's own order, or in C order if it is not contiguous."""
    import numpy as np  # the library of this format

    if not (array.flags.c_contiguous or array.flags.f_contiguous):
        array = np.ascontiguousarray(array)
    sink.write(head_of(array))
    flat = array if array.flags.c_contiguous else array.T
    if array.size and array.itemsize:
        sink.write(flat.reshape(-1).view(np.uint8))


def head_of(array: Any) -> bytes:
    """The header of an npy file, padded to a multiple of 64 bytes; of version 3 where a name needs UTF-8.

    Source of the layout: numpy.lib.format (NEP 1).
    """
    import numpy as np  # the library of this format

    data = np.lib.format.header_data_from_array_1_0(array)
    text = "{" + "".join(f"{key!r}: {data[key]!r}, " for key in sorted(data)) + "}"
    is_long = len(text) > _LONGEST_SHORT_HEADER or not text.isascii()
    content = text.encode()
    length_bytes = 4 if is_long else 2
    padding = -(len(np.lib.format.MAGIC_PREFIX) + 2 + length_bytes + len(content) + 1) % 64
    content += b" " * padding + b"\n"
    version = bytes((3, 0)) if is_long else bytes((1, 0))
    return np.lib.format.MAGIC_PREFIX + version + len(content).to_bytes(length_bytes, "little") + content


def read_array(content: Any) -> Any:
    """The array of an npy file in a buffer, without copying; raises ValueError for anything else."""
    import numpy as np  # the library of this format

    head = io.BytesIO(bytes(memoryview(content)[:_HEAD_BYTES]))
    if np.lib.format.read_magic(head) != (1, 0):
        array = np.lib.format.read_array(io.BytesIO(bytes(content)), allow_pickle=False)
        array.flags.writeable = False
        return array
    shape, is_fortran, dtype = np.lib.format.read_array_header_1_0(head)
    count = int(np.prod(shape, dtype=np.int64))
    if count == 0 or dtype.itemsize == 0:
        array = np.empty(shape, dtype)
        array.flags.writeable = False
        return array
    array = np.frombuffer(content, dtype, count, head.tell())
    return array.reshape(shape[::-1]).T if is_fortran else array.reshape(shape)
