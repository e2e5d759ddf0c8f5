"""Small pipelines for every way in which steps can be put together; called plainly and run, they have to give the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from enum import Enum
from pathlib import PurePosixPath
from typing import NamedTuple

import headrace as hr


class Size(Enum):
    SMALL = 1
    LARGE = 2


class Halves(NamedTuple):
    left: list[int]
    right: list[int]


@dataclass(frozen=True)
class Report:
    title: str
    total: int


@hr.step
def numbers(n: int) -> list[int]:
    return list(range(n))


@hr.step
def double(x: int) -> int:
    return 2 * x


@hr.step
def add(x: int, y: int = 10) -> int:
    return x + y


@hr.step
def total(xs: Sequence[int]) -> int:
    return sum(xs)


@hr.step
def halves(xs: Sequence[int]) -> Halves:
    middle = len(xs) // 2
    return Halves(list(xs[:middle]), list(xs[middle:]))


@hr.step
def report(title: str, total: int) -> Report:
    return Report(title, total)


@hr.step
def is_large(x: int) -> bool:
    return x > 5


@hr.step
def maybe(x: int) -> int | None:
    return x if x > 5 else None


@hr.step
def or_zero(x: int | None) -> int:
    return 0 if x is None else x


@hr.step
def odd_only(x: int) -> int:
    if x % 2 == 0:
        raise ValueError(f"{x} is even")
    return x


@hr.step
def describe(day: date, size: Size) -> str:
    return f"{day:%Y-%m} {size.name}"


@hr.step
def note(x: int) -> None:
    assert x >= 0


@hr.pipeline
def chain(n: int = 3) -> int:
    return add(double(total(numbers(n))))


@hr.pipeline
def mapped(n: int = 4) -> list[int]:
    return double.map(hr.each(numbers(n)))


@hr.pipeline
def zipped(n: int = 4) -> list[int]:
    return add.map(hr.each(numbers(n)), hr.each(double.map(hr.each(numbers(n)))))


@hr.pipeline
def crossed(n: int = 3) -> list[int]:
    x, y = hr.product(numbers(n), (10, 20))
    return add.map(x, y)


@hr.pipeline
def unequal(n: int = 3) -> list[int]:
    return add.map(hr.each(numbers(n)), hr.each(numbers(4)))


@hr.pipeline
def parts(n: int = 5) -> int:
    left, right = halves(numbers(n))
    return add(total(left), total(right))


@hr.pipeline
def named_parts(n: int = 5) -> Report:
    both = halves(numbers(n))
    return report("right", total(both.right))


@hr.pipeline
def field_of_record(n: int = 5) -> int:
    return double(report("all", total(numbers(n))).total)


@hr.pipeline
def branch(n: int = 3) -> int:
    size = total(numbers(n))
    return hr.when(is_large(size), lambda: double(size), lambda: add(size))


@hr.pipeline
def one_sided(n: int = 3) -> int:
    size = total(numbers(n))
    return or_zero(hr.when(is_large(size), lambda: double(size)))


@hr.pipeline
def some(n: int = 3) -> int:
    return or_zero(hr.when_some(maybe(total(numbers(n))), double))


@hr.pipeline
def survivors(n: int = 5) -> int:
    return total(hr.succeeded(odd_only.map(hr.each(numbers(n)))))


@hr.pipeline
def no_survivors(n: int = 5) -> int:
    return total(odd_only.map(hr.each(numbers(n))))


@hr.pipeline
def nested(n: int = 3) -> int:
    return add(chain(n), named_parts(n).total)


@hr.pipeline
def folds(k: hr.Static[int] = 3) -> list[int]:
    return [double(index) for index in range(k)]


@hr.pipeline
def ordered(n: int = 2) -> int:
    first = note(n)
    return double.after(first)(n)


@hr.pipeline
def typed(day: date = date(2013, 4, 1), size: Size = Size.LARGE) -> str:
    return describe(day, size)


@hr.pipeline
def containers(n: int = 3) -> dict[str, list[int]]:
    return {"both": [double(n), add(n)], "none": []}


@hr.pipeline
def joined_list(n: int = 3) -> int:
    return total([double(n), add(n), 5])


@hr.step
def odd_kinds() -> tuple[datetime, PurePosixPath, memoryview]:
    zone = timezone(timedelta(hours=5, minutes=30), "IST")
    return datetime(2013, 4, 1, tzinfo=zone), PurePosixPath("a/b"), memoryview(b"abc")


@hr.step
def told_kinds(at: datetime, where: PurePosixPath, raw: memoryview) -> str:
    return f"{at:%Z %z} {type(where).__name__} {type(raw).__name__} {bytes(raw)!r}"


@hr.pipeline
def kept_kinds() -> str:
    at, where, raw = odd_kinds()
    return told_kinds(at, where, raw)


CASES = [
    *(
        (one, {})
        for one in (chain, mapped, zipped, crossed, parts, named_parts, field_of_record, nested, ordered, typed)
    ),
    *((one, {"n": n}) for one in (branch, one_sided, some) for n in (3, 5)),
    *((one, {}) for one in (survivors, folds, containers, joined_list, kept_kinds)),
    *((one, {"n": 0}) for one in (mapped, zipped, chain)),
    (survivors, {"n": 1}),
    (folds, {"k": 1}),
    (typed, {"day": date(2013, 5, 2), "size": Size.SMALL}),
]
FAILING = [(unequal, "'x' has 3"), (no_survivors, "0 is even")]
