"""The loop of a worker process: ready, then one attempt after the other until the executor hangs up.

The executor starts the process with the descriptors that `ports.workers` names. What the process works with (stores,
tracer, module path) is wired by whoever calls `serve`.
"""

import faulthandler
import os
import signal
import threading
from collections.abc import Iterator

from headrace.ports.executors import WorkerIdentity
from headrace.ports.workers import COMMANDS_FD, LIFE_FD, REPORTS_FD, Frame, RunAttempt, WorkerFree, WorkerReady
from headrace.worker.attempt import InProcessWorker
from headrace.worker.descriptors import DescriptorPump, die_with, keep_from_children
from headrace.worker.errors import WireError
from headrace.worker.stopping import end_by_signal
from headrace.worker.wire import StreamDecoder, encode

WIRE_STATUS = 70
"""Exit code of a worker that got what is no frame (EX_SOFTWARE of sysexits.h)."""


class Connection:
    """Frames over a pair of descriptors. Any thread may send; one thread receives."""

    def __init__(self, commands_fd: int = COMMANDS_FD, reports_fd: int = REPORTS_FD) -> None:
        self._commands = commands_fd
        self._reports = reports_fd
        self._lock = threading.Lock()

    def send(self, frame: Frame) -> None:
        """Write a frame whole; raises BrokenPipeError if nobody reads any more."""
        data = memoryview(encode(frame))
        with self._lock:
            while data:
                data = data[os.write(self._reports, data) :]

    def frames(self) -> Iterator[Frame]:
        """Frames as they come, until the other side hangs up; raises WireError."""
        decoder = StreamDecoder()
        while data := os.read(self._commands, 1 << 20):
            yield from decoder.feed(data)


def serve(worker: InProcessWorker, identity: WorkerIdentity) -> None:
    """Take attempts until the executor hangs up; then end the process at once.

    The worker's gate has to be one for SIGTERM (`StopGate(signal.SIGTERM)`). Ctrl-C is the executor's business.
    Never returns: threads and exit functions of steps must not hold the process.
    """
    keep_from_children()
    die_with(LIFE_FD)
    faulthandler.enable(2, all_threads=False)  # a crash in native code says where in Python it was
    signal.signal(signal.SIGINT, _ignore)
    signal.signal(signal.SIGTERM, end_by_signal)
    pump = DescriptorPump(worker.caught)
    worker.own_process(pump.drain)
    pump.start()
    connection = Connection()
    status = 0
    try:
        connection.send(WorkerReady(identity))
        _take_attempts(worker, connection)
    except BrokenPipeError:
        pass
    except WireError:
        status = WIRE_STATUS
    finally:
        os._exit(status)


def _take_attempts(worker: InProcessWorker, connection: Connection) -> None:
    for frame in connection.frames():
        if not isinstance(frame, RunAttempt):
            raise WireError(f"A worker cannot do anything with {type(frame).__name__}.")
        if worker.is_outdated(frame.spec):
            return  # the executor gives an attempt that has not begun to another process
        try:
            worker.run(frame.spec, connection.send)
        except KeyboardInterrupt:  # raised by the step itself, and reported as its end
            residue = "an interruption"
        else:
            residue = worker.residue
        connection.send(WorkerFree(frame.spec.attempt_id, residue))


def _ignore(*_: object) -> None:
    """A Python function instead of SIG_IGN, which programs that a step starts would inherit."""
