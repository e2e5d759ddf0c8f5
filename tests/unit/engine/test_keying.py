"""Keys: what changes them, what leaves them alone, and when there is none."""

import pytest

from headrace.core.errors import SourceError
from headrace.core.values import CompositeValue, InlineValue, ObjectValue, sequence_of
from headrace.definition.graph import CacheRule, Node
from headrace.engine.keying import Keyed, Keys, private_key
from headrace.plan.plan import StepBasis
from unit.engine.fakes import Sources
from unit.engine.worlds import const, node, text

BASIS = StepBasis("code", "environment")
PATH = InlineValue('{"$":"path","v":"data/x.csv"}')


def keyed(one: Node, *values: object, basis: StepBasis = BASIS, sources: Sources | None = None) -> Keyed:
    sources = sources or Sources()
    arguments = tuple((name, value) for (name, _), value in zip(one.arguments, values, strict=True))
    [found] = Keys({one.name: basis}, sources, sources).of_batch(one, (arguments,))
    return found


A = node("a", x=const(1), y=const(2))


def test_the_same_step_with_the_same_inputs_has_the_same_key():
    assert keyed(A, text(1), text(2)).key == keyed(A, text(1), text(2)).key


@pytest.mark.parametrize(
    "other",
    [
        keyed(A, text(1), text(3)),
        keyed(A, text(2), text(1)),
        keyed(A, text(1.0), text(2)),
        keyed(A, text(1), text(2), basis=StepBasis("code 2", "environment")),
        keyed(A, text(1), text(2), basis=StepBasis("code", "environment 2")),
        keyed(A, text(1), text(2), basis=StepBasis("code", "environment", other=(("fresh", "monday"),))),
        keyed(node("a", x=const(1), z=const(2)), text(1), text(2)),
    ],
)
def test_another_input_code_environment_or_token_gives_another_key(other: Keyed):
    assert other.key != keyed(A, text(1), text(2)).key


def test_the_name_of_the_node_is_no_part_of_the_key():
    assert keyed(node("b", x=const(1), y=const(2)), text(1), text(2)).key == keyed(A, text(1), text(2)).key


def test_inputs_that_are_to_be_ignored_are():
    spec = {"cache": CacheRule(ignore=("y",))}
    ignoring = node("a", spec=spec, x=const(1), y=const(2))
    assert keyed(ignoring, text(1), text(2)).key == keyed(ignoring, text(1), text(3)).key
    assert keyed(ignoring, text(1), text(2)).key != keyed(ignoring, text(2), text(2)).key


def test_salt_changes_the_key_once():
    salted = node("a", spec={"cache": CacheRule(salt="v2")}, x=const(1), y=const(2))
    values = (text(1), text(2))
    assert keyed(salted, *values).key != keyed(A, *values).key
    planned = StepBasis("code", "environment", other=(("salt", "v2"),))
    assert keyed(salted, *values, basis=planned).key == keyed(salted, *values).key


def test_a_path_counts_by_its_content():
    one = node("a", x=const(1))
    sources = Sources(files={"data/x.csv": "content"})
    before = keyed(one, PATH, sources=sources)
    assert before.paths == (("data/x.csv", "content"),)
    assert keyed(one, PATH, sources=sources).key == before.key
    sources.files["data/x.csv"] = "other content"
    assert keyed(one, PATH, sources=sources).key != before.key


def test_a_moved_file_with_the_same_content_keeps_the_key():
    one = node("a", x=const(1))
    moved = InlineValue('{"$":"path","v":"elsewhere/x.csv"}')
    sources = Sources(files={"data/x.csv": "content", "elsewhere/x.csv": "content"})
    assert keyed(one, PATH, sources=sources).key == keyed(one, moved, sources=sources).key


def test_a_file_of_the_same_content_under_another_name_has_another_key():
    one = node("a", x=const(1))
    renamed = InlineValue('{"$":"path","v":"data/y.csv"}')
    sources = Sources(files={"data/x.csv": "content", "data/y.csv": "content"})
    assert keyed(one, PATH, sources=sources).key != keyed(one, renamed, sources=sources).key


def test_project_classes_of_inputs_count_and_foreign_ones_do_not():
    one = node("a", x=const(1))
    model = ObjectValue("pickle", "d1", 10, python_type="flights.models:Late", classes=("numpy:ndarray",))
    sources = Sources(classes={"flights.models:Late": "v1"})
    before = keyed(one, model, sources=sources)
    assert before.parts.classes == (("flights.models:Late", "v1"),)
    sources.classes["flights.models:Late"] = "v2"
    assert keyed(one, model, sources=sources).key != before.key


def test_classes_inside_small_values_and_containers_count():
    one = node("a", x=const(1))
    record = InlineValue('[{"$":"record","c":"flights.config:Options","v":[["n",1]]}]')
    named = CompositeValue("record", (("left", text(1)),), "flights.config:Pair")
    sources = Sources(classes={"flights.config:Options": "o", "flights.config:Pair": "p"})
    parts = keyed(one, sequence_of([record, named]), sources=sources).parts
    assert parts.classes == (("flights.config:Options", "o"), ("flights.config:Pair", "p"))


def test_a_step_whose_code_was_not_read_has_no_key_and_says_why():
    sources = Sources()
    [found] = Keys({}, sources, sources).of_batch(A, ((("x", text(1)), ("y", text(2))),))
    assert (found.key, found.problem) == ("", "its code was not read")


def test_a_class_that_cannot_be_read_leaves_the_item_without_key():
    class Unreadable(Sources):
        def class_digest(self, name: str) -> str:
            raise SourceError(f"{name} has no source")

    one = node("a", x=const(1))
    found = keyed(one, ObjectValue("pickle", "d1", 10, python_type="x:Y"), sources=Unreadable())
    assert (found.key, found.problem) == ("", "x:Y has no source")


def test_items_of_a_batch_have_the_keys_that_they_have_alone():
    sources = Sources()
    shared = sequence_of([text(number) for number in range(5)])
    batch = tuple((("x", shared), ("y", text(number))) for number in range(3))
    found = Keys({"a": BASIS}, sources, sources).of_batch(A, batch)
    assert [one.key for one in found] == [keyed(A, shared, text(number)).key for number in range(3)]
    assert len({one.key for one in found}) == 3


def test_a_private_key_belongs_to_one_item_of_one_run():
    keys = {private_key(run, name, item) for run in "ab" for name in "mn" for item in (0, 1)}
    assert len(keys) == 8


def test_a_relative_path_means_the_file_that_is_there_in_the_working_directory():
    sources = Sources(files={"data/x.csv": "above", "jobs/data/x.csv": "below"})
    one = node("a", x=const(1))
    above = keyed(one, PATH, sources=sources)
    sources.place = "jobs"
    below = keyed(one, PATH, sources=sources)
    assert above.paths == (("data/x.csv", "above"),)
    assert below.paths == (("jobs/data/x.csv", "below"),)
    assert above.key != below.key
    sources.files["data/x.csv"] = "below"
    sources.place = "."
    assert keyed(one, PATH, sources=sources).key == below.key
