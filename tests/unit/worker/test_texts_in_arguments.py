"""The texts that an attempt's arguments are made of, as names of files."""

import pytest

from headrace.core.canonical import canonical
from headrace.core.values import CompositeValue, InlineValue, sequence_of
from headrace.worker.texts import MOST_TEXTS, texts_in


def inline(value: object) -> InlineValue:
    return InlineValue(canonical(value))


@pytest.mark.parametrize(
    ("value", "texts"),
    [
        (inline("a.csv"), ["a.csv"]),
        (inline(5), []),
        (inline(("a", ["b", {"k": "c"}], {1: "d"}, {"e"})), ["a", "b", "k", "c", "d", "e"]),
        (sequence_of([inline("a"), sequence_of([inline("b")])]), ["a", "b"]),
        (CompositeValue("dict", (('"k"', inline("a")),)), ["k", "a"]),
        (CompositeValue("record", (("field", inline("a")),), "m:C"), ["a"]),
        (inline("x" * 1025), []),
    ],
)
def test_texts_are_found_at_any_depth_without_what_says_their_kind(value, texts):
    assert list(texts_in([("x", value)])) == texts


def test_only_so_many_are_looked_for():
    assert len(list(texts_in([("x", inline([str(n) for n in range(MOST_TEXTS * 2)]))]))) == MOST_TEXTS
