"""The project and its settings: where it is, what `[tool.headrace]` and the environment say. Reads; never writes."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, cast

from headrace.core.errors import SettingsError, near

STORE_FOLDER = ".headrace"


@dataclass(frozen=True, slots=True)
class Settings:
    """What a project has decided.

    `root` is the project's folder, `store` the folder of database, objects and logs, `pipelines` the names of
    `[tool.headrace.pipelines]` with their `module:name`. `lanes` is how many steps run at once (0: as many as there
    are cores). `pickles` says what happens to a value that has no safe format, `trusted` which of the project's own
    classes scikit-learn models may hold, `strict` whether an input or output without annotation is an error,
    `trust_file_system` whether a store on a network file system is opened all the same.
    """

    root: Path
    store: Path
    pipelines: Mapping[str, str] = field(default_factory=dict)
    lanes: int = 0
    durability: Literal["normal", "full"] = "normal"
    pickles: Literal["allow", "warn", "forbid"] = "warn"
    trusted: tuple[str, ...] = ()
    strict: bool = False
    trust_file_system: bool = False


_CHOICES = {"durability": ("normal", "full"), "pickles": ("allow", "warn", "forbid")}
_ENVIRONMENT = {"HEADRACE_LANES": "lanes", "HEADRACE_DURABILITY": "durability", "HEADRACE_PICKLES": "pickles"}


def find_root(start: Path) -> Path:
    """The nearest folder at or above `start` with a `pyproject.toml`; `start` itself if there is none."""
    for folder in (start, *start.parents):
        if (folder / "pyproject.toml").is_file():
            return folder
    return start


def read_settings(start: Path | None = None, environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings of the project around a folder (default: the working directory); raises SettingsError."""
    root = find_root((start or Path.cwd()).resolve())
    table = _read_table(root / "pyproject.toml")
    for variable, name in _ENVIRONMENT.items():
        if variable in environment:
            table[name] = environment[variable]
    store = table.pop("store", STORE_FOLDER)
    if not isinstance(store, str) or not store:
        raise SettingsError(f'`store` is {store!r}; it has to be the path of a folder, such as "{STORE_FOLDER}".')
    known = {one.name for one in fields(Settings)} - {"root", "store"}
    for name in table:
        if name not in known:
            raise SettingsError(
                f"[tool.headrace] in {root / 'pyproject.toml'} has no setting {name!r}{near(name, known)}."
            )
    folder = root / (environment.get("HEADRACE_HOME") or store)
    return Settings(root, folder, **{name: _checked(name, value) for name, value in table.items()})


def _read_table(path: Path) -> dict[str, object]:
    if not path.is_file():
        return {}
    text = path.read_bytes()
    if b"headrace" not in text:
        return {}
    try:
        return dict(tomllib.loads(text.decode()).get("tool", {}).get("headrace", {}))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} cannot be read as TOML: {error}. Mend that line; nothing was started.") from error


def _checked(name: str, value: object) -> Any:
    if name == "lanes":
        if str(value).isdigit():
            return int(str(value))
        raise SettingsError(f"`lanes` is {value!r}; it has to be a whole number (0: one lane a core).")
    if name in _CHOICES and value not in _CHOICES[name]:
        raise SettingsError(f"`{name}` is {value!r}; it can be {' or '.join(_CHOICES[name])}.")
    if name in ("strict", "trust_file_system") and not isinstance(value, bool):
        raise SettingsError(f"`{name}` is {value!r}; it has to be true or false.")
    if name == "trusted":
        return _texts(value)
    if name == "pipelines":
        return _targets(value)
    return value


def _texts(value: object) -> tuple[str, ...]:
    if isinstance(value, list) and all(isinstance(one, str) for one in cast("list[object]", value)):
        return tuple(cast("list[str]", value))
    raise SettingsError(f'`trusted` is {value!r}; it has to be a list of classes, such as ["models:Blend"].')


def _targets(value: object) -> dict[str, str]:
    table = cast("dict[str, object]", value) if isinstance(value, dict) else None
    if table is None:
        raise SettingsError("`[tool.headrace.pipelines]` has to be a table of names, each with its `module:name`.")
    for name, place in table.items():
        if not isinstance(place, str) or ":" not in place:
            raise SettingsError(f'Pipeline {name!r} in [tool.headrace.pipelines] is {place!r}; write "module:name".')
    return cast("dict[str, str]", table)
