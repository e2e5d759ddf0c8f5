"""Types that edges are made of, as checkers and Headrace both read them: each pair of them is one question."""
# ruff: noqa: F401, UP035 - TYPES uses the names

import collections
import collections.abc as abc
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from typing import (
    Any,
    Callable,
    Generic,
    Hashable,
    Iterable,
    Iterator,
    Literal,
    Mapping,
    MutableMapping,
    NamedTuple,
    NewType,
    NotRequired,
    Protocol,
    Sequence,
    SupportsFloat,
    SupportsIndex,
    TypedDict,
    TypeVar,
)

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
T_contra = TypeVar("T_contra", contravariant=True)

UserId = NewType("UserId", int)
AdminId = NewType("AdminId", UserId)


class Carrier(Enum):
    UNITED = "UA"
    DELTA = "DL"


class Level(IntEnum):
    LOW = 1


class Word(StrEnum):
    A = "a"


class Model: ...


class LateModel(Model):
    weights: list[float]

    def predict(self, rows: list[int]) -> list[float]:
        return [float(row) for row in rows]


class OtherModel:
    def __init__(self) -> None:
        self.weights: list[float] = []

    def predict(self, rows: list[int]) -> str:
        return ""


class Predicts(Protocol):
    def predict(self, rows: list[int]) -> list[float]: ...


class Weighted(Protocol):
    weights: list[float]


class Gives(Protocol[T_co]):
    def give(self) -> T_co: ...


class Giver:
    def give(self) -> int:
        return 1


class Split(NamedTuple):
    train: int
    test: str


@dataclass
class Pair(Generic[T]):
    left: T


class Source(Generic[T_co]): ...


class Sink(Generic[T_contra]): ...


class IntSource(Source[int]): ...


class Rows(list[int]): ...


class Lookup(dict[str, T]): ...


class Row(TypedDict):
    x: int


class WideRow(TypedDict):
    x: int
    y: str


class LooseRow(TypedDict):
    x: NotRequired[int]


class Calls:
    def __call__(self, x: int) -> str:
        return ""


TYPES = """
object | None | bool | int | float | complex | str | bytes | date | datetime | Decimal
UserId | AdminId | Carrier | Level | Word | Model | LateModel | OtherModel | Predicts | Weighted | Split | Calls
Giver | Gives[int] | Gives[float] | Gives[str]
Literal[1] | Literal[1, 2] | Literal["a"] | Literal[True] | Literal[True, False] | Literal["a", "b"]
Literal[Carrier.UNITED] | Literal[Carrier.UNITED, Carrier.DELTA]
list[int] | list[float] | list[bool] | list[str] | list[object] | list[list[int]] | list[Model] | list[LateModel]
Sequence[int] | Sequence[float] | Sequence[str] | Sequence[object] | Sequence[Sequence[float]] | Sequence[Model]
Iterable[int] | Iterable[str] | Iterator[int] | abc.Collection[int] | abc.Sized | Hashable | abc.Container[int]
set[int] | set[float] | frozenset[int] | frozenset[float] | abc.Set[int] | abc.Set[float] | abc.MutableSequence[int]
dict[str, int] | dict[str, float] | dict[int, int] | Mapping[str, int] | Mapping[str, float] | Mapping[str, object]
MutableMapping[str, int] | collections.OrderedDict[str, int] | collections.defaultdict[str, int]
Lookup[int] | Lookup[float]
collections.Counter[str] | collections.deque[int] | range | abc.KeysView[str] | abc.ValuesView[int]
abc.ItemsView[str, int] | abc.Set[tuple[str, int]] | abc.Generator[int, None, None]
tuple[int, str] | tuple[float, str] | tuple[int, ...] | tuple[float, ...] | tuple[()] | tuple[int] | tuple[int, int]
tuple[object, ...] | tuple[bool, bool]
Pair[int] | Pair[float] | Source[int] | Source[float] | Sink[int] | Sink[float] | IntSource | Rows
Row | WideRow | LooseRow
Callable[[int], str] | Callable[[float], str] | Callable[[int], object] | Callable[..., str] | Callable[[], str]
Callable[[int, int], str] | Callable[[int], Callable[[int], str]]
type[int] | type[float] | type[Model] | type[LateModel] | type[Any] | type
SupportsFloat | SupportsIndex
NDArray[np.float64] | NDArray[np.float32] | NDArray[np.floating[Any]] | NDArray[Any] | np.float64 | np.int64
int @ None | float @ None | int @ str | int @ str @ None | Model @ None | LateModel @ None | list[int] @ list[str]
Sequence[int @ None] | list[int @ None] | dict[str, int @ None] | Literal[1] @ Literal["a"] | Carrier @ None
Sequence[int] @ Sequence[str] | Sequence[int @ str]
"""
"""One type between two bars; `@` stands for the bar of a union."""


def spellings() -> list[str]:
    """Every type of TYPES as it is written in Python."""
    parts = (part for line in TYPES.split("\n") for part in line.split(" | "))
    return [part.strip().replace("@", "|") for part in parts if part.strip()]


def types() -> dict[str, Any]:
    """Every type of TYPES by its spelling."""
    return {spelling: eval(spelling, globals()) for spelling in spellings()}
