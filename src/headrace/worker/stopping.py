"""Ending a step from outside without harm: a signal that raises in the step's own code, and nowhere else.

SIGURG asks for it in the calling process (nobody else uses it; Go's runtime chose it for the same reason), SIGTERM in
a worker process. A step that does not return to Python (a long call into C) ends only when it returns; a worker
process is killed then, the calling process cannot be.
"""

import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager

from headrace.worker.failures import AttemptStopped


def end_by_signal(*_: object) -> None:
    """End this process as SIGTERM does where nobody takes it over, so that its parent sees why."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.raise_signal(signal.SIGTERM)


class StopGate:
    """Open while a step's code runs in the main thread; only then does the signal raise AttemptStopped, once.

    A step that catches it and goes on has ended all the same: what it gives back is cut short, and no value.
    """

    def __init__(self, stop_signal: signal.Signals = signal.SIGURG) -> None:
        self._signal = stop_signal
        self._current = ""
        self._wanted = ""
        self._is_open = False
        self._has_raised = False
        self._main = threading.main_thread().ident

    def install(self) -> None:
        """Take the signal over (main thread only; elsewhere attempts can only be asked before they begin)."""
        if threading.get_ident() == self._main and signal.getsignal(self._signal) != self._on_signal:
            signal.signal(self._signal, self._on_signal)

    def request(self, attempt_id: str) -> None:
        """Ask this attempt to end; nothing happens if it is not the current one. From any thread."""
        self._wanted = attempt_id
        if self._is_open and self._current == attempt_id and self._main is not None:
            signal.pthread_kill(self._main, self._signal)

    @contextmanager
    def attempt(self, attempt_id: str) -> Generator[None, None, None]:
        """The whole attempt; within it, `user_code` marks what may be interrupted."""
        self._current, self._has_raised = attempt_id, False
        try:
            yield
        finally:
            self._is_open = False
            self._current = ""

    @contextmanager
    def user_code(self) -> Generator[None, None, None]:
        """The part that may be interrupted; raises AttemptStopped at once if somebody asked before, and at its end if
        the step has made something else of it."""
        try:
            self._is_open = threading.get_ident() == self._main
            self._raise_if_wanted()
            yield
        except Exception as error:
            if self._has_raised:
                raise AttemptStopped from error
            raise
        finally:
            self._is_open = False
        if self._has_raised:
            raise AttemptStopped

    @contextmanager
    def shielded(self) -> Generator[None, None, None]:
        """A part of the step's code that must not be torn (writing a frame): the stop waits until it is over."""
        if threading.get_ident() != self._main or not self._is_open:
            yield
            return
        self._is_open = False
        try:
            yield
        finally:
            self._is_open = True
        self._raise_if_wanted()

    def _raise_if_wanted(self) -> None:
        if self._wanted and self._wanted == self._current:
            self._wanted = ""
            self._is_open = False
            self._has_raised = True
            raise AttemptStopped

    def _on_signal(self, number: int, frame: object) -> None:  # noqa: ARG002 - what `signal` passes
        if self._signal == signal.SIGTERM:
            self._wanted = self._current
            if not self._current:
                end_by_signal()
        if self._is_open:
            self._raise_if_wanted()
