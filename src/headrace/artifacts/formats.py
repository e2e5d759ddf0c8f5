"""What a format is, and which one a value gets: by the names of its classes, so that asking imports no library.

A format is a class in a table below or behind an entry point of the group `headrace.artifact_formats` (its name is the
format's, its target a class taking FormatSettings). Plug-ins are loaded when a value or object needs one."""

import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Protocol, cast

from msgspec import Struct

from headrace.artifacts.errors import ArtifactUnreadableError
from headrace.artifacts.objects import ObjectSource, Sink
from headrace.artifacts.plugins import entry_points
from headrace.core.errors import near
from headrace.core.symbols import resolve
from headrace.core.values import ObjectValue

GROUP = "headrace.artifact_formats"


class UncarriedError(Exception):
    """A format knows a value's type but cannot give this value back exactly; the message says what is in the way."""


class FormatSettings(Struct, frozen=True):
    """What a format may need to know: the project's classes (`module:Qual.name` or whole modules) that scikit-learn
    models may hold."""

    trusted: tuple[str, ...] = ()


class Draft(Struct, frozen=True):
    """A value that a format has agreed to carry exactly, ready to be written.

    Whatever could be refused was found out before: `write` fails only for want of memory or disk. `length`,
    `python_type` and `classes` are those of ObjectValue.
    """

    format: str
    write: Callable[[Sink], object]
    length: int | None = None
    python_type: str = ""
    classes: tuple[str, ...] = ()


class Format(Protocol):
    """Writes values of some types and reads them back.

    Equal values have to give equal bytes in every process (`is_canonical`); a format that cannot promise it says so.
    """

    @property
    def name(self) -> str:
        """The name in ObjectValue.format, stable for ever."""
        ...

    @property
    def is_canonical(self) -> bool:
        """Whether equal values give equal bytes."""
        ...

    def draft(self, value: object) -> Draft | None:
        """Get ready to write; writes nothing.

        None for a value of a type that this format does not know; raises UncarriedError for one that it knows but
        cannot give back exactly.
        """
        ...

    def read(self, source: ObjectSource, value: ObjectValue) -> object:
        """The value: fresh, or immutable, or private to the caller in any other way."""
        ...


BUILT_IN: Mapping[str, str] = {
    "arrow": "headrace.artifacts.arrow_tables:ArrowFormat",
    "bytes": "headrace.artifacts.plain:BytesFormat",
    "file": "headrace.artifacts.plain:FileFormat",
    "json": "headrace.artifacts.plain:JsonFormat",
    "lightgbm": "headrace.artifacts.lightgbm_models:LightGbmFormat",
    "npy": "headrace.artifacts.arrays:NpyFormat",
    "pandas": "headrace.artifacts.pandas_frames:PandasFormat",
    "pickle": "headrace.artifacts.pickles:PickleFormat",
    "png": "headrace.artifacts.figures:PngFormat",
    "polars": "headrace.artifacts.polars_frames:PolarsFormat",
    "safetensors": "headrace.artifacts.tensors:SafetensorsFormat",
    "skops": "headrace.artifacts.estimators:SkopsFormat",
    "text": "headrace.artifacts.plain:TextFormat",
}

EXACT: Mapping[str, str] = {
    "builtins:bytes": "bytes",
    "builtins:bytearray": "bytes",
    "builtins:memoryview": "bytes",
    "builtins:str": "text",
    "headrace:FigureImage": "png",
    "numpy:memmap": "npy",
    "numpy:ndarray": "npy",
    "pandas:CategoricalIndex": "pandas",
    "pandas:DataFrame": "pandas",
    "pandas:DatetimeIndex": "pandas",
    "pandas:Index": "pandas",
    "pandas:IntervalIndex": "pandas",
    "pandas:MultiIndex": "pandas",
    "pandas:PeriodIndex": "pandas",
    "pandas:RangeIndex": "pandas",
    "pandas:Series": "pandas",
    "pandas:TimedeltaIndex": "pandas",
    "polars:DataFrame": "polars",
    "polars:LazyFrame": "polars",
    "polars:Series": "polars",
    "pyarrow:RecordBatch": "arrow",
    "pyarrow:Table": "arrow",
}
"""Formats by top-level package and class; a subclass is another type and gets none of these."""

FAMILIES: Mapping[str, str] = {
    "lightgbm:Booster": "lightgbm",
    "lightgbm:LGBMModel": "lightgbm",
    "matplotlib:Figure": "png",
    "sklearn:BaseEstimator": "skops",
    "torch:Module": "safetensors",
    "torch:Tensor": "safetensors",
}
"""Formats by a class that a value's class derives from; asked after the plug-ins."""


def type_key(cls: type) -> str:
    """`package:Qual.name`: modules inside a package move between its versions, public class names hardly."""
    return f"{cls.__module__.partition('.')[0]}:{cls.__qualname__}"


class FormatRegistry:
    """Finds formats by value and by name, loading each at first use."""

    def __init__(self, settings: FormatSettings, plug_ins: Callable[[], Mapping[str, str]] | None = None) -> None:
        self._settings = settings
        self._list_plug_ins = plug_ins or (lambda: entry_points(GROUP))
        self._plug_ins: Mapping[str, str] | None = None
        self._loaded: dict[str, Format] = {}

    def has_exact(self, value: object) -> bool:
        """Whether a value's very type has a format of its own, so that nothing else needs to be tried."""
        return type_key(type(value)) in EXACT

    def candidates(self, value: object) -> Iterator[Format]:
        """Formats to be asked, best first. Pickles are not among them."""
        exact = EXACT.get(type_key(type(value)))
        if exact is not None:
            yield self.by_name(exact)
            return
        for name in self._known_plug_ins():
            yield self.by_name(name)
        for cls in type(value).__mro__:
            family = FAMILIES.get(type_key(cls))
            if family is not None:
                yield self.by_name(family)
        if type_key(type(value)) == "collections:OrderedDict" and "torch" in sys.modules:
            yield self.by_name("safetensors")  # what `Module.state_dict()` gives

    def by_name(self, name: str) -> Format:
        """The format of this name; raises KeyError."""
        found = self._loaded.get(name)
        if found is None:
            target = BUILT_IN.get(name) or self._known_plug_ins()[name]
            make = cast("Callable[[FormatSettings], Format]", resolve(target))
            found = self._loaded[name] = make(self._settings)
        return found

    def of_object(self, value: ObjectValue) -> Format:
        """The format that wrote an object; raises ArtifactUnreadableError if nothing here knows it."""
        try:
            return self.by_name(value.format)
        except KeyError:
            known = (*BUILT_IN, *self._known_plug_ins())
            raise ArtifactUnreadableError(
                value,
                f"no format of that name is installed{near(value.format, known)}. "
                f"Install the plug-in (entry point group {GROUP!r}) that wrote it.",
            ) from None

    def _known_plug_ins(self) -> Mapping[str, str]:
        if self._plug_ins is None:
            self._plug_ins = self._list_plug_ins()
        return self._plug_ins
