"""`why`: a step's key is held against the one before, part by part, down to the function and the file."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from headrace.app.rooms import Rooms
from headrace.app.views import value_text
from headrace.code.manifests import read_manifest
from headrace.core.errors import UnknownNameError
from headrace.core.ids import short_id
from headrace.core.states import State
from headrace.core.values import Value
from headrace.definition.graph import Binding, ParameterOf, outputs_in
from headrace.definition.graph_json import graph_from_json
from headrace.plan.explain import compare_code, compare_environments
from headrace.ports.records import RunRecord, StepRunRecord

_OTHER = {
    "directory": "the directory that the run was started in",
    "fresh": "what its cache setting `fresh` gives",
    "salt": "the salt of its cache setting",
}


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a step was computed or reused: a sentence, what has changed since the run before, and the facts behind it."""

    step: str
    state: str
    summary: str
    changes: tuple[str, ...]
    facts: tuple[str, ...]

    def to_json(self) -> dict[str, object]:
        """The explanation as plain JSON data."""
        return asdict(self)


def why(rooms: Rooms, run: RunRecord, step: StepRunRecord) -> Explanation:
    """Explain one step of a run."""
    facts = _facts(step)
    if step.state is State.REUSED:
        return Explanation(step.node, step.state.value, _who_made(step), (), facts)
    if step.state in (State.SKIPPED, State.PENDING, State.CANCELLED):
        return Explanation(step.node, step.state.value, f"Not computed: {step.reason or step.state.value}.", (), facts)
    before = rooms.stores.details.last_of_step(run.pipeline, step.node, run.id)
    if before is None or step.parts is None:
        summary = step.reason or "Computed: this step has no earlier run to compare with."
        return Explanation(step.node, step.state.value, summary, (), facts)
    changes = tuple(_changes(rooms, run, (before, step)))
    since = f"since run {short_id(before.run_id)}"
    if changes:
        return Explanation(step.node, step.state.value, f"Computed, because this has changed {since}:", changes, facts)
    cause = step.reason or "no value was kept"
    summary = f"Computed, although its key is the same as in run {short_id(before.run_id)}: {cause}."
    return Explanation(step.node, step.state.value, summary, (), facts)


def _who_made(step: StepRunRecord) -> str:
    if step.items is not None:
        return f"Reused: earlier runs have computed all {len(step.items.states)} items under the same keys."
    return f"Reused: run {short_id(step.made_in)} has computed it under the same key."


def _facts(step: StepRunRecord) -> tuple[str, ...]:
    facts = [f"key {step.key[:16]}"] if step.key else []
    if step.parts is not None:
        facts.append(f"code {step.parts.code[:16]}, environment {step.parts.environment[:16]}")
        facts += [f"input {name}: {digest[:16]}" for name, digest in step.parts.arguments]
    return tuple(facts)


def _changes(rooms: Rooms, run: RunRecord, pair: tuple[StepRunRecord, StepRunRecord]) -> list[str]:
    before, now = (one.parts for one in pair)
    if before is None or now is None:
        return []
    lines: list[str] = []
    if before.code != now.code:
        lines += _code_changes(rooms, before.code, now.code)
    if before.environment != now.environment:
        earlier_lines, lines_now = _lines(rooms, before.environment), _lines(rooms, now.environment)
        lines += [str(change) for change in compare_environments(earlier_lines, lines_now)]
    lines += _input_changes(rooms, run, pair)
    lines += [f"class {name} of an input value" for name in _differing(before.classes, now.classes)]
    lines += [_OTHER.get(name, name) for name in _differing(before.other, now.other)]
    return lines


def _input_changes(rooms: Rooms, run: RunRecord, pair: tuple[StepRunRecord, StepRunRecord]) -> list[str]:
    earlier, step = pair
    if earlier.parts is None or step.parts is None:
        return []
    differing = _differing(earlier.parts.arguments, step.parts.arguments)
    if not differing:
        return []
    graph = graph_from_json(rooms.stores.details.document(run.graph_digest))
    old, new = rooms.stores.runs.get(earlier.run_id).parameters, run.parameters
    lines: list[str] = []
    for name in differing:
        binding = dict(graph.node(step.node).arguments).get(name)
        values = (_shown(old, binding), _shown(new, binding))
        lines.append(_input_text(name, binding, values))
    return lines


def _shown(parameters: Mapping[str, Value], binding: Binding | None) -> str:
    if not isinstance(binding, ParameterOf) or binding.name not in parameters:
        return "nothing"
    return value_text(parameters[binding.name])


def _code_changes(rooms: Rooms, before: str, now: str) -> list[str]:
    old, new = (read_manifest(rooms.stores.details.document(digest)).rows for digest in (before, now))
    return [str(change) for change in compare_code(old, new)] or ["code"]


def _lines(rooms: Rooms, digest: str) -> list[str]:
    try:
        lines: list[str] = json.loads(rooms.stores.details.document(digest))
    except UnknownNameError:
        return []
    return lines


def _differing(before: Sequence[tuple[str, str]], now: Sequence[tuple[str, str]]) -> list[str]:
    old = dict(before)
    new = dict(now)
    return [name for name in {**old, **new} if old.get(name) != new.get(name)]


def _input_text(name: str, binding: Binding | None, values: tuple[str, str]) -> str:
    """Where a differing input comes from: a parameter with both values, or the step to ask next."""
    before, now = values
    if isinstance(binding, ParameterOf):
        return f"parameter {binding.name!r} (input {name!r}): {before} → {now}"
    sources = sorted({output.node for output in outputs_in(binding)}) if binding is not None else []
    if sources:
        return f"input {name!r}: the output of {' and '.join(sources)} differs"
    return f"input {name!r}: the value written in the pipeline differs"
