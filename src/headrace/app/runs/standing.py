"""Where a call of `hr.run` stands: in a step, in a pipeline's body, beside another run, in a module that is being
loaded, or in a program of its own.
"""

import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType

from headrace.core.errors import UsageError
from headrace.definition.modes import is_tracing
from headrace.tracking.current import current_run
from headrace.tracking.errors import RunInsideStepError
from headrace.worker.errors import ScriptStartsRunError, ScriptStopped

_SPAWNED = "__mp_main__"
"""The name under which `multiprocessing` runs the main script again in a process that it has spawned."""


class RunInBodyError(UsageError):
    """`hr.run` was called in the body of a pipeline while that was defined."""

    code = "usage.run-in-body"

    def __init__(self) -> None:
        super().__init__(
            "hr.run was called in the body of a pipeline, which only defines it: nothing was started. Call the inner "
            "pipeline like a function, `inner(x)`: its steps become part of the outer one."
        )


class RunUnderWayError(UsageError):
    """`hr.run` was called by another thread while a run of this process is under way."""

    code = "usage.run-under-way"

    def __init__(self) -> None:
        super().__init__(
            "hr.run was called while another run of this process is under way, or by a thread of one of its steps. "
            "What a step prints and reads is seen by process, so one process runs one pipeline at a time: run them "
            "one after the other, in processes of their own, or as one pipeline."
        )


class _UnderWay:
    """The run of this process."""

    lock = threading.Lock()
    thread: int | None = None


@contextmanager
def the_only_run() -> Generator[None, None, None]:
    """Within it this thread's run is the only one of the process; raises RunUnderWayError."""
    if not _UnderWay.lock.acquire(blocking=False):
        raise RunUnderWayError
    _UnderWay.thread = threading.get_ident()
    try:
        yield
    finally:
        _UnderWay.thread = None
        _UnderWay.lock.release()


def refuse_where_no_run_may_start() -> None:
    """Raise where a run would start itself again, or disturb another one.

    That is inside a step, in a body, beside a run, or at the top level of what Headrace loads.

    A worker process loads the script of its steps, `headrace run file.py:name` the file, and a spawned process the main
    script; a run that one of them started could wait for the very step that it stands in.
    """
    file = _loading(sys._getframe(1))  # noqa: SLF001 - the only way to see who calls
    if file:
        raise ScriptStopped(ScriptStartsRunError(file))
    if is_tracing():
        raise RunInBodyError
    if _UnderWay.thread not in (None, threading.get_ident()):
        raise RunUnderWayError
    if current_run().is_run:
        raise RunInsideStepError


def _loading(frame: FrameType | None) -> str:
    """The file that is being loaded by Headrace or `multiprocessing` and has led to this frame; empty if none is."""
    file = ""
    while frame is not None:
        name = str(frame.f_globals.get("__name__", ""))
        if frame.f_code.co_name == "<module>":
            file = file or frame.f_code.co_filename
            if name == _SPAWNED:
                return frame.f_code.co_filename
        elif name.startswith("headrace.") and not name.startswith("headrace.app.session"):
            return file
        frame = frame.f_back
    return ""
