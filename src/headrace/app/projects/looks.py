"""Answers for whoever types a pipeline's name: read from the project's files, only when the name alone does not do."""

import importlib
from pathlib import Path
from typing import Any

from headrace.app.projects.settings import Settings
from headrace.core.errors import UsageError

SHOWN = 5


def only_pipeline(typed: str, file: Path) -> str:
    """The name of the one pipeline that a file defines; raises UsageError if there is none, or more than one."""
    try:
        found = [one.name for one in _static_look().parsed_pipelines(file)]
    except SyntaxError as error:
        raise UsageError(
            f"{typed} is no valid Python: {error.msg}, line {error.lineno}. Nothing was started."
        ) from error
    except (OSError, ValueError) as error:
        raise UsageError(f"{typed} cannot be read: {error}. Nothing was started.") from error
    if len(found) == 1:
        return str(found[0])
    if not found:
        raise UsageError(f"{typed} defines no pipeline: put @hr.pipeline over a function at its top level.")
    commands = ", ".join(f"`headrace run {typed}:{name}`" for name in found)
    raise UsageError(f"{typed} defines several pipelines; say which: {commands}.")


def places_of(name: str, settings: Settings) -> list[str]:
    """Where the project's files define a pipeline of this name, as one types it here."""
    found = (one.place(Path.cwd()) for one in _static_look().pipelines_in(settings) if one.name == name)
    return [place for place, _ in zip(found, range(SHOWN), strict=False)]


def sightings(settings: Settings) -> list[tuple[str, tuple[str, ...]]]:
    """Every pipeline of the project's files as one types it here, with its parameters."""
    return [(one.place(Path.cwd()), one.parameters) for one in _static_look().pipelines_in(settings)]


def _static_look() -> Any:
    # parsing needs `ast`: a command that names its pipeline wholly does not pay for it
    return importlib.import_module("headrace.app.projects.static_look")
