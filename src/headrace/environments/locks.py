"""Lock files: which file of a project fixes the versions of everything, if any."""

# ruff: noqa: PTH118, PTH123 - pathlib costs more than the work itself here

import os

from headrace.core.digests import digest_bytes

_LOCKS = ("uv.lock", "pylock.toml", "poetry.lock", "pdm.lock", "Pipfile.lock", "pixi.lock", "requirements.lock")
_HASHED = "requirements.txt"


def lock_line(root: str) -> str:
    """`uv.lock` and the digest of its content; empty if the project has no lock.

    A `requirements.txt` is one only if it carries hashes: without them it may leave versions open.
    """
    for name in _LOCKS:
        content = _content(os.path.join(root, name))
        if content:
            return f"{name} {digest_bytes(content)}"
    content = _content(os.path.join(root, _HASHED))
    return f"{_HASHED} {digest_bytes(content)}" if b"--hash=" in content else ""


def _content(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""
