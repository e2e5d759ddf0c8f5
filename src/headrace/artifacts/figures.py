"""Figures as PNG images. A figure is read back as its image: what is shown later is what was drawn then."""

import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from headrace.artifacts.formats import Draft, FormatSettings
from headrace.artifacts.objects import ObjectSource
from headrace.core.values import ObjectValue


@dataclass(frozen=True, slots=True)
class FigureImage:
    """The picture of a stored figure, as PNG bytes; notebooks show it."""

    png: bytes = field(repr=False)

    def save(self, path: str | Path) -> None:
        """Write the picture to a file."""
        Path(path).write_bytes(self.png)

    def _repr_png_(self) -> bytes:
        return self.png


class PngFormat:
    """Matplotlib figures, drawn when they are stored, and pictures read back from the store."""

    name = "png"
    is_canonical = True

    def __init__(self, settings: FormatSettings) -> None:
        del settings

    def draft(self, value: object) -> Draft | None:
        """Draw a figure (without the version and date that Matplotlib would write into the file)."""
        if isinstance(value, FigureImage):
            return Draft(self.name, lambda sink: sink.write(value.png))
        figure: Any = value
        picture = io.BytesIO()
        figure.savefig(picture, format="png", metadata={"Software": None})
        content = picture.getvalue()
        return Draft(self.name, lambda sink: sink.write(content))

    def read(self, source: ObjectSource, value: ObjectValue) -> object:
        """The picture."""
        del value
        return FigureImage(source.read())
