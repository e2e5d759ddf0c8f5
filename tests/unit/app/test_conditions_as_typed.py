"""What people type after --where."""

import contextlib
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.app.answers.conditions import BadConditionError, parse_condition
from headrace.ports.records import Condition


@pytest.mark.parametrize(
    ("text", "name", "operator", "operand"),
    [
        ("auc > 0.7", "auc", ">", 0.7),
        ("auc>0.7", "auc", ">", 0.7),
        ("  val/auc@10  <= 1e-3 ", "val/auc@10", "<=", 0.001),
        ("depth == 3", "depth", "=", 3.0),
        ("depth <> -3", "depth", "!=", -3.0),
        ("loss < inf", "loss", "<", float("inf")),
        ("kind = forest", "kind", "=", "forest"),
        ("kind != 'two words'", "kind", "!=", "two words"),
        ('version = "5"', "version", "=", "5"),
        ('"two words" >= 5', "two words", ">=", 5.0),
        ("parameters.until >= 2013-04-01", "parameters.until", ">=", "2013-04-01"),
        ("fast = True", "fast", "=", "true"),
        ("fast != false", "fast", "!=", "false"),
        ("limit = None", "limit", "=", "none"),
        ("limit = 'None'", "limit", "=", "None"),
        ("state = failed", "state", "=", "failed"),
        ("name = 5", "name", "=", "5"),
        ("name = 'salt and pepper'", "name", "=", "salt and pepper"),
        ("duration > 90", "duration", ">", 90.0),
        ("duration > 1h30m", "duration", ">", 5400.0),
        ("duration <= 1d 2s", "duration", "<=", 86402.0),
        ("created > 1700000000", "created", ">", 1700000000.0),
        ("started > 2026-11-01T10:00:00+00:00", "started", ">", 1793527200.0),
    ],
)
def test_a_condition_is_read_as_it_is_meant(text, name, operator, operand):
    assert parse_condition(text) == Condition(name, operator, operand)


def test_a_date_is_midnight_in_this_time_zone():
    assert parse_condition("finished < 2026-11-01").operand == datetime(2026, 11, 1).astimezone().timestamp()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "it is empty"),
        ("auc", "no operator"),
        ("auc 0.7", "no operator"),
        ("> 0.7", "does not begin with a name"),
        ("auc >", "nothing stands after '>'"),
        ("auc > 0.7 and loss < 1", "more than one"),
        ("state = failed OR state = cancelled", "more than one"),
        ("state = sucess", "no state .sucess.; there is cancelled, failed"),
        ("auc > nan", "not a number"),
        ("started > yesterday", "'yesterday' is no time"),
        ("duration > soon", "'soon' is no duration"),
        ("duration > 1.2.3s", "'1.2.3s' is no duration"),
    ],
)
def test_what_is_no_condition_is_explained(text, problem):
    with pytest.raises(BadConditionError, match=problem) as caught:
        parse_condition(text)
    assert caught.value.code == "usage.condition"
    assert "'auc > 0.7'" in str(caught.value)


@given(
    name=st.from_regex(r"[a-z][a-z0-9_./-]{0,12}", fullmatch=True).map("m.{}".format),
    operator=st.sampled_from(["=", "!=", "<", "<=", ">", ">="]),
    number=st.floats(allow_nan=False),
)
def test_every_number_comes_through_whole(name, operator, number):
    assert parse_condition(f"{name} {operator} {number!r}") == Condition(name, operator, number)


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused_in_words(text):
    with contextlib.suppress(BadConditionError):
        assert parse_condition(text).name
