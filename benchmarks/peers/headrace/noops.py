"""No-op steps: what the machinery itself costs."""

from collections.abc import Sequence

import headrace as hr


@hr.step
def inc(x: int) -> int:
    return x + 1


@hr.step
def noop(x: int) -> int:
    return x


@hr.step
def join(xs: Sequence[int]) -> int:
    return sum(xs)


@hr.pipeline
def chain() -> int:
    x = inc(0)
    for _ in range(49):
        x = inc(x)
    return x


@hr.pipeline
def fanout() -> int:
    return join(noop.map(hr.each(range(200))))


@hr.pipeline
def single() -> int:
    return inc(0)
