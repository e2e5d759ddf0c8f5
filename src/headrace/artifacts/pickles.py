"""Pickles: the last resort for a value that no other format carries, by cloudpickle, never without a visible word."""

import io
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
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
    """A pickle, and the project's classes, functions and modules in it (`module:Qual.name`, `module:`; sorted)."""
    import cloudpickle  # the library of this format

    named: dict[int, Any] = {}

    pickler: Any = cloudpickle.Pickler

    class Pickler(pickler):  # type: ignore[misc]
        """Notes the classes that it meets, and what it writes as a mere name: its code is not in the bytes."""

        def reducer_override(self, obj: Any) -> Any:
            name = _name_in_script(obj)
            one = obj if name or _has_name(obj) else type(obj)
            named[id(one)] = one
            if type(obj) is memoryview:
                return memoryview, (_bytes_of(obj),)
            return (resolve, (name,)) if name else super().reducer_override(obj)

    buffer = io.BytesIO()
    Pickler(buffer, protocol=_PROTOCOL).dump(value)
    return buffer.getvalue(), project_classes(named.values())


def _bytes_of(view: "memoryview[Any]") -> bytes:
    """The bytes behind a view, which cloudpickle would give back in its place; raises TypeError for other shapes."""
    if view.format != "B" or view.ndim != 1:
        raise TypeError(f"a memoryview of shape {view.shape} and format {view.format!r} would come back as bytes")
    return view.tobytes()


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


def _has_name(obj: Any) -> bool:
    """Whether an object is one that modules know by name: a class, a function, a step, a module.

    Functions of the script that runs as `__main__` are none: their code is in the bytes.
    """
    if isinstance(obj, type | ModuleType):
        return True
    module = getattr(obj, "__module__", None)
    return isinstance(module, str) and module != MAIN and isinstance(getattr(obj, "__qualname__", None), str)


def project_classes(classes: Iterable[Any]) -> tuple[str, ...]:
    """Those (classes, functions, modules) that lie outside the standard library and installed packages, as
    `module:Qual.name`, or `module:` for a whole module.
    """
    return tuple(sorted({_name_of(one) for one in classes if is_project_class(one)}))


def _name_of(found: Any) -> str:
    return f"{found.__name__}:" if isinstance(found, ModuleType) else qualified_name(found)


_INSTALLED = (
    f"{os.sep}site-packages{os.sep}",
    f"{os.sep}dist-packages{os.sep}",
    str(Path(os.__file__).parent) + os.sep,
)


def is_project_class(cls: Any) -> bool:
    """Whether a class (function, module) belongs to the project: its file is neither Python's nor installed."""
    module: str = cls.__name__ if isinstance(cls, ModuleType) else cls.__module__
    if module == MAIN:
        return True
    path: str | None = getattr(sys.modules.get(module), "__file__", None)
    return path is not None and not any(part in path for part in _INSTALLED) and module.partition(".")[0] != "headrace"
