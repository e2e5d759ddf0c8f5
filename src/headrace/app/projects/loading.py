"""Importing a user's modules: what is in the project comes first."""

import importlib
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from headrace.app.projects.places import refuse_standard_name
from headrace.app.projects.settings import Settings
from headrace.app.projects.targets import Target, source_folders
from headrace.code.watching import install
from headrace.core.errors import DefinitionError, HeadraceError, UnknownNameError, UsageError
from headrace.definition.findable import kind_of, wrapped_in
from headrace.definition.outside import is_project_file
from headrace.definition.pipelines import Pipeline
from headrace.worker.errors import ScriptStopped
from headrace.worker.fresh_sources import import_fresh


class UserCodeError(UsageError):
    """The project's own code raised while its module was imported or its pipeline traced; nothing was started."""

    code = "usage.user-code"

    def __init__(self, what: str, error: BaseException) -> None:
        self.what, self.error = what, error
        place = _place_of(error)
        where = f" at {place}" if place else ""
        super().__init__(f"{what} raised {type(error).__name__}{where}: {error}. Nothing was started.")


def _place_of(error: BaseException) -> str:
    """File and line where it happened, as far as it was outside of libraries."""
    if isinstance(error, SyntaxError):
        return f"{error.filename}, line {error.lineno}"
    places: list[str] = []
    trace = error.__traceback__
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if is_project_file(file) and not file.startswith("<"):
            path = Path(file)
            shown = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
            places.append(f"{shown}, line {trace.tb_lineno}")
        trace = trace.tb_next
    return places[-1] if places else ""


def make_importable(settings: Settings) -> None:
    """Let the project's modules be imported, before anything of the same name that is installed."""
    import_fresh([str(settings.root)])
    for folder in reversed(source_folders(settings)):
        if str(folder) not in sys.path:
            sys.path.insert(0, str(folder))


def load(target: Target, settings: Settings) -> Pipeline[..., Any]:
    """The live pipeline; imports its module.

    Raises UsageError if there is no such module, name or pipeline, or if the module is called as one of Python's own.
    """
    if target.file:
        refuse_standard_name(settings, Path(target.file))
    make_importable(settings)
    install()
    module = _imported(target, settings)
    found = getattr(module, target.name, None)
    if isinstance(found, Pipeline):
        return found
    known = [name for name, value in vars(module).items() if isinstance(value, Pipeline)]
    if found is None:
        raise UnknownNameError("pipeline", target.name, known=known, hint=f"Looked in module {target.module!r}.")
    if any(isinstance(one, Pipeline) for one in wrapped_in(found)):
        raise UsageError(
            f"{target} is a pipeline under another decorator ({kind_of(found)}). Put @hr.pipeline on top of all others."
        )
    raise UsageError(
        f"{target} is a {type(found).__name__}, not a pipeline. Put @hr.pipeline over it"
        + (f", or take {' or '.join(known)}." if known else ".")
    )


def _imported(target: Target, settings: Settings) -> ModuleType:
    try:
        return importlib.import_module(target.module)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{target.module}.".startswith(f"{error.name}."):
            raise UserCodeError(f"module {target.module!r}", error) from error
        where = " and ".join(str(folder) for folder in source_folders(settings))
        raise UsageError(
            f"There is no module {target.module!r} in {where}. Say `path/to/file.py:{target.name}`, or "
            "start headrace in the project's folder."
        ) from error
    except DefinitionError as error:
        place = _place_of(error)
        if place:
            error.args = (f"{place}: {error}",)
        raise
    except HeadraceError:
        raise
    except ScriptStopped as stopped:
        raise stopped.error from None
    except (Exception, SystemExit) as error:  # a user's module can raise anything while it is imported
        raise UserCodeError(f"module {target.module!r}", error) from error
