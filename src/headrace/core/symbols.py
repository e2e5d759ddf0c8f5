"""Names of functions and classes that another process can find again."""

import importlib
import sys
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Symbol:
    """A top-level (or class-nested) name in a module: `package.module:Qual.name`.

    `module` is `__main__` for scripts and notebooks; `file` is the source file as an absolute path at run time, empty
    if there is none.
    """

    module: str
    qualname: str
    file: str = ""

    def __str__(self) -> str:
        return f"{self.module}:{self.qualname}"


def qualified_name(cls: type) -> str:
    """`module:Qual.name` of a class."""
    return f"{cls.__module__}:{cls.__qualname__}"


def resolve(name: str) -> object:
    """The object behind `module:Qual.name`, importing its module if needed; raises ImportError or AttributeError."""
    module_name, _, qualname = name.partition(":")
    target: object = sys.modules.get(module_name) or importlib.import_module(module_name)
    for part in qualname.split("."):
        target = getattr(target, part)
    return target
