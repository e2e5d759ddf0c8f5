"""Which pipelines a project's files define, with their parameters, by reading and never by importing them."""

import ast
import os
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from headrace.app.projects.settings import Settings, has_project

LOOKED_AT = 2000
"""Files and folders that a look through a project reads at most: whoever waits for it is typing."""
_LEFT_OUT = {"__pycache__", "node_modules", "site-packages", "build", "dist"}


class Sighting(Struct, frozen=True):
    """A function under `@hr.pipeline`: its name in the module and its parameters."""

    file: Path
    name: str
    parameters: tuple[str, ...]

    def place(self, start: Path) -> str:
        """`path/to/file.py:name`, as one types it in a folder."""
        return f"{os.path.relpath(self.file, start)}:{self.name}"


def pipelines_of(file: Path) -> list[Sighting]:
    """The pipelines that a file defines at its top level; none if it cannot be read or parsed."""
    try:
        return parsed_pipelines(file)
    except (OSError, SyntaxError, ValueError):
        return []


def parsed_pipelines(file: Path) -> list[Sighting]:
    """The same for a file that somebody has named; raises OSError, SyntaxError and ValueError.

    A coroutine is among them: importing its module says why it cannot be one.
    """
    text = file.read_bytes()
    body = ast.parse(text, str(file)).body if b"pipeline" in text else []
    functions = {one.name: one for one in body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)}
    found: list[Sighting] = []
    for one in body:
        if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef) and any(map(_is_pipeline, one.decorator_list)):
            found.append(Sighting(file, one.name, _parameters(one.args)))
        elif isinstance(one, ast.Assign):
            made_of = functions.get(_wrapped_in(one.value))
            names = [target.id for target in one.targets if isinstance(target, ast.Name)]
            found += [Sighting(file, name, _parameters(made_of.args)) for name in names if made_of is not None]
    return found


def _wrapped_in(value: ast.expr) -> str:
    """The name of the function that `hr.pipeline(function, …)` makes a pipeline of; empty for any other value."""
    if not isinstance(value, ast.Call) or not _is_pipeline(value) or not value.args:
        return ""
    return str(getattr(value.args[0], "id", ""))


def pipelines_in(settings: Settings) -> Iterator[Sighting]:
    """The pipelines of a project's files, folder by folder; hidden folders, environments and builds are left out.

    Where there is no project (`/`, `/tmp`, somebody's home), only the folder's own files: what lies below is others'.
    """
    for number, file in enumerate(_files(settings.root, is_deep=has_project(settings.root))):
        if number >= LOOKED_AT:
            return
        yield from pipelines_of(file)


def _files(root: Path, *, is_deep: bool) -> Iterator[Path]:
    for number, (folder, folders, names) in enumerate(os.walk(root)):
        if number >= LOOKED_AT:
            return
        inside = folders if is_deep else ()
        folders[:] = sorted(one for one in inside if one not in _LEFT_OUT and one[0] != "." and _is_ours(folder, one))
        yield from (Path(folder, name) for name in sorted(names) if name.endswith(".py"))


def _is_ours(folder: str, name: str) -> bool:
    """Whether a folder is neither an environment nor a project of its own, whose pipelines are run from there."""
    # `os.path.exists`, which is False for a folder that may not be searched, where `Path.exists` raises
    return not any(os.path.exists(f"{folder}/{name}/{mark}") for mark in ("pyvenv.cfg", "pyproject.toml"))  # noqa: PTH110


def _is_pipeline(mark: ast.expr) -> bool:
    if isinstance(mark, ast.Call):
        mark = mark.func
    return "pipeline" in (getattr(mark, "id", ""), getattr(mark, "attr", ""))


def _parameters(arguments: ast.arguments) -> tuple[str, ...]:
    return tuple(one.arg for one in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs))
