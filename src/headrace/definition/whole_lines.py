"""Half a line that a body has printed when it fails: it is ended, so that the error stands on a line of its own."""

import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any


class _Watched:
    """A stream that knows whether its last line is whole; all else is the stream's."""

    def __init__(self, stream: Any) -> None:
        self._stream, self.is_half = stream, False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> object:
        """Write to the stream."""
        self.is_half = not text.endswith("\n") if text else self.is_half
        return self._stream.write(text)


@contextmanager
def whole_lines() -> Generator[None]:
    """End the line on standard output that an error has cut: `print("a is", a)` has written its first words by then."""
    stream = sys.stdout
    if stream is None:  # a process without standard output
        yield
        return
    watched = _Watched(stream)
    sys.stdout = watched
    try:
        yield
    except BaseException:
        if watched.is_half:
            stream.write("\n")
            stream.flush()
        raise
    finally:
        if sys.stdout is watched:
            sys.stdout = stream
