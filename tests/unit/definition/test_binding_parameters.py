"""The parameters of a run: from a call, from a file, from texts; coerced, complete, and as values."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import headrace as hr
from headrace.core.canonical import canonical, restore
from headrace.core.errors import ParameterError
from headrace.core.values import InlineValue
from headrace.definition.errors import (
    ArgumentsError,
    MissingParameterError,
    StaticValueError,
    UnknownParameterError,
)
from headrace.definition.parameters import BoundParameters, bind, parse
from headrace.definition.tracing import trace


class Frame:
    """A table in hand: something that has no canonical text."""


@hr.step
def count(rows: int) -> int: ...


@hr.pipeline
def training(until: date, rates: Sequence[float] = (0.1, 0.2), *, folds: hr.Static[int] = 3) -> None: ...


@hr.pipeline
def scoring(frame: Frame, path: Path = Path("data")) -> None: ...


@hr.pipeline
def fixed(frame: hr.Static[Frame]) -> None: ...


@hr.pipeline
def loose(anything, limit=None): ...


@hr.pipeline
def nothing() -> None: ...


@hr.pipeline
def repeated(times: hr.Static[int]) -> None:
    for number in range(times):
        count(number)


def values(bound: BoundParameters) -> dict[str, object]:
    return {name: restore(value.text) for name, value in bound.values.items() if isinstance(value, InlineValue)}


def test_parameters_are_given_by_position_and_name_and_filled_with_defaults():
    bound = bind(training, [date(2013, 4, 1)], {"folds": 5})
    assert values(bound) == {"until": date(2013, 4, 1), "rates": (0.1, 0.2), "folds": 5}
    assert bound.static == {"folds": 5}
    assert bound.objects == {}


def test_values_stand_in_the_order_of_the_signature_as_canonical_text():
    bound = bind(training, (), {"rates": [1.0], "until": date(2013, 4, 1)})
    assert list(bound.values) == ["until", "rates", "folds"]
    assert bound.values["until"] == InlineValue(canonical(date(2013, 4, 1)))


def test_values_are_brought_to_the_declared_type():
    assert values(bind(training, [date(2013, 4, 1), [1, 2]]))["rates"] == [1.0, 2.0]
    with pytest.raises(ParameterError, match="parameter 'rates' of pipeline 'training'"):
        bind(training, [date(2013, 4, 1)], {"rates": "fast"})


def test_a_default_is_brought_to_the_declared_type_like_any_value():
    @hr.pipeline
    def scaling(factor: float = 4, rates: Sequence[float] = (1, 2)) -> None: ...

    assert bind(scaling).values == bind(scaling, (4.0, (1.0, 2.0))).values == parse(scaling, {"rates": "1,2"}).values


def test_texts_are_read_as_the_declared_type():
    bound = parse(training, {"until": "2013-04-01", "folds": "7", "rates": "[0.5, 1]"})
    assert values(bound) == {"until": date(2013, 4, 1), "rates": (0.5, 1.0), "folds": 7}
    assert bound.static == {"folds": 7}


def test_texts_stand_over_values_from_a_file():
    bound = parse(training, {"folds": "7"}, {"until": date(2013, 4, 1), "folds": 2})
    assert values(bound)["folds"] == 7


def test_a_text_that_cannot_be_read_names_its_parameter():
    with pytest.raises(ParameterError, match="parameter 'until' of pipeline 'training'"):
        parse(training, {"until": "yesterday"})


def test_an_object_without_canonical_text_is_left_for_the_artifact_store():
    frame = Frame()
    bound = bind(scoring, [frame])
    assert bound.objects == {"frame": frame}
    assert list(bound.values) == ["path"]


def test_what_has_no_annotation_is_taken_as_it_is():
    assert values(bind(loose, [{"a": 1}])) == {"anything": {"a": 1}, "limit": None}


def test_static_parameters_go_into_the_trace():
    graph = trace(repeated, bind(repeated, [2]).static)
    assert [node.name for node in graph.nodes] == ["count", "count-2"]


REFUSED: list[tuple[Any, type[Exception], str]] = [
    (
        lambda: bind(training, (), {"untl": 1}),
        UnknownParameterError,
        "Pipeline 'training' has no parameter 'untl'; did you mean 'until'.",
    ),
    (
        lambda: parse(training, {"x": "1"}),
        UnknownParameterError,
        "Pipeline 'training' has no parameter 'x'; there is folds, rates, until.",
    ),
    (
        lambda: bind(nothing, (), {"x": 1}),
        UnknownParameterError,
        "Pipeline 'nothing' has no parameter 'x'; it has none.",
    ),
    (
        lambda: bind(training),
        MissingParameterError,
        "Pipeline 'training': 'until' (date) has no value and no default. Give it by name, as in until=…; on the command line -p until=…",
    ),
    (
        lambda: bind(loose),
        MissingParameterError,
        "Pipeline 'loose': 'anything' has no value and no default. Give it by name, as in anything=…; on the command line -p anything=…",
    ),
    (
        lambda: bind(training, [1, 2, 3]),
        ArgumentsError,
        "Pipeline 'training' takes 2 arguments by position and gets 3.",
    ),
    (
        lambda: bind(training, [1], {"until": 2}),
        ArgumentsError,
        "Pipeline 'training' gets 'until' twice: by position and by name.",
    ),
    (
        lambda: bind(fixed, [Frame()]),
        StaticValueError,
        (
            "Parameter 'frame' of pipeline 'fixed' is hr.Static, so its value becomes part of the graph, but a Frame "
            "has no canonical bytes. Declare it without hr.Static."
        ),
    ),
]


@pytest.mark.parametrize(("call", "error", "text"), REFUSED, ids=[text[:45] for _, _, text in REFUSED])
def test_wrong_parameters_are_refused_with_words_that_help(call: Any, error: type[Exception], text: str):
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value) == text


@hr.pipeline
def tuned(depths: dict[int, float], days: dict[date, int] | None = None) -> None: ...


def test_the_keys_of_a_files_objects_are_read_as_their_declared_type():
    bound = parse(tuned, {}, {"depths": {"3": 1}, "days": {"2013-04-01": 7}})
    assert values(bound) == {"depths": {3: 1.0}, "days": {date(2013, 4, 1): 7}}


def test_the_keys_of_a_call_are_objects_already():
    with pytest.raises(ParameterError, match="depths"):
        bind(tuned, ({"3": 1.0},))


def test_a_text_of_the_command_line_stands_over_what_a_file_gives_however_wrong_that_is():
    assert values(parse(tuned, {"depths": "4=2.5"}, {"depths": {"deep": 1}})) == {"depths": {4: 2.5}, "days": None}
