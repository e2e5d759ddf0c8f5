"""Why a worker process died, in plain words: from its exit status, what was asked of it, and what it said last."""

import os
import signal
from pathlib import Path

from msgspec import Struct

from headrace.core.failures import Failure
from headrace.core.states import FailureKind

LAST_LINES = 10

_INFRASTRUCTURE = ("headrace.core.errors:InfrastructureError", "headrace.core.errors:AttemptError")
_TIMEOUT = ("headrace.core.errors:StepTimeoutError", "headrace.core.errors:AttemptError")
_MEMORY = ("headrace.core.errors:OutOfMemoryError", "headrace.core.errors:AttemptError")
_SIGNALS = {
    signal.SIGSEGV: "It touched memory that is not its own: a fault in native code that the step uses.",
    signal.SIGABRT: "Native code that the step uses gave up (abort).",
    signal.SIGBUS: "It touched memory that is not there: native code, or a mapped file that was cut short.",
    signal.SIGILL: "A library was built for another processor.",
    signal.SIGFPE: "Native code divided by zero.",
}


class Death(Struct, frozen=True):
    """How a process ended: an exit code, or minus the number of a signal; None if nobody can say any more."""

    status: int | None
    is_oom_kill: bool = False
    last_lines: tuple[str, ...] = ()


def failure_of_death(death: Death, *, what: str = "The step's process") -> Failure:
    """The failure that a death means which nobody here asked for."""
    said = _said(death.last_lines)
    if death.status is None:
        return _lost(f"{what} is gone, and nobody can say how it ended.", said)
    if death.status >= 0:
        return _exited(death.status, what, said)
    name = _signal_name(-death.status)
    if death.is_oom_kill and -death.status == signal.SIGKILL:
        message = f"{what} was killed by the system because the machine ran out of memory ({name})."
        remedy = "Run fewer steps at once (lanes), give the step less data, or use a machine with more memory."
        return Failure(FailureKind.OUT_OF_MEMORY, message, _joined(remedy, said), _MEMORY)
    reason = _SIGNALS.get(signal.Signals(-death.status)) if name.startswith("SIG") else None
    if reason is not None:
        remedy = _joined(f"{reason} Look at the last lines of its log.", said)
        return Failure(FailureKind.INFRASTRUCTURE, f"{what} crashed ({name}).", remedy, _INFRASTRUCTURE)
    remedy = "Somebody or something outside killed it (kill, a shutdown, a limit of the container)."
    return _lost(f"{what} was killed from outside ({name}).", _joined(remedy, said))


def failure_of_timeout(timeout_s: float, traceback: str = "") -> Failure:
    """The failure of a step that took longer than it may."""
    message = f"The step took longer than its time limit of {seconds_text(timeout_s)} and was ended."
    remedy = "Raise its timeout, or look where it stood in the traceback." if traceback else "Raise its timeout."
    return Failure(FailureKind.TIMEOUT, message, remedy, _TIMEOUT, traceback)


def failure_of_memory(used_bytes: int, limit_bytes: int) -> Failure:
    """The failure of a step that took more memory than it may."""
    message = f"The step used {bytes_text(used_bytes)} of memory; its limit is {bytes_text(limit_bytes)}."
    remedy = "Raise the step's memory (resources=hr.Resources(memory=…)), or let it work on less at once."
    return Failure(FailureKind.OUT_OF_MEMORY, message, remedy, _MEMORY)


def failure_of_stop(traceback: str = "") -> Failure:
    """The end of an attempt that was asked to end."""
    return Failure(FailureKind.CANCELLED, "The attempt was stopped.", "", (), traceback)


def failure_of_close() -> Failure:
    """The end of an attempt whose executor was closed under it."""
    return _lost("The executor was closed while the step ran.", "Run the pipeline again: what is finished is reused.")


def failure_of_silence() -> Failure:
    """The end of an attempt whose process has closed the pipe to its executor."""
    message = "The step's process closed the pipe over which it reports, and was ended."
    return _lost(message, "Does the step close descriptors that it has not opened (os.closerange, a daemon)?")


def seconds_text(seconds: float) -> str:
    """`0.5 s`, `90 s`."""
    return f"{seconds:g} s"


def bytes_text(count: int) -> str:
    """`1.5 GiB`, `12 MiB`."""
    amount, unit = float(count), "B"
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if amount < 1024 or unit == "TiB":
            break
        amount /= 1024
    return f"{amount:.3g} {unit}"


def oom_kills() -> int:
    """How many processes the system has killed since it started because memory ran out; 0 where it does not say."""
    try:
        text = Path("/proc/vmstat").read_text(encoding="ascii")
    except OSError:
        return 0
    _, found, rest = text.partition("\noom_kill ")
    return int(rest.split(None, 1)[0]) if found else 0


def _exited(status: int, what: str, said: str) -> Failure:
    message = f"{what} ended itself with exit code {status}, before the step had returned."
    remedy = "Let a step return or raise an error; os._exit and a crash of native code end the whole process."
    return Failure(FailureKind.USER_ERROR, message, _joined(remedy, said), ("builtins:SystemExit",))


def _lost(message: str, remedy: str) -> Failure:
    return Failure(FailureKind.INFRASTRUCTURE, message, remedy, _INFRASTRUCTURE)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _said(lines: tuple[str, ...]) -> str:
    return f"Its last lines were:\n{os.linesep.join(lines[-LAST_LINES:])}" if lines else ""


def _joined(*parts: str) -> str:
    return " ".join(part for part in parts if part)
