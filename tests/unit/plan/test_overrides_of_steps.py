"""Options of steps set for one run."""

import pytest

import headrace as hr
from headrace.core.errors import UnknownNameError
from headrace.definition.tracing import trace
from headrace.plan.overrides import OverrideError, override


@hr.step(timeout=5, resources=hr.Resources(memory="1GiB"))
def load() -> int:
    return 1


@hr.step
def add(x: int) -> int:
    return x


@hr.pipeline
def twice() -> int:
    return add(add(load()))


def step_of(graph, name):
    return graph.node(name).step


def test_an_option_set_for_a_step_holds_for_each_call_of_it():
    graph = override(trace(twice), {"add": {"timeout": 60, "retries": 3, "cache": False, "max_parallel": 2}})
    for name in ("add", "add-2"):
        step = step_of(graph, name)
        assert (step.timeout_s, step.retry.times, step.cache.enabled, step.max_parallel) == (60.0, 3, False, 2)
    assert step_of(graph, "load") == step_of(trace(twice), "load")


def test_an_option_set_for_one_call_wins_over_that_of_its_step():
    graph = override(trace(twice), {"add-2": {"timeout": 1}, "add": {"timeout": 60}})
    assert [step_of(graph, name).timeout_s for name in ("add", "add-2")] == [60.0, 1.0]


def test_one_resource_is_set_and_the_others_stay():
    graph = override(trace(twice), {"load": {"resources.cpu": 2}})
    assert {name for name, _ in step_of(graph, "load").resources} == {"cpu", "memory"}


def test_a_timeout_is_taken_away_by_none():
    assert step_of(override(trace(twice), {"load": {"timeout": None}}), "load").timeout_s is None


@pytest.mark.parametrize(
    ("option", "value", "takes"),
    [
        ("timeout", -1, "seconds above zero"),
        ("timeout", "soon", "seconds above zero"),
        ("retries", 1.5, "a whole number"),
        ("retries", True, "a whole number"),
        ("cache", "off", "true or false"),
        ("max_parallel", 0, "a whole number from 1"),
        ("resources.memory", "much", "a size such as '4GiB'"),
        ("resources.gpu", -1, "a number from 0"),
    ],
)
def test_a_value_without_sense_is_refused_with_what_is_taken(option: str, value: object, takes: str):
    with pytest.raises(OverrideError, match=takes):
        override(trace(twice), {"load": {option: value}})


def test_unknown_steps_and_options_are_answered_with_near_matches():
    with pytest.raises(UnknownNameError, match="did you mean 'load'"):
        override(trace(twice), {"laod": {"timeout": 1}})
    with pytest.raises(UnknownNameError, match="did you mean 'timeout'"):
        override(trace(twice), {"load": {"timeuot": 1}})
