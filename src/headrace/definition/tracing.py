"""Tracing: a pipeline's body runs once with stand-ins for values, and what it calls becomes a graph."""

import sys
from collections.abc import Callable, Mapping, Sequence
from types import CodeType, NoneType
from typing import Any, cast

from headrace.core.errors import HeadraceError
from headrace.definition.annotations import describe, element_type, is_static, strip_static
from headrace.definition.body import check_body, codes_of
from headrace.definition.capture import NOTHING, Capture, Target, annotation_of, holds_reference
from headrace.definition.coercion import conforms
from headrace.definition.effects import unordered_effects
from headrace.definition.errors import (
    BranchError,
    EdgeTypeError,
    MapError,
    OrderError,
    RecursivePipelineError,
    StaticValueError,
    UnannotatedError,
)
from headrace.definition.findable import refuse_unfindable
from headrace.definition.functions import Declared, Input
from headrace.definition.generics import union_of, unwrap
from headrace.definition.graph import (
    Binding,
    ChoiceOf,
    Constant,
    EachOf,
    Graph,
    Guard,
    Node,
    OutputOf,
    ParameterOf,
    StepSpec,
    SucceededOf,
    nodes_in,
)
from headrace.definition.maps import axes_of, axis_of, is_each, outside_map, refuse_unequal, source_of_each
from headrace.definition.modes import MODE, Arguments, Branches, Test
from headrace.definition.naming import Names
from headrace.definition.pipelines import Pipeline
from headrace.definition.plain import choose
from headrace.definition.references import Reference, is_reference, source_of
from headrace.definition.specs import default_of, parameter_specs, spec_of
from headrace.definition.steps import Step
from headrace.definition.whole_lines import whole_lines


def trace(
    pipeline: Pipeline[..., Any],
    static: Mapping[str, object] | None = None,
    *,
    is_strict: bool = False,
    allow_local: bool = False,
) -> Graph:
    """The graph of a pipeline; its body runs once, nothing else does.

    `static` are values of `hr.Static` parameters without default (as `bind` gives them). `is_strict` refuses inputs
    and outputs without annotation; `allow_local` admits steps that a worker could not import, for runs inside this
    process. Raises DefinitionError; an error of the body itself gets a note with the pipeline's name.
    """
    tracing = Trace(pipeline, is_strict=is_strict, allow_local=allow_local)
    token = MODE.set(tracing)
    try:
        with whole_lines():
            return tracing.graph(static or {})
    finally:
        MODE.reset(token)


class Trace:
    """One tracing of one pipeline: what is called is noted, and nothing runs."""

    is_tracing = True

    def __init__(self, pipeline: Pipeline[..., Any], *, is_strict: bool, allow_local: bool) -> None:
        self._pipeline = pipeline
        self._is_strict, self._allow_local = is_strict, allow_local
        self._names = Names()
        self._capture = Capture()
        self._nodes: list[Node] = []
        self._notes: dict[str, None] = {}
        self._stack: list[Pipeline[..., Any]] = []
        self._codes: list[frozenset[CodeType]] = []
        self._group = ""
        self._seen: set[Declared] = set()

    def graph(self, static: Mapping[str, object]) -> Graph:
        """Trace the outermost pipeline."""
        pipeline, declared = self._pipeline, self._pipeline.declared
        self._look_at(declared, pipeline)
        values = {entry.name: self._parameter(entry, static) for entry in declared.inputs}
        result = self._run_body(pipeline, values)
        output = self._output(pipeline, result)
        return Graph(
            pipeline=pipeline.name,
            symbol=declared.symbol,
            parameters=parameter_specs(declared),
            nodes=tuple(self._nodes),
            output=output,
            description=pipeline.description,
            tags=tuple(pipeline.options.get("tags", ())),
            notes=(*self._notes, *unordered_effects(self._nodes)),
        )

    def call(self, step: Step[..., Any], args: Sequence[object], kwargs: Arguments) -> object:
        """A step becomes a node."""
        for value in (*args, *kwargs.values()):
            if is_each(value):
                raise outside_map(step.name)
        self._look_at(step.declared, step)
        bound = step.declared.bind(args, kwargs)
        arguments = tuple(
            (entry.name, self._argument(step, entry, bound[entry.name])) for entry in step.declared.inputs
        )
        node = self._add(step, arguments)
        return self._capture.reference(OutputOf(node.name), step.declared.output, f"the output of {node.name!r}")

    def map(self, step: Step[..., Any], args: Sequence[object], kwargs: Arguments) -> object:
        """A step over elements becomes one node."""
        axes_of(step.name, [value for value in (*args, *kwargs.values()) if is_each(value)])
        self._look_at(step.declared, step)
        bound = step.declared.bind(args, kwargs)
        self._refuse_unequal(step, bound)
        arguments = tuple((entry.name, self._element(step, entry, bound[entry.name])) for entry in step.declared.inputs)
        node = self._add(step, arguments)
        output = list[step.declared.output]  # type: ignore[name-defined]  # known at run time only
        return self._capture.reference(OutputOf(node.name), output, f"the outputs of {node.name!r}")

    def nest(self, pipeline: Pipeline[..., Any], args: Sequence[object], kwargs: Arguments) -> object:
        """A pipeline becomes a group; its body's own result is given back."""
        if any(outer.function is pipeline.function for outer in self._stack):
            raise RecursivePipelineError([outer.name for outer in self._stack] + [pipeline.name])
        self._look_at(pipeline.declared, pipeline)
        bound = pipeline.declared.bind(args, kwargs)
        values = {entry.name: self._inner(pipeline, entry, bound[entry.name]) for entry in pipeline.declared.inputs}
        outer, first = self._group, len(self._nodes)
        self._group = self._claim(pipeline.name, is_given=pipeline.is_named) + "/"
        try:
            result = self._run_body(pipeline, values)
        finally:
            self._group = outer
        self._output(pipeline, result)
        if result is not None:
            return result
        nothing = self._capture.reference(NOTHING, NoneType, f"the output of pipeline {pipeline.name!r}")
        source_of(nothing).orders = tuple(node.name for node in self._nodes[first:])
        return nothing

    def choose(self, condition: object, test: Test, branches: Branches) -> object:
        """Both branches are traced; the steps inside get a guard."""
        if not is_reference(condition):
            return choose(condition, test, branches)
        source = self._capture.admit(cast("Reference", condition))
        then, otherwise = branches
        if test == "true" and unwrap(source.annotation) not in (bool, Any):
            raise BranchError(_no_bool(source.label, self.place(), describe(source.annotation)))
        guard = Guard(source.binding, test, expected=True)
        first = len(self._nodes)
        some = self._capture.some(source) if test == "some" else None
        taken = self._branch(guard, lambda: then(some) if some is not None else then())
        other: tuple[Binding, Any] = (NOTHING, NoneType)
        if otherwise is not None:
            other = self._branch(Guard(source.binding, test, expected=False), otherwise)
        chosen = ChoiceOf(source.binding, test, taken[0], other[0])
        word = "hr.when_some" if test == "some" else "hr.when"
        result = self._capture.reference(chosen, union_of((taken[1], other[1])), f"the value of {word}")
        source_of(result).orders = tuple(node.name for node in self._nodes[first:])
        return result

    def succeeded(self, values: Any) -> object:
        """The items of a mapped node that succeeded."""
        source = self._capture.admit(values) if is_reference(values) else None
        binding = source.binding if source is not None else None
        if source is None or not (isinstance(binding, OutputOf) and not binding.path and self._is_map(binding.node)):
            label = source.label if source is not None else type(values).__name__
            raise MapError(
                f"{self.place()}hr.succeeded takes the output of a .map of the same pipeline, but it gets {label}. "
                f"Only a map has items that succeed or fail by themselves."
            )
        return self._capture.reference(
            SucceededOf(source.binding), source.annotation, f"hr.succeeded of {source.label}"
        )

    def place(self) -> str:
        """The innermost pipeline and the line of its body."""
        if not self._stack:
            return ""
        line = self._line()
        return f"In pipeline {self._stack[-1].name!r}{f', line {line}' if line else ''}: "

    def _line(self) -> int:
        codes = self._codes[-1] if self._codes else frozenset[CodeType]()
        frame = sys._getframe(1)  # noqa: SLF001 - the only way to see a caller's line without inspect's cost
        while frame is not None:
            if frame.f_code in codes:
                return frame.f_lineno
            frame = frame.f_back  # type: ignore[assignment]
        return 0

    def _look_at(self, declared: Declared, thing: Any) -> None:
        if declared in self._seen:
            return
        self._seen.add(declared)
        if not self._allow_local:
            refuse_unfindable(declared)
        if isinstance(thing, Pipeline):
            check_body(declared)
        missing = {f"Input {entry.name!r}": "anything fits" for entry in declared.inputs if not entry.is_annotated}
        if not declared.is_output_annotated:
            missing["The output"] = "what takes it finds out only while it runs"
        for what, so in missing.items():
            note = f"{what} of {declared.word} {declared.name!r} has no annotation"
            if self._is_strict:
                raise UnannotatedError(f"{note}. Strict mode needs one.")
            self._notes[f"{note}: {so}."] = None

    def _parameter(self, entry: Input, static: Mapping[str, object]) -> object:
        if not is_static(entry.annotation):
            return self._capture.reference(ParameterOf(entry.name), entry.annotation, f"parameter {entry.name!r}")
        if entry.name not in static and not entry.has_default:
            raise StaticValueError(
                f"Parameter {entry.name!r} of pipeline {self._pipeline.name!r} is hr.Static: its value becomes part of "
                f"the graph and has to be known when the run is planned. Give it, or a default."
            )
        return static.get(entry.name, entry.default)

    def _inner(self, pipeline: Pipeline[..., Any], entry: Input, value: object) -> object:
        words = f"parameter {entry.name!r} of pipeline {pipeline.name!r}"
        annotation = strip_static(entry.annotation)
        if is_static(entry.annotation) and holds_reference(value):
            raise StaticValueError(
                f"{self.place()}{words[:1].upper()}{words[1:]} is hr.Static, but its value is known only when the "
                f"pipeline runs. Pass a constant or another hr.Static parameter."
            )
        binding = self._capture.binding(value, Target(annotation, words, f"Pipeline {pipeline.name!r}"))
        return value if is_static(entry.annotation) else self._capture.reference(binding, annotation, words)

    def _run_body(self, pipeline: Pipeline[..., Any], values: Mapping[str, object]) -> object:
        self._stack.append(pipeline)
        self._codes.append(codes_of(pipeline.declared))
        try:
            return pipeline.declared.call(values)
        except HeadraceError:
            raise
        except Exception as error:
            error.add_note(
                f"while pipeline {pipeline.name!r} was defined: its body runs once, with stand-ins for values, to find "
                f"its steps"
            )
            raise
        finally:
            self._stack.pop()
            self._codes.pop()

    def _output(self, pipeline: Pipeline[..., Any], result: object) -> Binding:
        annotation = pipeline.declared.output
        if result is None and not conforms(None, annotation):
            raise EdgeTypeError(
                f"The output of pipeline {pipeline.name!r} is declared {describe(annotation)}, but its body returns "
                f"nothing. Return what a step has given, or declare `-> None`."
            )
        target = Target(
            pipeline.declared.output, f"the output of pipeline {pipeline.name!r}", f"Pipeline {pipeline.name!r}"
        )
        return self._capture.binding(result, target)

    def _argument(self, step: Step[..., Any], entry: Input, value: object) -> Binding:
        default = default_of(step.declared, entry) if value is entry.default else None
        if default is not None:
            return Constant(default)
        return self._capture.binding(value, self._target(step, entry))

    def _element(self, step: Step[..., Any], entry: Input, value: object) -> Binding:
        target = self._target(step, entry)
        if not is_each(value):
            return self._capture.binding(value, target)
        sequence = source_of_each(value)
        if not is_reference(sequence):
            many = Target(Sequence[target.annotation], f"what {target.words} runs over", target.owner)  # type: ignore[name-defined]
            return EachOf(self._capture.binding(sequence, many), axis_of(value))
        source = self._capture.admit(cast("Reference", sequence))
        self._capture.check(element_type(source.annotation), target, f"one element of {source.label}")
        return EachOf(source.binding, axis_of(value))

    def _target(self, step: Step[..., Any], entry: Input) -> Target:
        return Target(entry.annotation, f"input {entry.name!r} of step {step.name!r}", f"Step {step.name!r}")

    def _refuse_unequal(self, step: Step[..., Any], bound: Mapping[str, object]) -> None:
        lengths: dict[int, list[tuple[str, int]]] = {}
        for name, value in bound.items():
            if is_each(value) and not is_reference(source_of_each(value)):
                length = len(cast("Sequence[object]", source_of_each(value)))
                lengths.setdefault(axis_of(value), []).append((name, length))
        for columns in lengths.values():
            refuse_unequal(step.name, columns)

    def _add(self, step: Step[..., Any], arguments: tuple[tuple[str, Binding], ...]) -> Node:
        spec: StepSpec = spec_of(step, self._capture.admit)
        name = self._claim(step.name, is_given=step.is_named)
        after = self._earlier(step) if step.earlier else ()
        node = Node(name, spec, arguments, after, self._capture.guards, self._line())
        self._nodes.append(node)
        return node

    def _claim(self, name: str, *, is_given: bool) -> str:
        return self._names.claim(self._group + name, is_given=is_given, place=self.place)

    def _earlier(self, step: Step[..., Any]) -> tuple[str, ...]:
        names: dict[str, None] = {}
        for value in step.earlier:
            if not holds_reference(value):
                raise OrderError(
                    f"{self.place()}{step.name}.after(…) takes values of earlier steps, and gets a "
                    f"{type(value).__name__}. Give it what the earlier step returned, also if that is nothing."
                )
            binding = self._capture.binding(value, Target(Any, "an earlier value", f"{step.name}.after(…)"))
            orders = source_of(cast("Reference", value)).orders if is_reference(value) else ()
            names.update(dict.fromkeys((*sorted(nodes_in(binding)), *orders)))
        return tuple(names)

    def _branch(self, guard: Guard, branch: Callable[[], object]) -> tuple[Binding, Any]:
        outer = self._capture.guards
        self._capture.guards = (*outer, guard)
        try:
            value = branch()
            binding = self._capture.binding(
                value, Target(Any, "the value of a branch of hr.when", "A branch of hr.when")
            )
            return binding, NoneType if value is None else annotation_of(value)
        finally:
            self._capture.guards = outer

    def _is_map(self, name: str) -> bool:
        return any(node.name == name and node.is_map for node in self._nodes)


def _no_bool(label: str, place: str, declared: str) -> str:
    return (
        f"{place}hr.when needs a bool, but {label} is declared {declared}. Compare it in a step that returns bool, or "
        f"use hr.when_some to ask whether it is None."
    )
