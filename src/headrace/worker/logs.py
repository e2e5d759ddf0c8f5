"""The log file of an attempt: a line a record (`time stream text`), appended by one write each, and read back.

Text may arrive in any pieces; a carriage return begins its line again, as on a terminal. What a step prints is here
before anybody is told about it.
"""

import os
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

LONGEST_LINE = 16_384
"""Characters of one record; longer lines are split."""
PAGE_BYTES = 4 << 20

Line = tuple[float, str, str]


class LineCutter:
    """Cuts text that arrives in pieces into lines; keeps the last one until it is complete."""

    def __init__(self) -> None:
        self._partial = ""

    def feed(self, text: str) -> list[str]:
        """The lines that this text completes."""
        if "\n" not in text and len(self._partial) + len(text) <= LONGEST_LINE and "\r" not in text:
            self._partial += text
            return []
        *complete, rest = (self._partial + text).split("\n")
        lines = [piece for line in complete for piece in _pieces(_overwritten(line.removesuffix("\r")))]
        *full, self._partial = _pieces(_overwritten(rest, keep_return=True))
        return lines + full

    def finish(self) -> list[str]:
        """The line that was begun and not ended, if any."""
        rest, self._partial = _overwritten(self._partial.removesuffix("\r")), ""
        return [rest] if rest else []


def _overwritten(line: str, *, keep_return: bool = False) -> str:
    """What a terminal would show: the text after the last carriage return (a final one stays undecided)."""
    if "\r" not in line:
        return line
    if keep_return and line.endswith("\r"):
        return line[:-1].rpartition("\r")[2] + "\r"
    return line.rpartition("\r")[2]


def _pieces(line: str) -> list[str]:
    if len(line) <= LONGEST_LINE:
        return [line]
    return [line[begin : begin + LONGEST_LINE] for begin in range(0, len(line), LONGEST_LINE)]


class LogFile:
    """Appends records to one file; opened at the first line, so that a silent attempt leaves no file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd = -1

    def append(self, line: Line) -> None:
        """Write one record by one system call; raises OSError (disk full, no such place)."""
        if self._fd < 0:
            self._fd = _open_to_append(self._path)
        at, stream, text = line
        data = f"{at:.6f} {stream} {text}\n".encode("utf-8", "backslashreplace")
        while data:
            data = data[os.write(self._fd, data) :]

    def close(self) -> None:
        """Close the file; a later line opens it again."""
        if self._fd >= 0:
            fd, self._fd = self._fd, -1
            os.close(fd)


def _open_to_append(path: Path) -> int:
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
    try:
        fd = os.open(path, flags, 0o644)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        fd = os.open(path, flags, 0o644)
    size = os.fstat(fd).st_size
    if size and os.pread(fd, 1, size - 1) != b"\n":  # a record that was torn: the next one must not grow out of it
        os.write(fd, b"\n")
    return fd


class LogPage(Struct, frozen=True):
    """Lines of a log, and the byte offset where the next page begins."""

    lines: tuple[Line, ...]
    after: int


def read_log(path: Path, after: int = 0, *, is_final: bool = False) -> LogPage:
    """The lines of a log from a byte offset on, at most about 4 MiB at once; no lines if there is no file.

    A last record without its end is left for the next call, unless `is_final` says that nobody writes any more.
    """
    try:
        with path.open("rb") as file:
            file.seek(after)
            data = file.read(PAGE_BYTES)
    except FileNotFoundError:
        return LogPage((), after)
    whole = len(data) if is_final and len(data) < PAGE_BYTES else data.rfind(b"\n") + 1
    return LogPage(tuple(_records(data[:whole])), after + whole)


def last_lines(path: Path, *, skip: int, keep: int) -> tuple[Line, ...]:
    """The last `keep` lines of a log that nobody writes to any more, without its first `skip`."""
    found: deque[Line] = deque(maxlen=keep)
    page = read_log(path, is_final=True)
    while page.lines:
        found.extend(page.lines[skip:])
        skip = max(0, skip - len(page.lines))
        page = read_log(path, page.after, is_final=True)
    return tuple(found)


def _records(data: bytes) -> Iterator[Line]:
    at = 0.0
    for raw in data.decode("utf-8", "backslashreplace").split("\n"):
        time_text, _, rest = raw.partition(" ")
        stream, _, text = rest.partition(" ")
        try:
            at = float(time_text)
            yield at, stream, text
        except ValueError:
            if raw:
                yield at, "err", raw
