"""What a step left behind in a warm worker (rule 21): working directory, environment, threads, children."""

import os
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress

from headrace.worker.capture import OWN_THREADS


class Residue:
    """Remembers the process as it was before a step's code ran, and compares."""

    def __init__(self) -> None:
        self._folder = ""
        self._environment: Mapping[bytes, bytes] = {}
        self._threads: frozenset[int | None] = frozenset()

    def remember(self) -> None:
        """How it is now."""
        self._folder = _folder()
        self._environment = dict(os.environb)
        self._threads = frozenset(thread.ident for thread in threading.enumerate())

    def left_behind(self) -> str:
        """What differs from what was remembered, in words; empty if nothing does."""
        found: list[str] = []
        if _folder() != self._folder:
            found.append("another working directory")
        if dict(os.environb) != self._environment:
            found.append(f"environment variables ({', '.join(self._changed_variables())})")
        threads = [thread.name for thread in threading.enumerate() if self._is_new(thread)]
        if threads:
            found.append(f"threads ({', '.join(threads[:5])})")
        if _has_children():
            found.append("child processes")
        return ", ".join(found)

    def _is_new(self, thread: threading.Thread) -> bool:
        return thread.ident not in self._threads and not thread.name.startswith(OWN_THREADS)

    def _changed_variables(self) -> list[str]:
        now = dict(os.environb)
        names = {name for name in (*now, *self._environment) if now.get(name) != self._environment.get(name)}
        return sorted(os.fsdecode(name) for name in names)[:5]


@contextmanager
def back_in_its_folder() -> Generator[None, None, None]:
    """A step that changes the working directory of a process that others need changes it for itself alone."""
    before = _folder()
    try:
        yield
    finally:
        if _folder() != before:
            with suppress(OSError):  # it may be gone by now
                os.chdir(before)


def _folder() -> str:
    try:
        return os.getcwd()  # noqa: PTH109 - a text is compared, and pathlib costs ten times as much
    except OSError:
        return "(removed)"


def _has_children() -> bool:
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True
