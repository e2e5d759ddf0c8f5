"""Descriptors of a worker process: what C code and children write to 1 and 2, and the pipe that tells that the
executor's process has died. Loaded in worker processes only."""

import codecs
import ctypes
import fcntl
import os
import select
import signal
import threading
from collections.abc import Callable

from headrace.ports.workers import COMMANDS_FD, ERR_FD, LIFE_FD, OUT_FD, REPORTS_FD

_F_SETSIG = 10
"""Linux: which signal a descriptor sends (asm-generic/fcntl.h); Python's fcntl does not name it."""

_HAS_SIGNALS = hasattr(os, "O_ASYNC") and hasattr(fcntl, "F_SETOWN") and os.uname().sysname == "Linux"


def keep_from_children() -> None:
    """Close the descriptors that the executor handed over in programs that a step starts."""
    for fd in (COMMANDS_FD, REPORTS_FD, OUT_FD, ERR_FD, LIFE_FD):
        os.set_inheritable(fd, False)  # noqa: FBT003 - the signature of os


def die_with(life_fd: int, *, by_signal: bool = _HAS_SIGNALS) -> None:
    """Kill this process group as soon as the pipe closes: when the process at its other end is gone, however it went.

    On Linux the kernel itself sends SIGKILL, so that a step that holds the interpreter dies too; elsewhere a thread
    watches.
    """
    if by_signal:
        fcntl.fcntl(life_fd, fcntl.F_SETOWN, -os.getpgrp())
        fcntl.fcntl(life_fd, _F_SETSIG, signal.SIGKILL)
        fcntl.fcntl(life_fd, fcntl.F_SETFL, fcntl.fcntl(life_fd, fcntl.F_GETFL) | os.O_ASYNC)
        poll = select.poll()
        poll.register(life_fd, select.POLLIN)
        if poll.poll(0):  # it closed before the kernel was asked to tell
            os.killpg(0, signal.SIGKILL)
        return
    threading.Thread(target=_wait_for_end, args=(life_fd,), name="headrace-life", daemon=True).start()


def _wait_for_end(life_fd: int) -> None:
    while os.read(life_fd, 1):
        pass
    os.killpg(0, signal.SIGKILL)


class DescriptorPump:
    """Moves what arrives on the pipes behind descriptors 1 and 2 to `write`, by a thread of its own."""

    def __init__(self, write: Callable[[str, str], None], *, fds: tuple[int, int] = (OUT_FD, ERR_FD)) -> None:
        self._write = write
        self._lock = threading.Lock()
        make = codecs.getincrementaldecoder("utf-8")
        self._streams = {fd: (name, make("backslashreplace")) for fd, name in zip(fds, ("out", "err"), strict=True)}
        self._libc = ctypes.CDLL(None)
        for fd in fds:
            os.set_blocking(fd, False)

    def start(self) -> None:
        """Begin to read."""
        threading.Thread(target=self._run, name="headrace-pump", daemon=True).start()

    def drain(self) -> None:
        """Flush C's own buffers, and move all that has been written so far."""
        self._libc.fflush(None)
        with self._lock:
            for fd in self._streams:
                self._read(fd)

    def _run(self) -> None:
        poll = select.poll()
        for fd in self._streams:
            poll.register(fd, select.POLLIN)
        while True:
            for fd, _ in poll.poll():
                with self._lock:
                    self._read(fd)

    def _read(self, fd: int) -> None:
        name, decoder = self._streams[fd]
        while True:
            try:
                data = os.read(fd, 65536)
            except BlockingIOError:
                return
            if not data:
                return
            text = decoder.decode(data)
            if text:
                self._write(name, text)
