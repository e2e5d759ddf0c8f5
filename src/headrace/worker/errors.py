"""Errors of the worker.

UsageError
├── StepNotFoundError        the code of a step cannot be found in this process
├── ConformityError          a value of a run is not what is declared
│   ├── InputTypeError       a step is given something else than it takes
│   └── OutputTypeError      a step gives back something else than it declares
├── ScriptStartsRunError     a file that is loaded for its pipelines and steps starts a run itself
└── SecretMissingError       a step declares a secret that nothing provides
SourceError
└── SourceEditedError        a step ran other code than was planned
HeadraceError
└── WireError                what came over the pipe is no frame of this version
"""

from collections.abc import Sequence

from headrace.core.errors import HeadraceError, SourceError, UsageError
from headrace.core.symbols import Symbol


class StepNotFoundError(UsageError):
    """The code of a step cannot be found in the process that is to run it."""

    code = "worker.step-not-found"

    def __init__(self, symbol: Symbol, reason: str, *, remedy: str) -> None:
        self.symbol, self.reason, self.remedy = symbol, reason, remedy
        super().__init__(f"The code of step {symbol.qualname!r} ({symbol}) cannot be found: {reason}")


class ConformityError(UsageError):
    """A value of a run is not what is declared for it."""


class InputTypeError(ConformityError):
    """A step is given something else than its input is declared; what gives it has no annotation, or another one."""

    code = "worker.input-type"

    def __init__(self, step: str, name: str, differs: str) -> None:
        self.step, self.input = step, name
        self.remedy = (
            "Annotate the output of the step that gives it: then a wrong type is found when the pipeline is defined."
        )
        super().__init__(f"Input {name!r} of step {step!r} {differs}.")


class OutputTypeError(ConformityError):
    """A step gives back something else than it declares."""

    code = "worker.output-type"

    def __init__(self, step: str, differs: str, *, place: str) -> None:
        self.step = step
        self.remedy = "Give back what is declared, or declare what is given back."
        super().__init__(f"The output of step {step!r}{place} {differs}.")


class ScriptStartsRunError(UsageError):
    """A file that is loaded for its pipelines and steps starts a run itself."""

    code = "worker.script-starts-run"

    def __init__(self, file: str) -> None:
        self.file = file
        super().__init__(
            f"{file} calls hr.run whenever it is loaded, also by a command or process that only needs its pipelines "
            'and steps. Put what starts it under `if __name__ == "__main__":`, at the end of the file.'
        )


class ScriptStopped(BaseException):
    """Ends the loading of a script where it starts a run, whatever `except Exception` stands around that."""

    def __init__(self, error: ScriptStartsRunError) -> None:
        self.error = error
        super().__init__(str(error))


class SecretMissingError(UsageError):
    """A step declares secrets that nothing provides."""

    code = "worker.secret-missing"

    def __init__(self, step: str, names: Sequence[str]) -> None:
        self.step, self.names = step, tuple(names)
        self.remedy = f"Set {', '.join(self.names)} in the environment or in the project's .env file."
        super().__init__(f"Step {step!r} needs the secret {', '.join(map(repr, self.names))}, which is not set.")


class SourceEditedError(SourceError):
    """A module was loaded for an attempt after its file had been edited: the key covers other code than ran."""

    code = "source.edited-after-plan"

    def __init__(self, files: Sequence[str]) -> None:
        self.files = tuple(files)
        were, their = ("was", "its") if len(self.files) == 1 else ("were", "their")
        super().__init__(
            f"{' and '.join(self.files)} {were} changed after this run was planned (this process loaded {their} new "
            "code, the plan covers the old): nothing was stored. Run again."
        )


class WireError(HeadraceError):
    """What came over the pipe is no frame, or one of another version."""

    code = "worker.wire"
