"""Two runs held against each other: graph, code, parameters, environment, options, inputs, metrics, and which results
that invalidates. Reads the store and, for their sizes, files; imports nothing of the user's."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, cast

import msgspec
from msgspec import Struct

from headrace.app.answers.changes import Changes, Computation
from headrace.app.answers.code_diffs import CodeDifference, CodeDiffs
from headrace.app.answers.graph_diffs import Differing, StepDifference, graph_differences, option_differences
from headrace.app.answers.value_texts import value_data
from headrace.app.rooms import Rooms
from headrace.core.errors import UnknownNameError
from headrace.core.values import Value, value_digest
from headrace.definition.graph import Binding, Constant, EachOf, Graph, Node, ParameterOf, outputs_in
from headrace.definition.graph_json import graph_from_json
from headrace.plan.explain import compare_environments
from headrace.ports.records import RunRecord, StepRunRecord


class FileDifference(Struct, frozen=True):
    """A file that steps have read, in both runs: its digests (None: not read there), and the size in bytes of the one
    that lies there now (None: that is neither)."""

    path: str
    before: str | None
    after: str | None
    before_bytes: int | None
    after_bytes: int | None
    steps: tuple[str, ...]


class Invalidated(Struct, frozen=True):
    """A step of both runs whose earlier result does not hold for the later one, and why, most telling first."""

    step: str
    why: tuple[str, ...]


class RunDiff(Struct, frozen=True):
    """All that is different between two runs. Empty groups are equal; `steps` counts those that both runs have."""

    before: str
    after: str
    before_pipeline: str
    after_pipeline: str
    graph: tuple[StepDifference, ...]
    code: tuple[CodeDifference, ...]
    parameters: tuple[Differing, ...]
    environment: tuple[str, ...]
    options: tuple[Differing, ...]
    inputs: tuple[FileDifference, ...]
    metrics: tuple[Differing, ...]
    invalidated: tuple[Invalidated, ...]
    steps: int

    def to_json(self) -> dict[str, object]:
        """The whole diff as plain JSON data."""
        data: dict[str, object] = msgspec.to_builtins(self)
        return data


def diff_of(rooms: Rooms, before: RunRecord, after: RunRecord) -> RunDiff:
    """What has changed from one run to another."""
    return _Comparison(rooms, before, after).whole()


class _Side:
    """One run with its graph, its steps and the digests of their code."""

    def __init__(self, rooms: Rooms, run: RunRecord) -> None:
        self._rooms, self.run = rooms, run

    @cached_property
    def graph(self) -> Graph:
        return graph_from_json(self._rooms.stores.details.document(self.run.graph_digest))

    @cached_property
    def steps(self) -> dict[str, StepRunRecord]:
        return {one.node: one for one in self._rooms.stores.details.steps(self.run.id)}

    @cached_property
    def bases(self) -> dict[str, tuple[str, str]]:
        """The digests of code and environment by step, those of maps and of steps that never began included."""
        told_of = cast("Mapping[str, Any]", self.run.settings)
        kept: Mapping[str, str] = told_of.get("code", {})
        module = str(told_of.get("target", "")).partition(":")[0]
        found: dict[str, tuple[str, str]] = {}
        for node in self.graph.nodes:
            parts = self.steps[node.name].parts if node.name in self.steps else None
            told = kept.get(str(node.step.symbol)) or kept.get(f"{module}:{node.step.symbol.qualname}", "")
            code, _, environment = told.partition(" ")
            found[node.name] = (parts.code, parts.environment) if parts is not None else (code, environment)
        return found

    @cached_property
    def files(self) -> dict[tuple[str, str], str]:
        """The digests of the files that the steps' values depend on, by step and path."""
        keyed = {one.key: one for one in self.steps.values() if one.key}
        results = self._rooms.stores.results.results(list(keyed))
        return {
            (keyed[key].node, path): digest
            for key, found in results.items()
            for result in found
            if result.attempt_id == keyed[key].made_by
            for path, digest in result.touched.files
        }

    def value_of(self, binding: Binding) -> str:
        """The digest of what an input got; where that is not known, where it came from."""
        source = binding.source if isinstance(binding, EachOf) else binding
        if isinstance(source, ParameterOf):
            value = self.run.parameters.get(source.name)
            return "" if value is None else value_digest(value)
        if isinstance(source, Constant):
            return value_digest(source.value)
        outputs = [self.steps[one.node].output for one in outputs_in(source) if one.node in self.steps]
        return " ".join("" if one is None else value_digest(one) for one in outputs)


class _Comparison:
    def __init__(self, rooms: Rooms, before: RunRecord, after: RunRecord) -> None:
        self._rooms = rooms
        self._old, self._new = _Side(rooms, before), _Side(rooms, after)
        self._changes = Changes(rooms)

    def whole(self) -> RunDiff:
        old, new = self._old, self._new
        files = tuple(self._files())
        return RunDiff(
            before=old.run.id,
            after=new.run.id,
            before_pipeline=old.run.pipeline,
            after_pipeline=new.run.pipeline,
            graph=tuple(graph_differences(old.graph, new.graph)),
            code=tuple(self._code()),
            parameters=tuple(_differing(_data(old.run.parameters), _data(new.run.parameters))),
            environment=tuple(self._environment()),
            options=tuple(option_differences(old.graph, new.graph)),
            inputs=files,
            metrics=tuple(self._metrics()),
            invalidated=tuple(self._invalidated(files)),
            steps=len(self._shared),
        )

    @cached_property
    def _shared(self) -> list[str]:
        return [node.name for node in self._new.graph.nodes if node.name in self._old.bases]

    def _code(self) -> list[CodeDifference]:
        found = CodeDiffs(self._rooms.stores.details.document)
        for name in self._shared:
            found.add(name, self._old.bases[name][0], self._new.bases[name][0])
        return found.all()

    def _environment(self) -> list[str]:
        pairs = {(self._old.bases[name][1], self._new.bases[name][1]) for name in self._shared}
        lines = {line: None for was, is_ in sorted(pairs) if was != is_ for line in self._compared(was, is_)}
        return sorted(lines)

    def _compared(self, before: str, after: str) -> list[str]:
        try:
            old, new = (json.loads(self._rooms.stores.details.document(one)) for one in (before, after))
        except UnknownNameError:
            return ["the environment"]
        return compare_environments(old, new)

    def _files(self) -> Iterator[FileDifference]:
        old, new = self._old.files, self._new.files
        found: dict[tuple[str, str | None, str | None], list[str]] = {}
        both = {step for step, _ in old} & {step for step, _ in new}
        for step, path in {**old, **new}:
            was, is_ = old.get((step, path)), new.get((step, path))
            if was != is_ and step in both:
                found.setdefault((path, was, is_), []).append(step)
        for (path, was, is_), steps in sorted(found.items(), key=lambda one: one[0][0]):
            now, size = self._lies_there(path)
            sizes = (size if was and now == was else None, size if is_ and now == is_ else None)
            yield FileDifference(path, was or None, is_ or None, *sizes, tuple(sorted(steps)))

    def _lies_there(self, path: str) -> tuple[str, int | None]:
        place = self._rooms.settings.root / path
        if not place.is_file():
            return "", None
        return self._rooms.files.digest_of(path), place.stat().st_size

    def _metrics(self) -> Iterator[Differing]:
        ids = (self._old.run.id, self._new.run.id)
        latest = self._rooms.stores.tracking.latest(ids)
        yield from _differing(*(dict(latest.get(one, {})) for one in ids))

    def _invalidated(self, files: Sequence[FileDifference]) -> Iterator[Invalidated]:
        for name in self._shared:
            why = list(dict.fromkeys(self._why(name)))
            read = [f"changed: the content of `{one.path}`" for one in files if name in one.steps]
            why += [line for line in read if not any(line in other for other in why)]
            if why:
                yield Invalidated(name, tuple(why))

    def _why(self, name: str) -> list[str]:
        then, now = (self._computation(side, name) for side in (self._old, self._new))
        if then is not None and now is not None:
            return self._changes.between(then, now)
        return [*self._basis_changes(name), *self._input_changes(name)]

    def _computation(self, side: _Side, name: str) -> Computation | None:
        step = side.steps.get(name)
        return None if step is None else self._changes.of_run(side.run, step)

    def _basis_changes(self, name: str) -> list[str]:
        """Of a map, or of a step whose key was never known."""
        (code, environment), (new_code, new_environment) = self._old.bases[name], self._new.bases[name]
        lines = self._changes.code_between(code, new_code) if code and new_code and code != new_code else []
        if environment != new_environment and environment and new_environment:
            lines = [*lines, *self._compared(environment, new_environment)]
        return lines

    def _input_changes(self, name: str) -> Iterator[str]:
        old, new = self._old.graph.node(name), self._new.graph.node(name)
        before = dict(old.arguments)
        for argument, binding in _counted(new):
            was = before.get(argument)
            if was is None or self._old.value_of(was) != self._new.value_of(binding):
                makers = sorted({one.node for one in outputs_in(binding)})
                whose = f"the output of {' and '.join(makers)} differs" if makers else "another value"
                yield f"input {argument!r}: {whose}"


def _counted(node: Node) -> list[tuple[str, Binding]]:
    return [(name, binding) for name, binding in node.arguments if name not in node.step.cache.ignore]


def _data(values: Mapping[str, Value]) -> dict[str, object]:
    return {name: value_data(value) for name, value in values.items()}


def _differing(before: Mapping[str, object], after: Mapping[str, object]) -> Iterator[Differing]:
    for name in {**before, **after}:
        was, is_ = before.get(name), after.get(name)
        if was != is_ and not (_is_nan(was) and _is_nan(is_)):
            yield Differing(name, was, is_)


def _is_nan(value: object) -> bool:
    return isinstance(value, float) and math.isnan(value)
