"""Entry points of installed distributions, read from their `entry_points.txt` files: `importlib.metadata` would cost
some 90 ms of start-up for the same answer."""

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path


def entry_points(group: str, folders: list[str] | None = None) -> Mapping[str, str]:
    """Name to `module:attribute` of a group; the first one on the path wins, as with imports."""
    found: dict[str, str] = {}
    for folder in sys.path if folders is None else folders:
        for text in _declarations(folder):
            if group in text:
                for name, target in _parse(text, group):
                    found.setdefault(name, target)
    return found


def _declarations(folder: str) -> Iterator[str]:
    try:
        entries = sorted(entry.path for entry in os.scandir(folder or ".") if entry.name.endswith(".dist-info"))
    except OSError:
        return
    for path in entries:
        try:
            yield (Path(path) / "entry_points.txt").read_text(encoding="utf-8")
        except OSError:
            continue


def _parse(text: str, group: str) -> Iterator[tuple[str, str]]:
    is_inside = False
    for raw in text.splitlines():
        line = raw.partition("#")[0].strip()
        if line.startswith("["):
            is_inside = line == f"[{group}]"
        elif is_inside and "=" in line:
            name, _, target = line.partition("=")
            yield name.strip(), target.partition("[")[0].strip()
