"""Formats of plain data that is too large to lie inline: text, bytes, and canonical text of JSON-like values."""

from typing import Any

from headrace.artifacts.formats import Draft, FormatSettings, UncarriedError
from headrace.artifacts.objects import ObjectSource
from headrace.core.canonical import restore
from headrace.core.values import ObjectValue


class TextFormat:
    """Long texts as UTF-8."""

    name = "text"
    is_canonical = True

    def __init__(self, settings: FormatSettings) -> None:
        del settings

    def draft(self, value: object) -> Draft | None:
        """A text without lone surrogates, which UTF-8 cannot hold."""
        if type(value) is not str:
            return None
        try:
            content = value.encode()
        except UnicodeEncodeError:
            return None  # plain data with escapes carries it
        return Draft(self.name, lambda sink: sink.write(content))

    def read(self, source: ObjectSource, value: ObjectValue) -> object:
        """The text."""
        del value
        return source.read().decode()


class BytesFormat:
    """Long bytes as they are."""

    name = "bytes"
    is_canonical = True

    def __init__(self, settings: FormatSettings) -> None:
        del settings

    def draft(self, value: object) -> Draft | None:
        """Bytes, a bytearray or a memoryview of single bytes (as they are now)."""
        if type(value) is bytes:
            return Draft(self.name, lambda sink: sink.write(value))
        if type(value) is bytearray:
            content = bytes(value)
            return Draft(self.name, lambda sink: sink.write(content), python_type="builtins:bytearray")
        if type(value) is memoryview:
            return self._draft_view(value)
        return None

    def _draft_view(self, value: "memoryview[Any]") -> Draft:
        if value.format != "B" or value.ndim != 1:
            raise UncarriedError(f"it is a view of shape {value.shape} and format {value.format!r}; return an array")
        content = bytes(value)
        return Draft(self.name, lambda sink: sink.write(content), python_type="builtins:memoryview")

    def read(self, source: ObjectSource, value: ObjectValue) -> object:
        """The bytes; a memoryview is one of bytes that nobody can change."""
        content = source.read()
        if value.python_type == "builtins:memoryview":
            return memoryview(content)
        return bytearray(content) if value.python_type else content


class FileFormat:
    """The bytes of a file. The store drafts these itself; a path is read back by way of its composite."""

    name = "file"
    is_canonical = True

    def __init__(self, settings: FormatSettings) -> None:
        del settings

    def draft(self, value: object) -> Draft | None:
        """Never: paths are drafted as composites."""
        del value
        return None

    def read(self, source: ObjectSource, value: ObjectValue) -> object:
        """The bytes."""
        del value
        return source.read()


class JsonFormat:
    """Canonical text of large JSON-like values. The store writes it: it has the text at hand."""

    name = "json"
    is_canonical = True

    def __init__(self, settings: FormatSettings) -> None:
        del settings

    def draft(self, value: object) -> Draft | None:
        """Never: the store drafts these itself."""
        del value
        return None

    def read(self, source: ObjectSource, value: ObjectValue) -> object:
        """The value, made anew."""
        del value
        return restore(source.read().decode("ascii"))
