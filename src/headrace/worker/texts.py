"""The short texts in an attempt's arguments: any of them may name a file that native code reads."""

import json
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import cast

from headrace.core.values import CompositeValue, InlineValue, Value

MOST_TEXTS = 1000
"""Of more texts than this, only the first are looked for."""
_LONGEST_NAME = 1024
_TAGS = ("$", "c")
"""Members of canonical text that say what a value is (its kind and class), and hold no text of it."""


def texts_in(arguments: Sequence[tuple[str, Value]]) -> Iterator[str]:
    """The texts in arguments that are no longer than a file's name may be, with those inside lists, dicts and
    records."""
    found = chain.from_iterable(_in_value(value) for _, value in arguments)
    return islice((text for text in found if 0 < len(text) <= _LONGEST_NAME), MOST_TEXTS)


def _in_value(value: Value) -> Iterator[str]:
    if isinstance(value, InlineValue):
        if '"' in value.text:
            yield from _in_data(json.loads(value.text))
    elif isinstance(value, CompositeValue):
        for name, member in value.members:
            if value.kind == "dict":
                yield from _in_data(json.loads(name))
            yield from _in_value(member)


def _in_data(data: object) -> Iterator[str]:
    if isinstance(data, str):
        yield data
    elif isinstance(data, list):
        for item in cast("list[object]", data):
            yield from _in_data(item)
    elif isinstance(data, dict):
        members = cast("dict[str, object]", data)
        is_tagged = "$" in members
        for name, item in members.items():
            if not is_tagged:
                yield name
            if not (is_tagged and name in _TAGS):
                yield from _in_data(item)
