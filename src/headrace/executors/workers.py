"""Worker processes: started with pipes to them, asked, ended, and kept warm for the next run."""

import fcntl
import os
import signal
import time
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct, field

from headrace.core.errors import HeadraceError
from headrace.executors.causes import Death, oom_kills
from headrace.executors.errors import WorkerStartError
from headrace.ports.executors import WorkerIdentity
from headrace.ports.workers import COMMANDS_FD, ERR_FD, LIFE_FD, OUT_FD, REPORTS_FD, Frame, FrameDecoder, Wire

_ABOVE_ALL = 16
"""Descriptors are moved above those that a worker gets, so that no dup2 overwrites one that is still needed."""

LeftLines = list[tuple[float, str, str]]


class _Open:
    fds: set[int] = set()  # noqa: RUF012 - one set for the process


def _close_in_child() -> None:
    for fd in _Open.fds:
        os.close(fd)
    _Open.fds = set()


os.register_at_fork(after_in_child=_close_in_child)  # a child that a step forks off must not keep workers alive


class WorkerProcess(Struct):
    """A worker process and this side of its pipes. One thread at a time."""

    pid: int
    commands_fd: int
    reports_fd: int
    life_fd: int
    left_fds: tuple[int, int]
    pid_fd: int
    wire: Wire
    decoder: FrameDecoder
    identity: WorkerIdentity | None = None
    is_cut: bool = False
    kills_before: int = field(default_factory=oom_kills)

    def send(self, frame: Frame) -> bool:
        """Write a frame; False if the process is gone."""
        data = memoryview(self.wire.encode(frame))
        try:
            while data:
                data = data[os.write(self.commands_fd, data) :]
        except (BrokenPipeError, OSError):
            return False
        return True

    def receive(self) -> list[Frame]:
        """The frames that have arrived; never waits. Sets `is_cut` if none can come any more."""
        frames: list[Frame] = []
        try:
            while data := os.read(self.reports_fd, 1 << 16):
                frames += self.decoder.feed(data)
            self.is_cut = True
        except BlockingIOError:
            pass
        except HeadraceError:  # a damaged stream cannot be read on
            self.is_cut = True
        return frames

    def is_dead(self) -> bool:
        """Whether the process has ended (it stays a zombie until `bury`)."""
        try:
            return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        except ChildProcessError:
            return True

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process and all that belongs to its group."""
        try:
            os.killpg(self.pid, number)
        except (ProcessLookupError, PermissionError):
            return

    def bury(self) -> Death:
        """End what is left of the group, collect the process, close the pipes; say how it ended.

        Waits for the process's end, which SIGKILL brings.
        """
        self.signal(signal.SIGKILL)
        try:
            status: int | None = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        except ChildProcessError:  # somebody else in this process has collected it
            status = None
        self.close_pipes()
        return Death(status, is_oom_kill=oom_kills() > self.kills_before)

    def left_lines(self) -> LeftLines:
        """What the process wrote to its descriptors 1 and 2 and nobody has read."""
        now, lines = time.time(), LeftLines()
        for stream, fd in zip(("out", "err"), self.left_fds, strict=True):
            data = bytearray()
            while piece := _read_what_is_there(fd):
                data += piece
            lines += [(now, stream, text) for text in data.decode("utf-8", "backslashreplace").splitlines()]
        return lines

    def close_pipes(self) -> None:
        """Close this side; a living worker ends by that."""
        for fd in (self.commands_fd, self.reports_fd, self.life_fd, *self.left_fds, self.pid_fd):
            if fd in _Open.fds:
                _Open.fds.discard(fd)
                os.close(fd)


class WarmWorkers:
    """Starts worker processes by one command and keeps those that are free for the next executor.

    One of these serves one project: whoever changes its code or environment calls `retire`. Not for several threads
    at once. Workers die with the process that started them, however it dies.
    """

    def __init__(self, command: Sequence[str], wire: Wire, *, environment: Mapping[str, str] | None = None) -> None:
        self._command = list(command)
        self._wire = wire
        self._environment = environment
        self._free: list[WorkerProcess] = []

    def start(self) -> WorkerProcess:
        """Start a process; raises WorkerStartError. It says WorkerReady when it can take attempts."""
        try:
            return _spawn(
                self._command, dict(os.environ if self._environment is None else self._environment), self._wire
            )
        except OSError as error:
            raise WorkerStartError(" ".join(self._command), error.strerror or str(error)) from error

    def take(self) -> WorkerProcess | None:
        """A free worker that lives, if there is one."""
        while self._free:
            worker = self._free.pop()
            if not worker.is_dead():
                return worker
            worker.bury()
        return None

    def give(self, worker: WorkerProcess) -> None:
        """Keep a free worker."""
        self._free.append(worker)

    def retire(self) -> None:
        """End the free workers: the next attempts get new processes."""
        while self._free:
            self._free.pop().bury()

    close = retire


def _spawn(command: list[str], environment: dict[str, str], wire: Wire) -> WorkerProcess:
    pipes = [_pipe() for _ in range(5)]
    commands, reports, out, err, life = pipes
    targets = {
        1: out[1],
        2: err[1],
        COMMANDS_FD: commands[0],
        REPORTS_FD: reports[1],
        OUT_FD: out[0],
        ERR_FD: err[0],
        LIFE_FD: life[0],
    }
    actions: list[tuple[Any, ...]] = [(os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)]
    actions += [(os.POSIX_SPAWN_DUP2, source, target) for target, source in targets.items()]
    defaults = [signal.SIGINT, signal.SIGTERM, signal.SIGCHLD, signal.SIGHUP]
    try:
        pid = os.posix_spawn(
            command[0], command, environment, file_actions=actions, setpgroup=0, setsigmask=[], setsigdef=defaults
        )
    except OSError:
        for pair in pipes:
            os.close(pair[0])
            os.close(pair[1])
        raise
    for fd in (commands[0], reports[1], life[0], out[1], err[1]):
        os.close(fd)
    kept = (reports[0], out[0], err[0])
    for fd in kept:
        os.set_blocking(fd, False)
    pid_fd = os.pidfd_open(pid) if hasattr(os, "pidfd_open") else -1
    _Open.fds |= {commands[1], life[1], *kept, pid_fd} - {-1}
    return WorkerProcess(pid, commands[1], reports[0], life[1], (out[0], err[0]), pid_fd, wire, wire.decoder())


def _pipe() -> tuple[int, int]:
    ends: list[int] = []
    for fd in os.pipe():
        ends.append(fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, _ABOVE_ALL))
        os.close(fd)
    return ends[0], ends[1]


def _read_what_is_there(fd: int) -> bytes:
    try:
        return os.read(fd, 1 << 16)
    except BlockingIOError:
        return b""
