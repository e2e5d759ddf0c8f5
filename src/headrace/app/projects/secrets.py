"""Secrets of steps on this machine: from the environment, else from the project's `.env`. Never stored or printed."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path


def secrets_of(root: Path, names: Sequence[str]) -> Mapping[str, str]:
    """Those of the named secrets that there are."""
    if not names:
        return {}
    kept = {**_read_env(root / ".env"), **os.environ}
    return {name: kept[name] for name in names if name in kept}


def _read_env(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    found: dict[str, str] = {}
    for line in path.read_text().splitlines():
        name, equals, value = line.strip().removeprefix("export ").partition("=")
        if equals and not name.startswith("#"):
            found[name.strip()] = value.strip().strip("'\"")
    return found
