"""The projects that ship with Headrace, and copying one to where a user wants it."""

import re
import shutil
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


def start_project(folder: Path, name: str = "") -> Path:
    """A new project from the starter, its package renamed; raises UsageError for a name that is no Python name."""
    package = name or re.sub(r"\W", "_", folder.resolve().name).lower()
    if not package.isidentifier():
        raise UsageError(f"{package!r} cannot name a Python package; give one with --name, such as --name forecasts.")
    copy_example("starter", folder)
    (folder / "starter").rename(folder / package)
    for path in (folder / "pyproject.toml", *(folder / package).glob("*.py")):
        path.write_text(re.sub(r"\bstarter\b", package, path.read_text()))
    return folder
