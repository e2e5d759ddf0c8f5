"""Installed distributions as their `*.dist-info` folders tell: names, versions, what they require, what they can be
imported as. Reads folders and small files; never imports `importlib.metadata`, which costs more than a reused run.
"""

# ruff: noqa: PTH100, PTH112, PTH113, PTH116, PTH118, PTH123 - pathlib costs more than the work itself here

import json
import os
import re
import sys
from collections.abc import Iterable, Sequence

from msgspec import Struct

from headrace.core.digests import digest_parts
from headrace.ports.stores import MemoStore

_FORMAT = "headrace-distributions-1"
_INFO = (".dist-info", ".egg-info")
_SEPARATORS = re.compile(r"[-_.]+")
_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[([^\]]*)\])?")
_EXTRA = re.compile(r"""extra\s*==\s*['"]([^'"]+)['"]""")
_EGG_END = re.compile(r"-py\d.*$")
_HEAD_BYTES = 1 << 14


class Distribution(Struct, frozen=True):
    """One installed distribution: its name in normal form, version, and the folder (or file) that describes it."""

    name: str
    version: str
    info: str


class Requirement(Struct, frozen=True):
    """A distribution that another one requires, with extras; `only_for` names the extra that asks for it, if any."""

    name: str
    extras: frozenset[str] = frozenset()
    only_for: str = ""


def normal_name(name: str) -> str:
    """A distribution's name as indexes compare it (PEP 503)."""
    return _SEPARATORS.sub("-", name).lower()


class InstalledDistributions:
    """What is installed in some folders of `sys.path`; the first of a name counts, as for Python. Not thread-safe."""

    def __init__(self, memo: MemoStore, path: Sequence[str] | None = None) -> None:
        self._memo = memo
        entries = sys.path if path is None else path
        self._folders = [os.path.abspath(entry) for entry in dict.fromkeys(entries) if entry and os.path.isdir(entry)]
        self._by_name: dict[str, Distribution] | None = None
        self._importable: dict[str, list[str]] | None = None

    @property
    def by_name(self) -> dict[str, Distribution]:
        """All distributions by normal name."""
        if self._by_name is None:
            self._by_name = _list_distributions(self._folders)
        return self._by_name

    def providing(self, module: str) -> list[Distribution]:
        """The distributions that provide a module; several for a namespace package, none if nothing does."""
        importable = self._modules()
        parts = module.split(".")
        for length in range(len(parts), 0, -1):
            names = importable.get(".".join(parts[:length]))
            if names:
                return [self.by_name[name] for name in names]
        below = {name for place, names in importable.items() if place.startswith(module + ".") for name in names}
        return [self.by_name[name] for name in sorted(below)]

    def requirements(self, distribution: Distribution) -> list[Requirement]:
        """What a distribution requires; raises OSError if its description cannot be read."""
        found: list[Requirement] = []
        for line in _metadata_lines(distribution.info):
            field, _, text = line.partition(":")
            if field.lower() == "requires-dist":
                found.append(_read_requirement(text))
        return found

    def _modules(self) -> dict[str, list[str]]:
        if self._importable is None:
            names = sorted(self.by_name)
            ages = [text for name in names for text in (self.by_name[name].info, _age(self.by_name[name]))]
            key = f"{_FORMAT}:{digest_parts(ages)}"
            text = self._memo.recall(key)
            if text is None:
                text = json.dumps(_importable(self.by_name[name] for name in names))
                self._memo.keep(key, text)
            self._importable = json.loads(text)
        assert self._importable is not None
        return self._importable


def record_lines(distribution: Distribution) -> list[str]:
    """The lines of a distribution's RECORD; empty if it has none."""
    return _read(os.path.join(distribution.info, "RECORD")).splitlines()


def read_info(distribution: Distribution, name: str) -> str:
    """A file of a distribution's description; empty if there is none."""
    return _read(os.path.join(distribution.info, name))


def _list_distributions(folders: Iterable[str]) -> dict[str, Distribution]:
    found: dict[str, Distribution] = {}
    for folder in folders:
        try:
            with os.scandir(folder) as entries:
                names = [entry.name for entry in entries if entry.name.endswith(_INFO)]
        except OSError:
            continue
        for entry in sorted(names):
            name, version = _name_and_version(entry.rpartition(".")[0])
            found.setdefault(name, Distribution(name, version, os.path.join(folder, entry)))
    return found


def _name_and_version(stem: str) -> tuple[str, str]:
    """`polars-2.1.0` or, of an egg, `polars-2.1.0-py3.11`; a version has no hyphen."""
    stem = _EGG_END.sub("", stem)
    name, hyphen, version = stem.rpartition("-")
    return (normal_name(name), version) if hyphen else (normal_name(stem), "")


def _age(distribution: Distribution) -> str:
    """Tells apart two installations of one version: what they can be imported as may differ."""
    try:
        return str(os.stat(distribution.info).st_mtime_ns)
    except OSError:
        return ""


def _importable(distributions: Iterable[Distribution]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for distribution in distributions:
        for module in _modules_of(distribution):
            found.setdefault(module, []).append(distribution.name)
    return found


def _modules_of(distribution: Distribution) -> set[str]:
    lines = [line for line in record_lines(distribution) if not line.startswith("..")]
    files = [_path_of(line) for line in lines if ".dist-info/" not in line and not line.startswith("/")]
    code = [file for file in files if file.endswith((".py", ".so", ".pyd"))]
    tops = {file.partition("/")[0] for file in code if file.count("/") == 1 and file.endswith("/__init__.py")}
    modules = {_module_name(top) for top in tops}
    packages = {file.rpartition("/")[0] for file in code if file.endswith("/__init__.py")}
    for file in code:
        top = file.partition("/")[0]
        if top not in tops:
            modules.add(_outermost(file, packages))
    if not modules:
        modules = set(read_info(distribution, "top_level.txt").split())
    return {module for module in modules if module}


def _outermost(file: str, packages: set[str]) -> str:
    """The dotted name of the outermost regular package that a file below a namespace is in, or of the file itself."""
    parts = file.split("/")
    for length in range(1, len(parts)):
        if "/".join(parts[:length]) in packages:
            return ".".join(parts[:length])
    return ".".join([*parts[:-1], _module_name(parts[-1])])


def _module_name(file: str) -> str:
    return file.partition(".")[0]


def _path_of(line: str) -> str:
    if line.startswith('"'):
        return line[1:].partition('"')[0]
    return line.partition(",")[0]


def _read_requirement(text: str) -> Requirement:
    requirement, _, marker = text.partition(";")
    match = _REQUIREMENT.match(requirement)
    name, extras = (match.group(1), match.group(2) or "") if match else (requirement, "")
    only_for = _EXTRA.search(marker)
    return Requirement(
        normal_name(name),
        frozenset(normal_name(extra.strip()) for extra in extras.split(",") if extra.strip()),
        normal_name(only_for.group(1)) if only_for else "",
    )


def _metadata_lines(info: str) -> list[str]:
    """The head of METADATA: what follows the first empty line is the description."""
    for name in ("METADATA", "PKG-INFO"):
        text = _read_head(os.path.join(info, name))
        if text:
            return text.splitlines()
    return _read_head(info).splitlines() if os.path.isfile(info) else []


def _read_head(path: str) -> str:
    content = b""
    try:
        with open(path, "rb") as file:
            while chunk := file.read(_HEAD_BYTES):
                content += chunk
                end = content.replace(b"\r\n", b"\n").find(b"\n\n")
                if end >= 0:
                    return content.replace(b"\r\n", b"\n")[:end].decode("utf-8", "replace")
    except OSError:
        return ""
    return content.decode("utf-8", "replace")


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""
