"""Planning anew: parameters are bound, the body is traced, every step's code and environment are read."""

import json
import math
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from headrace.app.projects.entries import entry_of, live_entries
from headrace.app.projects.loading import UserCodeError, load
from headrace.app.projects.places import refuse_standard_name, refuse_standard_names, refuse_steps_without_file
from headrace.app.projects.requests import Request
from headrace.app.projects.targets import Target
from headrace.app.rooms import Rooms
from headrace.code.manifests import manifest_text
from headrace.code.source_texts import source_texts
from headrace.core.errors import HeadraceError, UsageError
from headrace.core.symbols import MAIN, Symbol, main_name, resolve
from headrace.core.values import Value, dump_values
from headrace.definition.graph import Graph, StepSpec
from headrace.definition.graph_json import graph_identity, graph_to_json
from headrace.definition.parameters import BoundParameters, bind, parse
from headrace.definition.pipelines import Pipeline
from headrace.definition.replay import is_replayable
from headrace.definition.tracing import trace
from headrace.plan.keys import with_paths
from headrace.plan.plan import Plan, Selection, StepBasis
from headrace.ports.code import Code
from headrace.ports.records import RunRecord


def plan_named(rooms: Rooms, target: Target, request: Request) -> tuple[Plan, str]:
    """Import a pipeline and plan it with parameters from text and file.

    Returns the plan and what to keep of it for the next time: JSON text, empty if it follows from more than files,
    parameters and environment.
    """
    pipeline = load(target, rooms.settings)
    bound = parse(pipeline, request.texts, _file_parameters(request.file, request.file_text))
    try:
        plan = _plan(rooms, pipeline, bound, entries=[entry_of(target)], is_fresh=True)
    except Exception as error:
        # tracing notes the pipeline on what its body has raised; anything else is ours
        if isinstance(error, HeadraceError) or not getattr(error, "__notes__", None):
            raise
        raise UserCodeError(f"pipeline {pipeline.name!r}", error) from error
    return plan, json.dumps(_kept(rooms, plan)) if _is_lasting(plan, pipeline, bound) else ""


def plan_call(
    rooms: Rooms,
    pipeline: Pipeline[..., Any],
    call: tuple[Sequence[object], Mapping[str, object]],
    *,
    selection: Selection | None = None,
) -> Plan:
    """The plan of a live pipeline with the arguments of a call, positional and named."""
    plan = _plan(rooms, pipeline, bind(pipeline, *call), entries=live_entries(pipeline.symbol))
    return replace(plan, selection=selection or Selection(), target=_target_of(pipeline.symbol))


def plan_again(rooms: Rooms, pipeline: Pipeline[..., Any], run: RunRecord, *, entries: Sequence[Symbol]) -> Plan:
    """The plan of a stored run's pipeline as its code is now, with that run's parameters.

    Raises ParameterError if the pipeline does not take these parameters any more.
    """
    given = {name: rooms.artifacts.get(value) for name, value in run.parameters.items()}
    return _plan(rooms, pipeline, bind(pipeline, (), given), entries=entries)


def _target_of(symbol: Symbol) -> str:
    """Where another process finds a pipeline; in this one alone, for one of a notebook; empty inside a function."""
    module = main_name() or MAIN if symbol.module == MAIN else symbol.module
    return "" if "<locals>" in symbol.qualname else f"{module}:{symbol.qualname}"


def _plan(
    rooms: Rooms,
    pipeline: Pipeline[..., Any],
    bound: BoundParameters,
    *,
    entries: Sequence[Symbol],
    is_fresh: bool = False,
) -> Plan:
    refuse_standard_name(rooms.settings, Path(pipeline.symbol.file))
    graph = trace(pipeline, bound.static, is_strict=rooms.settings.strict)
    values: dict[str, Value] = dict(bound.values)
    for name, value in bound.objects.items():
        values[name] = rooms.artifacts.put(value, owner=f"parameter {name!r} of pipeline {pipeline.name!r}")
    refuse_steps_without_file(graph)
    text = graph_to_json(graph)
    digest = graph_identity(graph)
    rooms.code.begin(entries)
    documents = {digest: text}
    codes = {symbol: rooms.code.code_of(symbol) for symbol in dict.fromkeys(node.step.symbol for node in graph.nodes)}
    refuse_standard_names(rooms.settings, codes.values())
    rooms.live_code.check(codes.values(), given=(pipeline.symbol, pipeline), is_fresh=is_fresh)
    bases = _bases(rooms, graph, codes, documents=documents)
    return Plan(graph, digest, _anchored(rooms, values), bases, documents=documents)


def _anchored(rooms: Rooms, values: Mapping[str, Value]) -> dict[str, Value]:
    """Parameters whose relative paths start from the project's folder, wherever the command was given."""
    here = Path.cwd()
    if here == rooms.settings.root:
        return dict(values)
    return {name: with_paths(value, lambda path: str(here / path)) for name, value in values.items()}


def _bases(
    rooms: Rooms, graph: Graph, codes: Mapping[Symbol, Code], *, documents: dict[str, str]
) -> dict[str, StepBasis]:
    known = {symbol: _basis(rooms, code, documents) for symbol, code in codes.items()}
    return {node.name: replace(known[node.step.symbol], other=_other(node.step)) for node in graph.nodes}


def _basis(rooms: Rooms, code: Code, documents: dict[str, str]) -> StepBasis:
    environment = rooms.environments.environment_of(code.distributions)
    documents[code.digest] = manifest_text(code)
    documents.update(source_texts(rooms.settings.root, code, documents))
    documents[environment.digest] = json.dumps(environment.lines)
    return StepBasis(code.digest, environment.digest, code.files, first=code.leans_on, paths=code.paths)


def _other(step: StepSpec) -> tuple[tuple[str, str], ...]:
    parts: list[tuple[str, str]] = []
    if step.cache.salt:
        parts.append(("salt", step.cache.salt))
    if step.cache.fresh:
        token = resolve(step.cache.fresh)
        parts.append(("fresh", str(token() if callable(token) else token)))
    return tuple(parts)


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
        "bases": {
            name: [
                one.code,
                one.environment,
                list(one.closure),
                list(one.other),
                [first.module for first in one.first],
                list(one.paths),
            ]
            for name, one in plan.bases.items()
        },
        "documents": dict(plan.documents),
    }


def _number(text: str) -> float:
    """A number as a file writes it; raises UsageError for one that would become infinite without saying so."""
    value = float(text)
    if math.isinf(value) and any(letter.isdigit() for letter in text):
        raise UsageError(f"A parameter is {text}: a float holds no more than 1.8e308; for infinity write inf.")
    return value


def _file_parameters(path: Path | None, text: str) -> dict[str, object]:
    if path is None:
        return {}
    try:
        is_json = path.suffix == ".json"
        found = json.loads(text, parse_float=_number) if is_json else tomllib.loads(text, parse_float=_number)
    except (json.JSONDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(
            f"The parameters' file {path} is no valid {'JSON' if path.suffix == '.json' else 'TOML'}: {error}."
        ) from error
    if not isinstance(found, dict):
        raise UsageError(f"The parameters' file {path} has to hold a table of names and values.")
    return found
