"""The projects that ship with Headrace, and copying one to where a user wants it."""

import importlib.util
import keyword
import re
import shlex
import shutil
import sys
from pathlib import Path

import headrace
from headrace.core.errors import UsageError

LEFT_OUT = (".headrace", "__pycache__", ".venv", ".*_cache", "*.pyc")


def example_folder(name: str) -> Path:
    """The folder of a shipped project: in the wheel beside the code, in a checkout under `examples/`."""
    package = Path(headrace.__file__).parent
    for folder in (package / "examples" / name, package.parents[1] / "examples" / name):
        if (folder / "pyproject.toml").is_file():
            return folder
    raise UsageError(
        f"This installation of headrace came without the example {name!r}; install it again from its wheel."
    )


def copy_example(name: str, folder: Path) -> Path:
    """Copy a shipped project into a new or empty folder; nothing that is there is overwritten."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} exists already and is not an empty folder; nothing was written. Name another one.")
    shutil.copytree(example_folder(name), folder, ignore=shutil.ignore_patterns(*LEFT_OUT), dirs_exist_ok=True)
    return folder


def _problem_of(package: str) -> str:
    """Why a package cannot have this name; empty if it can."""
    if not package.isidentifier():
        return "Python cannot import a name like that (letters, digits and _, and no digit first)"
    if keyword.iskeyword(package):
        return "it is a word of Python's grammar"
    if package in sys.stdlib_module_names:
        return f"Python has a module `{package}` of its own, and one would hide the other"
    if (example_folder("starter") / package).exists() and package != "starter":
        return f"the project has a folder {package}/ for something else"
    if _is_installed(package):
        return f"a package `{package}` is installed, and this one would hide it"
    return ""


def _is_installed(package: str) -> bool:
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        return False
    place = Path(found.origin)
    # what lies in the working directory is found beside the project, not installed
    return (place.parent.parent if found.submodule_search_locations else place.parent) != Path.cwd()


def start_project(folder: Path, name: str = "") -> Path:
    """A new project from the starter, its package renamed; raises UsageError for a name that no package can have."""
    package = name or re.sub(r"\W", "_", folder.resolve().name).lower()
    problem = _problem_of(package)
    if problem:
        better = f"my_{re.sub(r'[^a-zA-Z0-9_]', '_', package)}"
        raise UsageError(
            f"The project's package cannot be called {package!r}: {problem}. Nothing was written; give it another "
            f"name, such as `headrace init {shlex.quote(str(folder))} --name {better}`."
        )
    copy_example("starter", folder)
    (folder / "starter").rename(folder / package)
    for path in (folder / "pyproject.toml", *(folder / package).glob("*.py")):
        path.write_text(re.sub(r"\bstarter\b", package, path.read_text()))
    return folder
