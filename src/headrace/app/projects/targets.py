"""Finding a pipeline by what people type: `module:name`, `file.py:name`, `file.py`, or a name of the settings."""

from pathlib import Path

from msgspec import Struct

from headrace.app.projects import looks
from headrace.app.projects.settings import Settings, where_the_project_is
from headrace.core.errors import UnknownNameError, UsageError


class Target(Struct, frozen=True):
    """Where a pipeline is defined: module, name in it, and the module's file if it lies in the project."""

    module: str
    name: str
    file: str

    def __str__(self) -> str:
        return f"{self.module}:{self.name}"


def locate(text: str, settings: Settings) -> Target:
    """What a typed target means; raises UnknownNameError or UsageError. Imports nothing.

    A file alone means the one pipeline that it defines. Places in the settings start at the project's folder, typed
    ones at the working directory.
    """
    place, colon, name = text.rpartition(":")
    if colon:
        return _target(place, name, settings, start=Path.cwd())
    if text in settings.pipelines:
        place, _, name = settings.pipelines[text].rpartition(":")
        return _target(place, name, settings, start=settings.root)
    file = text if text.endswith(".py") else _file_of(text, settings)
    if file:
        return _target(text, looks.only_pipeline(text, _existing(file, Path.cwd())), settings, start=Path.cwd())
    raise UnknownNameError("pipeline", text, known=settings.pipelines, hint=_hint(text, settings))


def _hint(text: str, settings: Settings) -> str:
    places = looks.places_of(text, settings)
    if places:
        return (
            f"There is one of this name in the project; say {' or '.join(f'`headrace run {one}`' for one in places)}."
        )
    lost = where_the_project_is(settings)
    if lost:
        return lost
    return (
        f"Names come from [tool.headrace.pipelines] in {settings.root / 'pyproject.toml'}; "
        "any other pipeline is named by its place: `module:name` or `path/to/file.py:name`."
    )


def _target(place: str, name: str, settings: Settings, *, start: Path) -> Target:
    if place.endswith(".py"):
        return _from_file(place, name, settings, start=start)
    return Target(place, name, _file_of(place, settings))


def source_folders(settings: Settings) -> list[Path]:
    """The folders that a project's modules are imported from, first come first."""
    source = settings.root / "src"
    return [source, settings.root] if source.is_dir() else [settings.root]


def _existing(place: str, start: Path) -> Path:
    path = (start / place).resolve()
    if not path.is_file():
        raise UsageError(f"There is no file {place!r} (looked for {path}).")
    return path


def _from_file(place: str, name: str, settings: Settings, *, start: Path) -> Target:
    path = _existing(place, start)
    for folder in source_folders(settings):
        if path.is_relative_to(folder):
            parts = path.relative_to(folder).with_suffix("").parts
            return Target(".".join(parts), name, str(path))
    raise UsageError(f"{path} lies outside the project {settings.root}: start headrace in that file's own project.")


def _file_of(module: str, settings: Settings) -> str:
    relative = Path(*module.split("."))
    for folder in source_folders(settings):
        for candidate in (folder / relative.with_suffix(".py"), folder / relative / "__init__.py"):
            if candidate.is_file():
                return str(candidate)
    return ""
