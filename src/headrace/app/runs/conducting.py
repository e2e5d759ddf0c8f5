"""A conductor in a thread of its own, the first lane in this one, and what Ctrl-C means meanwhile."""

import os
import signal
import sys
import threading

from headrace.app.runs.interrupts import Interrupts
from headrace.app.runs.late_executor import LateExecutor
from headrace.app.runs.lifeline import Lifeline
from headrace.core.states import State
from headrace.display.plain import PlainDisplay
from headrace.engine.conductor import Conductor
from headrace.ports.observers import Observer
from headrace.ports.records import RunRecord

BACK_S, BACK_BY_FORCE_S = 2.0, 0.3
"""How long after the end of a run its last step may take to come back to the calling thread."""
STOPPING = "stopping … press Ctrl-C again to end now"
CANCELLED = 130
"""The exit status of a process that was ended by Ctrl-C, as shells have it."""


class Conducting:
    """One conductor and one executor until the run is final.

    With a `lifeline` that is watched this process is a command's own and another one waits for it, so that it may end
    itself once the run is over, whatever a step still does in it.
    """

    def __init__(
        self, conductor: Conductor, executor: LateExecutor, *, observer: Observer | None, lifeline: Lifeline | None
    ) -> None:
        self._conductor, self._executor = conductor, executor
        self._display = observer if isinstance(observer, PlainDisplay) else PlainDisplay()
        self._is_told = observer is None or isinstance(observer, PlainDisplay)
        self._lifeline = lifeline
        self._is_watched = lifeline is not None and lifeline.is_watched
        self._record: RunRecord | None = None
        self._error: BaseException | None = None
        self._is_over, self._is_back = threading.Event(), threading.Event()
        self._stopped_by: signal.Signals | None = None
        self._is_forced = False

    def run(self) -> RunRecord:
        """Conduct, and work meanwhile; an error of the conductor is raised here.

        A signal that would have ended the process ends it now, after the run is recorded, unless somebody watches.
        """
        with Interrupts(self._stop, raises_again=_is_interactive()):
            self._work()
        number = self._stopped_by
        if number is not None and number != signal.SIGINT and not self._is_watched:
            signal.raise_signal(number)
        if self._error is not None:
            raise self._error
        assert self._record is not None
        return self._record

    def _work(self) -> None:
        thread = threading.Thread(target=self._conduct, name="headrace-conductor")
        thread.start()
        while not self._is_over.is_set():
            try:
                self._executor.work_here(self._is_over.is_set)
            except KeyboardInterrupt:  # raised by a step itself, or by a handler of the user's
                self._conductor.cancel()
        self._is_back.set()
        thread.join()

    def _stop(self, number: signal.Signals, times: int) -> None:
        """A signal asks for the end: politely the first time."""
        if times == 1:
            self._stopped_by = number
            if self._lifeline is not None:
                self._lifeline.has_heard = True
            self._conductor.cancel()
            if self._is_told:
                self._display.say(State.CANCELLED, STOPPING)
            return
        self._is_forced = True
        self._executor.close()
        self._conductor.give_up()

    def _conduct(self) -> None:
        try:
            self._record = self._conductor.conduct(self._executor)
            if self._lifeline is not None:
                self._lifeline.has_told = True
        except BaseException as error:  # noqa: BLE001 - it is raised again in the thread that asked for the run
            self._error = error
        finally:
            self._is_over.set()
            self._executor.wake()
        self._leave_if_stuck()

    def _leave_if_stuck(self) -> None:
        """A step that does not end cannot be killed without its process; what has to be recorded is."""
        may_leave = self._is_watched or (self._is_forced and not _is_interactive())
        if may_leave and not self._is_back.wait(BACK_BY_FORCE_S if self._is_forced else BACK_S):
            self._executor.close()
            if not self._is_watched:
                self._display.write("next: headrace resume\n")
            for stream in (sys.stdout, sys.stderr):
                stream.flush()
            os._exit(CANCELLED)


def _is_interactive() -> bool:
    """Whether a person types into this process, whose values must not go."""
    return hasattr(sys, "ps1") or "ipykernel" in sys.modules
