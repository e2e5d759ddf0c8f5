"""The script that runs as `__main__`: by which name other processes of its project import it."""

import sys
from pathlib import Path

from headrace.app.projects.settings import Settings
from headrace.app.projects.targets import source_folders
from headrace.core.symbols import MAIN, name_main


def name_main_script(settings: Settings) -> None:
    """Record the running script under its place in the project, if it lies there and can be imported.

    What a script stores is then read by `headrace run script.py:name` too, and the other way round.
    """
    name_main(module_of(getattr(sys.modules.get(MAIN), "__file__", None) or "", settings))


def module_of(file: str, settings: Settings) -> str:
    """The name by which a file of the project is imported; empty if it cannot be."""
    path = Path(file).resolve() if file else None
    if path is None or path.suffix != ".py":
        return ""
    for folder in source_folders(settings):
        if path.is_relative_to(folder):
            parts = path.relative_to(folder).with_suffix("").parts
            # a name such as `train-model` can be imported, if not by an import statement
            return "" if any("." in part for part in parts) else ".".join(parts)
    return ""
