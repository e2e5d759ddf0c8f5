"""What can be wrong with a definition: one class a family of mistakes, each message says what, which, why, what now.

None of them is a TypeError, AttributeError or ValueError: `hasattr` and `getattr` with a default would swallow it.
"""

from collections.abc import Sequence

from headrace.core.errors import DefinitionError, ParameterError, near


class NotAFunctionError(DefinitionError):
    """What was decorated cannot be a step or pipeline: a method, class, lambda, generator, coroutine, builtin …"""

    code = "definition.not-a-function"

    def __init__(self, word: str, name: str, *, why: str, remedy: str) -> None:
        super().__init__(f"{name!r} cannot be a {word}: {why}. {remedy}")


class MutableDefaultError(DefinitionError):
    """A default that every call would share and any call could change."""

    code = "definition.mutable-default"

    def __init__(self, word: str, name: str, *, parameter: str, default: object) -> None:
        kind = type(default).__name__
        super().__init__(
            f"{word.capitalize()} {name!r}: the default of {parameter!r} is a {kind}, which all calls would share and "
            f"any could change. Use a tuple or None, and make the {kind} inside."
        )


class OptionError(DefinitionError):
    """An option of a step or pipeline that does not exist or has no sense."""

    code = "definition.option"


class UnknownOptionError(OptionError):
    """An option that steps or pipelines do not have."""

    code = "definition.unknown-option"

    def __init__(self, word: str, name: str, known: Sequence[str]) -> None:
        super().__init__(f"A {word} has no option {name!r}{near(name, known)}.")


class UnknownValueError(DefinitionError):
    """The pipeline's body asks for something that is known only when the pipeline runs."""

    code = "definition.unknown-value"

    def __init__(self, action: str, source: str, *, place: str, remedy: str) -> None:
        super().__init__(
            f"{place}{action} {source}: its value is not known while the pipeline is defined, only when it runs. "
            f"{remedy}"
        )


class UnknownFieldError(DefinitionError):
    """An attribute of a step's output (or of a parameter) that its annotation does not declare."""

    code = "definition.unknown-field"

    def __init__(self, source: str, name: str, *, place: str, why: str) -> None:
        super().__init__(f"{place}No field {name!r} in {source}: {why}")


class BodyError(DefinitionError):
    """Something in a pipeline's body that would be decided, or frozen, while the pipeline is defined."""

    code = "definition.body"

    def __init__(self, what: str, pipeline: str, *, line: int, why: str) -> None:
        super().__init__(f"{what} in pipeline {pipeline!r}, line {line}: {why}")


class ArgumentsError(DefinitionError):
    """A step or pipeline is called with arguments that do not fit its parameters."""

    code = "definition.arguments"


class EdgeTypeError(DefinitionError):
    """A value goes where another type is declared."""

    code = "definition.edge-type"


class ConstantError(DefinitionError):
    """A constant in a pipeline's body that cannot become part of the graph."""

    code = "definition.constant"


class MapError(DefinitionError):
    """`.map`, `each`, `product` or `succeeded` are used in a way that has no meaning."""

    code = "definition.map"


class BranchError(DefinitionError):
    """`when` or `when_some` is used in a way that has no meaning."""

    code = "definition.branch"


class OrderError(DefinitionError):
    """`after` gets something that is no value of an earlier step."""

    code = "definition.order"


class RecursivePipelineError(DefinitionError):
    """A pipeline calls itself."""

    code = "definition.recursive"

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(
            f"Pipeline {names[-1]!r} calls itself: {' → '.join(names)}. A graph has to end: repeat inside a step, or "
            f"write a loop over a hr.Static number."
        )


class DuplicateNameError(DefinitionError):
    """Two calls of one pipeline claim the same name."""

    code = "definition.duplicate-name"

    def __init__(self, name: str, place: str) -> None:
        super().__init__(
            f"{place}The name {name!r} is given twice. Names given with with_options(name=…) have to differ; without "
            f"one, further calls are numbered."
        )


class StaticValueError(DefinitionError):
    """A `Static` parameter has no value that is known when the pipeline is defined."""

    code = "definition.static"


class StrayValueError(DefinitionError):
    """A value of one definition is used in another one."""

    code = "definition.stray-value"

    def __init__(self, source: str, place: str) -> None:
        super().__init__(
            f"{place}{source} belongs to another definition of a pipeline. Pass values as arguments, and keep none in "
            f"a global variable or a cache."
        )


class UnfindableError(DefinitionError):
    """A step or pipeline that a worker could not import."""

    code = "definition.unfindable"


class UnannotatedError(DefinitionError):
    """Strict mode: an input or output without annotation."""

    code = "definition.unannotated"


class GraphFormatError(DefinitionError):
    """A stored graph that cannot be read."""

    code = "definition.graph-format"


class UnknownParameterError(ParameterError):
    """A value is given for a parameter that the pipeline does not have."""

    code = "definition.unknown-parameter"

    def __init__(self, pipeline: str, name: str, known: Sequence[str]) -> None:
        end = near(name, known) if known else "; it has none"
        super().__init__(f"Pipeline {pipeline!r} has no parameter {name!r}{end}.")


class MissingParameterError(ParameterError):
    """Parameters without a default were given no value."""

    code = "definition.missing-parameter"

    def __init__(self, pipeline: str, missing: Sequence[tuple[str, str]]) -> None:
        names = ", ".join(f"{name!r} ({annotation})" if annotation else repr(name) for name, annotation in missing)
        has = "has no value" if len(missing) == 1 else "have no values"
        super().__init__(
            f"Pipeline {pipeline!r}: {names} {has} and no default. Give {'it' if len(missing) == 1 else 'them'} by "
            f"name, as in {missing[0][0]}=…; on the command line -p {missing[0][0]}=…"
        )
