"""Options of a session: a value of another type is refused with what the option takes."""

from pathlib import Path

import pytest

import headrace as hr

WRONG = {
    "lanes": ("2", True, -1, 1.5),
    "check": ("no", 1),
    "quiet": ("yes", None),
    "fail_fast": (1,),
    "until": (3, [3], None),
    "from_": (b"fit",),
    "only": ({"fit": 3}.values(),),
    "refresh": (("fit", 1),),
    "tags": ([1], None),
    "options": ({"fit": 3}, [("fit", {})]),
    "name": (None, 3),
    "note": (b"x",),
    "project": (3,),
    "observer": (print, "plain"),
}
RIGHT = {
    "lanes": (0, 2),
    "until": ("fit", ["fit", "load"], ("fit",), {"fit"}, ()),
    "tags": ("a", ["a", "b"]),
    "options": (None, {}, {"fit": {"timeout": 60}}),
    "project": (None, ".", Path()),
    "observer": (None,),
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in WRONG.items() for value in values])
def test_a_value_of_another_type_is_refused_with_what_the_option_takes(name: str, value: object):
    with pytest.raises(hr.UsageError, match=f"The option {name!r} of a session takes .*; it got .*"):
        hr.Session(**{name: value})  # type: ignore[arg-type]


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in RIGHT.items() for value in values])
def test_what_an_option_takes_is_taken(name: str, value: object):
    assert hr.Session(**{name: value}) is not None  # type: ignore[arg-type]


def test_a_long_value_is_shown_in_part():
    with pytest.raises(hr.UsageError) as refused:
        hr.Session(lanes="2" * 500)  # type: ignore[arg-type]
    assert len(str(refused.value)) < 200
