"""What a step prints and logs, caught at Python's level while an attempt is on, for the step's threads only.

What C code and child processes write to descriptors is caught in worker processes (`worker/descriptors.py`).
"""

import io
import sys
import threading
from typing import Any, TextIO, cast

from headrace.worker.outbox import Outbox

OWN_THREADS = "headrace-"
"""Threads whose name begins so are no part of a step, in the calling process too."""


class Capture:
    """Puts itself in front of sys.stdout, sys.stderr and the root logger between `begin` and `end`.

    In the calling process, threads that were there before the first attempt are not the step's: what they print goes
    where it went.
    """

    def __init__(self) -> None:
        self._outbox: Outbox | None = None
        self._thread = 0
        self._outside: frozenset[int] | None = None
        self._out = CapturedStream("out", self, sys.stdout)
        self._err = CapturedStream("err", self, sys.stderr)
        self._logging: _LoggingTap | None = None

    def begin(self, outbox: Outbox) -> None:
        """From now on this thread and threads started from now on write to the attempt's log."""
        self._thread = threading.get_ident()
        if self._outside is None:
            self._outside = frozenset(thread.ident or 0 for thread in threading.enumerate()) - {self._thread}
        self._outbox = outbox
        if sys.stdout is not self._out:
            self._out.original, sys.stdout = sys.stdout, cast("TextIO", self._out)
        if sys.stderr is not self._err:
            self._err.original, sys.stderr = sys.stderr, cast("TextIO", self._err)
        self.tap_logging()

    def tap_logging(self) -> None:
        """Catch records of `logging` too, if anybody has imported it by now."""
        if self._logging is None and "logging" in sys.modules:
            self._logging = _LoggingTap(self, (self._out, self._err))

    def end(self) -> None:
        """Everything goes where it went before."""
        if self._logging is not None:
            self._logging.remove()
            self._logging = None
        sys.stdout = self._out.original
        sys.stderr = self._err.original
        self._outbox = None

    def outbox(self) -> Outbox | None:
        """Where this thread's output belongs; None if it is not the step's."""
        outbox = self._outbox
        if outbox is None or threading.get_ident() == self._thread:
            return outbox
        if threading.get_ident() in (self._outside or ()):
            return None
        return None if threading.current_thread().name.startswith(OWN_THREADS) else outbox


class CapturedStream(io.TextIOBase):
    """Stands in for sys.stdout or sys.stderr; a step that keeps it gets the original behaviour after its attempt."""

    def __init__(self, name: str, capture: Capture, original: Any) -> None:
        self._name = name
        self._capture = capture
        self.original = original

    def write(self, text: str, /) -> int:
        """Write to the attempt's log, or to the original stream."""
        outbox = self._capture.outbox()
        if outbox is None:
            return cast("int", self.original.write(text)) if self.original is not None else len(text)
        _refuse_no_text(text)
        outbox.write(self._name, text)
        return len(text)

    def flush(self) -> None:
        """Nothing waits here; passes on what the original keeps."""
        if self._capture.outbox() is None and self.original is not None:
            self.original.flush()

    def writable(self) -> bool:
        """Always."""
        return True

    def isatty(self) -> bool:
        """No terminal while a step writes."""
        return self._capture.outbox() is None and self.original is not None and bool(self.original.isatty())

    def fileno(self) -> int:
        """The original's descriptor."""
        if self.original is None:
            raise io.UnsupportedOperation("there is no descriptor")
        return cast("int", self.original.fileno())

    @property
    def encoding(self) -> str:  # type: ignore[override]  # an attribute in typeshed, which cannot be computed
        """Text is kept as UTF-8."""
        return "utf-8"

    @property
    def errors(self) -> str:  # type: ignore[override]  # see above
        """Lone surrogates are written as escapes."""
        return "backslashreplace"

    @property
    def buffer(self) -> "_CapturedBytes":
        """For those who write bytes."""
        return _CapturedBytes(self)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.original, name)

    def __del__(self) -> None:
        """Not closed with the object: others hold the original."""


def _refuse_no_text(text: object) -> None:
    if not isinstance(text, str):
        raise TypeError(f"write() argument must be str, not {type(text).__name__}")


class _CapturedBytes(io.RawIOBase):
    """`sys.stdout.buffer` of a captured stream."""

    def __init__(self, stream: CapturedStream) -> None:
        self._stream = stream

    def write(self, data: Any, /) -> int:
        self._stream.write(bytes(data).decode("utf-8", "backslashreplace"))
        return len(data)

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._stream.fileno()


class _LoggingTap:
    """Catches log records: takes over console handlers of the root logger, or stands there itself if it has none.

    Not a `logging.Handler`, because importing logging costs more than a small run; the root logger only asks for
    `level` and `handle`.
    """

    level = 0

    def __init__(self, capture: Capture, streams: tuple[CapturedStream, CapturedStream]) -> None:
        logging: Any = sys.modules["logging"]
        self._capture = capture
        self._root = logging.getLogger()
        self._formatter = logging.Formatter("%(levelname)s %(name)s: %(message)s")
        consoles = [sys.__stdout__, sys.__stderr__, *streams, *(stream.original for stream in streams)]
        handlers = [one for one in self._root.handlers if isinstance(one, logging.StreamHandler)]
        self._taken = [(one, one.stream) for one in handlers if any(one.stream is console for console in consoles)]
        for handler, stream in self._taken:
            handler.setStream(CapturedStream("log", capture, getattr(stream, "original", stream)))
        if not self._taken:
            self._root.addHandler(self)

    def handle(self, record: Any) -> None:
        outbox = self._capture.outbox()
        if outbox is not None:
            outbox.write("log", self._formatter.format(record) + "\n")

    def remove(self) -> None:
        self._root.removeHandler(self)
        for handler, stream in self._taken:
            handler.setStream(stream)
