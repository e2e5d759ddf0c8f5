"""What a traced pipeline looks like: names, groups, edges, branches, order, static parameters, notes."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

import pytest

import headrace as hr
from headrace.core.canonical import canonical
from headrace.core.values import NONE, InlineValue
from headrace.definition.graph import (
    Binding,
    ChoiceOf,
    Constant,
    EachOf,
    Gather,
    Guard,
    OutputOf,
    ParameterOf,
    SucceededOf,
)
from headrace.definition.pipelines import Pipeline
from headrace.definition.tracing import trace


class Split(NamedTuple):
    train: list[int]
    test: list[int]


@dataclass(frozen=True)
class Window:
    first: int
    last: int


@hr.step
def load(count: int = 3) -> list[int]:
    """Read rows.

    From nowhere.
    """
    raise AssertionError("a step never runs while a pipeline is traced")


@hr.step
def split(rows: Sequence[int]) -> Split: ...


@hr.step
def halves(rows: Sequence[int]) -> tuple[list[int], list[int]]: ...


@hr.step
def fit(rows: Sequence[int], rate: float = 0.1) -> float: ...


@hr.step
def best(models: Sequence[float]) -> float: ...


@hr.step
def is_good(model: float) -> bool: ...


@hr.step
def search(rows: Sequence[int]) -> float | None: ...


@hr.step
def report(everything: Mapping[str, object]) -> str: ...


@hr.step
def window(rows: Sequence[int]) -> Window: ...


@hr.step
def use_window(window: Window) -> int: ...


@hr.step(effect=True)
def send(text: str) -> int: ...


@hr.step
def store(model: float | None) -> None: ...


def traced(pipeline: Pipeline[..., object], **static: object):
    return trace(pipeline, static, allow_local=True)


def constant(value: object) -> Constant:
    return Constant(InlineValue(canonical(value)))


def edges(pipeline: Pipeline[..., object], name: str) -> dict[str, Binding]:
    return dict(traced(pipeline).node(name).arguments)


def test_repeated_calls_are_numbered():
    @hr.pipeline
    def three() -> float:
        for _ in range(3):
            model = fit(load())
        return model

    assert [node.name for node in traced(three).nodes] == ["load", "fit", "load-2", "fit-2", "load-3", "fit-3"]


def test_a_nested_pipeline_becomes_a_group():
    @hr.pipeline
    def features(rows: Sequence[int]) -> float:
        return fit(rows)

    @hr.pipeline
    def inner(rows: Sequence[int]) -> float:
        return features(rows)

    @hr.pipeline
    def outer() -> float:
        rows = load()
        features(rows)
        features(rows)
        return inner(rows)

    graph = traced(outer)
    assert [node.name for node in graph.nodes] == ["load", "features/fit", "features-2/fit", "inner/features/fit"]
    assert graph.output == OutputOf("inner/features/fit")
    assert dict(graph.node("features/fit").arguments)["rows"] == OutputOf("load")


def test_names_given_with_options_stand_as_they_are():
    @hr.pipeline
    def named() -> None:
        for rate in (0.1, 0.2):
            fit.with_options(name=f"fit-at-{rate}")(load(), rate)
        fit(load())

    names = [node.name for node in traced(named).nodes]
    assert names == ["load", "fit-at-0.1", "load-2", "fit-at-0.2", "load-3", "fit"]


def test_a_number_that_is_taken_is_left_out():
    @hr.pipeline
    def named() -> None:
        fit.with_options(name="fit-2")([1])
        fit([1])
        fit([1])

    assert [node.name for node in traced(named).nodes] == ["fit-2", "fit", "fit-3"]


def test_every_input_stands_in_a_node_in_the_order_of_the_signature_with_its_default():
    @hr.pipeline
    def swapped(rate: float) -> float:
        fit(rate=rate, rows=[1, 2])
        return fit([1])

    graph = traced(swapped)
    assert graph.node("fit").arguments == (("rows", constant([1, 2])), ("rate", ParameterOf("rate")))
    assert graph.node("fit-2").arguments == (("rows", constant([1])), ("rate", constant(0.1)))


def test_named_parts_of_an_output_are_values_of_their_own():
    @hr.pipeline
    def parts() -> float:
        train, test = split(load())
        first, _ = halves(test)
        fit(train)
        fit(first)
        fit(halves(load())[-1])
        return fit(split(load()).test)

    graph = traced(parts)
    sources = [dict(node.arguments)["rows"] for node in graph.nodes if node.step.name == "fit"]
    assert sources == [
        OutputOf("split", ("train",)),
        OutputOf("halves", ("0",)),
        OutputOf("halves-2", ("1",)),
        OutputOf("split-2", ("test",)),
    ]


def test_parts_of_a_parameter_are_values_too():
    @hr.pipeline
    def windowed(window: Window) -> int:
        return use_window(Window(window.last, 3))

    expected = Gather(
        "record",
        (("first", ParameterOf("window", ("last",))), ("last", constant(3))),
        f"{__name__}:Window",
    )
    assert edges(windowed, "use_window")["window"] == expected


def test_values_inside_containers_are_found():
    @hr.pipeline
    def gathered(name: str) -> str:
        rows = load()
        return report({"rows": [rows, 1], "pair": (name, rows), "none": None})

    rows, name = OutputOf("load"), ParameterOf("name")
    assert edges(gathered, "report")["everything"] == Gather(
        "dict",
        (
            ('"rows"', Gather("list", (("0", rows), ("1", constant(1))))),
            ('"pair"', Gather("tuple", (("0", name), ("1", rows)))),
            ('"none"', Constant(NONE)),
        ),
    )


def test_a_container_without_values_inside_is_one_constant():
    @hr.pipeline
    def constants() -> str:
        return report({"rows": [1, 2], "window": Window(1, 2)})

    assert edges(constants, "report")["everything"] == constant({"rows": [1, 2], "window": Window(1, 2)})


def test_a_map_marks_what_it_runs_over():
    @hr.pipeline
    def mapped(rates: Sequence[float]) -> list[float]:
        fit.map(*hr.product([[1], [2]], rates))
        return fit.map(hr.each([load(), [3]]), rate=hr.each([0.1, 0.2]))

    graph = traced(mapped)
    assert dict(graph.node("fit").arguments) == {
        "rows": EachOf(constant([[1], [2]]), 0),
        "rate": EachOf(ParameterOf("rates"), 1),
    }
    assert dict(graph.node("fit-2").arguments) == {
        "rows": EachOf(Gather("list", (("0", OutputOf("load")), ("1", constant([3])))), 0),
        "rate": EachOf(constant([0.1, 0.2]), 0),
    }
    assert [node.is_map for node in graph.nodes] == [True, False, True]


def test_succeeded_is_a_binding_of_its_own():
    @hr.pipeline
    def partial(rates: Sequence[float]) -> float:
        return best(hr.succeeded(fit.map([1], rate=hr.each(rates))))

    assert edges(partial, "best")["models"] == SucceededOf(OutputOf("fit"))


def test_a_branch_guards_its_steps_and_gives_a_value():
    @hr.pipeline
    def branched() -> float:
        model = fit(load())
        return hr.when(is_good(model), lambda: model, otherwise=lambda: best([model, fit(load(5))]))

    graph = traced(branched)
    good = OutputOf("is_good")
    assert {node.name: node.guards for node in graph.nodes if node.guards} == {
        name: (Guard(good, "true", expected=False),) for name in ("load-2", "fit-2", "best")
    }
    assert graph.output == ChoiceOf(good, "true", OutputOf("fit"), OutputOf("best"))


def test_a_one_sided_branch_gives_none():
    @hr.pipeline
    def one_sided() -> None:
        model = fit([1])
        store(hr.when(is_good(model), lambda: model))

    assert edges(one_sided, "store")["model"] == ChoiceOf(OutputOf("is_good"), "true", OutputOf("fit"), Constant(NONE))


def test_when_some_narrows_what_may_be_none():
    @hr.pipeline
    def maybe() -> float | None:
        return hr.when_some(search(load()), lambda model: best([model]))

    graph = traced(maybe)
    assert graph.node("best").guards == (Guard(OutputOf("search"), "some", expected=True),)
    assert graph.output == ChoiceOf(OutputOf("search"), "some", OutputOf("best"), Constant(NONE))


def test_branches_nest_outermost_first():
    @hr.pipeline
    def nested() -> None:
        model = fit([1])
        hr.when(is_good(model), lambda: hr.when(is_good(best([model])), lambda: store(model)))

    guards = traced(nested).node("store").guards
    assert [guard.condition for guard in guards] == [OutputOf("is_good"), OutputOf("is_good-2")]


def test_parts_of_a_branch_s_record_are_taken_in_both_branches():
    @hr.pipeline
    def either() -> float:
        rows = load()
        chosen = hr.when(is_good(fit(rows)), lambda: split(rows), otherwise=lambda: Split(rows, [1]))
        return fit(chosen.test)

    assert edges(either, "fit-2")["rows"] == ChoiceOf(
        OutputOf("is_good"), "true", OutputOf("split", ("test",)), constant([1])
    )


def test_a_condition_that_is_known_takes_one_branch_only():
    @hr.pipeline
    def decided(is_fast: hr.Static[bool] = True) -> float:
        return hr.when(is_fast, lambda: fit([1]), otherwise=lambda: best([1.0]))

    assert [node.name for node in traced(decided).nodes] == ["fit"]
    assert [node.name for node in traced(decided, is_fast=False).nodes] == ["best"]
    assert traced(decided).nodes[0].guards == ()


def test_a_static_parameter_shapes_the_graph():
    @hr.pipeline
    def folds(count: hr.Static[int], rows: Sequence[int]) -> float:
        return best([fit(rows, rate=number / 10) for number in range(count)])

    graph = traced(folds, count=3)
    assert [node.name for node in graph.nodes] == ["fit", "fit-2", "fit-3", "best"]
    assert [(parameter.name, parameter.is_static) for parameter in graph.parameters] == [
        ("count", True),
        ("rows", False),
    ]
    assert graph.parameters[0].annotation == "int"


def test_a_static_parameter_may_be_none_in_the_body():
    @hr.pipeline
    def optional(limit: hr.Static[int | None] = None) -> list[int]:
        return load() if limit is None else load(limit)

    assert dict(traced(optional, limit=7).nodes[0].arguments)["count"] == constant(7)
    assert dict(traced(optional).nodes[0].arguments)["count"] == constant(3)


def test_a_nested_pipeline_gets_values_and_static_constants():
    @hr.pipeline
    def folds(count: hr.Static[int], rows: Sequence[int], rate: float = 0.5) -> list[float]:
        return [fit(rows, rate) for _ in range(count)]

    @hr.pipeline
    def outer(rows: Sequence[int]) -> float:
        return best(folds(2, rows))

    graph = traced(outer)
    assert [node.name for node in graph.nodes] == ["folds/fit", "folds/fit-2", "best"]
    assert dict(graph.nodes[0].arguments) == {"rows": ParameterOf("rows"), "rate": constant(0.5)}
    assert edges(outer, "best")["models"] == Gather(
        "list", (("0", OutputOf("folds/fit")), ("1", OutputOf("folds/fit-2")))
    )


def test_resources_may_depend_on_parameters():
    @hr.pipeline
    def sized(cores: int, pools: hr.Static[int] = 2) -> float:
        return fit.with_options(resources=hr.Resources(cpu=cores, memory="2GiB", database=pools))([1])

    assert traced(sized).nodes[0].step.resources == (
        ("cpu", ParameterOf("cores")),
        ("memory", constant("2GiB")),
        ("database", constant(2)),
    )


def test_after_gives_an_order_without_data():
    @hr.pipeline
    def ordered() -> None:
        first = send("first")
        stored = store(1.0)
        send.after(first, [stored])("second")

    assert traced(ordered).node("send-2").after == ("send", "store")


def test_after_waits_for_everything_in_a_branch_or_pipeline_that_gives_nothing():
    @hr.pipeline
    def publish() -> None:
        send("a")
        send("b")

    def branch() -> None:
        send("c")

    @hr.pipeline
    def ordered() -> None:
        send.after(publish())("after the pipeline")
        send.after(hr.when(is_good(1.0), branch))("after the branch")

    graph = traced(ordered)
    assert graph.node("send").after == ("publish/send", "publish/send-2")
    assert graph.node("send-3").after == ("is_good", "send-2")


def test_unordered_effects_are_noted():
    @hr.pipeline
    def effects() -> None:
        first = send("a")
        store(1.0)
        send.after(first)("b")
        hr.when(is_good(1.0), lambda: store(2.0), otherwise=lambda: store(3.0))

    notes = traced(effects).notes
    pairs = {tuple(note.split("'")[1::2]) for note in notes}
    assert pairs == {
        ("send", "store"),
        ("store", "send-2"),
        *((name, other) for name in ("send", "store", "send-2") for other in ("store-2", "store-3")),
    }


def test_what_has_no_annotation_is_noted():
    @hr.step
    def loose(rows, rate: float = 0.1):
        return rows

    @hr.pipeline
    def unannotated(rows):
        return loose(rows)

    assert traced(unannotated).notes == (
        "Input 'rows' of pipeline 'unannotated' has no annotation: anything fits.",
        "The output of pipeline 'unannotated' has no annotation: what takes it finds out only while it runs.",
        "Input 'rows' of step 'loose' has no annotation: anything fits.",
        "The output of step 'loose' has no annotation: what takes it finds out only while it runs.",
    )


def test_a_graph_says_what_its_steps_are():
    @hr.pipeline(tags=["daily"], description="All of it.")
    def described(rate: float = 0.5) -> list[int]:
        """Not this.

        Parameters:
            rate: how fast it learns
        """
        return load.with_options(tags=("input",), timeout=60, max_parallel=2, secrets=["DB_URL"], cache=False)()

    graph = traced(described)
    assert (graph.description, graph.tags) == ("All of it.", ("daily",))
    assert graph.parameters[0].description == "how fast it learns"
    spec = graph.nodes[0].step
    assert (spec.description, spec.tags, spec.timeout_s, spec.max_parallel) == ("Read rows.", ("input",), 60.0, 2)
    assert (spec.secrets, spec.is_reusable, spec.output) == (("DB_URL",), False, "list[int]")
    assert traced(described).node("load").step.symbol.qualname == "load"
    assert split.declared.symbol.file == __file__


def test_a_node_knows_the_line_that_called_it():
    @hr.pipeline
    def two_lines() -> float:
        rows = load()
        return hr.when(is_good(1.0), lambda: fit(rows), otherwise=lambda: 0.0)

    first = two_lines.function.__code__.co_firstlineno
    assert [node.line - first for node in traced(two_lines).nodes] == [2, 3, 3]


def test_plain_python_functions_may_stand_between_steps():
    def fitted(rows: Sequence[int], rates: Sequence[float]) -> list[float]:
        return [fit(rows, rate) for rate in rates]

    @hr.pipeline
    def with_function() -> float:
        return best(fitted(load(), (0.1, 0.2)))

    graph = traced(with_function)
    assert [node.name for node in graph.nodes] == ["load", "fit", "fit-2", "best"]
    assert {node.line for node in graph.nodes} == {with_function.function.__code__.co_firstlineno + 2}


def test_a_step_outside_of_the_trace_still_runs_in_another_thread():
    ran: list[int] = []

    @hr.step
    def count(number: int) -> int:
        ran.append(number)
        return number

    @hr.pipeline
    def tracing() -> int:
        with_thread = ThreadPoolExecutor(1)
        with_thread.submit(count, 7).result()
        with_thread.shutdown()
        return count(8)

    assert len(traced(tracing).nodes) == 1
    assert ran == [7]


def test_the_same_pipeline_is_traced_to_the_same_graph():
    @hr.pipeline
    def stable(rates: Sequence[float]) -> float:
        return best(fit.map(hr.each([load(), load()]), rate=hr.each(rates)))

    assert traced(stable) == traced(stable)


@pytest.mark.parametrize("depth", [1, 5])
def test_groups_nest_as_deep_as_pipelines_do(depth: int):
    pipeline = hr.pipeline(lambda_free(depth))
    name = traced(pipeline).nodes[0].name
    assert name == "group/" * (depth - 1) + "fit"


def lambda_free(depth: int):
    if depth == 1:

        def group() -> float:
            return fit([1])
    else:
        inner = hr.pipeline(lambda_free(depth - 1))

        def group() -> float:
            return inner()

    return group
