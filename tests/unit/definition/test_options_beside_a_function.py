"""`hr.step(function, option=…)` and `hr.pipeline(function, option=…)`: the same as the decorator with options."""

import pytest

import headrace as hr
from headrace.core.errors import DefinitionError
from headrace.definition import errors
from headrace.definition.tracing import trace


def raw(n: int) -> int:
    """Adds one."""
    return n + 1


def body(n: int) -> int:
    return raw_step(n)


OPTIONS = {"name": "g", "cache": False, "retries": 3, "timeout": 3, "tags": ["slow"]}

raw_step = hr.step(raw, name="g", cache=False, retries=3, timeout=3, tags=["slow"])
whole = hr.pipeline(body, name="whole", description="All of it.", tags=["nightly"])


def test_a_step_made_by_a_call_keeps_every_option():
    assert raw_step.options == hr.step(**OPTIONS)(raw).options == OPTIONS
    assert raw_step.name == "g"
    assert raw_step(1) == 2


def test_the_options_of_such_a_step_are_in_the_graph():
    node = trace(whole).nodes[0]
    assert node.name == "g"
    assert node.step == trace(hr.pipeline(decorated_body)).nodes[0].step
    assert (node.step.retry.times, node.step.timeout_s, node.step.is_reusable) == (3, 3, False)


def test_a_pipeline_made_by_a_call_keeps_every_option():
    assert (whole.name, whole.description) == ("whole", "All of it.")
    assert whole.options == hr.pipeline(name="whole", description="All of it.", tags=["nightly"])(body).options


def test_a_wrong_option_beside_a_function_is_refused():
    with pytest.raises(errors.UnknownOptionError, match="A step has no option 'retrys'"):
        hr.step(raw, retrys=3)
    with pytest.raises(DefinitionError, match="how often to try again"):
        hr.step(raw, retries="3")
    with pytest.raises(errors.UnknownOptionError, match="A pipeline has no option 'retries'"):
        hr.pipeline(body, retries=3)
    with pytest.raises(errors.OptionError, match="ignore"):
        hr.step(raw, cache=hr.Cache(ignore=["m"]))


decorated = hr.step(**OPTIONS)(raw)


def decorated_body(n: int) -> int:
    return decorated(n)
