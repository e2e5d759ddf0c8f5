"""What of an argument counts: its content, and of the paths in it what lies there and what they are called."""

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pytest

from headrace.core.canonical import canonical, restore
from headrace.core.values import CompositeValue, InlineValue, ObjectValue, Value
from headrace.plan.keys import argument_digest, paths_in, with_paths

CONTENT = {"data/a.csv": "1111", "data/b.csv": "2222", "elsewhere/a.csv": "1111"}


def inline(value: object) -> InlineValue:
    return InlineValue(canonical(value))


def digest(value: Value) -> str:
    return argument_digest(value, CONTENT)


def composite(*members: tuple[str, object], kind: str = "record", python_type: str = "m:Inputs") -> CompositeValue:
    values = tuple((name, one if isinstance(one, ObjectValue) else inline(one)) for name, one in members)
    return CompositeValue(kind, values, python_type)  # type: ignore[arg-type]


FILE = Path("data/a.csv")


def test_a_path_counts_by_its_content_and_its_own_name():
    assert digest(inline(FILE)) == digest(inline(Path("elsewhere/a.csv")))
    assert digest(inline(FILE)) != digest(inline(Path("data/b.csv")))
    assert digest(inline([FILE])) != digest(inline(FILE))


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (composite(("train", FILE), ("rate", 1)), composite(("test", FILE), ("rate", 1))),
        (composite(("train", FILE), ("rate", 1)), composite(("train", FILE), ("speed", 1))),
        (composite(("train", FILE), ("rate", 1)), composite(("train", FILE), ("rate", 2))),
        (composite(("a", FILE), ("b", 1), ("c", 2)), composite(("a", FILE), ("b", 2), ("c", 1))),
        (composite(("a", FILE)), composite(("a", FILE), python_type="m:Others")),
        (composite(("0", FILE), kind="list"), composite(("0", FILE), kind="tuple")),
        (composite(("a", FILE), ("t", ObjectValue("npy", "0" * 64, 9))), composite(("a", FILE), ("t", ObjectValue("npy", "1" * 64, 9)))),
    ],
    ids=["the path's name", "a name", "a value", "values", "the class", "the kind", "an object"],
)  # fmt: skip
def test_beside_its_paths_a_container_counts_by_all_that_it_is(left: Value, right: Value):
    assert digest(left) != digest(right)
    assert digest(left) == digest(CompositeValue(left.kind, left.members, left.python_type))


def test_inside_an_inline_value_the_names_of_members_count_too():
    @dataclass
    class Here:
        path: Path

    assert digest(inline({"train": FILE})) != digest(inline({"test": FILE}))
    assert digest(inline(Here(FILE))) != digest(inline({"path": FILE}))


def test_a_pure_path_is_no_more_than_its_text():
    pure = inline(PurePosixPath("data/a.csv"))
    assert paths_in(pure) == []
    assert with_paths(pure, lambda path: f"/root/{path}") == pure
    assert digest(pure) != digest(inline(PurePosixPath("elsewhere/a.csv")))
    both = inline([PurePosixPath("data/a.csv"), FILE])
    assert paths_in(both) == ["data/a.csv"]
    assert digest(both) != digest(inline([FILE, FILE]))
    moved = with_paths(both, lambda path: f"/root/{path}")
    assert restore(moved.text) == [PurePosixPath("data/a.csv"), Path("/root/data/a.csv")]
