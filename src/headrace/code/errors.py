"""What can go wrong when source code is read for a key."""

from collections.abc import Iterable

from headrace.core.errors import SourceError, near


class SourceMissingError(SourceError):
    """A step or class whose source cannot be found."""

    code = "source.missing"

    def __init__(self, symbol: str, why: str) -> None:
        self.symbol = symbol
        super().__init__(
            f"The source of {symbol} cannot be found: {why} "
            "A key covers the code that a step runs, so define it in a file of the project or in a notebook's cell."
        )


class UnknownBindingError(SourceError):
    """A file does not define the name that a step or class is known by."""

    code = "source.unknown-binding"

    def __init__(self, name: str, file: str, *, known: Iterable[str]) -> None:
        self.name, self.file = name, file
        super().__init__(
            f"`{name}` is not defined at the top level of `{file}`{near(name, known)}. "
            "If the file was edited after it was imported, start the process again."
        )


class SourceUnreadableError(SourceError):
    """A file that a key depends on cannot be read or is no Python."""

    code = "source.unreadable"

    def __init__(self, file: str, why: object) -> None:
        self.file = file
        super().__init__(f"`{file}` cannot be read: {why}. Mend the file, or take its import out of the step's code.")


class ValueWithoutFormError(SourceError):
    """A notebook's global that a step uses has neither canonical bytes nor a statement that made it."""

    code = "source.no-canonical-form"

    def __init__(self, name: str, python_type: str) -> None:
        self.name, self.python_type = name, python_type
        super().__init__(
            f"A step uses the notebook's `{name}`, a {python_type}, which has no canonical bytes and no cell that "
            "makes it could be found, so a change of it would not be noticed. Pass it to the step as an argument."
        )


class ChangedInMemoryError(SourceError):
    """A constant that a step uses has another value in this process than its file gives it."""

    code = "source.changed-in-memory"

    def __init__(self, name: str, file: str) -> None:
        self.name, self.file = name, file
        super().__init__(
            f"A step uses `{name}` of {file}, whose value in this process is not the one that the file gives it for "
            f"everybody who imports it: worker processes and the command line would compute with that one, and a "
            f"result would be reused whatever the value is. Make it a parameter of the pipeline."
        )


class ReplacedInMemoryError(SourceError):
    """Something else stands in this process where a file defines a function that a step uses."""

    code = "source.replaced-in-memory"

    def __init__(self, name: str, file: str) -> None:
        self.name, self.file = name, file
        super().__init__(
            f"A step uses `{name}` of {file}, and something in this process has put another function in its place: "
            f"worker processes and the command line would call the one of the file, and a result would be reused "
            f"whichever it is. Give the pipeline a parameter that chooses; in a test, call the pipeline as a function."
        )


class EditedAfterImportError(SourceError):
    """This process holds other code than the file says that a plan was made from."""

    code = "source.edited-after-import"

    def __init__(self, name: str, file: str, *, remedy: str = "reload the module or start again") -> None:
        self.name, self.file = name, file
        super().__init__(f"`{name}` in {file} was edited after this process imported it: {remedy}.")
