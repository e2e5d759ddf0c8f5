"""Where in a value the reading of a parameter stands, and how it says that something does not fit there."""

from collections.abc import Callable, Sized
from typing import Any

from headrace.core.errors import close_to
from headrace.definition.examples import Mode

Fit = Callable[[Any, Any, "Place"], Any]


class Place:
    """A place inside a parameter's value: `path` as "[2].days", how values are given there, and what reads them."""

    __slots__ = ("mode", "path", "read")  # no dataclass: that alone takes 0.7 ms to import

    def __init__(self, path: str, mode: Mode, read: Fit) -> None:
        self.path, self.read = path, read
        self.mode: Mode = mode

    def fit(self, value: Any, annotation: Any) -> Any:
        """The value of this place, brought to its type; raises Misfit."""
        return self.read(value, annotation, self)

    def inside(self, step: str, mode: Mode) -> "Place":
        """A place one step further in."""
        return Place(self.path + step, mode, self.read)

    def to_mode(self, mode: Mode) -> "Place":
        """The same place, where values are given another way."""
        return Place(self.path, mode, self.read)


class Misfit(Exception):  # noqa: N818 - never leaves: it becomes a ParameterError or the next attempt of a union
    """A value that does not fit a type, with the reason as half a sentence."""

    def __init__(self, value: object, annotation: Any, place: Place, *, why: str) -> None:
        self.value, self.annotation, self.place, self.why = value, annotation, place, why
        super().__init__(why)


def count_of(items: Sized) -> str:
    """`1 element`, `3 elements`."""
    return f"{len(items)} element{'s' * (len(items) != 1)}"


def nearest(given: object, choices: list[str]) -> str:
    """` (did you mean 'days'?)`, or nothing if no choice is near."""
    matches = close_to(given, choices, limit=1) if isinstance(given, str) and len(given) < 100 else []
    return f" (did you mean {matches[0]!r}?)" if matches else ""
