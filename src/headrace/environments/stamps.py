"""A stamp over everything that is installed, for the shortest path of a reused run: equal stamps mean equal
environments, unequal ones that it has to be read again.
"""

# ruff: noqa: PTH100 - pathlib costs more than the work itself here

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from headrace.core.digests import digest_parts
from headrace.environments.locks import lock_line

_FORMAT = "headrace-installed-1"
_INFO = (".dist-info", ".egg-info")


def environment_stamp(root: Path | str, path: Sequence[str] | None = None) -> str:
    """The digest over Python's version, the lock, and the names and times of all descriptions of distributions."""
    parts = [_FORMAT, sys.version, lock_line(os.path.abspath(root))]
    for folder in dict.fromkeys(sys.path if path is None else path):
        try:
            with os.scandir(folder or ".") as entries:
                found = [f"{one.name} {one.stat().st_mtime_ns}" for one in entries if one.name.endswith(_INFO)]
        except OSError:
            continue
        parts += sorted(found)
    return digest_parts(parts)
