"""Options of steps that a person sets for one run, from the command line or a file: `fit.timeout=60`. Pure."""

from collections.abc import Callable, Mapping

from msgspec.structs import replace

from headrace.core.canonical import canonical
from headrace.core.errors import UnknownNameError, UsageError
from headrace.core.sizes import bytes_of
from headrace.core.values import InlineValue
from headrace.definition.graph import Constant, Graph, StepSpec

Overrides = Mapping[str, Mapping[str, object]]
"""By step (or node) name: options with their values; resources as `resources.memory`."""

RESOURCE = "resources."


class OverrideError(UsageError):
    """An option of a step is set to something that has no sense."""

    code = "usage.override"

    def __init__(self, step: str, option: str, value: object, *, takes: str) -> None:
        self.step, self.option, self.value = step, option, value
        super().__init__(f"Option {option!r} of step {step!r} cannot be {value!r}; it takes {takes}.")


def override(graph: Graph, overrides: Overrides) -> Graph:
    """The graph with these options set; raises UnknownNameError for a step or option, OverrideError for a value.

    A name is that of a node (`features/clean-2`) or of a step (every call of it). What a result is worth does not
    depend on these options, so no key changes by them.
    """
    known = {node.name for node in graph.nodes} | {node.step.name for node in graph.nodes}
    for name in overrides:
        if name not in known:
            raise UnknownNameError("step", name, known=known, hint=f"Looked in pipeline {graph.pipeline!r}.")
    nodes = tuple(
        replace(node, step=_changed(node.step, {**overrides.get(node.step.name, {}), **overrides.get(node.name, {})}))
        for node in graph.nodes
    )
    return replace(graph, nodes=nodes)


def _changed(step: StepSpec, options: Mapping[str, object]) -> StepSpec:
    for option, value in options.items():
        if option.startswith(RESOURCE):
            step = _with_resource(step, option.removeprefix(RESOURCE), value)
        elif option in _OPTIONS:
            step = _OPTIONS[option](step, value)
        else:
            hint = "Resources are written as `resources.memory`."
            raise UnknownNameError(f"option of step {step.name!r}:", option, known=[*_OPTIONS, "resources"], hint=hint)
    return step


def _with_timeout(step: StepSpec, value: object) -> StepSpec:
    if value is None:
        return replace(step, timeout_s=None)
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        raise OverrideError(step.name, "timeout", value, takes="seconds above zero, or none")
    return replace(step, timeout_s=float(value))


def _with_retries(step: StepSpec, value: object) -> StepSpec:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise OverrideError(step.name, "retries", value, takes="a whole number from 0")
    return replace(step, retry=replace(step.retry, times=value))


def _with_cache(step: StepSpec, value: object) -> StepSpec:
    if not isinstance(value, bool):
        raise OverrideError(step.name, "cache", value, takes="true or false")
    return replace(step, cache=replace(step.cache, enabled=value))


def _with_max_parallel(step: StepSpec, value: object) -> StepSpec:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise OverrideError(step.name, "max_parallel", value, takes="a whole number from 1")
    return replace(step, max_parallel=value)


def _with_resource(step: StepSpec, name: str, value: object) -> StepSpec:
    if name == "memory":
        try:
            bytes_of(value)
        except ValueError as error:
            raise OverrideError(step.name, "resources.memory", value, takes="a size such as '4GiB'") from error
    elif isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise OverrideError(step.name, RESOURCE + name, value, takes="a number from 0")
    resources = {**dict(step.resources), name: Constant(InlineValue(canonical(value)))}
    return replace(step, resources=tuple(sorted(resources.items())))


_OPTIONS: dict[str, Callable[[StepSpec, object], StepSpec]] = {
    "cache": _with_cache,
    "max_parallel": _with_max_parallel,
    "retries": _with_retries,
    "timeout": _with_timeout,
}
