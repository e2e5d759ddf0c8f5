"""What one attempt has to tell while it runs: log lines (in its file first) and what it tracks, in small batches."""

import os
import threading
import time
from collections.abc import Callable
from functools import lru_cache

from msgspec import Struct

from headrace.core.values import Value
from headrace.ports.executors import AttemptSpec, LogLines
from headrace.ports.workers import Report
from headrace.tracking.buffer import TrackingBuffer
from headrace.worker.logs import Line, LineCutter, LogFile
from headrace.worker.stopping import StopGate

PERIOD_S = 0.2
FULL = 500
"""Lines that wait at most; whoever adds one more sends them."""


class Ticker:
    """A thread that flushes a moment after something was added; started by the first thing, asleep otherwise."""

    def __init__(self, period_s: float = PERIOD_S) -> None:
        self._period_s = period_s
        self._due: Callable[[], None] | None = None
        self._event = threading.Event()
        self._thread: threading.Thread | None = None

    def arm(self, flush: Callable[[], None]) -> None:
        """Call `flush` within the period. Costs next to nothing if that is coming already."""
        if self._due is not flush:
            self._due = flush
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="headrace-flush", daemon=True)
                self._thread.start()
            self._event.set()

    def _run(self) -> None:
        while True:
            self._event.wait()
            self._event.clear()
            time.sleep(self._period_s)
            flush, self._due = self._due, None
            if flush is not None:
                flush()


class OutboxParts(Struct, frozen=True):
    """What an outbox works with; `put` stores a value for `hr.log_figure` and the like, `look` sees what is kept."""

    report: Report
    log: LogFile
    gate: StopGate
    ticker: Ticker
    put: Callable[[object, str], Value]
    secrets: tuple[str, ...] = ()
    look: Callable[[str, Value | None], None] | None = None


class Outbox:
    """Log lines and tracking of one attempt. Any thread may write; nothing is told after `close`.

    A process that the step forks off writes to the log file too, but tells nothing: the pipe is its parent's.
    """

    def __init__(self, spec: AttemptSpec, parts: OutboxParts) -> None:
        self._spec = spec
        self._parts = parts
        self._lock = threading.RLock()  # a destructor that prints may come in the middle of a write
        self._sending = threading.Lock()
        self._cutters: dict[tuple[str, str], LineCutter] = {}
        self._waiting: list[Line] = []
        self._pid = os.getpid()
        self._is_open = True
        self._flush = self.flush
        self.tracking = TrackingBuffer(spec, put=parts.put, wake=self._wake, flush_now=self._flush, look=parts.look)
        _Newest.outbox = self

    def write(self, stream: str, text: str, *, source: str = "") -> None:
        """Text of a stream ("out", "err", "log") in any pieces; `source` keeps apart what must not share a line."""
        with self._lock:
            key = (stream, source)
            cutter = self._cutters.get(key)
            if cutter is None:
                cutter = self._cutters[key] = LineCutter()
            for line in cutter.feed(text):
                self._add(stream, line)
            is_full = len(self._waiting) >= FULL
        if is_full:
            self.flush()
        elif self._waiting:
            self._wake()

    def flush(self) -> None:
        """Tell what waits. Does nothing if it is told already, by this thread (a destructor) or after `close`."""
        if os.getpid() != self._pid or not self._is_open:
            return
        with self._parts.gate.shielded():
            self._flush_whole()

    def close(self) -> None:
        """End begun lines, tell the rest, close the file."""
        with self._lock:
            for (stream, _), cutter in self._cutters.items():
                for line in cutter.finish():
                    self._add(stream, line)
        with self._sending:  # a flush that is under way ends first
            if os.getpid() == self._pid and self._is_open:
                self._send()
            self._is_open = False
        with self._lock:
            self._parts.log.close()

    def _flush_whole(self) -> None:
        if not self._sending.acquire(blocking=False):
            self._wake()
            return
        try:
            if self._is_open:
                self._send()
        finally:
            self._sending.release()

    def _send(self) -> None:
        with self._lock:
            lines, self._waiting = self._waiting, []
        if lines:
            self._parts.report(LogLines(self._spec.attempt_id, tuple(lines)))
        batch = self.tracking.take()
        if batch is not None:
            self._parts.report(batch)

    def _add(self, stream: str, text: str) -> None:
        line = (time.time(), stream, masked(text, self._parts.secrets))
        self._waiting.append(line)
        try:
            self._parts.log.append(line)
        except OSError as error:  # a full disk must not break the step's print; whoever watches still sees the line
            self._waiting.append((line[0], "err", f"(this line could not be written to the log: {error.strerror})"))

    def _wake(self) -> None:
        self._parts.ticker.arm(self._flush)

    def renew_lock(self) -> None:
        """For a forked child: whoever held the lock is not here."""
        self._lock = threading.RLock()
        self._waiting = []


class _Newest:
    outbox: Outbox | None = None


def _after_fork() -> None:
    if _Newest.outbox is not None:
        _Newest.outbox.renew_lock()


os.register_at_fork(after_in_child=_after_fork)


SHORTEST_LINE = 8
"""Shorter lines of a secret of several lines (`}`) are no secret of their own."""


def masked(text: str, secrets: tuple[str, ...]) -> str:
    """A text in which no secret stands, nor a line of one (texts come line by line), nor one as `repr` writes it."""
    for secret in secrets:
        for form in _forms_of(secret):
            text = text.replace(form, "***")
    return text


@lru_cache(maxsize=256)
def _forms_of(secret: str) -> tuple[str, ...]:
    lines = [line for line in secret.splitlines() if len(line.strip()) >= SHORTEST_LINE]
    return tuple(form for form in dict.fromkeys((secret, repr(secret)[1:-1], *lines, *map(str.strip, lines))) if form)
