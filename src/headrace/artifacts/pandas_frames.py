"""The format of pandas frames, series and indexes: Arrow IPC files that keep pandas' memory layout."""

import sys
from typing import Any

from headrace.artifacts.arrow_tables import write_batch
from headrace.artifacts.formats import Draft, FormatSettings, UncarriedError
from headrace.artifacts.objects import ObjectSource
from headrace.artifacts.pandas_tables import from_buffer, to_batch
from headrace.core.canonical import NotCanonicalError
from headrace.core.values import ObjectValue


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
        pandas_value: Any = value
        can_share = is_private(pandas_value)  # before anything below refers to its memory
        try:
            batch = to_batch(pandas_value)
        except NotCanonicalError as error:
            raise UncarriedError(f"a name or attribute of it: {error}") from error
        kept = pandas_value.copy(deep=False)
        return Draft(
            self.name,
            lambda sink: write_batch(batch, sink),
            share=(lambda: kept.copy(deep=False)) if can_share else None,
            size_hint=batch.nbytes,
        )

    def read(self, source: ObjectSource, value: ObjectValue) -> object:
        """The frame, series or index on a private map."""
        del value
        return from_buffer(source.map(private=True))


def is_private(frame: Any) -> bool:
    """Whether a frame's memory can be altered through pandas only, whose copy-on-write protects a shallow copy.

    True for a frame of NumPy columns over arrays that nobody but its own blocks refers to: an array given with
    `copy=False`, and kept elsewhere, could be written to. Never before pandas 3, which has copy-on-write.
    """
    import pandas as pd  # the caller has it

    if type(frame) is not pd.DataFrame or pd.__version__.startswith(("1.", "2.")):
        return False
    for block in vars(frame)["_mgr"].blocks:
        owner = block.values
        if type(owner).__module__ != "numpy":
            return False
        while type(owner.base) is type(owner):
            owner = owner.base
        if owner.base is not None or not owner.flags.owndata or sys.getrefcount(owner) > _OWN_REFERENCES:
            return False
    return True


_OWN_REFERENCES = 3
"""The block or its view, the local variable, and the argument of `getrefcount`."""
