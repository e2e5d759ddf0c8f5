"""What has changed since a step last had a value: two computations held against each other, part by part, in words."""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property

from msgspec import Struct, field

from headrace.app.answers.value_texts import value_text
from headrace.app.rooms import Rooms
from headrace.code.manifests import read_manifest
from headrace.core.errors import UnknownNameError
from headrace.core.ids import new_id, short_id
from headrace.core.values import Value
from headrace.definition.graph import Binding, Constant, EachOf, Graph, ParameterOf, outputs_in
from headrace.definition.graph_json import graph_from_json
from headrace.plan.explain import compare_code, compare_environments
from headrace.plan.keys import KeyParts, paths_in
from headrace.ports.records import NOTHING_YET, RunRecord, StepRunRecord

_OTHER = {
    "directory": "the directory that the run was started in",
    "fresh": "what its cache setting `fresh` gives",
    "salt": "the salt of its cache setting",
}

LOOKED_BACK = 10
"""Among this many runs the nearest one is looked for."""

_DIFFERS = " differs"


class Computation(Struct, frozen=True):
    """One computation of a step: what its key is made of, the run's graph and parameters, and texts by digest that may
    not be stored yet."""

    node: str
    parts: KeyParts
    graph: Callable[[], Graph]
    parameters: Callable[[], Mapping[str, Value]]
    documents: Mapping[str, str] = field(default_factory=dict)


class Past(Struct, frozen=True):
    """What came before a computation: the step run that has a value and is nearest to it, and one that has come to
    nothing since."""

    good: StepRunRecord | None
    bad: StepRunRecord | None
    is_last: bool = True
    """Whether no later run has a value of it."""

    @property
    def ended(self) -> str:
        """What became of the step in the run that has come to nothing; empty without one."""
        return "" if self.bad is None else _ended(self.bad)

    @property
    def since(self) -> str:
        """`since run 1a2b3c4d`, with what has happened to the step since."""
        base = self.good or self.bad
        assert base is not None
        if self.good is None:
            return f"since run {short_id(base.run_id)}, where it {_ended(base)}"
        later = f" (in run {short_id(self.bad.run_id)} it {_ended(self.bad)})" if self.bad else ""
        kind = "the last one that has a value of it" if self.is_last else "the nearest one that has a value of it"
        return f"since run {short_id(base.run_id)}, {kind}{later}"


class Changes:
    """Compares computations of one project's steps; each text is read once."""

    NO_RESULT = NOTHING_YET

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms
        self._code: dict[tuple[str, str], list[str]] = {}

    @cached_property
    def _root(self) -> str:
        return f"{self._rooms.settings.root}/"

    def past_of(self, pipeline: str, node: str, parts: KeyParts | None, *, before_run: str = "") -> Past:
        """What came before a computation with these parts, in runs before one (default: before now).

        Of the last runs the one that differs in the fewest parts: who tries parameters to and fro wants to hear of the
        edit alone. Two look-ups in an index, however many runs there are.
        """
        before, details = before_run or new_id(), self._rooms.stores.details
        recent = details.earlier_steps(pipeline, node, before, with_value=True, limit=LOOKED_BACK)
        good = min(recent, key=lambda one: _distance(one.parts, parts), default=None)
        last = next(iter(details.earlier_steps(pipeline, node, before)), None)
        is_bad = last is not None and all(last.run_id != one.run_id for one in recent[:1])
        return Past(good, last if is_bad else None, is_last=not recent or good is recent[0])

    def of_run(self, run: RunRecord, step: StepRunRecord) -> Computation | None:
        """The computation of a step in a run; None if its key was never known."""
        if step.parts is None:
            return None
        return Computation(step.node, step.parts, lambda: self._graph(run), lambda: run.parameters)

    def since(self, past: Past, now: Computation) -> list[str]:
        """What is different, most telling first; empty if nothing is."""
        base = past.good or past.bad
        if base is None or base.parts is None or base.parts == now.parts:
            return []
        runs = self._rooms.stores.runs
        before = Computation(
            base.node,
            base.parts,
            lambda: self._graph(runs.get(base.run_id)),
            lambda: runs.get(base.run_id).parameters,
        )
        return self.between(before, now)

    def behind(self, past: Past, run: RunRecord, now: Computation) -> list[str]:
        """Of the steps whose outputs differ, and of those before them: what has changed in each, nearest first."""
        base = past.good or past.bad
        if base is None or base.parts is None:
            return []
        earlier = self._rooms.stores.runs.get(base.run_id)
        before, after = (
            {one.node: one for one in self._rooms.stores.details.steps(each)} for each in (earlier.id, run.id)
        )
        lines: list[str] = []
        todo, seen = self._makers(base.parts, now), set[str]()
        while todo:
            node = todo.pop(0)
            was, is_ = before.get(node), after.get(node)
            if node in seen or was is None or is_ is None or was.parts is None or is_.parts is None:
                continue
            seen.add(node)
            then = Computation(node, was.parts, lambda: self._graph(earlier), lambda: earlier.parameters)
            new = Computation(node, is_.parts, now.graph, now.parameters)
            todo += self._makers(was.parts, new)
            found = [line for line in self.between(then, new) if not line.endswith(_DIFFERS)]
            if not found and was.parts == is_.parts and is_.reason not in ("", self.NO_RESULT):
                found = [is_.reason]  # a file that it reads behind its signature
            lines += [f"{node}: {line}" for line in found]
        return lines

    def _makers(self, before: KeyParts, now: Computation) -> list[str]:
        """The steps that give a computation the inputs in which it differs."""
        arguments = _arguments(now)
        found = (arguments.get(name) for name in _differing(before.arguments, now.parts.arguments))
        sources = [one.source if isinstance(one, EachOf) else one for one in found if one is not None]
        return sorted({output.node for source in sources for output in outputs_in(source)})

    def in_short(self, run: RunRecord, step: StepRunRecord) -> str:
        """The first difference, and how many more there are; empty for a step that has no past."""
        now = self.of_run(run, step)
        return (
            ""
            if now is None
            else first_of(self.since(self.past_of(run.pipeline, step.node, now.parts, before_run=run.id), now))
        )

    def between(self, before: Computation, now: Computation) -> list[str]:
        """What is different between two computations, code first; empty if nothing is."""
        was, is_ = before.parts, now.parts
        lines: list[str] = []
        if was.code != is_.code:
            lines += self.code_between(was.code, is_.code, now.documents)
        if was.environment != is_.environment:
            pair = (self._lines(was.environment, now.documents), self._lines(is_.environment, now.documents))
            lines += compare_environments(*pair) or ["the environment"]
        lines += self._input_changes(before, now)
        # a class that only one of the two knows came or went with the values
        both = dict(was.classes).keys() & dict(is_.classes).keys()
        differing = [name for name in _differing(was.classes, is_.classes) if name in both]
        lines += [f"changed: {_code_in_value(name)}" for name in differing]
        return lines + [_OTHER.get(name, name) for name in _differing(was.other, is_.other)]

    def code_between(self, before: str, now: str, more: Mapping[str, str] | None = None) -> list[str]:
        """What is different between two codes by their digests; `more` are documents that may not be stored yet."""
        if (before, now) not in self._code:
            old, new = (read_manifest(self._document(digest, more or {})).rows for digest in (before, now))
            self._code[before, now] = [str(change) for change in compare_code(old, new)] or ["code"]
        return self._code[before, now]

    def _input_changes(self, before: Computation, now: Computation) -> list[str]:
        differing = _differing(before.parts.arguments, now.parts.arguments)
        if not differing:
            return []
        bindings = _arguments(before), _arguments(now)
        lines: list[str] = []
        for name in differing:
            old, new = (arguments.get(name) for arguments in bindings)
            values = _value_of(old, before.parameters), _value_of(new, now.parameters)
            lines.append(self._input_text(name, new, values))
        return lines

    def _input_text(self, name: str, binding: Binding | None, values: tuple[Value | None, Value | None]) -> str:
        """Where a differing input comes from: files, a parameter with both values, or the step to ask next."""
        source = binding.source if isinstance(binding, EachOf) else binding
        called = f"input {name!r}"
        if isinstance(source, ParameterOf):
            called = f"parameter {source.name!r}" + ("" if source.name == name else f" (input {name!r})")
        elif source is not None and not isinstance(source, Constant):
            makers = sorted({output.node for output in outputs_in(source)})
            return f"{called}: the output of {' and '.join(makers)}{_DIFFERS}" if makers else f"{called}{_DIFFERS}"
        before, after = ("nothing" if value is None else value_text(value) for value in values)
        if before != after:
            return f"{called}: {before} → {after}"
        paths = paths_in(values[1]) if values[1] is not None else []
        if paths:
            shown = ", ".join(f"`{path.removeprefix(self._root)}`" for path in paths)
            return f"changed: the content of {shown} ({called})"
        return f"{called}: its content"

    def _lines(self, digest: str, more: Mapping[str, str]) -> list[str]:
        try:
            lines: list[str] = json.loads(self._document(digest, more))
        except UnknownNameError:
            return []
        return lines

    def _document(self, digest: str, more: Mapping[str, str]) -> str:
        return more.get(digest) or self._rooms.stores.details.document(digest)

    def _graph(self, run: RunRecord) -> Graph:
        return graph_from_json(self._rooms.stores.details.document(run.graph_digest))


def first_of(changes: Sequence[str]) -> str:
    """The first of several changes, and how many more there are."""
    more = f" (and {len(changes) - 1} more)" if len(changes) > 1 else ""
    return f"{changes[0]}{more}" if changes else ""


def _code_in_value(name: str) -> str:
    """A class or function of the project that an input value needs, or a whole module (`module:`): its name says no
    more.
    """
    return f"`{name.replace(':', '.').rstrip('.')}`, whose code an input value needs"


def _ended(step: StepRunRecord) -> str:
    return f"was {step.state.value}" if step.state.value == "cancelled" else str(step.state.value)


def _arguments(computation: Computation) -> dict[str, Binding]:
    try:
        return dict(computation.graph().node(computation.node).arguments)
    except (KeyError, UnknownNameError):
        return {}


def _value_of(binding: Binding | None, parameters: Callable[[], Mapping[str, Value]]) -> Value | None:
    source = binding.source if isinstance(binding, EachOf) else binding
    if isinstance(source, ParameterOf):
        return parameters().get(source.name)
    return source.value if isinstance(source, Constant) else None


def _distance(before: KeyParts | None, now: KeyParts | None) -> int:
    """In how many parts two computations differ."""
    if before is None or now is None:
        return 0
    plain = (before.code != now.code) + (before.environment != now.environment)
    pairs = ((before.arguments, now.arguments), (before.classes, now.classes), (before.other, now.other))
    return plain + sum(len(_differing(*pair)) for pair in pairs)


def _differing(before: Sequence[tuple[str, str]], now: Sequence[tuple[str, str]]) -> list[str]:
    old, new = dict(before), dict(now)
    return [name for name in {**old, **new} if old.get(name) != new.get(name)]
