"""How an error leaves a Python call of the user's: without our frames, if they say nothing of where it comes from."""

import os
from pathlib import Path
from types import TracebackType
from typing import Self

from headrace.core.errors import HeadraceError

_PRODUCT = f"{Path(__file__).parents[2]}{os.sep}"


class FromHere:
    """Within `with`, an error of Headrace seems to come from here, and one of the user's code from that alone.

    An error that something else raised in Headrace keeps all its frames, as any does with HEADRACE_TRACEBACK in the
    environment.
    """

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if error is None or os.environ.get("HEADRACE_TRACEBACK"):
            return
        if isinstance(error, HeadraceError):
            error.__traceback__ = None
        elif _is_raised_by_others(error.__traceback__):
            error.__traceback__ = _of_others(error.__traceback__)
        inner, seen = error.__cause__ or error.__context__, {id(error)}
        while inner is not None and id(inner) not in seen:
            seen.add(id(inner))
            inner.__traceback__ = _of_others(inner.__traceback__)
            inner = inner.__cause__ or inner.__context__


def _is_raised_by_others(trace: TracebackType | None) -> bool:
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace is not None and not trace.tb_frame.f_code.co_filename.startswith(_PRODUCT)


def _of_others(trace: TracebackType | None) -> TracebackType | None:
    """A traceback without frames of Headrace and of the import system, which led to the user's."""
    kept: list[TracebackType] = []
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if not file.startswith((_PRODUCT, "<frozen importlib")) and f"{os.sep}importlib{os.sep}" not in file:
            kept.append(trace)
        trace = trace.tb_next
    found: TracebackType | None = None
    for one in reversed(kept):
        found = TracebackType(found, one.tb_frame, one.tb_lasti, one.tb_lineno)
    return found
