"""Which figure is meant: plotting calls give axes, arrays of axes and lines as often as the figure itself.

Nothing is imported: a figure is what can be saved as one, and its parts say which it is.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast


def figures_of(value: object) -> list[object]:
    """The figures that a value means: itself, or those of its parts (axes, lines, containers of these), each once.

    Empty for a container of anything else.
    """
    found: dict[int, object] = {}
    for part in _parts(value):
        figure = _figure_of(part)
        if figure is None and part is not value:
            return []
        figure = value if figure is None else figure
        found[id(figure)] = figure
    return list(found.values())


def _parts(value: object) -> Iterator[object]:
    """What a container holds, inner ones opened; anything else is its own part."""
    inside: Iterable[object] | None = None
    if isinstance(value, Mapping):
        inside = cast("Mapping[object, object]", value).values()
    elif isinstance(value, list | tuple):
        inside = cast("list[object]", value)
    elif getattr(getattr(value, "dtype", None), "hasobject", False):
        inside = [cast("Any", value).tolist()]  # also of a pandas Series, which plots by groups give
    if inside is None:
        yield value
        return
    for one in inside:
        yield from _parts(one)


def _figure_of(part: object) -> object | None:
    """The figure that a part is in (also through figures inside figures), or None."""
    whole = getattr(part, "figure", None)
    if whole is None or whole is part or callable(whole):
        return part if hasattr(part, "savefig") else None
    return _figure_of(whole)
