"""What is said when an annotation cannot be read or a value does not fit one. Texts only; the rules stand elsewhere."""

from headrace.core.errors import DefinitionError, ParameterError


class UnresolvedAnnotationError(DefinitionError):
    """An annotation names something that does not exist when the program runs.

    `name` is the missing name, `owner` what carries the annotation ("input 'x' of step 'f'").
    """

    code = "definition.annotation-missing"

    def __init__(self, name: str, owner: str, *, module: str, hint: str = "") -> None:
        self.name, self.owner, self.module = name, owner, module
        super().__init__(
            f"annotation {name!r} of {owner} does not exist at run time{hint}. Edges are checked with annotations, so "
            f"import or define {name!r} at the top level of module {module!r}, not under `if TYPE_CHECKING:` and not "
            "inside a function."
        )


class UnreadableAnnotationError(DefinitionError):
    """An annotation exists but is no type: a syntax error in a text, a class that takes no arguments in brackets."""

    code = "definition.annotation-unreadable"

    def __init__(self, text: str, owner: str, reason: str) -> None:
        self.text, self.owner, self.reason = text, owner, reason
        super().__init__(
            f"annotation {text!r} of {owner} cannot be read: {reason}. Write a type, for example list[float], or leave "
            "the annotation out."
        )


class ParameterValueError(ParameterError):
    """A value given from Python, JSON or a file does not fit its parameter.

    `where` names parameter and pipeline, `path` the place inside the value ("[2].days", empty for the whole value),
    `shown` is the value as text, shortened.
    """

    code = "definition.parameter-value"

    def __init__(self, where: str, path: str, shown: str, *, why: str, takes: str) -> None:
        self.where, self.path, self.shown, self.why, self.takes = where, path, shown, why, takes
        place = f"{where}, at {path.lstrip('.')}," if path else where
        super().__init__(f"{place} cannot be {shown}: {why}. It takes {takes}.")


class ParameterTextError(ParameterValueError):
    """A text given on the command line cannot be read as its parameter's type."""

    code = "definition.parameter-text"
