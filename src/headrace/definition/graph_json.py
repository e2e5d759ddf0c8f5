"""Graphs as JSON text: exact both ways, the same text for the same graph on every machine and day.

Steps that several nodes share are written once.
"""

import json
from typing import Any

from msgspec.structs import replace

from headrace.core.digests import digest_bytes
from headrace.core.symbols import Symbol
from headrace.core.values import Value, value_from_json, value_to_json
from headrace.definition.errors import GraphFormatError
from headrace.definition.graph import (
    Binding,
    CacheRule,
    ChoiceOf,
    Constant,
    EachOf,
    Gather,
    Graph,
    Guard,
    InputSpec,
    Node,
    OutputOf,
    ParameterOf,
    ParameterSpec,
    RetryRule,
    StepSpec,
    SucceededOf,
)

FORMAT = "headrace-graph-1"
Json = Any


def graph_to_json(graph: Graph) -> str:
    """The graph as one line of JSON."""
    steps: dict[StepSpec, int] = {}
    nodes = [_node_to_json(node, steps) for node in graph.nodes]
    data = {
        "format": FORMAT,
        "pipeline": graph.pipeline,
        "symbol": _symbol_to_json(graph.symbol),
        "description": graph.description,
        "tags": list(graph.tags),
        "notes": list(graph.notes),
        "parameters": [_parameter_to_json(parameter) for parameter in graph.parameters],
        "steps": [_step_to_json(step) for step in steps],
        "nodes": nodes,
        "output": binding_to_json(graph.output),
    }
    return json.dumps(data, ensure_ascii=True, separators=(",", ":"))


def graph_from_json(text: str) -> Graph:
    """The graph that `graph_to_json` wrote; raises GraphFormatError for anything else."""
    try:
        data = json.loads(text)
        if data["format"] != FORMAT:
            raise GraphFormatError(f"A stored graph has the format {data['format']!r}; this version reads {FORMAT!r}.")
        return _graph_from_json(data)
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise GraphFormatError(f"A stored graph cannot be read: {type(error).__name__}: {error}.") from error


def graph_identity(graph: Graph) -> str:
    """The digest of what a graph means: without files, lines and notes, which differ between machines and edits."""
    bare: dict[StepSpec, StepSpec] = {}
    for node in graph.nodes:
        if node.step not in bare:
            bare[node.step] = replace(node.step, symbol=node.step.symbol._replace(file=""))
    nodes = tuple(replace(node, step=bare[node.step], line=0) for node in graph.nodes)
    identity = replace(graph, symbol=graph.symbol._replace(file=""), nodes=nodes, notes=())
    return digest_bytes(graph_to_json(identity).encode("ascii"))


def _graph_from_json(data: Json) -> Graph:
    steps = [_step_from_json(step) for step in data["steps"]]
    return Graph(
        pipeline=data["pipeline"],
        symbol=Symbol(*data["symbol"]),
        parameters=tuple(_parameter_from_json(parameter) for parameter in data["parameters"]),
        nodes=tuple(_node_from_json(node, steps) for node in data["nodes"]),
        output=binding_from_json(data["output"]),
        description=data["description"],
        tags=tuple(data["tags"]),
        notes=tuple(data["notes"]),
    )


def binding_to_json(binding: Binding) -> Json:
    """A binding as a list that begins with its kind."""
    match binding:
        case Constant(value):
            return ["constant", value_to_json(value)]
        case ParameterOf(name, path):
            return ["parameter", name, list(path)]
        case OutputOf(node, path):
            return ["output", node, list(path)]
        case Gather(kind, members, python_type):
            return ["gather", kind, python_type, [[name, binding_to_json(member)] for name, member in members]]
        case EachOf(source, axis):
            return ["each", binding_to_json(source), axis]
        case ChoiceOf(condition, test, then, otherwise):
            return ["choice", test, *map(binding_to_json, (condition, then, otherwise))]
        case SucceededOf(source):
            return ["succeeded", binding_to_json(source)]


def binding_from_json(data: Json) -> Binding:
    """The binding that `binding_to_json` wrote; raises ValueError."""
    match data:
        case ["constant", value]:
            return Constant(value_from_json(value))
        case ["parameter", name, path]:
            return ParameterOf(name, tuple(path))
        case ["output", node, path]:
            return OutputOf(node, tuple(path))
        case ["gather", kind, python_type, members]:
            return Gather(kind, tuple((name, binding_from_json(member)) for name, member in members), python_type)
        case ["each", source, axis]:
            return EachOf(binding_from_json(source), axis)
        case ["choice", test, condition, then, otherwise]:
            parts = [binding_from_json(part) for part in (condition, then, otherwise)]
            return ChoiceOf(parts[0], test, parts[1], parts[2])
        case ["succeeded", source]:
            return SucceededOf(binding_from_json(source))
        case _:
            raise ValueError(f"not a binding: {str(data)[:80]}")


def _node_to_json(node: Node, steps: dict[StepSpec, int]) -> Json:
    return {
        "name": node.name,
        "step": steps.setdefault(node.step, len(steps)),
        "arguments": [[name, binding_to_json(binding)] for name, binding in node.arguments],
        "after": list(node.after),
        "guards": [[binding_to_json(guard.condition), guard.test, guard.expected] for guard in node.guards],
        "line": node.line,
    }


def _node_from_json(data: Json, steps: list[StepSpec]) -> Node:
    return Node(
        data["name"],
        steps[data["step"]],
        tuple((name, binding_from_json(binding)) for name, binding in data["arguments"]),
        tuple(data["after"]),
        tuple(Guard(binding_from_json(condition), test, expected) for condition, test, expected in data["guards"]),
        data["line"],
    )


def _step_to_json(step: StepSpec) -> Json:
    retry, cache = step.retry, step.cache
    return {
        "name": step.name,
        "symbol": _symbol_to_json(step.symbol),
        "inputs": [[entry.name, entry.annotation, _optional(entry.default)] for entry in step.inputs],
        "output": step.output,
        "fields": list(step.fields),
        "returns": step.returns,
        "description": step.description,
        "tags": list(step.tags),
        "retry": [retry.times, list(retry.on), retry.delay_s, retry.factor, retry.max_delay_s, retry.jitter],
        "cache": [cache.enabled, cache.salt, list(cache.ignore), cache.ttl_s, cache.fresh],
        "timeout_s": step.timeout_s,
        "resources": [[name, binding_to_json(binding)] for name, binding in step.resources],
        "secrets": list(step.secrets),
        "effect": step.effect,
        "max_parallel": step.max_parallel,
    }


def _step_from_json(data: Json) -> StepSpec:
    times, on, delay_s, factor, max_delay_s, jitter = data["retry"]
    enabled, salt, ignore, ttl_s, fresh = data["cache"]
    return StepSpec(
        name=data["name"],
        symbol=Symbol(*data["symbol"]),
        inputs=tuple(InputSpec(name, annotation, _value(value)) for name, annotation, value in data["inputs"]),
        output=data["output"],
        fields=tuple(data["fields"]),
        returns=data["returns"],
        description=data["description"],
        tags=tuple(data["tags"]),
        retry=RetryRule(times, tuple(on), delay_s, factor, max_delay_s, jitter),
        cache=CacheRule(enabled, salt, tuple(ignore), ttl_s, fresh),
        timeout_s=data["timeout_s"],
        resources=tuple((name, binding_from_json(binding)) for name, binding in data["resources"]),
        secrets=tuple(data["secrets"]),
        effect=data["effect"],
        max_parallel=data["max_parallel"],
    )


def _parameter_to_json(parameter: ParameterSpec) -> Json:
    return [
        parameter.name,
        parameter.annotation,
        _optional(parameter.default),
        parameter.is_static,
        parameter.description,
    ]


def _parameter_from_json(data: Json) -> ParameterSpec:
    name, annotation, default, is_static, description = data
    return ParameterSpec(name, annotation, _value(default), is_static, description)


def _symbol_to_json(symbol: Symbol) -> Json:
    return [symbol.module, symbol.qualname, symbol.file]


def _optional(value: Value | None) -> Json:
    return None if value is None else value_to_json(value)


def _value(data: Json) -> Value | None:
    return None if data is None else value_from_json(data)
