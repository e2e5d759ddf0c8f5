"""The tree of errors. Rooms derive theirs from these families; every leaf has a stable `code`.

HeadraceError
├── DefinitionError          a pipeline or step is written in a way that cannot work      (definition/errors.py)
│   └── ParameterError       a value given for a parameter does not fit
├── PlanError                a sound pipeline cannot be planned here and now
├── UsageError               a command or call asks for something that does not exist
│   └── UnknownNameError     a name or id that nothing has (near matches are shown)
├── SettingsError            a setting cannot be read or has no sense
├── RunFailed                a run ended without success
├── RunCancelled             a run was cancelled
├── AttemptError             what an attempt can die of; `Retry(on=…)` names these
│   ├── InfrastructureError  the machine, process or network under the step was lost
│   ├── StepTimeoutError     a step took longer than its `timeout`
│   └── OutOfMemoryError     a step needed more memory than it may have
├── ArtifactError            a value cannot be stored, found, verified or read            (artifacts/)
├── StoreError               the metadata store cannot do what was asked                  (stores/)
│   └── StaleWriteError      a guarded write found that another process has written
└── SourceError              code that a key depends on cannot be read                    (code/)
"""

from collections.abc import Iterable
from importlib import import_module


class HeadraceError(Exception):
    """The root of every error that Headrace raises on purpose.

    `code` is stable; the command line prints it before the message.
    """

    code = "headrace"


class DefinitionError(HeadraceError):
    """A pipeline or step is written in a way that cannot work.

    Never a TypeError, AttributeError or ValueError: `hasattr` and `getattr` with a default would swallow it.
    """

    code = "definition"


class ParameterError(DefinitionError):
    """A value given for a parameter does not fit what the pipeline declares."""

    code = "definition.parameter"


class PlanError(HeadraceError):
    """A sound pipeline cannot be planned here and now."""

    code = "plan"


class UsageError(HeadraceError):
    """A command or call asks for something that does not exist or cannot be done."""

    code = "usage"


class UnknownNameError(UsageError):
    """A name or id that nothing has."""

    code = "usage.unknown-name"

    def __init__(self, kind: str, name: str, *, known: Iterable[str] = (), hint: str = "") -> None:
        self.kind, self.name, self.known = kind, name, tuple(known)
        super().__init__(f"There is no {kind} {name!r}{near(name, self.known)}.{' ' + hint if hint else ''}")


class SettingsError(HeadraceError):
    """A setting cannot be read or has no sense."""

    code = "settings"


class RunFailed(HeadraceError):  # noqa: N818 - the word of the product: `except hr.RunFailed`
    """A run ended without success; `run` holds the run, the message its first cause."""

    code = "run.failed"

    def __init__(self, message: str, run: object = None) -> None:
        self.run = run
        super().__init__(message)


class RunCancelled(RunFailed):
    """A run was cancelled before it finished; running the pipeline again goes on where it stopped."""

    code = "run.cancelled"


class AttemptError(HeadraceError):
    """What an attempt can die of that is not the user's own exception."""

    code = "attempt"


class InfrastructureError(AttemptError):
    """The machine, process or network under the step was lost; trying again may help."""

    code = "attempt.infrastructure"


class StepTimeoutError(AttemptError):
    """A step took longer than its `timeout`."""

    code = "attempt.timeout"


class OutOfMemoryError(AttemptError):
    """A step needed more memory than it may have."""

    code = "attempt.out-of-memory"


class ArtifactError(HeadraceError):
    """A value cannot be stored, found, verified or read."""

    code = "artifact"


class StoreError(HeadraceError):
    """The metadata store cannot do what was asked."""

    code = "store"


class StaleWriteError(StoreError):
    """A guarded write found another version of the run: somebody else has written to it. Nothing was changed."""

    code = "store.stale-write"

    def __init__(self, run_id: str, expected: int, found: int) -> None:
        self.run_id, self.expected, self.found = run_id, expected, found
        super().__init__(
            f"Run {run_id} was to be written at version {expected}, but it stands at {found}: another process has "
            f"written to it. Read it again and decide anew."
        )


class SourceError(HeadraceError):
    """Code that a key depends on cannot be read, or changed under a running plan."""

    code = "source"


def close_to(name: str, known: Iterable[str], *, limit: int = 3, cutoff: float = 0.6) -> list[str]:
    """The known names that are like this one, in whatever case, the most alike first.

    Loads `difflib` when somebody has mistyped.
    """
    by_letters: dict[str, list[str]] = {}
    for one in known:
        by_letters.setdefault(one.casefold(), []).append(one)
    found = import_module("difflib").get_close_matches(name.casefold(), list(by_letters), limit, cutoff)
    return [one for letters in found for one in by_letters[letters]][:limit]


def near(name: str, known: Iterable[str]) -> str:
    """The end of a sentence about an unknown name: `; did you mean 'fit'`, or what there is, or nothing."""
    names = sorted(set(known))
    matches = close_to(name, names)
    if matches:
        return f"; did you mean {' or '.join(repr(match) for match in matches)}"
    if not names:
        return ""
    shown = ", ".join(names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "")
    return f"; there is {shown}"
