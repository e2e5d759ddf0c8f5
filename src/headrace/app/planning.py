"""From a pipeline and parameters to a plan. What was planned before is planned again without being imported."""

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from headrace import __version__
from headrace.app.project import Target, load, locate
from headrace.app.rooms import Rooms
from headrace.code.manifests import manifest_text, read_manifest
from headrace.code.stamps import ClosureMemo
from headrace.core.errors import UsageError
from headrace.core.ids import new_id
from headrace.core.symbols import Symbol, resolve
from headrace.core.values import Value, dump_values, load_values
from headrace.definition.graph import Graph, StepSpec
from headrace.definition.graph_json import graph_from_json, graph_identity, graph_to_json
from headrace.definition.parameters import BoundParameters, bind, parse
from headrace.definition.pipelines import Pipeline
from headrace.definition.replay import is_replayable
from headrace.definition.tracing import trace
from headrace.engine.forecast import forecast
from headrace.plan.explain import compare_code
from headrace.plan.keys import with_paths
from headrace.plan.plan import Action, Forecast, Plan, Selection, StepBasis
from headrace.ports.code import Code


@dataclass(frozen=True, slots=True)
class Request:
    """What a command line asks for: a target, parameters as text and from a file, and which steps."""

    target: str
    texts: Mapping[str, str] = field(default_factory=dict)
    file: Path | None = None
    selection: Selection = field(default_factory=Selection)


def plan_target(rooms: Rooms, request: Request) -> Plan:
    """The plan of a pipeline that is named by text; its module is imported only if something has changed."""
    target = locate(request.target, rooms.settings)
    file_text = _read(request.file)
    asked = _asked(rooms, target, (request.texts, file_text))
    memo = ClosureMemo(rooms.settings.root, rooms.stores.memos)
    kept = memo.recall(asked)
    plan = _recalled(rooms, kept) if kept is not None else None
    if plan is None:
        pipeline = load(target, rooms.settings)
        bound = parse(pipeline, request.texts, _file_parameters(request.file, file_text))
        plan = _plan(rooms, pipeline, bound)
        if _is_lasting(plan, pipeline, bound):
            files = rooms.code.files_of(target.module, target.file)
            memo.keep(asked, files, json.dumps(_kept(rooms, plan)))
    return replace(plan, selection=request.selection)


def plan_call(
    rooms: Rooms,
    pipeline: Pipeline[..., Any],
    call: tuple[Sequence[object], Mapping[str, object]],
    *,
    selection: Selection | None = None,
) -> Plan:
    """The plan of a live pipeline with the arguments of a call, positional and named."""
    plan = _plan(rooms, pipeline, bind(pipeline, *call))
    return replace(plan, selection=selection or Selection())


def forecasts(rooms: Rooms, plan: Plan) -> list[Forecast]:
    """What a run of this plan would do, step by step; starts and writes nothing.

    Where a step is to run because its key is new, the reason says what has changed since it last ran.
    """
    foreseen = forecast(plan, rooms.ports, rooms.stores.details)
    return [_with_cause(rooms, plan, one) if one.action is Action.RUN else one for one in foreseen]


def _with_cause(rooms: Rooms, plan: Plan, one: Forecast) -> Forecast:
    before = rooms.stores.details.last_of_step(plan.graph.pipeline, one.node, new_id())
    basis = plan.bases[one.node]
    if before is None or before.parts is None or before.parts.code == basis.code:
        return one
    was = read_manifest(rooms.stores.details.document(before.parts.code))
    changes = compare_code(was.rows, read_manifest(plan.documents[basis.code]).rows)
    if not changes:
        return one
    more = f" and {len(changes) - 1} more" if len(changes) > 1 else ""
    return replace(one, reason=f"{changes[0]}{more}")


def _plan(rooms: Rooms, pipeline: Pipeline[..., Any], bound: BoundParameters) -> Plan:
    graph = trace(pipeline, bound.static, is_strict=rooms.settings.strict)
    values: dict[str, Value] = dict(bound.values)
    for name, value in bound.objects.items():
        values[name] = rooms.artifacts.put(value, owner=f"parameter {name!r} of pipeline {pipeline.name!r}")
    text = graph_to_json(graph)
    digest = graph_identity(graph)
    documents = {digest: text}
    bases = _bases(rooms, graph, documents)
    return Plan(graph, digest, _anchored(rooms, values), bases, documents=documents)


def _anchored(rooms: Rooms, values: Mapping[str, Value]) -> dict[str, Value]:
    """Parameters whose relative paths start from the project's folder, wherever the command was given."""
    here = Path.cwd()
    if here == rooms.settings.root:
        return dict(values)
    return {name: with_paths(value, lambda path: str(here / path)) for name, value in values.items()}


def _bases(rooms: Rooms, graph: Graph, documents: dict[str, str]) -> dict[str, StepBasis]:
    known: dict[Symbol, StepBasis] = {}
    bases: dict[str, StepBasis] = {}
    for node in graph.nodes:
        symbol = node.step.symbol
        if symbol not in known:
            known[symbol] = _basis(rooms, rooms.code.code_of(symbol), documents)
        bases[node.name] = replace(known[symbol], other=_other(node.step))
    return bases


def _basis(rooms: Rooms, code: Code, documents: dict[str, str]) -> StepBasis:
    environment = rooms.environments.environment_of(code.distributions)
    documents[code.digest] = manifest_text(code)
    documents[environment.digest] = json.dumps(environment.lines)
    return StepBasis(code.digest, environment.digest, tuple(path for path, _ in code.files))


def _other(step: StepSpec) -> tuple[tuple[str, str], ...]:
    parts: list[tuple[str, str]] = []
    if step.cache.salt:
        parts.append(("salt", step.cache.salt))
    if step.cache.fresh:
        token = resolve(step.cache.fresh)
        parts.append(("fresh", str(token() if callable(token) else token)))
    return tuple(parts)


def _asked(rooms: Rooms, target: Target, given: tuple[Mapping[str, str], str]) -> str:
    texts, file_text = given
    asked = [__version__, str(rooms.settings.root), str(Path.cwd()), str(target), sorted(texts.items()), file_text]
    return json.dumps([*asked, rooms.settings.strict])


def _is_lasting(plan: Plan, pipeline: Pipeline[..., Any], bound: BoundParameters) -> bool:
    """Whether the plan follows from files, parameters and environment alone, so that it can be kept."""
    is_fresh = any(node.step.cache.fresh for node in plan.graph.nodes)
    return is_replayable(pipeline) and not bound.objects and not is_fresh


def _kept(rooms: Rooms, plan: Plan) -> dict[str, object]:
    symbols = {node.step.symbol: plan.bases[node.name].environment for node in plan.graph.nodes}
    environments = {rooms.code.code_of(symbol).distributions: digest for symbol, digest in symbols.items()}
    return {
        "environments": [[list(names), digest] for names, digest in environments.items()],
        "graph": plan.graph_digest,
        "parameters": dump_values(plan.parameters),
        "bases": {name: [b.code, b.environment, list(b.closure), list(b.other)] for name, b in plan.bases.items()},
        "documents": dict(plan.documents),
    }


def _recalled(rooms: Rooms, text: str) -> Plan | None:
    kept = json.loads(text)
    for distributions, digest in kept["environments"]:
        if rooms.environments.environment_of(tuple(distributions)).digest != digest:
            return None
    bases = {
        name: StepBasis(code, environment, tuple(closure), tuple((a, b) for a, b in other))
        for name, (code, environment, closure, other) in kept["bases"].items()
    }
    documents: dict[str, str] = kept["documents"]
    graph = graph_from_json(documents[kept["graph"]])
    return Plan(graph, kept["graph"], load_values(kept["parameters"]), bases, documents=documents)


def _read(path: Path | None) -> str:
    if path is None:
        return ""
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"The parameters' file {path} cannot be read: {error}.") from error


def _file_parameters(path: Path | None, text: str) -> dict[str, object]:
    if path is None:
        return {}
    try:
        found = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except (json.JSONDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(
            f"The parameters' file {path} is no valid {'JSON' if path.suffix == '.json' else 'TOML'}: {error}."
        ) from error
    if not isinstance(found, dict):
        raise UsageError(f"The parameters' file {path} has to hold a table of names and values.")
    return found
