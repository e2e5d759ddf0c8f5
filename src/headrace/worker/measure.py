"""What an attempt uses, cheaply: wall and CPU seconds, and the peak of the process's private memory.

On Linux the peak of resident memory is reset before each attempt; pages of mapped files (the artifact store's) are
taken off it. If a step maps more after its peak than before, the figure is too low by that much, but never below
what is private at its end. On macOS the peak cannot be reset: it is told only by the attempt that raises it.
"""

import os
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from functools import lru_cache

from headrace.ports.executors import Usage


class Meter:
    """Measures one attempt at a time in this process."""

    def __init__(self) -> None:
        self._memory = _memory_of(os.getpid())
        self._wall = self._cpu = 0.0
        self.import_s = 0.0
        self.store_s = 0.0

    def start(self) -> None:
        """Begin a new attempt."""
        self.import_s = self.store_s = 0.0
        self._memory.reset()
        self._cpu = _cpu_seconds()
        self._wall = time.perf_counter()

    @contextmanager
    def storing(self) -> Generator[None, None, None]:
        """Time spent on reading inputs and storing outputs."""
        begun = time.perf_counter()
        try:
            yield
        finally:
            self.store_s += time.perf_counter() - begun

    @contextmanager
    def importing(self) -> Generator[None, None, None]:
        """Time spent on importing the step's module."""
        begun = time.perf_counter()
        try:
            yield
        finally:
            self.import_s += time.perf_counter() - begun

    def usage(self) -> Usage:
        """What was used since `start`. CPU seconds count all threads of the process and children that have ended."""
        wall, cpu = time.perf_counter() - self._wall, _cpu_seconds() - self._cpu
        return Usage(wall, max(cpu, 0.0), self._memory.peak_bytes(), self.import_s, self.store_s)


@lru_cache(maxsize=1)
def _memory_of(pid: int) -> "_LinuxMemory | _PeakMemory":  # noqa: ARG001 - what a fork inherits is of its parent
    """That of this process: its descriptors stay open, and a process may run many pipelines."""
    return _LinuxMemory() if sys.platform == "linux" else _PeakMemory()


def _cpu_seconds() -> float:
    times = os.times()
    return time.process_time() + times.children_user + times.children_system


class _LinuxMemory:
    """Reads /proc/self through descriptors that stay open; a forked child of a step never comes here."""

    def __init__(self) -> None:
        self._status = os.open("/proc/self/status", os.O_RDONLY | os.O_CLOEXEC)
        self._reset = -1
        self._before = 0
        try:
            self._reset = os.open("/proc/self/clear_refs", os.O_WRONLY | os.O_CLOEXEC)
        except OSError:  # some containers forbid it: the peak is then told only by the attempt that raises it
            self._before = self._highest()

    def reset(self) -> None:
        """Forget the peak so far."""
        if self._reset >= 0:
            os.pwrite(self._reset, b"5", 0)
        else:
            self._before = self._highest()

    def peak_bytes(self) -> int:
        """The highest private memory since `reset`, in bytes."""
        fields = self._fields()
        anonymous, mapped = fields["RssAnon"], fields["RssFile"] + fields["RssShmem"]
        highest = fields["VmHWM"]
        if self._reset < 0 and highest <= self._before:
            return anonymous
        return max(anonymous, highest - mapped)

    def _highest(self) -> int:
        return self._fields()["VmHWM"]

    def _fields(self) -> dict[str, int]:
        text = os.pread(self._status, 8192, 0).decode("ascii", "replace")
        return {name: _kilobytes(text, name) for name in ("VmHWM", "RssAnon", "RssFile", "RssShmem")}


def _kilobytes(text: str, name: str) -> int:
    _, found, rest = text.partition(f"\n{name}:")
    return int(rest.split(None, 1)[0]) * 1024 if found else 0


class _PeakMemory:
    """The peak of the whole process's life, where the platform knows no other."""

    def __init__(self) -> None:
        self._before = 0

    def reset(self) -> None:
        """Remember the peak so far."""
        self._before = _highest_of_life()

    def peak_bytes(self) -> int:
        """The peak if this attempt has raised it, else 0: not known."""
        highest = _highest_of_life()
        return highest if highest > self._before else 0


if sys.platform == "darwin":
    import resource

    def _highest_of_life() -> int:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

else:

    def _highest_of_life() -> int:
        return 0
