"""How far a step is: around a loop, or by hand. Shown as `done/total`; the newest counts."""

from collections.abc import Iterable, Iterator, Sized
from typing import TypeVar, overload

from headrace.tracking.current import current_buffer
from headrace.tracking.errors import BadMetricError

T = TypeVar("T")


@overload
def progress(done: float, /, *, total: float | None = None, note: str = "") -> None: ...
@overload
def progress(items: Iterable[T], /, *, total: float | None = None, note: str = "") -> Iterator[T]: ...
def progress(items: Iterable[T] | float, /, *, total: float | None = None, note: str = "") -> Iterator[T] | None:
    """Report progress: `for row in hr.progress(rows)`, or `hr.progress(3, total=10)` by hand.

    `total` is taken from the length where there is one. Outside a run the loop runs and nothing is reported. Raises
    BadMetricError for something that is neither a number nor can be iterated.
    """
    if isinstance(items, int | float):
        _report(float(items), total, note)
        return None
    _refuse_no_items(items, note)
    known = float(len(items)) if total is None and isinstance(items, Sized) else total
    return _counted(items, known, note)


def _refuse_no_items(items: object, note: str) -> None:
    if not isinstance(items, Iterable):
        raise BadMetricError("hr.progress", note or "done", value=items)


def _counted(items: Iterable[T], total: float | None, note: str) -> Iterator[T]:
    _report(0.0, total, note)
    for done, item in enumerate(items, start=1):
        yield item
        _report(float(done), total, note)


def _report(done: float, total: float | None, note: str) -> None:
    buffer = current_buffer()
    if buffer is not None:
        buffer.set_progress(done, total, note)
