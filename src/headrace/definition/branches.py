"""`when` and `when_some`: a step or two only if something is true, or only if it is there."""

from collections.abc import Callable
from typing import Any, TypeVar, overload

from headrace.definition.errors import BranchError
from headrace.definition.modes import MODE, Branches, Test, place
from headrace.definition.plain import choose
from headrace.definition.references import is_reference

T = TypeVar("T")
U = TypeVar("U")
R = TypeVar("R")


@overload
def when(condition: bool, then: Callable[[], T], /) -> T | None: ...
@overload
def when(condition: bool, then: Callable[[], T], /, otherwise: Callable[[], U]) -> T | U: ...
def when(
    condition: bool,
    then: Callable[[], object],
    /,
    otherwise: Callable[[], object] | None = None,
) -> object:
    """The value of `then()` if the condition is true, else that of `otherwise()`, or None without one.

    Only the steps inside the branch that is not taken are skipped; what follows gets the value, None included. Raises
    BranchError.
    """
    return _choose("hr.when", condition, (then, otherwise))


@overload
def when_some(value: T | None, then: Callable[[T], R], /) -> R | None: ...
@overload
def when_some(value: T | None, then: Callable[[T], R], /, otherwise: Callable[[], U]) -> R | U: ...
def when_some(value: Any, then: Callable[[Any], object], /, otherwise: Callable[[], object] | None = None) -> object:
    """The value of `then(value)` if the value is not None, else that of `otherwise()`, or None without one.

    Only the steps inside the branch that is not taken are skipped. Raises BranchError.
    """
    return _choose("hr.when_some", value, (then, otherwise))


def _choose(word: str, condition: object, branches: Branches) -> object:
    for name, branch in zip(("then", "otherwise"), branches, strict=True):
        if is_reference(branch) or not (callable(branch) or (branch is None and name == "otherwise")):
            raise BranchError(
                f"{place()}{word}(…) takes a function as {name!r}, to be called only if it is taken. Write "
                f"`lambda: promote(model)` instead of `promote(model)`."
            )
    mode = MODE.get()
    test: Test = "some" if word == "hr.when_some" else "true"
    return choose(condition, test, branches) if mode is None else mode.choose(condition, test, branches)
