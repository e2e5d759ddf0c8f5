"""`@step`: a function that can be called plainly, mapped over sequences, and traced into a graph."""

from collections.abc import Callable, Mapping
from typing import Any, Generic, ParamSpec, TypeVar, Unpack, cast, overload

from headrace.core.symbols import Symbol
from headrace.definition.errors import OptionError
from headrace.definition.functions import Declared
from headrace.definition.maps import is_each, outside_map
from headrace.definition.modes import MODE
from headrace.definition.options import Cache, StepOptions, check_options
from headrace.definition.plain import MARKS, map_plainly, refuse_marks

P = ParamSpec("P")
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)


class Step(Generic[P, R_co]):
    """A step: calling it calls its function, except while a pipeline is defined."""

    headrace_word = "step"
    declared: Declared
    """Its function, parameters and annotations."""
    function: Callable[P, R_co]
    """The function that was decorated."""
    options: StepOptions
    """What it was told beside its function."""
    earlier: tuple[object, ...]
    """Values whose steps have to be final before this one starts."""
    is_named: bool
    """Whether `with_options` gave it a name, which then stands for one call."""

    def __init__(self, declared: Declared, options: StepOptions) -> None:
        check_options("step", options)
        _refuse_unknown_ignores(declared, options)
        function = declared.function
        self.declared, self.options = declared, options
        self.function = cast("Callable[P, R_co]", function)
        self.earlier, self.is_named = (), False
        self.origin: Step[P, R_co] | None = None
        self.spec: Any = None
        """What it is as data of a graph (`graph.StepSpec`), once it was traced."""
        self.__wrapped__ = function
        self.__name__, self.__qualname__ = function.__name__, function.__qualname__
        self.__module__, self.__doc__ = function.__module__, function.__doc__

    @property
    def name(self) -> str:
        """What it is called in a graph."""
        return self.options.get("name") or self.declared.name

    @property
    def symbol(self) -> Symbol:
        """Where another process finds it."""
        return self.declared.symbol

    def __call__(self, /, *args: P.args, **kwargs: P.kwargs) -> R_co:
        """Call the function; in a pipeline's definition, add a node and give a stand-in for its output."""
        mode = MODE.get()
        if mode is not None:
            return cast("R_co", mode.call(self, args, kwargs))
        for value in args:
            if type(value) in MARKS:
                refuse_marks(self, args, kwargs)
        for value in kwargs.values():
            if type(value) in MARKS:
                refuse_marks(self, args, kwargs)
        return self.function(*args, **kwargs)

    def map(self, /, *args: P.args, **kwargs: P.kwargs) -> list[R_co]:
        """The outputs for every element of the arguments marked with `each` or `product`, in order.

        In a run the items are parallel, and each is reused by itself. Raises MapError.
        """
        mode = MODE.get()
        if mode is not None:
            return cast("list[R_co]", mode.map(self, args, kwargs))
        return cast("list[R_co]", map_plainly(self, args, kwargs))

    def __reduce__(self) -> Any:
        if self.origin is None:
            return self.__qualname__
        return _restored, (self.origin, self.options)

    def after(self, /, *earlier: object) -> "Step[P, R_co]":
        """This step, to start only when the steps behind these values are done: order without data.

        In a plain call the order is that of the lines.
        """
        for value in earlier:
            if is_each(value):
                raise outside_map(f"{self.name}.after")
        refuse_marks(self, earlier, {})
        found = self._copy()
        found.earlier = (*self.earlier, *earlier)
        return found

    def with_options(self, **options: Unpack[StepOptions]) -> "Step[P, R_co]":
        """This step with other options; a `name` stands for one call and must not be given twice.

        Raises OptionError.
        """
        check_options("step", options)
        _refuse_unknown_ignores(self.declared, options)
        found = self._copy()
        found.options = cast("StepOptions", {**self.options, **options})
        found.is_named = self.is_named or "name" in options
        found.spec = None
        return found

    def _copy(self) -> "Step[P, R_co]":
        found: Step[P, R_co] = object.__new__(type(self))
        found.__dict__.update(self.__dict__)
        found.origin = self.origin or self
        return found

    def __repr__(self) -> str:
        return f"<step {self.name!r}>"


def _refuse_unknown_ignores(declared: Declared, options: Mapping[str, Any]) -> None:
    cache = options.get("cache")
    code = declared.inner.__code__
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    unknown = [name for name in cache.ignore if name not in names] if isinstance(cache, Cache) else []
    if unknown:
        raise OptionError(
            f"Cache(ignore=…) of step {declared.name!r} names {unknown[0]!r}, which is no input of it. It takes "
            f"{', '.join(map(repr, names)) or 'none'}."
        )


def _restored(origin: Step[..., Any], options: StepOptions) -> Step[..., Any]:
    return origin.with_options(**options)


@overload
def step(function: Callable[P, R], /, **options: Unpack[StepOptions]) -> Step[P, R]: ...
@overload
def step(**options: Unpack[StepOptions]) -> Callable[[Callable[P, R]], Step[P, R]]: ...
def step(function: Any = None, /, **options: Any) -> Any:
    """Make a module-level function a step: `@step`, or `@step(retries=2, resources=hr.Resources(cpu=2))`.

    A function of another module becomes one by `step(function, retries=2)`. The options:

    - `name`, `description` (the docstring's first paragraph), `tags`: what people see.
    - `retries`: a number, or `Retry`; `timeout`: seconds or timedelta for one attempt.
    - `cache`: False, or `Cache`; `effect=True` for a step that changes something outside: never reused.
    - `resources`: `Resources`; `secrets`: names of secrets it may read; `max_parallel`: items of a map at once.

    Raises NotAFunctionError, MutableDefaultError, OptionError.
    """
    check_options("step", options)
    if function is not None:
        return Step(Declared(function, "step"), cast("StepOptions", options))

    def decorate(function: Callable[..., Any]) -> Step[..., Any]:
        return Step(Declared(function, "step"), cast("StepOptions", options))

    return decorate
