"""Turning an exception of a step into a Failure: plain words, what to do, and a traceback of the user's frames only."""

import traceback
from pathlib import Path

from headrace.core.errors import (
    ArtifactError,
    HeadraceError,
    InfrastructureError,
    OutOfMemoryError,
    StepTimeoutError,
    StoreError,
)
from headrace.core.failures import Failure
from headrace.core.states import FailureKind
from headrace.core.symbols import qualified_name
from headrace.definition.outside import is_project_file

OWN_FOLDER = str(Path(__file__).parents[1]) + "/"
LONGEST_TRACEBACK = 100_000
LONGEST_MESSAGE = 4_000

_READ_ONLY = ("read-only", "WRITEABLE flag")
"""What NumPy and those who write into its arrays (pandas, Cython) say when they must not."""


class AttemptStopped(KeyboardInterrupt):
    """Raised inside a step's code when its attempt is to end. Libraries clean up as they do for Ctrl-C."""


_KINDS: tuple[tuple[type[BaseException], FailureKind], ...] = (
    (AttemptStopped, FailureKind.CANCELLED),
    (OutOfMemoryError, FailureKind.OUT_OF_MEMORY),
    (MemoryError, FailureKind.OUT_OF_MEMORY),
    (StepTimeoutError, FailureKind.TIMEOUT),
    (InfrastructureError, FailureKind.INFRASTRUCTURE),
)


def describe_failure(error: BaseException, *, kind: FailureKind | None = None) -> Failure:
    """The failure that an exception means; never raises, whatever the exception's own methods do."""
    kind = kind or next((kind for cls, kind in _KINDS if isinstance(error, cls)), FailureKind.USER_ERROR)
    message, remedy = _words(error)
    types = tuple(qualified_name(cls) for cls in type(error).__mro__ if cls is not object)
    return Failure(kind, _shortened(message, LONGEST_MESSAGE), remedy, types, format_traceback(error))


def _words(error: BaseException) -> tuple[str, str]:
    name, text = type(error).__qualname__, _text_of(error)
    match error:
        case AttemptStopped():
            return "The attempt was stopped.", ""
        case SystemExit():
            return f"The step ended its process itself: {name}: {text or '0'}.", "Let a step return or raise an error."
        case KeyboardInterrupt():
            return "The step was interrupted (KeyboardInterrupt).", ""
        case RecursionError():
            return f"{name}: {text}", "A function calls itself without end; the traceback shows which."
        case MemoryError():
            remedy = "Give the step more memory (resources=hr.Resources(memory=…)), or let it work on less at once."
            return f"{name}: {text or 'no more memory could be had'}", remedy
        case HeadraceError():
            return text, str(getattr(error, "remedy", ""))
        case _:
            remedy = _remedy_for_what_cannot_change(error, text)
            return f"{name}: {text}" if text else name, " ".join(filter(None, (remedy, _place_of(error))))


def _remedy_for_what_cannot_change(error: BaseException, text: str) -> str:
    """What to do about an array or table that a step was given and that it tried to change; empty for other errors."""
    if isinstance(error, TypeError) and text.startswith("'pyarrow.") and "does not support item" in text:
        return "Arrow data does not change: make it anew, such as `t = t.set_column(…)`, or from a NumPy copy of it."
    if isinstance(error, ValueError | TypeError) and any(words in text for words in _READ_ONLY):
        return "What a step is given is read-only: work on a copy, such as `x = x - x.min()` or `x = x.copy()`."
    return ""


def _place_of(error: BaseException) -> str:
    """Where in the project it was raised, or where the project called what raised it; empty if it was nowhere there."""
    place, frame = "", error.__traceback__
    while frame is not None:
        file = frame.tb_frame.f_code.co_filename
        if is_project_file(file):
            here = Path(file)
            shown = here.relative_to(Path.cwd()) if here.is_relative_to(Path.cwd()) else here
            place = f"Raised at {shown}, line {frame.tb_lineno}, in {frame.tb_frame.f_code.co_name}."
        frame = frame.tb_next
    return place


def _text_of(error: BaseException) -> str:
    try:
        return str(error)
    except BaseException as inner:  # noqa: BLE001 - a user's __str__ may raise anything, SystemExit included
        return f"<its text cannot be shown: __str__ raised {type(inner).__qualname__}>"


def format_traceback(error: BaseException) -> str:
    """The traceback as Python prints it, without frames of Headrace, causes and contexts included."""
    try:
        report = traceback.TracebackException(type(error), error, error.__traceback__, compact=True)
        _drop_own_frames(report)
        return _shortened("".join(report.format()), LONGEST_TRACEBACK)
    except BaseException as inner:  # noqa: BLE001 - attributes of a user's exception may raise anything
        return f"{type(error).__qualname__} (its traceback cannot be shown: {type(inner).__qualname__})"


def _drop_own_frames(report: traceback.TracebackException) -> None:
    todo: list[traceback.TracebackException | None] = [report]
    seen: set[int] = set()
    while todo:
        one = todo.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        kept = [frame for frame in one.stack if not frame.filename.startswith(OWN_FOLDER)]
        one.stack = traceback.StackSummary.from_list(kept)
        todo += [one.__cause__, one.__context__, *(one.exceptions or ())]


def _shortened(text: str, longest: int) -> str:
    if len(text) <= longest:
        return text
    half = longest // 2
    return f"{text[:half]}\n… {len(text) - 2 * half} characters left out …\n{text[-half:]}"


def kind_of_read_failure(error: BaseException) -> FailureKind | None:
    """The kind of a failure to read an input: what the store has lost is no fault of the step."""
    return FailureKind.INFRASTRUCTURE if isinstance(error, ArtifactError | StoreError | OSError) else None


def kind_of_write_failure(error: BaseException) -> FailureKind | None:
    """The kind of a failure to store an output: a full disk or lost store is no fault of the step, a value is."""
    return FailureKind.INFRASTRUCTURE if isinstance(error, StoreError | OSError) else None
