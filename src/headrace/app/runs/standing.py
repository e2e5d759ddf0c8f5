"""Where a call of `hr.run` stands: in a step, in a module that is being loaded, or in a program of its own."""

import sys
from types import FrameType

from headrace.tracking.current import current_run
from headrace.tracking.errors import RunInsideStepError
from headrace.worker.errors import ScriptStartsRunError

_SPAWNED = "__mp_main__"
"""The name under which `multiprocessing` runs the main script again in a process that it has spawned."""


def refuse_where_no_run_may_start() -> None:
    """Raise where a run would start itself again: inside a step, or at the top level of what Headrace loads.

    A worker process loads the script of its steps, `headrace run file.py:name` the file, and a spawned process the main
    script; a run that one of them started could wait for the very step that it stands in.
    """
    file = _loading(sys._getframe(1))  # noqa: SLF001 - the only way to see who calls
    if file:
        raise ScriptStartsRunError(file)
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
