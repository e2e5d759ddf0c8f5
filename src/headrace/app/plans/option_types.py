"""What the options of a session take: each is looked at before anything is planned."""

from collections.abc import Callable, Mapping, Sequence
from operator import index
from os import PathLike
from typing import Any, SupportsIndex, cast

from headrace.core.errors import UsageError

LONGEST_SHOWN = 60


def check_options(**given: object) -> None:
    """Raise UsageError for the first option whose value is not of the kind that it takes."""
    for name, value in given.items():
        fits, takes = _KINDS[name]
        if not fits(value):
            shown = repr(value)
            shown = shown if len(shown) <= LONGEST_SHOWN else f"{shown[:LONGEST_SHOWN]}…"
            kind = type(value).__qualname__
            raise UsageError(f"The option {name!r} of a session takes {takes}; it got {shown} ({kind}).")


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_switch(value: object) -> bool:
    return isinstance(value, bool)


def _is_count(value: object) -> bool:
    return isinstance(value, SupportsIndex) and not isinstance(value, bool) and index(value) >= 0


def _is_texts(value: object) -> bool:
    if isinstance(value, str):
        return True
    return isinstance(value, Sequence | set | frozenset) and all(map(_is_text, cast("Sequence[object]", value)))


def _is_folder(value: object) -> bool:
    return value is None or isinstance(value, str | PathLike)


def _is_observer(value: object) -> bool:
    return value is None or callable(getattr(value, "on_event", None))


def _is_overrides(value: object) -> bool:
    if not isinstance(value, Mapping):
        return value is None
    found = cast("Mapping[Any, object]", value)
    return all(isinstance(step, str) and isinstance(one, Mapping) for step, one in found.items())


_Kind = tuple[Callable[[object], bool], str]
_STEPS: _Kind = (_is_texts, "the name of a step, or a list of names")
_SWITCH: _Kind = (_is_switch, "True or False")
_TEXT: _Kind = (_is_text, "a text")
_KINDS: Mapping[str, _Kind] = {
    "project": (_is_folder, "a folder as text or Path"),
    "lanes": (_is_count, "a whole number of steps that run at once (0: as the settings say)"),
    "check": _SWITCH,
    "quiet": _SWITCH,
    "observer": (_is_observer, "an object with the methods of an Observer"),
    "until": _STEPS,
    "from_": _STEPS,
    "only": _STEPS,
    "refresh": _STEPS,
    "options": (_is_overrides, 'a dict of options by step, such as {"fit": {"timeout": 60}}'),
    "name": _TEXT,
    "tags": (_is_texts, "a text or a list of texts"),
    "note": _TEXT,
    "fail_fast": _SWITCH,
}
