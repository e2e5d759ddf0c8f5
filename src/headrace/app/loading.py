"""Importing a user's modules: what is in the project comes first."""

import importlib
import sys
from typing import Any

from headrace.app.project import Target, source_folders
from headrace.app.settings import Settings
from headrace.core.errors import UnknownNameError, UsageError
from headrace.definition.pipelines import Pipeline
from headrace.worker.fresh_sources import import_fresh


def make_importable(settings: Settings) -> None:
    """Let the project's modules be imported, before anything of the same name that is installed."""
    import_fresh([str(settings.root)])
    for folder in reversed(source_folders(settings)):
        if str(folder) not in sys.path:
            sys.path.insert(0, str(folder))


def load(target: Target, settings: Settings) -> Pipeline[..., Any]:
    """The live pipeline; imports its module. Raises UsageError if there is no such module, name or pipeline."""
    make_importable(settings)
    try:
        module = importlib.import_module(target.module)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{target.module}.".startswith(f"{error.name}."):
            raise
        where = " and ".join(str(folder) for folder in source_folders(settings))
        raise UsageError(
            f"There is no module {target.module!r} in {where}. Say `path/to/file.py:{target.name}`, or "
            "start headrace in the project's folder."
        ) from error
    found = getattr(module, target.name, None)
    if isinstance(found, Pipeline):
        return found
    known = [name for name, value in vars(module).items() if isinstance(value, Pipeline)]
    if found is None:
        raise UnknownNameError("pipeline", target.name, known=known, hint=f"Looked in module {target.module!r}.")
    raise UsageError(
        f"{target} is a {type(found).__name__}, not a pipeline. Put @hr.pipeline over it"
        + (f", or take {' or '.join(known)}." if known else ".")
    )
