"""Small words for contract suites, which have to work without importing a test framework."""

from collections.abc import Callable
from typing import TypeVar

Error = TypeVar("Error", bound=Exception)


def raised(kind: type[Error], call: Callable[[], object]) -> Error:
    """The error of this kind that a call raises; fails if it raises none."""
    try:
        call()
    except kind as error:
        return error
    raise AssertionError(f"nothing was raised; {kind.__name__} was expected")
