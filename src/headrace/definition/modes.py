"""Which life a call of a step or pipeline belongs to: plain Python, a plainly called pipeline, or a traced one.

The mode is a context variable, so that threads and coroutines do not see each other's. None is plain Python.
"""

from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from typing import Any, Literal, Protocol

Arguments = Mapping[str, object]


Test = Literal["true", "some"]
Branches = tuple[Callable[..., object], Callable[[], object] | None]
"""What runs if a condition holds, and if it does not."""


class Mode(Protocol):
    """What the words of a pipeline's body do. Called in the thread that runs the body."""

    is_tracing: bool

    def call(self, step: Any, args: Sequence[object], kwargs: Arguments) -> object:
        """A step is called."""
        ...

    def map(self, step: Any, args: Sequence[object], kwargs: Arguments) -> object:
        """A step's `.map` is called."""
        ...

    def nest(self, pipeline: Any, args: Sequence[object], kwargs: Arguments) -> object:
        """A pipeline is called in a pipeline."""
        ...

    def choose(self, condition: object, test: Test, branches: Branches) -> object:
        """`when` (test "true") or `when_some` (test "some")."""
        ...

    def succeeded(self, values: Any) -> object:
        """`succeeded` of a map's output."""
        ...

    def place(self) -> str:
        """Where the body is, to begin a message with: `In pipeline 'training', line 12: `."""
        ...


MODE: ContextVar[Mode | None] = ContextVar("headrace_mode", default=None)


def is_tracing() -> bool:
    """Whether a pipeline's body is being traced here."""
    mode = MODE.get()
    return mode is not None and mode.is_tracing


def place() -> str:
    """Where the traced body is; empty outside of a trace."""
    mode = MODE.get()
    return mode.place() if mode is not None and mode.is_tracing else ""
