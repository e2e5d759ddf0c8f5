"""Finding a pipeline by what people type: `module:name`, `file.py:name`, or a name of `[tool.headrace.pipelines]`."""

from dataclasses import dataclass
from pathlib import Path

from headrace.app.settings import Settings
from headrace.core.errors import UnknownNameError, UsageError


@dataclass(frozen=True, slots=True)
class Target:
    """Where a pipeline is defined: module, name in it, and the module's file if it lies in the project."""

    module: str
    name: str
    file: str

    def __str__(self) -> str:
        return f"{self.module}:{self.name}"


def locate(text: str, settings: Settings) -> Target:
    """What a typed target means; raises UnknownNameError or UsageError. Imports nothing."""
    place, colon, name = text.rpartition(":")
    if not colon:
        if text not in settings.pipelines:
            hint = (
                f"Names come from [tool.headrace.pipelines] in {settings.root / 'pyproject.toml'}; "
                "any other pipeline is named by its place: `module:name` or `path/to/file.py:name`."
            )
            raise UnknownNameError("pipeline", text, known=settings.pipelines, hint=hint)
        place, _, name = settings.pipelines[text].rpartition(":")
    if place.endswith(".py"):
        return _from_file(place, name, settings)
    return Target(place, name, _file_of(place, settings))


def source_folders(settings: Settings) -> list[Path]:
    """The folders that a project's modules are imported from, first come first."""
    source = settings.root / "src"
    return [source, settings.root] if source.is_dir() else [settings.root]


def _from_file(place: str, name: str, settings: Settings) -> Target:
    path = Path(place).resolve()
    if not path.is_file():
        raise UsageError(f"There is no file {place!r} (looked for {path}).")
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
