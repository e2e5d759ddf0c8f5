"""A program on a pseudo-terminal: what a person would see, and the keys they would press."""

import os
import pty
import select
import signal
import time
from collections.abc import Sequence
from pathlib import Path

from acceptance.command_line import ENVIRONMENT

CTRL_C, CTRL_BACKSLASH = b"\x03", b"\x1c"


class Terminal:
    """Starts a program as the foreground of a terminal of its own; `text` is all that it has shown."""

    def __init__(self, folder: Path, arguments: Sequence[str], *, patience_s: float = 60) -> None:
        self.text = ""
        self._until = time.monotonic() + patience_s
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            os.execvpe(arguments[0], list(arguments), {**ENVIRONMENT, "TERM": "xterm"})

    def press(self, keys: bytes) -> None:
        """Type something."""
        os.write(self._fd, keys)

    def hang_up(self) -> None:
        """Close the terminal."""
        os.close(self._fd)
        self._fd = -1

    def wait_for(self, text: str) -> None:
        """Wait until this has been shown."""
        while text not in self.text:
            assert self._read(), f"it ended without {text!r}: {self.text}"

    def wait_for_file(self, path: Path) -> None:
        """Wait until there is such a file."""
        while not path.exists():
            self._read()
            assert time.monotonic() < self._until, self.text

    def end(self) -> int:
        """Wait for the program's end; its exit code, or minus the signal that killed it."""
        while self._fd >= 0 and self._read():
            pass
        while time.monotonic() < self._until:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.02)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        raise AssertionError(f"it did not end: {self.text}")

    def _read(self) -> bool:
        assert time.monotonic() < self._until, self.text
        if self._fd < 0 or not select.select([self._fd], [], [], 0.05)[0]:
            return True
        try:
            data = os.read(self._fd, 65536)
        except OSError:  # how Linux tells that nobody holds the other end
            return False
        self.text += data.decode("utf-8", "replace")
        return bool(data)
