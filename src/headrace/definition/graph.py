"""The traced graph of a pipeline as pure, frozen data: no functions, no user objects, so that it can be stored and
planned without importing.

A node is one call of a step. Where its arguments come from is said by *bindings*, a closed union. Branches are no
nodes: a node inside one carries guards, and the branch's value is a `ChoiceOf` binding.
"""

from collections.abc import Iterator
from functools import cached_property
from typing import Literal

from msgspec import Struct

from headrace.core.symbols import Symbol
from headrace.core.values import CompositeKind, Value

Path = tuple[str, ...]
"""Way into a record, named tuple or fixed tuple: field names or positions as text, outermost first."""


class Constant(Struct, frozen=True):
    """A value that the pipeline's body wrote (or a `Static` parameter)."""

    value: Value


class ParameterOf(Struct, frozen=True):
    """A parameter of the outermost pipeline (or a part of it)."""

    name: str
    path: Path = ()


class OutputOf(Struct, frozen=True):
    """The output of a node, or a named part of it. For a mapped node: the list over all items."""

    node: str
    path: Path = ()


class Gather(Struct, frozen=True):
    """A container written in the pipeline's body with bindings inside; keys as in CompositeValue."""

    kind: CompositeKind
    members: tuple[tuple[str, "Binding"], ...]
    python_type: str = ""


class EachOf(Struct, frozen=True):
    """One element per map item.

    Bindings with the same `axis` run in step (zip); different axes are crossed, the last runs fastest.
    """

    source: "Binding"
    axis: int = 0


class ChoiceOf(Struct, frozen=True):
    """`hr.when` and `hr.when_some`.

    `then` if the condition is true (test "true") or not None (test "some"), else `otherwise`.
    """

    condition: "Binding"
    test: Literal["true", "some"]
    then: "Binding"
    otherwise: "Binding"


class SucceededOf(Struct, frozen=True):
    """`hr.succeeded(xs)`.

    Of a mapped node's output, the items that succeeded, in order; never waits for more than the end of the map.
    """

    source: "Binding"


Binding = Constant | ParameterOf | OutputOf | Gather | EachOf | ChoiceOf | SucceededOf


class Guard(Struct, frozen=True):
    """A node runs only if the condition's truth (or being something, for test "some") is `expected`.

    Otherwise it is skipped.
    """

    condition: Binding
    test: Literal["true", "some"]
    expected: bool


class RetryRule(Struct, frozen=True):
    """Resolved `Retry`.

    How often, on which failures (`FailureKind` values or `module:Name` of exceptions; empty: every failure).
    """

    times: int = 0
    on: tuple[str, ...] = ()
    delay_s: float = 1.0
    factor: float = 2.0
    max_delay_s: float = 60.0
    jitter: float = 0.1


class CacheRule(Struct, frozen=True):
    """Resolved `cache=`: whether a step may be reused, what is added to (salt) or left out of its key, and for how
    long it holds.

    `fresh` names a callable (`module:name`) whose return value, taken when planned, enters the key.
    """

    enabled: bool = True
    salt: str = ""
    ignore: tuple[str, ...] = ()
    ttl_s: float | None = None
    fresh: str = ""


class InputSpec(Struct, frozen=True):
    """One parameter of a step's function. `default` is None if it is required."""

    name: str
    annotation: str
    default: Value | None = None


class StepSpec(Struct, frozen=True):
    """What a step is, without its function.

    `output` is the annotation as text, `fields` the names of its parts (NamedTuple, dataclass, fixed tuple), empty
    for one value; `returns` is False for `-> None`. `resources` are numbers or texts by name ("cpu", "memory", "gpu",
    pool names), bindings where they depend on a parameter.
    """

    name: str
    symbol: Symbol
    inputs: tuple[InputSpec, ...]
    output: str
    fields: tuple[str, ...] = ()
    returns: bool = True
    description: str = ""
    tags: tuple[str, ...] = ()
    retry: RetryRule = RetryRule()
    cache: CacheRule = CacheRule()
    timeout_s: float | None = None
    resources: tuple[tuple[str, Binding], ...] = ()
    secrets: tuple[str, ...] = ()
    effect: bool = False
    max_parallel: int | None = None

    @property
    def is_reusable(self) -> bool:
        """Whether a stored result may stand for a new attempt (rule 9)."""
        return self.cache.enabled and self.returns and not self.effect


class Node(Struct, frozen=True):
    """One call of a step in a graph. `name` is unique: group path and step name, with `-2`, `-3` for further calls
    (`features/clean-2`).

    `arguments` hold every input of the step, defaults included, in the order of its signature. The node is a map if
    any argument is an EachOf. `line` is where in the pipeline's body it was called.
    """

    name: str
    step: StepSpec
    arguments: tuple[tuple[str, Binding], ...]
    after: tuple[str, ...] = ()
    guards: tuple[Guard, ...] = ()
    line: int = 0

    @property
    def is_map(self) -> bool:
        """Whether this node runs once per item."""
        return any(isinstance(binding, EachOf) for _, binding in self.arguments)

    @property
    def upstream(self) -> frozenset[str]:
        """The names of all nodes that must be final before this one can start."""
        found = set(self.after)
        for _, binding in self.arguments:
            found |= nodes_in(binding)
        for guard in self.guards:
            found |= nodes_in(guard.condition)
        return frozenset(found)


class ParameterSpec(Struct, frozen=True):
    """A parameter of a pipeline.

    Name, annotation as text, default as a value (None: required), whether it is `Static`, its description.
    """

    name: str
    annotation: str
    default: Value | None = None
    is_static: bool = False
    description: str = ""


class Graph(Struct, frozen=True, dict=True):
    """A traced pipeline: nodes in the order of their calls (a topological order), and what the pipeline returns.

    `notes` are warnings for the person who plans (a step without annotation, pairs of unordered effects).
    """

    pipeline: str
    symbol: Symbol
    parameters: tuple[ParameterSpec, ...]
    nodes: tuple[Node, ...]
    output: Binding
    description: str = ""
    tags: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def node(self, name: str) -> Node:
        """The node of this name; raises KeyError."""
        return self._by_name[name]

    @cached_property
    def _by_name(self) -> dict[str, Node]:
        return {node.name: node for node in self.nodes}


def nodes_in(binding: Binding) -> frozenset[str]:
    """The names of the nodes that a binding may need."""
    return frozenset(output.node for output in outputs_in(binding))


def outputs_in(binding: Binding) -> Iterator[OutputOf]:
    """Every reference to a node's output inside a binding."""
    match binding:
        case OutputOf():
            yield binding
        case Gather():
            for _, member in binding.members:
                yield from outputs_in(member)
        case EachOf() | SucceededOf():
            yield from outputs_in(binding.source)
        case ChoiceOf():
            for part in (binding.condition, binding.then, binding.otherwise):
                yield from outputs_in(part)
        case Constant() | ParameterOf():
            return
