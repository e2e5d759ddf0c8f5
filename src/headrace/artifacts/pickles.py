"""Pickles: the last resort for a value that no other format carries, by cloudpickle, never without a visible word."""

import io
import os
import sys
from pathlib import Path
from typing import Any

from headrace.artifacts.formats import Draft, FormatSettings
from headrace.artifacts.objects import ObjectSource
from headrace.core.symbols import MAIN, main_name, qualified_name, resolve
from headrace.core.values import ObjectValue

_PROTOCOL = 5


class PickleFormat:
    """Any value that cloudpickle can hold.

    Not canonical: the bytes depend on the order of sets and on which parts of a value are the same object.
    """

    name = "pickle"
    is_canonical = False

    def __init__(self, settings: FormatSettings) -> None:
        del settings

    def draft(self, value: object) -> Draft | None:
        """Any value; raises whatever pickling it raises."""
        content, classes = dump(value)
        return Draft(self.name, lambda sink: sink.write(content), classes=classes)

    def read(self, source: ObjectSource, value: ObjectValue) -> object:
        """The value, made anew; imports what it needs."""
        del value
        import cloudpickle  # the library of this format

        return cloudpickle.loads(source.map())


def dump(value: object) -> tuple[bytes, tuple[str, ...]]:
    """A pickle, and the project's classes in it (`module:Qual.name`, sorted)."""
    import cloudpickle  # the library of this format

    classes: set[type] = set()

    pickler: Any = cloudpickle.Pickler

    class Pickler(pickler):  # type: ignore[misc]
        """Notes the classes that it meets."""

        def reducer_override(self, obj: Any) -> Any:
            classes.add(obj if isinstance(obj, type) else type(obj))
            name = _name_in_script(obj)
            return (resolve, (name,)) if name else super().reducer_override(obj)

    buffer = io.BytesIO()
    Pickler(buffer, protocol=_PROTOCOL).dump(value)
    return buffer.getvalue(), project_classes(classes)


def _name_in_script(obj: object) -> str:
    """How any process finds a class or a step of the script that runs as `__main__`; empty for everything else.

    cloudpickle would write the class itself, and reading would make another one: no `isinstance` would know it again.
    """
    if getattr(obj, "__module__", "") != MAIN or not main_name():
        return ""
    if not isinstance(obj, type) and not hasattr(type(obj), "headrace_word"):
        return ""
    name = f"{main_name()}:{getattr(obj, '__qualname__', '')}"
    try:
        return name if resolve(name) is obj else ""
    except AttributeError:
        return ""


def project_classes(classes: set[type]) -> tuple[str, ...]:
    """Those that lie outside the standard library and installed packages, as `module:Qual.name`."""
    return tuple(sorted(qualified_name(cls) for cls in classes if is_project_class(cls)))


_INSTALLED = (
    f"{os.sep}site-packages{os.sep}",
    f"{os.sep}dist-packages{os.sep}",
    str(Path(os.__file__).parent) + os.sep,
)


def is_project_class(cls: type) -> bool:
    """Whether a class belongs to the project: its module has a file that is neither Python's nor installed."""
    if cls.__module__ == MAIN:
        return True
    path: str | None = getattr(sys.modules.get(cls.__module__), "__file__", None)
    return (
        path is not None
        and not any(part in path for part in _INSTALLED)
        and cls.__module__.partition(".")[0] != "headrace"
    )
