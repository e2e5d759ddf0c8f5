"""A stored value that is damaged or gone where it is needed is computed again by the step that made it, in the same run.

In these worlds every step gives an object, which a worker can read only while it is whole; damage leaves it in its
place, so that it is noticed only by whoever reads it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.core.errors import ArtifactError
from headrace.core.failures import Failure
from headrace.core.states import FailureKind, State
from headrace.core.symbols import qualified_name
from headrace.core.values import InlineValue, ObjectValue, Value, objects_in, sequence_of
from headrace.definition.graph import CacheRule, Graph, ParameterOf
from headrace.plan.plan import Selection
from headrace.ports.executors import AttemptSpec
from headrace.ports.records import RunRecord
from unit.engine.fakes import Artifacts, FunctionExecutor, Gone, Outcome, Site, object_value
from unit.engine.worlds import const, each, graph, node, out, text

READ_FAILURE = (qualified_name(Gone), qualified_name(ArtifactError))


@dataclass
class Damageable(Artifacts):
    """Objects whose damage only a look at the content finds."""

    damaged: set[str] = field(default_factory=set)

    def check(self, value: Value, *, content: bool = True) -> None:
        super().check(value, content=content)
        for found in objects_in(value):
            if content and found.digest in self.damaged:
                raise Gone(f"Object {found.digest[:12]} is damaged. It is not read.")
            if found.digest in self.objects:
                self.check(self.objects[found.digest], content=content)

    def expand(self, value: ObjectValue):
        self.check(value)
        return super().expand(value)


class Place:
    """A project in which each step makes an object of its name, its item and its inputs."""

    def __init__(self, **names: str) -> None:
        self.artifacts = Damageable()
        self.site = Site(artifacts=self.artifacts)
        self.executor: FunctionExecutor | None = None
        self.names = names
        self.then: Callable[[AttemptSpec], None] = lambda spec: None

    def value(self, name: str, item: int = -1) -> ObjectValue:
        """What a step gives (the name in `names`, if it is there)."""
        return object_value(f"{self.names.get(name, name)} {item}")

    def work(self, spec: AttemptSpec) -> Outcome:
        self.then(spec)
        for _, value in spec.arguments:
            try:
                self.artifacts.check(value)
            except ArtifactError as error:
                return Failure(FailureKind.INFRASTRUCTURE, str(error), error_types=READ_FAILURE)
        made = self.value(spec.node, spec.item)
        self.artifacts.damaged.discard(made.digest)
        self.artifacts.gone.discard(made.digest)
        return made

    def run(self, pipeline: Graph, selection: Selection | None = None, lanes: int = 4) -> RunRecord:
        run, self.executor = self.site.run(self.site.plan(pipeline, selection), self.work, lanes=lanes)
        return run

    def damage(self, *names: str, item: int = -1) -> None:
        self.artifacts.damaged |= {self.value(name, item).digest for name in names}

    @property
    def ran(self) -> list[str]:
        assert self.executor is not None
        return self.executor.nodes()


A_B_C = (node("a", x=const(1)), node("b", x=out("a")), node("c", x=out("b")))
CHAIN = graph(*A_B_C, output=out("c"))


def changed(name: str, version: int = 2) -> Graph:
    """The chain with another constant for one step, so that it and what follows has a new key."""
    nodes = {one.name: one for one in A_B_C}
    nodes[name] = node(name, v=const(version), **({} if name == "a" else {"x": out(chr(ord(name) - 1))}))
    return graph(*nodes.values(), output=out("c"))


def test_an_input_that_is_damaged_is_computed_again_by_its_step_and_then_used():
    place = Place()
    place.run(CHAIN)
    place.damage("b")
    run = place.run(changed("c"))
    assert run.state is State.SUCCEEDED
    assert place.ran == ["c", "b", "c"]
    assert place.site.states(run) == {"a": "reused", "b": "succeeded", "c": "succeeded"}
    assert "b step.damaged" in place.site.story(run)
    [failed] = [one for one in place.site.store.details.attempts(run.id) if one.state is State.FAILED]
    assert failed.node == "c"


def test_damage_further_up_is_mended_from_there_on():
    place = Place()
    place.run(CHAIN)
    place.damage("a", "b")
    run = place.run(changed("c"))
    assert run.state is State.SUCCEEDED
    assert place.ran == ["c", "b", "a", "b", "c"]
    assert place.artifacts.damaged == set()


def test_a_damaged_output_of_the_run_is_computed_again_before_the_run_ends():
    place = Place()
    place.run(CHAIN)
    place.damage("c")
    run = place.run(CHAIN)
    assert (run.state, run.output) == (State.SUCCEEDED, place.value("c"))
    assert place.ran == ["c"]
    assert place.artifacts.damaged == set()


def test_what_nobody_needs_may_be_damaged():
    place = Place()
    place.run(CHAIN)
    place.damage("a", "b")
    run = place.run(CHAIN)
    assert (run.state, place.ran) == (State.SUCCEEDED, [])


def test_objects_that_are_gone_are_noticed_at_once_and_computed_again():
    place = Place()
    place.run(CHAIN)
    place.artifacts.gone |= {place.value(name).digest for name in "abc"}
    run = place.run(CHAIN)
    assert (run.state, place.ran) == (State.SUCCEEDED, ["a", "b", "c"])
    for step in place.site.store.details.steps(run.id):
        assert step.reason.startswith("its stored value cannot be had: object ")


def test_only_the_damaged_item_of_a_map_is_computed_again():
    place = Place()
    maps = graph(node("m", x=each([1, 2, 3, 4])), node("t", xs=out("m")), output=out("t"))
    place.run(maps)
    place.damage("m", item=2)
    run = place.run(graph(node("m", x=each([1, 2, 3, 4])), node("t", xs=out("m"), v=const(2)), output=out("t")))
    assert run.state is State.SUCCEEDED
    assert [(spec.node, spec.item) for spec in place.executor.specs] == [("t", -1), ("m", 2), ("t", -1)]
    assert place.site.states(run) == {"m": "succeeded", "t": "succeeded"}


def test_items_that_take_a_damaged_item_each_wait_for_theirs_alone():
    place = Place()
    two = graph(node("m", x=each([1, 2, 3])), node("n", x=each(out("m"))), output=out("n"))
    place.run(two)
    place.damage("m", item=0)
    place.damage("m", item=2)
    run = place.run(graph(node("m", x=each([1, 2, 3])), node("n", x=each(out("m")), v=const(2)), output=out("n")))
    assert run.state is State.SUCCEEDED
    made = [(spec.node, spec.item) for spec in place.executor.specs]
    assert sorted(one for one in made if one[0] == "m") == [("m", 0), ("m", 2)]
    assert made.count(("n", 1)) == 1


def test_a_list_that_is_one_object_is_made_again_when_its_members_are_needed():
    place = Place()
    listed = ObjectValue("list", place.value("l").digest, 10, 3)
    place.artifacts.objects[listed.digest] = sequence_of([text(1), text(2), text(3)])
    place.value = lambda name, item=-1: listed if name == "l" else object_value(f"{name} {item}")
    place.run(graph(node("l"), node("n", x=each(out("l"))), output=out("n")))
    place.damage("l")
    run = place.run(graph(node("l"), node("n", x=each(out("l")), v=const(2)), output=out("n")))
    assert run.state is State.SUCCEEDED
    assert place.ran == ["l", "n", "n", "n"]
    assert place.site.states(run) == {"l": "succeeded", "n": "succeeded"}
    place.damage("l")
    run = place.run(graph(node("l"), node("n", x=each(out("l")), v=const(2)), output=out("l", "1")))
    assert (run.state, run.output, place.ran) == (State.SUCCEEDED, text(2), ["l"])


def test_a_damaged_member_of_a_list_that_is_one_object_is_computed_again():
    place = Place()
    place.artifacts.wide = 2
    wide = [node("m", x=each([1, 2, 3])), node("n", x=each(out("m")))]
    place.run(graph(*wide, output=out("n")))
    place.damage("m", item=1)
    run = place.run(graph(wide[0], node("n", x=each(out("m")), v=const(2)), output=out("n")))
    assert run.state is State.SUCCEEDED
    assert [spec.item for spec in place.executor.specs if spec.node == "m"] == [1]


def test_a_step_that_gives_another_value_than_before_hands_on_the_new_one():
    place = Place()
    place.run(CHAIN)
    place.damage("b")
    place.names["b"] = "b of today"
    run = place.run(changed("c"))
    assert run.state is State.SUCCEEDED
    assert place.executor.specs[-1].arguments[1] == ("x", place.value("b"))
    assert dict(place.executor.specs[0].arguments)["x"] != place.value("b")


def test_all_steps_that_need_it_wait_while_it_is_computed_again():
    place = Place()
    place.run(CHAIN)
    place.damage("a")
    fan = [node(f"d{n}", x=out("a")) for n in range(3)]
    run = place.run(graph(A_B_C[0], *fan, node("e", after=["d0", "d1", "d2"], x=out("a")), output=out("e")))
    assert run.state is State.SUCCEEDED
    assert place.ran.count("a") == 1
    assert sorted(place.ran) == ["a", "d0", "d0", "d1", "d1", "d2", "d2", "e"]


def test_damage_that_comes_back_ends_the_step_with_what_is_wrong():
    place = Place()
    place.run(CHAIN)
    place.damage("b")
    place.then = lambda spec: place.damage("b") if spec.node == "c" else None
    run = place.run(changed("c"))
    assert run.state is State.FAILED
    assert place.ran == ["c", "b", "c"]
    assert "The input 'x' of step 'c' cannot be read: Object " in run.failure.message
    assert "the output of step 'b'" in run.failure.message
    assert "damaged anew" in run.failure.message
    assert "headrace doctor" in run.failure.remedy


@pytest.mark.parametrize(
    ("options", "why"), [({"effect": True}, "not repeated"), ({"cache": CacheRule(enabled=False)}, "cache off")]
)
def test_a_step_that_may_not_run_twice_is_named_instead(options, why):
    place = Place()
    place.then = lambda spec: place.damage("s") if spec.node == "t" else None
    run = place.run(graph(node("s", spec=options), node("t", x=out("s")), output=out("t")))
    assert run.state is State.FAILED
    assert place.ran == ["s", "t"]
    assert "The input 'x' of step 't' cannot be read" in run.failure.message
    assert "It is the output of step 's', which is not computed again in this run: " in run.failure.message
    assert why in run.failure.message
    assert run.failure.remedy == "Run the pipeline again: 's' runs each time."


def test_a_damaged_parameter_has_to_be_handed_in_again():
    place = Place()
    pipeline = graph(node("a", x=ParameterOf("table")), output=out("a"))
    plan = place.site.plan(pipeline)
    given_ = object_value("table")
    place.artifacts.damaged.add(given_.digest)
    plan.parameters["table"] = given_
    run, _ = place.site.run(plan, place.work)
    assert run.state is State.FAILED
    assert "The input 'x' of step 'a' cannot be read" in run.failure.message
    assert "parameter" in run.failure.remedy


def test_with_only_the_step_that_was_to_be_taken_from_the_store_is_named():
    place = Place()
    place.run(CHAIN)
    place.damage("b")
    run = place.run(changed("c"), Selection(only=("c",)))
    assert run.state is State.FAILED
    assert "'b' was to be taken from the store" in run.failure.message
    assert place.ran == ["c"]


def test_an_error_of_the_store_without_damage_is_tried_again_as_any_other():
    place = Place()
    left = [2]

    def work(spec: AttemptSpec) -> Outcome:
        left[0] -= 1
        if left[0] >= 0:
            return Failure(FailureKind.INFRASTRUCTURE, "not now", error_types=READ_FAILURE)
        return text(1)

    run, executor = place.site.run(place.site.plan(graph(node("a", x=const(1)), output=out("a"))), work)
    assert (run.state, len(executor.specs)) == (State.SUCCEEDED, 3)
    assert [spec.number for spec in executor.specs] == [1, 2, 3]


def test_the_metrics_of_a_damaged_value_are_not_shown_beside_the_new_ones():
    place = Place()
    first = place.run(CHAIN)
    made = place.site.store.details.steps(first.id)[1].made_by
    place.damage("b")
    run = place.run(changed("c"))
    reuses = place.site.store.runs._shelf.reuses[run.id]
    assert ("b", -1) not in reuses
    assert made not in [made_by for made_by, _ in reuses.values()]


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_whatever_is_damaged_the_run_succeeds_and_everything_it_used_is_whole(data):
    place = Place()
    nodes = [
        node("a", x=const(1)),
        node("m", x=each([1, 2, 3]), y=out("a")),
        node("n", x=each(out("m"))),
        node("t", xs=out("n"), y=out("a")),
        node("u", x=out("t"), ms=out("m")),
    ]
    place.artifacts.wide = data.draw(st.sampled_from([1, 1000]))
    place.run(graph(*nodes, output=out("u")))
    everything = [place.value(name) for name in "atu"] + [place.value(name, item) for name in "mn" for item in range(3)]
    damaged = data.draw(st.sets(st.sampled_from([one.digest for one in everything])))
    place.artifacts.damaged |= damaged
    position = data.draw(st.integers(1, 4))
    old = nodes[position]
    nodes[position] = node(old.name, v=const(2), **dict(old.arguments))
    run = place.run(graph(*nodes, output=out("u")), lanes=data.draw(st.integers(1, 4)))
    assert run.state is State.SUCCEEDED, run.failure
    place.artifacts.check(run.output)
    for step in place.site.store.details.steps(run.id):
        assert step.state.has_value
    assert isinstance(run.output, ObjectValue | InlineValue)


def test_steps_with_one_key_part_ways_when_one_of_them_gets_another_input():
    """The one that waited for the other's key is told that nobody computes that any more."""
    place = Place(left="source", right="source")
    place.site.code |= {"b": "same", "c": "same"}
    sources = [node("left", x=const(1)), node("right", x=const(2))]
    place.run(graph(*sources, output=out("left")))
    place.damage("left")
    place.names |= {"left": "source of today", "right": "source of today"}
    ways = [node("b", x=out("left")), node("c", x=out("right"))]
    run = place.run(graph(*sources, *ways, node("d", x=out("b"), y=out("c")), output=out("d")))
    assert run.state is State.SUCCEEDED
    assert set(place.site.states(run).values()) == {"succeeded"}
