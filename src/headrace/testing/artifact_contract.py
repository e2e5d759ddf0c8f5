"""What every artifact store has to do, as a pytest class: inherit it and give each test a fresh `store`.

```python
class TestMyStore(ArtifactStoreContract):
    @pytest.fixture(autouse=True)
    def fresh_store(self, tmp_path):
        self.store = MyStore(tmp_path)

    def damage(self, value, content): ...  # put these bytes in the place of an object's; None: remove it
```
"""

# ruff: noqa: D102 - the name of a test says what it is about

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from functools import partial
from typing import NamedTuple

from headrace.core.errors import ArtifactError
from headrace.core.parts import members_of, part_of
from headrace.core.values import (
    CompositeValue,
    InlineValue,
    ObjectValue,
    Value,
    dump_value,
    load_value,
    objects_in,
    value_digest,
)
from headrace.ports.artifacts import ArtifactStore
from headrace.testing.expectations import raised

_LONG = 9_000
_MANY = 1_500


class SomeKind(Enum):
    """A kind of something."""

    PLAIN = "plain"
    STRIPED = "striped"


@dataclass(frozen=True)
class SomeRecord:
    """A record that holds anything."""

    name: str
    content: object
    kind: SomeKind = SomeKind.PLAIN


@dataclass
class SomeCounter:
    """A record with state that its constructor does not take."""

    start: int
    seen: list[int] = field(default_factory=list, init=False)


class SomePair(NamedTuple):
    """Two named things."""

    left: object
    right: object


class SomeThing:
    """An object that has no canonical text, but a sense of equality."""

    def __init__(self, size: int) -> None:
        self.size = size

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SomeThing) and other.size == self.size

    def __hash__(self) -> int:
        return hash(self.size)


class DamageContract:
    """What an `ArtifactStore` has to notice."""

    store: ArtifactStore

    def damage(self, value: ObjectValue, content: bytes | None) -> None:
        """Put these bytes in the place of an object's; None: remove it."""
        raise NotImplementedError

    def test_a_removed_object_is_missing_by_name(self) -> None:
        stored = self._long_object()
        self.damage(stored, None)
        for call in self._ways_to_read(stored):
            error = raised(ArtifactError, call)
            assert error.code == "artifact.missing"
            assert stored.digest[:12] in str(error)

    def test_altered_truncated_and_exchanged_bytes_are_found(self) -> None:
        stored = self._long_object()
        content = self.store.open_bytes(stored)
        altered = bytes([content[0] ^ 1]) + content[1:]
        for damaged in (altered, content[:-1], b"", content + b"\n", b"y" * len(content)):
            self.damage(stored, damaged)
            for call in self._ways_to_read(stored):
                error = raised(ArtifactError, call)
                assert error.code == "artifact.damaged"
                assert stored.digest[:12] in str(error)

    def test_a_look_at_presence_finds_missing_and_short_objects_only(self) -> None:
        stored = self._long_object()
        content = self.store.open_bytes(stored)
        self.damage(stored, b"y" * len(content))
        self.store.check(stored, content=False)
        self.damage(stored, content[:-1])
        assert raised(ArtifactError, lambda: self.store.check(stored, content=False)).code == "artifact.damaged"
        self.damage(stored, None)
        assert raised(ArtifactError, lambda: self.store.check(stored, content=False)).code == "artifact.missing"

    def test_storing_the_value_again_heals_a_damaged_object(self) -> None:
        stored = self._long_object()
        content = self.store.open_bytes(stored)
        for damaged in (None, b"", b"y" * len(content)):
            self.damage(stored, damaged)
            assert self._long_object() == stored
            assert self.store.open_bytes(stored) == content

    def test_check_looks_into_containers_and_gathered_lists(self) -> None:
        inner = self._long_object()
        gathered = self.store.gather("list", [*(self.store.put(index) for index in range(_MANY)), inner])
        nested = self.store.put(SomePair(1, ["x" * _LONG, SomeThing(1)]))
        self.store.check(gathered)
        self.store.check(nested)
        self.damage(inner, None)
        for holder in (gathered, nested):
            assert raised(ArtifactError, partial(self.store.check, holder)).code == "artifact.missing"
            assert raised(ArtifactError, partial(self.store.check, holder, content=False)).code == "artifact.missing"

    def _long_object(self) -> ObjectValue:
        stored = self.store.put("x" * _LONG)
        assert isinstance(stored, ObjectValue)
        return stored

    def _ways_to_read(self, stored: ObjectValue) -> tuple[Callable[[], object], ...]:
        composite: Value = CompositeValue("list", (("0", stored),))
        assert list(objects_in(composite)) == [stored]
        return (
            lambda: self.store.get(stored),
            lambda: self.store.get(composite),
            lambda: self.store.open_bytes(stored),
            lambda: self.store.check(composite),
        )


class ArtifactStoreContract(DamageContract):
    """What an `ArtifactStore` has to do."""

    def test_plain_values_come_back_equal_and_of_the_same_type(self) -> None:
        for value in (None, True, 1, 1.5, "é", b"\x00", date(2013, 1, 1), SomeKind.STRIPED, [1, [2]], {"a": (1,)}, {3}):
            back = self.store.get(self.store.put(value))
            assert back == value
            assert type(back) is type(value)

    def test_small_plain_values_lie_inline(self) -> None:
        for value in (None, 0.5, "text", [1, 2], {"a": {"b": 1}}, SomeRecord("n", 1), SomePair(1, 2)):
            assert isinstance(self.store.put(value), InlineValue)

    def test_long_plain_values_are_objects_and_come_back(self) -> None:
        for value in ("é" * _LONG, list(range(_LONG)), {str(index): index for index in range(_LONG)}):
            stored = self.store.put(value)
            assert isinstance(stored, ObjectValue)
            assert self.store.get(stored) == value

    def test_a_reference_survives_json(self) -> None:
        for value in (1, "x" * _LONG, [SomeThing(1), 2], SomeRecord("n", SomeThing(3))):
            stored = load_value(dump_value(self.store.put(value)))
            assert self.store.get(stored) == value

    def test_containers_are_stored_member_by_member(self) -> None:
        stored = self.store.put(SomePair(SomeRecord("n", SomeThing(1), SomeKind.STRIPED), {"k": [SomeThing(2)], 5: 6}))
        assert isinstance(stored, CompositeValue)
        assert self.store.get(part_of(stored, ["left", "content"])) == SomeThing(1)
        assert self.store.get(stored) == SomePair(
            SomeRecord("n", SomeThing(1), SomeKind.STRIPED), {"k": [SomeThing(2)], 5: 6}
        )

    def test_a_field_that_the_constructor_does_not_take_comes_back(self) -> None:
        counter = SomeCounter(1)
        counter.seen.extend([3, 4])
        assert self.store.get(self.store.put(counter)) == counter
        assert self.store.get(self.store.put([counter, SomeThing(1)])) == [counter, SomeThing(1)]

    def test_equal_values_have_one_digest(self) -> None:
        for make in (lambda: [1, "a"], lambda: "x" * _LONG, lambda: list(range(_LONG)), lambda: SomeRecord("a", 2)):
            assert value_digest(self.store.put(make())) == value_digest(self.store.put(make()))

    def test_what_a_consumer_does_to_its_value_reaches_nobody_else(self) -> None:
        for value in ([1, [2]], list(range(_LONG)), {"a": [SomeThing(1)]}):
            stored = self.store.put(value)
            first = self.store.get(stored)
            assert isinstance(first, list | dict)
            first.clear()
            assert self.store.get(stored) == value

    def test_what_the_producer_does_to_its_value_afterwards_is_not_stored(self) -> None:
        value = [SomeThing(1), [1, 2]]
        stored = self.store.put(value)
        value.clear()
        assert self.store.get(stored) == [SomeThing(1), [1, 2]]

    def test_a_short_gathered_list_is_carried_and_a_long_one_is_an_object(self) -> None:
        short = self.store.gather("tuple", [self.store.put(index) for index in range(3)])
        assert isinstance(short, CompositeValue)
        assert self.store.get(short) == (0, 1, 2)
        members = [self.store.put(index) for index in range(_MANY)]
        long = self.store.gather("list", members)
        assert isinstance(long, ObjectValue)
        assert long.length == _MANY
        assert self.store.get(long) == list(range(_MANY))
        assert members_of(self.store.expand(long)) == tuple(members)

    def test_the_same_members_gather_to_the_same_digest(self) -> None:
        members = [self.store.put(index) for index in range(_MANY)]
        assert value_digest(self.store.gather("list", members)) == value_digest(self.store.gather("list", members))
        assert value_digest(self.store.gather("list", members)) != value_digest(self.store.gather("tuple", members))

    def test_a_long_list_of_plain_data_expands_to_its_members(self) -> None:
        stored = self.store.put(list(range(_LONG)))
        assert isinstance(stored, ObjectValue)
        assert stored.length == _LONG
        assert [self.store.get(member) for member in members_of(self.store.expand(stored))][:3] == [0, 1, 2]

    def test_a_long_list_of_objects_expands_to_its_members(self) -> None:
        stored = self.store.put([SomeThing(index % 7) for index in range(_MANY)])
        assert isinstance(stored, ObjectValue)
        members = members_of(self.store.expand(stored))
        assert len(members) == stored.length == _MANY
        assert self.store.get(members[8]) == SomeThing(1)
        assert self.store.get(stored) == [SomeThing(index % 7) for index in range(_MANY)]

    def test_what_is_no_container_does_not_expand(self) -> None:
        stored = self.store.put(SomeThing(1))
        assert isinstance(stored, ObjectValue)
        raised(TypeError, partial(self.store.expand, stored))

    def test_many_threads_store_and_read_at_once(self) -> None:
        values = [["x" * _LONG, index % 5] for index in range(60)]
        with ThreadPoolExecutor(8) as pool:
            stored = list(pool.map(self.store.put, values))
            assert list(pool.map(self.store.get, stored)) == values
        assert len({value_digest(one) for one in stored}) == 5
