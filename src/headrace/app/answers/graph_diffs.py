"""What is different between two graphs: steps that came or went, inputs that come from elsewhere, options. Pure."""

from collections.abc import Iterator

from msgspec import Struct

from headrace.app.answers.value_texts import value_text
from headrace.definition.graph import (
    Binding,
    ChoiceOf,
    Constant,
    EachOf,
    Gather,
    Graph,
    Node,
    OutputOf,
    ParameterOf,
    SucceededOf,
)

_OPTIONS = ("retry", "cache", "timeout_s", "secrets", "effect", "max_parallel", "tags", "output", "returns")


class Differing(Struct, frozen=True):
    """Something that both sides have, or one of them (the other is None): what it is called, and both values."""

    name: str
    before: object
    after: object


class StepDifference(Struct, frozen=True):
    """A step of one graph only (`added`, `removed`), or one that is `wired` otherwise: its inputs that differ, `after`
    and `only if` among them, with where they came from and come from now."""

    step: str
    kind: str
    inputs: tuple[Differing, ...] = ()


def graph_differences(before: Graph, after: Graph) -> list[StepDifference]:
    """Steps that came, went or are wired otherwise, in the order of the graphs."""
    old, new = _nodes(before), _nodes(after)
    found = [StepDifference(name, "removed") for name in old if name not in new]
    for name, node in new.items():
        if name not in old:
            found.append(StepDifference(name, "added", tuple(_pairs({}, _wiring(node)))))
        elif wired := tuple(_pairs(_wiring(old[name]), _wiring(node))):
            found.append(StepDifference(name, "wired", wired))
    output = tuple(_pairs({"output": binding_text(before.output)}, {"output": binding_text(after.output)}))
    return [*found, StepDifference("", "output", output)] if output else found


def option_differences(before: Graph, after: Graph) -> list[Differing]:
    """Options and resources of steps that both graphs have, as `step.option` with both values as text."""
    old, new = _nodes(before), _nodes(after)
    both = [name for name in new if name in old]
    return [one for name in both for one in _pairs(_options(old[name]), _options(new[name]))]


def binding_text(binding: Binding) -> str:
    """Where a value comes from, as one would write it."""
    match binding:
        case Constant():
            return value_text(binding.value)
        case ParameterOf():
            return ".".join(("parameter " + binding.name, *binding.path))
        case OutputOf():
            return ".".join((binding.node, *binding.path))
        case EachOf():
            return f"each({binding_text(binding.source)})"
        case SucceededOf():
            return f"succeeded({binding_text(binding.source)})"
        case ChoiceOf():
            parts = (binding_text(one) for one in (binding.condition, binding.then, binding.otherwise))
            return f"{'when' if binding.test == 'true' else 'when_some'}({', '.join(parts)})"
        case Gather():
            return f"{binding.kind}({', '.join(binding_text(member) for _, member in binding.members)})"


def _nodes(graph: Graph) -> dict[str, Node]:
    return {node.name: node for node in graph.nodes}


def _wiring(node: Node) -> dict[str, str]:
    wires = {name: binding_text(binding) for name, binding in node.arguments}
    if node.after:
        wires["after"] = ", ".join(node.after)
    if node.guards:
        guards = (f"{'' if one.expected else 'not '}{binding_text(one.condition)}" for one in node.guards)
        wires["only if"] = " and ".join(guards)
    return wires


def _options(node: Node) -> dict[str, str]:
    options = {f"{node.name}.{name}": _text(getattr(node.step, name)) for name in _OPTIONS}
    return options | {f"{node.name}.resources.{name}": binding_text(binding) for name, binding in node.step.resources}


def _text(option: object) -> str:
    if isinstance(option, Struct):
        parts = ((name, getattr(option, name), getattr(type(option)(), name)) for name in option.__struct_fields__)
        return ", ".join(f"{name}={_text(value)}" for name, value, usual in parts if value != usual) or "default"
    if isinstance(option, tuple):
        return ", ".join(map(str, option)) or "none"
    return str(option)


def _pairs(before: dict[str, str], after: dict[str, str]) -> Iterator[Differing]:
    for name in {**before, **after}:
        if before.get(name) != after.get(name):
            yield Differing(name, before.get(name), after.get(name))
