"""`@pipeline`: a function that calls steps. Called plainly it runs; called in another pipeline it becomes a group."""

from collections.abc import Callable
from typing import Any, Generic, NoReturn, ParamSpec, TypeVar, Unpack, cast, overload

from headrace.core.symbols import Symbol
from headrace.definition.errors import MapError, OrderError
from headrace.definition.functions import Declared
from headrace.definition.modes import MODE, place
from headrace.definition.options import PipelineOptions, check_options
from headrace.definition.plain import PlainRun

P = ParamSpec("P")
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)


def _refused(name: str) -> Callable[..., NoReturn]:
    """What only steps have, for a pipeline: it says what to do instead."""

    def refuse(self: Any, *_args: object, **_options: object) -> NoReturn:
        if name == "map":
            raise MapError(
                f"{place()}Pipeline {self.name!r} has no .map: only a step has. Map its steps one by one, as in "
                f"fit.map(hr.each(xs)); or call it in a loop over what is known while it is planned, such as a "
                f"hr.Static number or a constant list."
            )
        raise OrderError(
            f"{place()}Pipeline {self.name!r} has no .after: only a step has. Give the order to its first steps, as in "
            f"load.after(value)(…)."
        )

    return refuse


class Pipeline(Generic[P, R_co]):
    """A pipeline: it knows what it is made of and not how it is run (`hr.run`, `hr.plan`)."""

    headrace_word = "pipeline"
    declared: Declared
    """Its function, parameters and annotations."""
    function: Callable[P, R_co]
    """The function that was decorated."""
    options: PipelineOptions
    """What it was told beside its function."""
    is_named: bool
    """Whether `with_options` gave it a name, which then stands for one call."""

    def __init__(self, declared: Declared, options: PipelineOptions) -> None:
        check_options("pipeline", options)
        function = declared.function
        self.declared, self.options, self.is_named = declared, options, False
        self.origin: Pipeline[P, R_co] | None = None
        self.function = cast("Callable[P, R_co]", function)
        self.__wrapped__ = function
        self.__name__, self.__qualname__ = function.__name__, function.__qualname__
        self.__module__, self.__doc__ = function.__module__, function.__doc__

    @property
    def name(self) -> str:
        """What it is called."""
        return self.options.get("name") or self.declared.name

    @property
    def description(self) -> str:
        """What it is for: the option, or the docstring's first paragraph."""
        return self.options.get("description") or self.declared.description

    @property
    def symbol(self) -> Symbol:
        """Where another process finds it."""
        return self.declared.symbol

    def __call__(self, /, *args: P.args, **kwargs: P.kwargs) -> R_co:
        """Run the body plainly; in another pipeline's definition, add it as a group."""
        mode = MODE.get()
        if mode is None:
            return cast("R_co", PlainRun().start(self, args, kwargs))
        return cast("R_co", mode.nest(self, args, kwargs))

    def with_options(self, **options: Unpack[PipelineOptions]) -> "Pipeline[P, R_co]":
        """This pipeline with other options; a `name` stands for one call and must not be given twice."""
        check_options("pipeline", options)
        found: Pipeline[P, R_co] = object.__new__(type(self))
        found.__dict__.update(self.__dict__)
        found.origin = self.origin or self
        found.options = cast("PipelineOptions", {**self.options, **options})
        found.is_named = self.is_named or "name" in options
        return found

    def __reduce__(self) -> Any:
        if self.origin is None:
            return self.__qualname__
        return _restored, (self.origin, self.options)

    def __repr__(self) -> str:
        return f"<pipeline {self.name!r}>"

    # not as methods, which type checkers would let pass
    vars().update({name: _refused(name) for name in ("map", "after")})


def _restored(origin: Pipeline[..., Any], options: PipelineOptions) -> Pipeline[..., Any]:
    return origin.with_options(**options)


@overload
def pipeline(function: Callable[P, R], /, **options: Unpack[PipelineOptions]) -> Pipeline[P, R]: ...
@overload
def pipeline(**options: Unpack[PipelineOptions]) -> Callable[[Callable[P, R]], Pipeline[P, R]]: ...
def pipeline(function: Any = None, /, **options: Any) -> Any:
    """Make a module-level function a pipeline: `@pipeline`, or `@pipeline(name=…, description=…, tags=[…])`, which
    `pipeline(function, name=…)` says as well.

    Its body runs once, when it is planned, with stand-ins for values: it may call steps, pipelines, `hr.each`,
    `hr.when` and the like, and plain Python on what is known then. Raises NotAFunctionError, MutableDefaultError,
    OptionError.
    """
    check_options("pipeline", options)
    if function is not None:
        return Pipeline(Declared(function, "pipeline"), cast("PipelineOptions", options))

    def decorate(function: Callable[..., Any]) -> Pipeline[..., Any]:
        return Pipeline(Declared(function, "pipeline"), cast("PipelineOptions", options))

    return decorate
