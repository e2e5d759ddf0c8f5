"""The plan of one run: a graph, its parameters, what each step's key starts from, and which steps are selected."""

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct, field

from headrace.core.symbols import Symbol
from headrace.core.values import Value
from headrace.definition.graph import Graph
from headrace.plan.keys import KeyParts


class Action(StrEnum):
    """What a plan expects of a step."""

    RUN = "run"
    REUSE = "reuse"
    UNKNOWN = "unknown"
    SKIP = "skip"


class StepBasis(Struct, frozen=True):
    """What a step's key is made of before its inputs are known: digests of code and environment, and other named
    parts (salt, fresh).

    `closure` are the project's files that the code's digest covers (path relative to the root, digest); `first` the
    modules that have to be imported before the step's, because they change what it uses; `paths` strings in its code
    that may name files.
    """

    code: str
    environment: str
    closure: tuple[tuple[str, str], ...] = ()
    other: tuple[tuple[str, str], ...] = ()
    first: tuple[Symbol, ...] = ()
    paths: tuple[str, ...] = ()


class Selection(Struct, frozen=True):
    """Which steps of a graph take part, by node name: `run --until | --from | --only | --refresh STEP` (SEMANTICS.md,
    rule 26).

    `until`: these and all they need. `only`: these; what they need must be reusable. `from_`: these and all that
    follows are computed again. `refresh`: these are computed again.
    """

    until: tuple[str, ...] = ()
    from_: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    refresh: tuple[str, ...] = ()


class Plan(Struct, frozen=True):
    """Everything that is known of a run before it starts.

    `documents` are the graph, manifests and environments by digest. `target` is where the pipeline is found again
    (`module:name`; empty if it cannot be), `options` are those of steps that were set for this run.
    """

    graph: Graph
    graph_digest: str
    parameters: Mapping[str, Value]
    bases: Mapping[str, StepBasis]
    selection: Selection = field(default_factory=Selection)
    documents: Mapping[str, str] = field(default_factory=dict)
    target: str = ""
    options: Mapping[str, Mapping[str, object]] = field(default_factory=dict)


class Forecast(Struct, frozen=True):
    """What would happen to one step: action, reason in plain words, seconds expected (None if never run), items of a
    map (None if unknown).

    `reused_items` counts those of a map's items that would be reused. `parts` are what its key is made of, if that is
    known.
    """

    node: str
    action: Action
    reason: str
    estimate_s: float | None = None
    items: int | None = None
    reused_items: int = 0
    parts: KeyParts | None = None
