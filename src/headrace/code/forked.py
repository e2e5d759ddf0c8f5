"""What forked children of an attempt note, told to their parent through a file without a name that both hold open."""

import fcntl
import json
import os
import tempfile
from collections.abc import Iterator
from typing import Any

Note = tuple[str, Any]
"""What was noted, and its data as plain JSON."""


class Journal:
    """Written by children, one line a note, each in one call; read by the process that made it."""

    def __init__(self) -> None:
        self._pid = os.getpid()
        with tempfile.TemporaryFile() as file:
            self._fd = os.dup(file.fileno())
        fcntl.fcntl(self._fd, fcntl.F_SETFL, fcntl.fcntl(self._fd, fcntl.F_GETFL) | os.O_APPEND)

    def tell(self, kind: str, data: object) -> None:
        """Note something, if this process is a child."""
        if os.getpid() != self._pid:
            os.write(self._fd, json.dumps([kind, data]).encode("utf-8", "surrogatepass") + b"\n")

    def notes(self) -> Iterator[Note]:
        """What children have noted so far; the file is gone afterwards."""
        size = os.fstat(self._fd).st_size
        text = os.pread(self._fd, size, 0).decode("utf-8", "surrogatepass") if size else ""
        os.close(self._fd)
        for line in text.splitlines():
            kind, data = json.loads(line)
            yield kind, data
