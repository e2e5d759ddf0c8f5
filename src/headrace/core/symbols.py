"""Names of functions and classes that another process can find again."""

import importlib
import sys
from collections.abc import Callable
from typing import NamedTuple

MAIN = "__main__"


class Symbol(NamedTuple):
    """A top-level (or class-nested) name in a module: `package.module:Qual.name`.

    `module` is `__main__` for scripts and notebooks; `file` is the source file as an absolute path at run time, empty
    if there is none.
    """

    module: str
    qualname: str
    file: str = ""

    def __str__(self) -> str:
        return f"{self.module}:{self.qualname}"


class _Script:
    """The script that runs as `__main__`, or whose steps a worker process runs."""

    def __init__(self) -> None:
        self.name = ""
        self.load: Callable[[], object] | None = None


_SCRIPT = _Script()


def name_main(name: str, load: Callable[[], object] | None = None) -> None:
    """Say by which name other processes import what is `__main__` here; empty if they cannot.

    Stored values outlive their process, so a script's classes are recorded under this name. `load` makes the script
    `__main__`, where it is not yet; it is called at every look-up.
    """
    _SCRIPT.name, _SCRIPT.load = name, load


def main_name() -> str:
    """By which name other processes import what is `__main__` here; empty if they cannot."""
    return _SCRIPT.name


def qualified_name(cls: type) -> str:
    """`module:Qual.name` of a class; for one of the script that runs as `__main__`, its name as a module."""
    module = cls.__module__
    return f"{_SCRIPT.name if module == MAIN and _SCRIPT.name else module}:{cls.__qualname__}"


def resolve(name: str) -> object:
    """The object behind `module:Qual.name`, importing its module if needed; raises ImportError or AttributeError."""
    module_name, _, qualname = name.partition(":")
    if module_name == _SCRIPT.name and module_name:
        module_name = MAIN
        if _SCRIPT.load is not None:
            _SCRIPT.load()
    target: object = sys.modules.get(module_name) or importlib.import_module(module_name)
    for part in qualname.split("."):
        target = getattr(target, part)
    return target
