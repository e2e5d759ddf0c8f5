"""Attempts on this machine: one lane in the calling process, the others in warm worker processes."""

import time
from collections.abc import Callable

from headrace.core.failures import Failure
from headrace.core.states import FailureKind
from headrace.executors.causes import failure_of_close, failure_of_stop
from headrace.executors.crew import Crew
from headrace.executors.processes import cores
from headrace.executors.waiting import WaitingLine, place_of
from headrace.executors.workers import WarmWorkers
from headrace.ports.executors import AttemptBroke, AttemptSpec, Usage, WorkerMessage
from headrace.ports.workers import Report, Worker

LOOK_S = 0.05
"""How often the calling process asks whether its work is over, if nobody wakes it."""


class LocalExecutor:
    """Runs up to `lanes` attempts at once (default: one a core). Satisfies `ports.executors.Executor`.

    `worker` runs what the calling process takes, in whoever's thread calls `work_here` (the main thread: only there a
    step can be interrupted). `warm` starts worker processes and outlives the executor, so that the next run finds
    them ready; whoever made it closes it. A process is started only when work has waited for 30 ms and is worth it,
    or at once for what may not run here: an attempt with a time-out, a memory limit or `needs_worker`. What a notebook
    or console has defined runs here only.

    Limits: a time-out ends a step's process with SIGTERM and, half a second later, SIGKILL; memory (private pages of
    the process and its children, looked at every 50 ms, Linux only) with SIGKILL. `stop` sends SIGTERM and, after the
    grace, SIGKILL to the process and its children. In the calling process nothing can be killed: a stop raises
    KeyboardInterrupt in the step at its next return to Python, however long that takes.
    """

    def __init__(self, report: Report, *, worker: Worker, warm: WarmWorkers, lanes: int = 0) -> None:
        self._report = report
        self._worker = worker
        self._line = WaitingLine(lanes or cores())
        self._crew = Crew(self._line, warm, report=report, worker=worker)
        self._is_closed = False

    @property
    def capacity(self) -> int:
        """How many attempts can run at once."""
        return self._line.lanes

    def launch(self, spec: AttemptSpec) -> None:
        """Start an attempt as soon as a lane is free; raises ExecutorClosedError. Never blocks on a step."""
        place = place_of(spec)
        if place is None:
            self._report(_broke(spec, _nowhere(spec)))
        elif self._line.add(spec, place):
            self._crew.wake()

    def stop(self, attempt_id: str, *, grace_s: float) -> None:
        """Ask an attempt to end, and kill its worker process after the grace. From any thread."""
        waiting = self._line.remove(attempt_id)
        if waiting is not None:
            self._report(_broke(waiting, failure_of_stop()))
        elif self._line.is_here(attempt_id):
            self._worker.interrupt(attempt_id)
        else:
            self._crew.stop(attempt_id, grace_s)

    def close(self) -> None:
        """End what runs in worker processes and what waits (infrastructure), and keep free workers warm.

        What the calling process runs is asked to end, and reported when it does. May be called twice.
        """
        if self._is_closed:
            return
        self._is_closed = True
        for spec in self._line.close():
            self._report(_broke(spec, failure_of_close()))
        here = self._line.spec_here()
        if here is not None:
            self._worker.interrupt(here.attempt_id)
        self._crew.close()

    def work_here(self, until: Callable[[], bool]) -> None:
        """Run attempts in this thread until `until()` says so; it is asked after each attempt and each `wake`.

        Belongs into the main thread. KeyboardInterrupt passes on if somebody presses Ctrl-C (an attempt that ran
        then has been reported as cancelled).
        """
        self._line.staff(is_staffed=True)
        try:
            while not until() and not self._is_closed:
                spec = self._line.take_here(LOOK_S)
                if spec is not None:
                    self._run_here(spec)
        finally:
            self._line.staff(is_staffed=False)
            if self._line.has_waiting():
                self._crew.wake()

    def wake(self) -> None:
        """Let `work_here` ask its `until` now. From any thread."""
        self._line.wake()

    def _run_here(self, spec: AttemptSpec) -> None:
        try:
            self._worker.run(spec, self._report_here)
        finally:
            self._line.done_here()
            if self._line.has_waiting_for_worker():
                self._crew.wake()

    def _report_here(self, message: WorkerMessage) -> None:
        if self._is_closed and isinstance(message, AttemptBroke) and message.failure.kind is FailureKind.CANCELLED:
            message = AttemptBroke(message.attempt_id, message.fence, failure_of_close(), message.usage, message.at)
        self._report(message)


def _broke(spec: AttemptSpec, failure: Failure) -> AttemptBroke:
    return AttemptBroke(spec.attempt_id, spec.fence, failure, Usage(), time.time())


def _nowhere(spec: AttemptSpec) -> Failure:
    message = (
        f"Step {spec.node!r} is defined in a notebook or console, which only this process can run, but its timeout, "
        "memory limit or environment needs a worker process."
    )
    remedy = "Put the step into a module, or leave the limit out."
    return Failure(FailureKind.USER_ERROR, message, remedy)
