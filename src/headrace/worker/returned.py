"""The paths in what a step returns: storing them copies the content of files that the step may never have opened."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import cast

from headrace.core.canonical import record_state

_LEAVES = frozenset({str, int, float, bool, bytes, type(None)})


def paths_in(value: object) -> Iterator[str]:
    """The paths in a value and in the lists, tuples, dicts and records that it is made of, in order."""
    seen: set[int] = set()
    left = [value]
    while left:
        item = left.pop()
        if type(item) in _LEAVES or id(item) in seen:
            continue
        if isinstance(item, Path):
            yield str(item)
            continue
        seen.add(id(item))
        left += [member for member in reversed(_members_of(item)) if type(member) not in _LEAVES]


def _members_of(value: object) -> list[object]:
    if isinstance(value, list | tuple):
        return list(cast("list[object]", value))
    if isinstance(value, dict):
        return list(cast("dict[object, object]", value).values())
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return list((record_state(value) or {}).values())
    return []
