"""The project and its settings: where it is, what `[tool.headrace]` and the environment say. Reads; never writes."""

import os
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, cast

from msgspec import Struct, field

from headrace.core.errors import SettingsError, close_to, near
from headrace.core.sizes import bytes_of

STORE_FOLDER = ".headrace"


class DatabaseAddress:
    """`postgresql://…`, which may hold a password: it is in `text` and in no representation. Empty: none."""

    __slots__ = ("text",)

    def __init__(self, text: str = "") -> None:
        self.text = text

    def __bool__(self) -> bool:
        return bool(self.text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DatabaseAddress) and other.text == self.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __repr__(self) -> str:
        return "<address of a database>" if self.text else "<no database>"


class Settings(Struct, frozen=True):
    """What a project has decided.

    `root` is the project's folder, `store` the folder of database, objects and logs, `database` the address of a
    server's database instead of the one in that folder, `objects` the place in an object store where objects live
    instead of in that folder (empty: there), `object_copies` how many bytes of them may lie on this machine,
    `pipelines` the names of `[tool.headrace.pipelines]` with their `module:name`. `lanes` is how many steps run at
    once (0: as many as there are cores). `pickles` says what happens to a value that has no safe format, `trusted`
    which of the project's own classes scikit-learn models may hold, `strict` whether an input or output without
    annotation is an error, `trust_file_system` whether a store on a network file system is opened all the same.
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
    database: DatabaseAddress = DatabaseAddress()
    objects: str = ""
    object_copies: int = 20 * 10**9


_CHOICES = {"durability": ("normal", "full"), "pickles": ("allow", "warn", "forbid")}
_ENVIRONMENT = {
    "HEADRACE_LANES": "lanes",
    "HEADRACE_DURABILITY": "durability",
    "HEADRACE_PICKLES": "pickles",
    "HEADRACE_DATABASE": "database",
    "HEADRACE_OBJECTS": "objects",
    "HEADRACE_OBJECT_COPIES": "object_copies",
}
_PREFIX = "HEADRACE_"
_REMOTE = "s3://"
_OFFERED = 5
"""Where more projects than these lie side by side (`/tmp`, a home), naming them helps nobody."""
_VARIABLES = (*_ENVIRONMENT, "HEADRACE_HOME", "HEADRACE_TRACEBACK")


def find_root(start: Path) -> Path:
    """The nearest folder at or above `start` with a `pyproject.toml`; `start` itself if there is none."""
    for folder in (start, *start.parents):
        if (folder / "pyproject.toml").is_file():
            return folder
    return start


def has_project(root: Path) -> bool:
    """Whether a folder that `find_root` gave is a project, and not merely where somebody stands."""
    return (root / "pyproject.toml").is_file()


def where_the_project_is(settings: Settings) -> str:
    """For who stands in a folder that belongs to no project: where one may be meant; empty in a project."""
    root = settings.root
    if has_project(root):
        return ""
    for folder in root.parents:
        if (folder / STORE_FOLDER / "headrace.db").is_file():
            return (
                f"There is no pyproject.toml in {root} or above it, but a store in {folder}: start headrace there, or "
                f"put a pyproject.toml there, so that it is found from every folder below."
            )
    below = sorted(one.parent.name for one in root.glob("*/pyproject.toml") if _is_readable_project(one))
    if 0 < len(below) <= _OFFERED:
        return f"There is no pyproject.toml in {root} or above it; did you mean the project in {' or '.join(below)}?"
    return (
        f"There is no pyproject.toml in {root} or above it, so this folder is taken for the project: start headrace in "
        f"yours."
    )


def _is_readable_project(file: Path) -> bool:
    try:
        return b"headrace" in file.read_bytes()
    except OSError:
        return False


def read_settings(start: Path | None = None, environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings of the project around a folder (default: the working directory); raises SettingsError."""
    root = find_root((start or Path.cwd()).resolve())
    _refuse_mistyped(environment)
    file = root / "pyproject.toml"
    table = _read_table(file)
    _refuse_remote_folders(environment, table)
    spoken = {name: variable for variable, name in _ENVIRONMENT.items() if variable in environment}
    table.update((name, environment[variable]) for name, variable in spoken.items())
    known = set(Settings.__struct_fields__) - {"root"}
    for name in table:
        if name not in known:
            raise SettingsError(f"[tool.headrace] in {file} has no setting {name!r}{near(name, known)}.")
    checked = {
        name: _checked(name, value, spoken.get(name, f"`{name}` in [tool.headrace] of {file}"))
        for name, value in table.items()
    }
    store = checked.pop("store", STORE_FOLDER)
    return Settings(root, root / (environment.get("HEADRACE_HOME") or store), **checked)


def _refuse_remote_folders(environment: Mapping[str, str], table: Mapping[str, object]) -> None:
    """A database, locks and logs lie on a disk; who puts the whole store into a bucket means its objects."""
    told = {name: environment.get(name) for name in ("HEADRACE_HOME", "HEADRACE_STORE")} | {
        "`store`": table.get("store")
    }
    for name, value in told.items():
        if str(value).startswith(_REMOTE):
            raise SettingsError(
                f"{name} is a place in a bucket, but the store is a folder on this machine, with its database, logs "
                f"and locks. Its objects can live there: set HEADRACE_OBJECTS, or `objects` in [tool.headrace], to it."
            )


def _refuse_mistyped(environment: Mapping[str, str]) -> None:
    """Raise SettingsError for a variable that is almost one of ours; any other may belong to somebody else."""
    for name in environment:
        meant = name.startswith(_PREFIX) and name not in _VARIABLES and close_to(name, _VARIABLES, cutoff=0.85)
        if meant:
            raise SettingsError(f"There is no variable {name!r}{near(name, meant)}. Unset it or mend its name.")


def _read_table(path: Path) -> dict[str, object]:
    if not path.is_file():
        return {}
    text = path.read_bytes()
    if b"headrace" not in text:
        return {}
    try:
        tools = tomllib.loads(text.decode()).get("tool", {})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} cannot be read as TOML: {error}. Mend that line; nothing was started.") from error
    table = tools.get("headrace", {}) if isinstance(tools, dict) else None
    if not isinstance(table, dict):
        raise SettingsError(f"[tool.headrace] in {path} has to be a table of settings.")
    return dict(cast("dict[str, object]", table))


def _checked(name: str, value: object, called: str) -> Any:
    if name in _READERS:
        return _READERS[name](value, called)
    shown = str(value).lower() if isinstance(value, bool) else repr(value)
    if name == "lanes":
        if str(value).isdigit():
            return int(str(value))
        raise SettingsError(f"{called} is {shown}; it has to be a whole number (0: one lane a core).")
    if name == "store" and (not isinstance(value, str) or not value):
        raise SettingsError(f'{called} is {shown}; it has to be the path of a folder, such as "{STORE_FOLDER}".')
    if name in _CHOICES and value not in _CHOICES[name]:
        meant = close_to(str(value), _CHOICES[name])
        hint = near(str(value), meant) if meant else ""
        raise SettingsError(f"{called} is {shown}; it can be {' or '.join(_CHOICES[name])}{hint}.")
    if name in ("strict", "trust_file_system") and not isinstance(value, bool):
        raise SettingsError(f"{called} is {shown}; it has to be true or false.")
    if name == "trusted":
        return _texts(value, called, shown)
    return _targets(value, called) if name == "pipelines" else value


def _address(value: object, called: str) -> DatabaseAddress:
    # what it says is not shown, as it may hold a password
    if not isinstance(value, str) or (value and not value.startswith(("postgresql://", "postgres://"))):
        raise SettingsError(
            f"{called} has to be the address of a PostgreSQL database, such as postgresql://user@host/database; "
            f"empty for the SQLite database in the store's folder."
        )
    return DatabaseAddress(value)


def _objects(value: object, called: str) -> str:
    # as above: who writes keys into it finds out without their being shown
    if value == "":
        return ""
    text = value if isinstance(value, str) else ""
    bucket, _, prefix = text.removeprefix(_REMOTE).strip("/").partition("/")
    is_plain = bucket.replace("-", "").replace(".", "").replace("_", "").isalnum()
    if not text.startswith(_REMOTE) or not is_plain or any(sign in prefix for sign in "?#@"):
        raise SettingsError(
            f"{called} has to be a place in a bucket, such as s3://bucket/prefix; empty for the store's folder. Keys "
            f"belong into AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile."
        )
    return text


def _bytes(value: object, called: str) -> int:
    try:
        size = bytes_of(int(value) if isinstance(value, str) and value.isdigit() else value)
    except ValueError as error:
        raise SettingsError(f"{called}: {error}.") from error
    if size <= 0:
        raise SettingsError(f"{called} is {value!r}; it has to be more than nothing, such as '20 GB'.")
    return size


_READERS: Mapping[str, Callable[[object, str], object]] = {
    "database": _address,
    "objects": _objects,
    "object_copies": _bytes,
}


def _texts(value: object, called: str, shown: str) -> tuple[str, ...]:
    if isinstance(value, list) and all(isinstance(one, str) for one in cast("list[object]", value)):
        return tuple(cast("list[str]", value))
    raise SettingsError(f'{called} is {shown}; it has to be a list of classes and modules, such as ["models:Blend"].')


def _targets(value: object, called: str) -> dict[str, str]:
    table = cast("dict[str, object]", value) if isinstance(value, dict) else None
    if table is None:
        raise SettingsError(f"{called} has to be a table of names, each with its `module:name`.")
    for name, place in table.items():
        if not isinstance(place, str) or ":" not in place:
            raise SettingsError(f'{called}: {name!r} is {place!r}; write "module:name" or "file.py:name".')
    return cast("dict[str, str]", table)
