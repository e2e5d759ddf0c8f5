"""The modules that the process of a run starts from, as symbols without a name in them: what importing them does to
others may count for steps that do not import them.
"""

import sys
from pathlib import Path
from types import ModuleType

from headrace.app.projects.targets import Target
from headrace.core.symbols import MAIN, Symbol


def entry_of(target: Target) -> Symbol:
    """The module that a command imports."""
    return Symbol(target.module, "", target.file)


def live_entries(own: Symbol) -> list[Symbol]:
    """The script and the module of the pipeline `own`; in a notebook, the modules that it has imported."""
    main = sys.modules.get(MAIN)
    script = getattr(main, "__file__", None)
    entries = [Symbol(MAIN, "", str(Path(script).absolute()))] if script else _imported_by(main)
    if own.module != MAIN:
        entries.append(Symbol(own.module, "", own.file))
    return entries


def _imported_by(notebook: ModuleType | None) -> list[Symbol]:
    values = list(vars(notebook).values()) if notebook is not None else []
    modules = {one.__name__: one for one in values if isinstance(one, ModuleType)}
    places = {name: getattr(one, "__file__", None) for name, one in modules.items() if name != MAIN}
    return [Symbol(name, "", place) for name, place in sorted(places.items()) if place]
