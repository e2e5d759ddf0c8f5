"""The environment as keys see it: Python's minor version, and the lock or the versions of the distributions that a
step's code reaches, with all that they require.
"""

# ruff: noqa: PTH100 - pathlib costs more than the work itself here

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from headrace.core.digests import digest_parts
from headrace.environments.distributions import Distribution, InstalledDistributions, read_info, record_lines
from headrace.environments.locks import lock_line
from headrace.ports.code import EnvironmentPart
from headrace.ports.stores import MemoStore

_FORMAT = "headrace-environment-1"
_RECORD_LENGTH = 16


class InstalledEnvironment:
    """Reads the lock, or what is installed in `path` (default: `sys.path`); each once. Not thread-safe.

    A distribution counts by its version; one that was installed from a folder, a file or a repository by the digests
    in its RECORD, too, because its version says little. Editable installs count as project code, not here. What is
    required but not installed does not count; an import that nothing provides counts as absent.
    """

    def __init__(self, root: Path | str, memo: MemoStore, path: Sequence[str] | None = None) -> None:
        self._installed = InstalledDistributions(memo, path)
        self._lock = lock_line(os.path.abspath(root))
        self._python = f"python {sys.version_info.major}.{sys.version_info.minor}"
        self._parts: dict[tuple[str, ...], EnvironmentPart] = {}
        self._lines: dict[str, str] = {}

    def environment_of(self, distributions: tuple[str, ...]) -> EnvironmentPart:
        """The environment of code that imports these modules (`polars`, `google.cloud.storage`)."""
        known = self._parts.get(distributions)
        if known is None:
            lines = (self._python, self._lock) if self._lock else (self._python, *self._versions(distributions))
            known = self._parts[distributions] = EnvironmentPart(digest_parts((_FORMAT, *lines)), lines)
        return known

    def _versions(self, modules: tuple[str, ...]) -> list[str]:
        lines: set[str] = set()
        pending: list[tuple[Distribution, frozenset[str]]] = []
        for module in modules:
            providing = self._installed.providing(module)
            if not providing:
                lines.add(f"{module} absent")
            pending += [(one, frozenset()) for one in providing]
        seen: set[tuple[str, frozenset[str]]] = set()
        while pending:
            distribution, extras = pending.pop()
            if (distribution.name, extras) in seen:
                continue
            seen.add((distribution.name, extras))
            lines.add(self._line(distribution))
            for one in self._installed.requirements(distribution):
                installed = self._installed.by_name.get(one.name)
                if installed is not None and (not one.only_for or one.only_for in extras):
                    pending.append((installed, one.extras))
        return sorted(lines)

    def _line(self, distribution: Distribution) -> str:
        if distribution.name not in self._lines:
            line = f"{distribution.name} {distribution.version}"
            self._lines[distribution.name] = line + _source_digest(distribution)
        return self._lines[distribution.name]


def _source_digest(distribution: Distribution) -> str:
    """For what was not installed from an index: a short digest over its files; empty otherwise."""
    text = read_info(distribution, "direct_url.json")
    if not text:
        return ""
    try:
        is_editable = json.loads(text).get("dir_info", {}).get("editable", False)
    except ValueError:
        is_editable = False
    if is_editable:
        return ""
    # Scripts carry the interpreter's path and the description the folder's: neither is what the step runs.
    files = [line for line in record_lines(distribution) if ".dist-info/" not in line and not line.startswith("..")]
    return f" files {digest_parts(sorted(files))[:_RECORD_LENGTH]}"
