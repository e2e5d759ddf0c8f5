"""Text in any pieces becomes the lines that a terminal would show."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from headrace.worker.logs import LONGEST_LINE, LineCutter


def cut(*pieces):
    cutter = LineCutter()
    return [line for piece in pieces for line in cutter.feed(piece)] + cutter.finish()


@given(st.text(alphabet="ab\n\r", max_size=30), st.lists(st.integers(0, 30), max_size=5))
def test_how_the_text_is_cut_changes_no_line(text, cuts):
    marks = sorted({0, len(text), *(min(mark, len(text)) for mark in cuts)})
    pieces = [text[begin:end] for begin, end in itertools.pairwise(marks)]
    assert cut(*pieces) == cut(text)


@given(st.lists(st.text(alphabet="ab ", max_size=5), max_size=5))
def test_complete_lines_come_out_as_they_are(lines):
    assert cut("".join(line + "\n" for line in lines)) == lines


def test_a_line_without_end_is_kept_until_the_end():
    cutter = LineCutter()
    assert cutter.feed("half") == []
    assert cutter.feed(" a line\nnext") == ["half a line"]
    assert cutter.finish() == ["next"]
    assert cutter.finish() == []


def test_a_progress_bar_is_one_line_with_its_last_state():
    assert cut(*(f"\r{percent}%" for percent in range(0, 101, 10)), "\ndone\r\n") == ["100%", "done"]


def test_a_huge_line_is_split_and_nothing_is_lost():
    text = "x" * (3 * LONGEST_LINE + 5)
    pieces = cut(text, "\n")
    assert "".join(pieces) == text
    assert max(map(len, pieces)) == LONGEST_LINE


def test_many_small_pieces_of_a_huge_line_are_split_too():
    pieces = cut(*(["abc"] * LONGEST_LINE))
    assert "".join(pieces) == "abc" * LONGEST_LINE
    assert max(map(len, pieces)) <= LONGEST_LINE
