"""Ctrl-C, SIGTERM and SIGHUP while a run is under way: heard at once, even if the main thread is deep in C code."""

import os
import signal
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Any, Self

ECHO_S = 0.2
"""The same signal that comes again within this is the same press: some send it to the process and to its group."""

_STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_END = b"\0"


class Interrupts:
    """Between `with` and its end these signals are told to `on_stop` (the signal, the how manyth it is), by a thread.

    Signals that somebody has taken over or ignores (`nohup`) are left alone, and so are all outside the main thread.
    Python runs a handler only when the main thread comes back to Python; the byte that the interpreter writes for each
    signal comes at once. `raises_again`: from the second Ctrl-C on, KeyboardInterrupt is raised in the main thread too,
    for a process that must not be ended.
    """

    def __init__(self, on_stop: Callable[[signal.Signals, int], None], *, raises_again: bool = False) -> None:
        self._on_stop, self._raises_again = on_stop, raises_again
        self._before: dict[signal.Signals, Any] = {}
        self._pipe = (-1, -1)
        self._thread: threading.Thread | None = None
        self._last: dict[int, float] = {}
        self._times = 0

    def __enter__(self) -> Self:
        if threading.current_thread() is not threading.main_thread():
            return self
        ours = (signal.SIG_DFL, signal.default_int_handler)
        self._before = {number: now for number in _STOPS if (now := signal.getsignal(number)) in ours}
        if not self._before:
            return self
        self._pipe = os.pipe2(os.O_CLOEXEC) if hasattr(os, "pipe2") else os.pipe()
        os.set_blocking(self._pipe[1], False)
        theirs = signal.set_wakeup_fd(self._pipe[1], warn_on_full_buffer=False)
        if theirs >= 0:  # an event loop of the user's has it: then handlers do what they can
            signal.set_wakeup_fd(theirs)
        else:
            self._thread = threading.Thread(target=self._listen, name="headrace-signals", daemon=True)
            self._thread.start()
        for number in self._before:
            signal.signal(number, self._handle)
        _Active.interrupts = self
        return self

    def forget(self) -> None:
        """Leave the signals to whoever had them before."""
        _Active.interrupts = None
        for number, handler in self._before.items():
            signal.signal(number, handler)
        if self._thread is not None:
            signal.set_wakeup_fd(-1)

    def __exit__(self, *_: object) -> None:
        self.forget()
        if self._thread is not None:
            os.write(self._pipe[1], _END)
            self._thread.join()
        for fd in self._pipe:
            if fd >= 0:
                os.close(fd)
        self._pipe = (-1, -1)

    def _handle(self, number: int, _: FrameType | None) -> None:
        is_again = self._times > 0
        if self._thread is None:
            self._hear(number)
        if is_again and self._raises_again and number == signal.SIGINT:
            raise KeyboardInterrupt

    def _listen(self) -> None:
        while data := os.read(self._pipe[0], 64):
            for number in data:
                if number == _END[0]:
                    return
                self._hear(number)

    def _hear(self, number: int) -> None:
        now = time.monotonic()
        is_echo = now - self._last.get(number, -1e9) < ECHO_S
        self._last[number] = now
        if number in self._before and not is_echo:
            self._times += 1
            self._on_stop(signal.Signals(number), self._times)


class _Active:
    interrupts: Interrupts | None = None


class _Masks(threading.local):
    """What each thread had blocked before it forked."""

    before: set[int | signal.Signals] | None = None


_masks = _Masks()


def _before_fork() -> None:
    """Hold signals back until the child has forgotten us: before, they would write into the pipe that we listen to."""
    if _Active.interrupts is not None:
        _masks.before = signal.pthread_sigmask(signal.SIG_BLOCK, _STOPS)


def _after_fork_here() -> None:
    mask, _masks.before = _masks.before, None
    if mask is not None:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _after_fork_in_child() -> None:
    """A process that a step forks off (`multiprocessing`) ends by SIGTERM as ever, and what it gets is not for us."""
    if _Active.interrupts is not None:
        _Active.interrupts.forget()
    _after_fork_here()


os.register_at_fork(before=_before_fork, after_in_parent=_after_fork_here, after_in_child=_after_fork_in_child)
