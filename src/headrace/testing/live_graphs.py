"""Graphs together with the live functions behind their steps, and plain calls that tell what their steps gave.

For runs inside one process: tests may define steps locally, where no other process finds them.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from headrace.definition.graph import Graph, OutputOf
from headrace.definition.modes import MODE, Arguments
from headrace.definition.pipelines import Pipeline
from headrace.definition.plain import PlainRun, UnfinishedMap
from headrace.definition.references import source_of
from headrace.definition.tracing import Trace

Told = Callable[[str, object], None]
"""Gets a step's name and what a call of it gave (for a map: the list of the items that succeeded)."""


class LiveGraph(Trace):
    """A trace that remembers which function stands behind each node."""

    def __init__(
        self, pipeline: Pipeline[..., Any], static: Mapping[str, object] | None = None, *, is_strict: bool = False
    ) -> None:
        super().__init__(pipeline, is_strict=is_strict, allow_local=True)
        self.functions: dict[str, Callable[..., object]] = {}
        token = MODE.set(self)
        try:
            self.traced: Graph = self.graph(static or {})
        finally:
            MODE.reset(token)

    def call(self, step: Any, args: Sequence[object], kwargs: Arguments) -> object:
        """A step becomes a node."""
        return self._remember(step, super().call(step, args, kwargs))

    def map(self, step: Any, args: Sequence[object], kwargs: Arguments) -> object:
        """A step over elements becomes one node."""
        return self._remember(step, super().map(step, args, kwargs))

    def _remember(self, step: Any, reference: Any) -> object:
        binding = source_of(reference).binding
        assert isinstance(binding, OutputOf)
        self.functions[binding.node] = step.function
        return reference


class ToldCall(PlainRun):
    """A plain call of a pipeline that tells of every step it calls, in the order of the body."""

    def __init__(self, told: Told) -> None:
        super().__init__()
        self._told = told
        self._is_in_map = False

    def call(self, step: Any, args: Sequence[object], kwargs: Arguments) -> object:
        """Run a step; the items of a map are told of together."""
        result = super().call(step, args, kwargs)
        if not self._is_in_map:
            self._told(step.name, result)
        return result

    def map(self, step: Any, args: Sequence[object], kwargs: Arguments) -> object:
        """Run all items."""
        self._is_in_map = True
        try:
            result = super().map(step, args, kwargs)
        finally:
            self._is_in_map = False
        self._told(step.name, result.headrace_done if type(result) is UnfinishedMap else result)
        return result
