"""Graphs as JSON: exact both ways, the same text always, and an identity without files and lines."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from headrace.core.symbols import Symbol
from headrace.core.values import CompositeValue, InlineValue, ObjectValue
from headrace.definition import graph as g
from headrace.definition.errors import GraphFormatError
from headrace.definition.graph_json import graph_from_json, graph_identity, graph_to_json

TEXTS = st.text(max_size=6)
NAMES = st.text(st.characters(codec="ascii", categories=["L"]), min_size=1, max_size=4)
NUMBERS = st.floats(0, allow_nan=False, allow_infinity=False)
OBJECTS = st.builds(ObjectValue, NAMES, NAMES, st.integers(0), st.none() | st.integers(0), TEXTS, st.tuples(TEXTS))
VALUES = st.recursive(
    st.builds(InlineValue, TEXTS) | OBJECTS,
    lambda inner: st.builds(
        CompositeValue,
        st.sampled_from(["list", "tuple", "dict", "record"]),
        st.lists(st.tuples(TEXTS, inner), max_size=3).map(tuple),
        TEXTS,
    ),
    max_leaves=3,
)
PATHS = st.lists(NAMES, max_size=2).map(tuple)
TESTS = st.sampled_from(["true", "some"])
BINDINGS = st.recursive(
    st.builds(g.Constant, VALUES) | st.builds(g.ParameterOf, NAMES, PATHS) | st.builds(g.OutputOf, NAMES, PATHS),
    lambda inner: (
        st.builds(
            g.Gather,
            st.sampled_from(["list", "tuple", "dict", "record"]),
            st.lists(st.tuples(TEXTS, inner), max_size=3).map(tuple),
            TEXTS,
        )
        | st.builds(g.EachOf, inner, st.integers(0, 2))
        | st.builds(g.ChoiceOf, inner, TESTS, inner, inner)
        | st.builds(g.SucceededOf, inner)
    ),
    max_leaves=5,
)
SYMBOLS = st.builds(Symbol, NAMES, NAMES, TEXTS)
STEPS = st.builds(
    g.StepSpec,
    name=NAMES,
    symbol=SYMBOLS,
    inputs=st.lists(st.builds(g.InputSpec, NAMES, TEXTS, st.none() | VALUES), max_size=2).map(tuple),
    output=TEXTS,
    fields=PATHS,
    returns=st.booleans(),
    description=TEXTS,
    tags=PATHS,
    retry=st.builds(g.RetryRule, st.integers(0, 9), PATHS, NUMBERS, NUMBERS, NUMBERS, NUMBERS),
    cache=st.builds(g.CacheRule, st.booleans(), TEXTS, PATHS, st.none() | NUMBERS, TEXTS),
    timeout_s=st.none() | NUMBERS,
    resources=st.lists(st.tuples(NAMES, BINDINGS), max_size=2).map(tuple),
    secrets=PATHS,
    effect=st.booleans(),
    max_parallel=st.none() | st.integers(1, 9),
)
GUARDS = st.builds(g.Guard, BINDINGS, TESTS, st.booleans())


def nodes(steps: list[g.StepSpec]):
    return st.lists(
        st.builds(
            g.Node,
            NAMES,
            st.sampled_from(steps),
            st.lists(st.tuples(NAMES, BINDINGS), max_size=3).map(tuple),
            PATHS,
            st.lists(GUARDS, max_size=2).map(tuple),
            st.integers(0, 999),
        ),
        max_size=4,
    ).map(tuple)


GRAPHS = st.lists(STEPS, min_size=1, max_size=2).flatmap(
    lambda steps: st.builds(
        g.Graph,
        pipeline=NAMES,
        symbol=SYMBOLS,
        parameters=st.lists(
            st.builds(g.ParameterSpec, NAMES, TEXTS, st.none() | VALUES, st.booleans(), TEXTS), max_size=2
        ).map(tuple),
        nodes=nodes(steps),
        output=BINDINGS,
        description=TEXTS,
        tags=PATHS,
        notes=PATHS,
    )
)


@settings(max_examples=40)  # each is a graph of up to a dozen nodes
@given(GRAPHS)
def test_a_graph_is_read_back_exactly(graph: g.Graph):
    text = graph_to_json(graph)
    again = graph_from_json(text)
    assert again == graph
    assert graph_to_json(again) == text


@settings(max_examples=40)  # each is a graph of up to a dozen nodes
@given(GRAPHS)
def test_the_text_is_one_ascii_line(graph: g.Graph):
    text = graph_to_json(graph)
    assert text.isascii()
    assert "\n" not in text


@settings(max_examples=40)  # each is a graph of up to a dozen nodes
@given(GRAPHS)
def test_the_identity_knows_no_files_lines_and_notes(graph: g.Graph):
    moved = replace(
        graph,
        symbol=graph.symbol._replace(file="/elsewhere.py"),
        notes=("something else",),
        nodes=tuple(
            replace(
                node,
                line=node.line + 1,
                step=replace(node.step, symbol=node.step.symbol._replace(file="/elsewhere.py")),
            )
            for node in graph.nodes
        ),
    )
    assert graph_identity(moved) == graph_identity(graph)


@settings(max_examples=40)  # each is a graph of up to a dozen nodes
@given(GRAPHS)
def test_the_identity_knows_everything_else(graph: g.Graph):
    changed = [replace(graph, output=g.SucceededOf(graph.output)), replace(graph, tags=(*graph.tags, "more"))]
    changed += [replace(graph, nodes=(*graph.nodes, *graph.nodes[:1]))] if graph.nodes else []
    assert graph_identity(graph) not in {graph_identity(other) for other in changed}


def test_nodes_share_what_their_step_is():
    step = g.StepSpec("fit", Symbol("m", "fit"), (), "int")
    both = tuple(g.Node(name, step, ()) for name in ("fit", "fit-2"))
    text = graph_to_json(g.Graph("p", Symbol("m", "p"), (), both, g.OutputOf("fit")))
    assert len(json.loads(text)["steps"]) == 1
    first, second = graph_from_json(text).nodes
    assert first.step is second.step


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", "null", '{"format":"headrace-graph-1"}', '{"format":"headrace-graph-0"}']
)
def test_another_text_is_no_graph(text: str):
    with pytest.raises(GraphFormatError):
        graph_from_json(text)


def test_a_graph_of_another_version_says_which():
    with pytest.raises(GraphFormatError) as caught:
        graph_from_json('{"format":"headrace-graph-9"}')
    assert (
        str(caught.value) == "A stored graph has the format 'headrace-graph-9'; this version reads 'headrace-graph-1'."
    )
