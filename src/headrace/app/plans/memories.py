"""What a run remembers of its plan beside graph and parameters, so that another process can go on with it: plain data
in the run's settings."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from msgspec import Struct, field
from msgspec.structs import asdict, replace

from headrace.app.rooms import Rooms
from headrace.core.symbols import MAIN, Symbol
from headrace.definition.graph import Graph
from headrace.definition.graph_json import graph_identity
from headrace.plan.overrides import Overrides
from headrace.plan.plan import Plan, Selection
from headrace.ports.records import RunRecord


class Memory(Struct, frozen=True):
    """`target` finds the pipeline (empty: nothing does), `folder` is the working directory, from the project's root if
    it lies there, `code` the digests of code and environment by the place of a step, `retry_of` a run's id."""

    target: str = ""
    folder: str = "."
    code: Mapping[str, str] = field(default_factory=dict)
    selection: Selection = field(default_factory=Selection)
    options: Overrides = field(default_factory=dict)
    fail_fast: bool = False
    retry_of: str = ""


def remembered(plan: Plan, root: Path, *, fail_fast: bool, retry_of: str) -> dict[str, object]:
    """The settings of a new run."""
    here = Path.cwd()
    folder = str(here.relative_to(root)) if here.is_relative_to(root) else str(here)
    return {
        "target": plan.target,
        "folder": folder,
        "code": code_of(plan),
        "selection": asdict(plan.selection),
        "options": {step: dict(options) for step, options in plan.options.items()},
        "fail_fast": fail_fast,
        "retry_of": retry_of,
    }


def recall(run: RunRecord) -> Memory:
    """What a run remembers; one of an older version remembers less."""
    told = cast("Mapping[str, Any]", run.settings)
    chosen = cast("Mapping[str, list[str]]", told.get("selection", {}))
    return Memory(
        target=told.get("target", ""),
        folder=told.get("folder", "."),
        code=told.get("code", {}),
        selection=Selection(**{name: tuple(names) for name, names in chosen.items()}),
        options=told.get("options", {}),
        fail_fast=told.get("fail_fast", False),
        retry_of=told.get("retry_of", ""),
    )


def ancestors(rooms: Rooms, run: RunRecord) -> list[RunRecord]:
    """The runs that a run is a retry of, newest first."""
    found: list[RunRecord] = []
    while before := recall(run).retry_of:
        run = rooms.stores.runs.get(before)
        found.append(run)
    return found


def code_of(plan: Plan) -> dict[str, str]:
    """The digests of code and environment by step. A script counts as the module that it is to others."""
    return {
        _place(node.step.symbol, plan): f"{plan.bases[node.name].code} {plan.bases[node.name].environment}"
        for node in plan.graph.nodes
    }


def changed_steps(plan: Plan, memory: Memory) -> list[str]:
    """The steps whose code or environment is not what it was, or that are new, by name in the plan's order."""
    changed = {place for place, digests in code_of(plan).items() if memory.code.get(place) != digests}
    names = (node.step.name for node in plan.graph.nodes if _place(node.step.symbol, plan) in changed)
    return list(dict.fromkeys(names))


def is_same_graph(plan: Plan, stored: Graph) -> bool:
    """Whether a stored graph means the same as that of the plan."""
    return graph_identity(_as_module(plan.graph, plan)) == graph_identity(_as_module(stored, plan))


def _as_module(graph: Graph, plan: Plan) -> Graph:
    nodes = tuple(replace(node, step=replace(node.step, symbol=_named(node.step.symbol, plan))) for node in graph.nodes)
    return replace(graph, symbol=_named(graph.symbol, plan), nodes=nodes)


def _named(symbol: Symbol, plan: Plan) -> Symbol:
    module = plan.target.partition(":")[0]
    return symbol._replace(module=module) if symbol.module == MAIN else symbol


def _place(symbol: Symbol, plan: Plan) -> str:
    return str(_named(symbol, plan))
