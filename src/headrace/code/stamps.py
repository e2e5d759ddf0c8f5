"""Stamps over a closure's files: whether anything that a finished plan was read from has changed. On the shortest path
of a reused run, so it imports next to nothing, and reads files rather than trust their times.
"""

# ruff: noqa: PTH100, PTH110, PTH118, PTH120, PTH123 - pathlib costs more than the work itself here

import json
import os
from collections.abc import Iterable
from pathlib import Path

from headrace.core.digests import digest_bytes, digest_parts
from headrace.ports.stores import MemoStore

_FORMAT = "headrace-stamp-1"
_MODULE_ENDS = (".py", ".so", ".pyd")


def closure_stamp(root: Path | str, files: Iterable[str]) -> str:
    """The digest over the contents of these files (relative to the root) and over the modules that stand beside them.

    The latter, because a new file may hide one of them or a library. A file that is gone changes the stamp, too.
    """
    base = os.path.abspath(root)
    parts = [_FORMAT]
    folders = {base, os.path.join(base, "src")}
    for file in sorted(set(files)):
        path = os.path.normpath(os.path.join(base, file))
        folders.add(os.path.dirname(path))
        parts += [file, _content_digest(path)]
    for folder in sorted(folders):
        parts += [os.path.relpath(folder, base), *_modules_in(folder)]
    return digest_parts(parts)


def changed_files(root: Path | str, files: Iterable[tuple[str, str]]) -> list[str]:
    """Those of these files (path relative to the root, digest) whose content is not that any more."""
    base = os.path.abspath(root)
    return [file for file, digest in files if _content_digest(os.path.join(base, file)) != digest]


class ClosureMemo:
    """Keeps what was computed from a closure of files, and gives it back while none of them has changed.

    `target` names what was computed and everything else that it depends on (a pipeline with its parameters, the
    environment, Headrace's version).
    """

    def __init__(self, root: Path | str, memo: MemoStore) -> None:
        self._root = root
        self._memo = memo

    def recall(self, target: str) -> str | None:
        """The document kept for a target; None if there is none or a file of its closure is another one now."""
        text = self._memo.recall(_key(target))
        if text is None:
            return None
        stamp, files, document = json.loads(text)
        return str(document) if closure_stamp(self._root, files) == stamp else None

    def keep(self, target: str, files: Iterable[tuple[str, str]], document: str) -> bool:
        """Keep a document for a target that was computed from these files (path relative to the root, digest).

        Keeps nothing and says False if one of them has changed since it was read.
        """
        read = dict(files)
        stamp = closure_stamp(self._root, read)
        if changed_files(self._root, read.items()):
            return False
        self._memo.keep(_key(target), json.dumps([stamp, sorted(read), document]))
        return True


def _key(target: str) -> str:
    # a folder on PYTHONPATH may hold another module of the same name
    return f"{_FORMAT}:{digest_parts([target, os.environ.get('PYTHONPATH', '')])}"


def _content_digest(path: str) -> str:
    try:
        with open(path, "rb", buffering=0) as file:
            return digest_bytes(file.read())
    except OSError:
        return ""


def _modules_in(folder: str) -> list[str]:
    """What can be imported from a folder, by name."""
    found: list[str] = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                name = entry.name
                if name.endswith(_MODULE_ENDS):
                    found.append(name)
                elif name.isidentifier() and name != "__pycache__" and entry.is_dir():
                    found.append(name + ("/" if os.path.exists(f"{folder}/{name}/__init__.py") else ""))
    except OSError:
        return []
    return sorted(found)
