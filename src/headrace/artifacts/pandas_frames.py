"""The format of pandas frames, series and indexes: Arrow IPC files that keep pandas' memory layout."""

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
        try:
            batch = to_batch(pandas_value)
        except NotCanonicalError as error:
            raise UncarriedError(f"a name or attribute of it: {error}") from error
        return Draft(self.name, lambda sink: write_batch(batch, sink))

    def read(self, source: ObjectSource, value: ObjectValue) -> object:
        """The frame, series or index on a private map."""
        del value
        return from_buffer(source.map(private=True))
