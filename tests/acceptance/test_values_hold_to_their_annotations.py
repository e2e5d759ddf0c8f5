"""What a step gets and gives back is held to its annotations while the pipeline runs, and said in the step's own words."""

from acceptance.command_line import Project

STEPS = """
from typing import NamedTuple
import headrace as hr

class Split(NamedTuple):
    train: list[int]
    test: list[int]

@hr.step
def count(text: str) -> int:
    return text

@hr.step
def forget(n: int) -> float:
    n * 2.0

@hr.step
def split(n: int) -> Split:
    return [n], [n]

@hr.step
def halve(n: int) -> Split:
    return Split([n], None)

@hr.step
def anything(n):
    return str(n)

@hr.step
def double(n: int) -> int:
    return n * 2

@hr.step
def total(n: int) -> int:
    import numpy as np
    return np.arange(n).sum()

@hr.step
def loose(n: int, most: int = None, *, least: int = None) -> float:
    return n
"""


def failing(project: Project, body: str, *, parameter: str = "n: int = 3") -> str:
    (project.folder / "flow.py").write_text(f"{STEPS}\n@hr.pipeline\ndef flow({parameter}):\n    return {body}\n")
    answer = project.headrace("run", "flow.py:flow")
    assert answer.status == 1, answer.out + answer.err
    return answer.out + answer.err


def test_an_output_of_another_type_fails_its_own_step(project: Project):
    text = failing(project, "double(count('three'))")
    assert "The output of step 'count'" in text
    assert "is declared int, but is 'three' (str)" in text
    assert "flow.py, line 9" in text


def test_a_forgotten_return_is_found_where_it_was_forgotten(project: Project):
    assert "The output of step 'forget'" in failing(project, "forget(n)")


def test_a_plain_tuple_is_no_named_tuple(project: Project):
    assert "is declared Split, but is ([3], [3]) (tuple)" in failing(project, "split(n)")


def test_a_field_of_an_output_is_held_to_its_own_type(project: Project):
    assert "at test is None (NoneType), not list[int]" in failing(project, "halve(n)")


def test_what_comes_from_a_step_without_annotations_is_held_to_the_input_that_takes_it(project: Project):
    text = failing(project, "double(anything(n))")
    assert "Input 'n' of step 'double' is declared int, but is '3' (str)" in text
    assert "Annotate the output" in text


def test_numbers_of_numpy_and_defaults_of_none_are_taken(project: Project):
    (project.folder / "flow.py").write_text(
        f"{STEPS}\n@hr.pipeline\ndef flow(n: int = 3):\n    return loose(double(total(n)))\n"
    )
    answer = project.headrace("run", "flow.py:flow")
    assert answer.status == 0, answer.out + answer.err


def test_a_wrong_output_is_stored_nowhere_and_the_mended_step_runs(project: Project):
    failing(project, "double(count('three'))")
    file = project.folder / "flow.py"
    file.write_text(file.read_text().replace("return text\n", "return len(text)\n"))
    answer = project.headrace("run", "flow.py:flow", "--json")
    assert answer.status == 0, answer.err
    assert answer.data["output"] == 10
