"""Going on with a run that another conductor has begun."""

from msgspec.structs import replace

from headrace.core.failures import Failure
from headrace.core.states import FailureKind, State
from headrace.definition.graph import Guard, RetryRule, SucceededOf
from headrace.engine.events import Reuse
from headrace.engine.machine import Machine
from unit.engine.worlds import (
    FALSE,
    RUN,
    Behave,
    World,
    add,
    const,
    each,
    failing,
    failure,
    never,
    node,
    out,
    text,
    world,
)


def taken_over(first: World, *nodes, behave: Behave = add, is_resumed: bool = False, **options) -> World:
    """A new machine over the same nodes, restored from what the first one has recorded."""
    second = world(*nodes, behave=behave, **options)
    machine: Machine = second.machine
    machine.restore(list(first.records.values()), list(first.attempts.values()), is_resumed=is_resumed)
    second.now = first.now + 60.0
    return second


def test_completed_steps_are_never_repeated():
    nodes = [node("a", x=const(1)), node("b", x=out("a")), node("c", x=out("b"))]
    first = world(*nodes, behave=lambda launch: None if launch.node == "b" else add(launch)).start()
    second = taken_over(first, *nodes, output=out("c")).run()
    assert [launch.node for launch in second.launches] == ["b", "c"]
    assert second.finish.output == text(4)
    assert second.story[0] == "run.resumed"


def test_an_attempt_that_was_open_is_lost_and_numbers_and_fences_go_on():
    nodes = [node("a")]
    first = world(*nodes, behave=never).start()
    [old] = first.launches
    second = taken_over(first, *nodes, behave=never).start()
    assert second.attempts[old.attempt_id].state is State.FAILED
    assert second.attempts[old.attempt_id].finished_at == second.now
    assert second.notes("attempt.lost")[0].data == {"item": -1, "number": 1}
    [new] = second.launches
    assert (new.number, new.fence, new.is_wary) == (2, 2, True)
    assert new.attempt_id != old.attempt_id
    second.succeed(old, text(1))
    assert second.states == {"a": "queued"}
    assert second.story[-1] == "message.ignored"


def test_a_lost_attempt_does_not_count_against_the_budget():
    nodes = [node("a", spec={"retry": RetryRule(1, delay_s=0.0)})]
    first = world(*nodes, behave=never).start()
    outcomes = [failure(), text(1)]
    second = taken_over(first, *nodes, behave=lambda launch: outcomes.pop(0)).run()
    assert second.finish.state == "succeeded"


def test_a_failed_step_stays_failed():
    nodes = [node("a"), node("b", x=out("a")), node("c")]
    first = world(*nodes, behave=failing("a")).run()
    resumed = taken_over(first, *nodes).run()
    assert resumed.states == {"a": "failed", "b": "skipped", "c": "succeeded"}
    assert resumed.finish.failure.message == "Step 'a' failed: no"


def died(first: World, cause: Failure) -> World:
    """The attempts that were open are recorded as what a supervisor has seen of their process's death."""
    for identifier, attempt in first.attempts.items():
        if not attempt.state.is_final:
            first.attempts[identifier] = replace(attempt, state=State.FAILED, failure=cause)
    return first


def test_an_attempt_that_took_its_process_with_it_is_tried_again_in_a_worker_while_it_has_retries():
    nodes = [node("a"), node("b", x=out("a"))]
    crash = failure("crashed", FailureKind.INFRASTRUCTURE)
    first = died(world(*nodes, behave=never).start(), crash)
    second = taken_over(first, *nodes, behave=lambda launch: crash if launch.node == "a" else add(launch)).run()
    assert [(launch.number, launch.is_wary) for launch in second.launches] == [(2, True), (3, True)]
    assert second.states == {"a": "failed", "b": "skipped"}


def test_an_attempt_that_ended_its_process_by_itself_fails_its_step_without_another_one():
    nodes = [node("a"), node("b", x=out("a")), node("c")]
    first = died(world(*nodes, behave=lambda launch: None if launch.node == "a" else add(launch)).start(), failure())
    second = taken_over(first, *nodes).run()
    assert second.launches == []
    assert second.states == {"a": "failed", "b": "skipped", "c": "succeeded"}
    assert second.finish.failure.message == "Step 'a' failed: no"


def test_once_an_item_has_taken_its_process_with_it_its_neighbours_are_kept_from_this_one():
    nodes = [node("m", x=each([1, 2, 3]))]
    first = died(world(*nodes, behave=never, capacity=1).start(), failure("crashed", FailureKind.INFRASTRUCTURE))
    second = taken_over(first, *nodes).run()
    assert [(launch.item, launch.number, launch.is_wary) for launch in second.launches] == [
        (0, 2, True),
        (1, 1, True),
        (2, 1, True),
    ]


def test_a_cancelled_run_goes_on_where_it_stopped():
    nodes = [node("a"), node("b", x=out("a"))]
    first = world(*nodes, behave=never).start()
    first.succeed(first.launches[0]).cancel()
    assert first.states == {"a": "succeeded", "b": "cancelled"}
    second = taken_over(first, *nodes).run()
    assert second.states == {"a": "succeeded", "b": "succeeded"}
    assert [launch.node for launch in second.launches] == ["b"]


def test_a_branch_not_taken_stays_so():
    nodes = [node("a", guards=[Guard(FALSE, "true", expected=True)]), node("b", x=out("a"))]
    first = world(*nodes, behave=never).start()
    second = taken_over(first, *nodes).run()
    assert second.states == {"a": "skipped", "b": "succeeded"}
    assert second.story.count("a step.skipped") == 0


def test_items_that_were_made_are_found_and_the_others_run():
    nodes = [node("m", x=each([1, 2, 3])), node("sum", xs=out("m"))]
    first = world(*nodes, behave=never).start()
    first.succeed(first.launches[0])
    second = taken_over(first, *nodes, output=out("sum"))
    second.stored[("m", 0)] = Reuse("key", text(2), first.launches[0].attempt_id, RUN)
    second.run()
    assert [(launch.node, launch.item, launch.number) for launch in second.launches] == [
        ("m", 1, 2),
        ("m", 2, 2),
        ("sum", -1, 1),
    ]
    assert second.block("m") == "sss"
    assert second.finish.output == text(10)


def test_a_failed_map_of_which_others_take_what_succeeded_is_looked_at_again():
    nodes = [node("m", x=each([1, 2])), node("sum", xs=SucceededOf(out("m")))]

    def half(launch):
        return failure() if launch.item == 1 else (None if launch.node == "sum" else add(launch))

    first = world(*nodes, behave=half).start()
    assert first.states == {"m": "failed", "sum": "queued"}
    second = taken_over(first, *nodes, behave=lambda launch: failure() if launch.item == 1 else add(launch))
    second.stored[("m", 0)] = Reuse("key", text(2), "x", RUN)
    second.run()
    assert second.states == {"m": "failed", "sum": "succeeded"}
    assert second.finish.state == "succeeded"


def test_a_run_whose_steps_are_all_complete_just_ends():
    nodes = [node("a", x=const(1))]
    first = world(*nodes).run()
    second = taken_over(first, *nodes, output=out("a")).start()
    assert second.launches == []
    assert second.finish.output == text(2)


def test_whoever_resumes_a_run_has_steps_that_infrastructure_ended_tried_again():
    nodes = [node("a"), node("b", x=out("a")), node("c")]
    lost = Failure(FailureKind.INFRASTRUCTURE, "the machine is gone")
    first = world(*nodes, behave=lambda launch: lost if launch.node == "a" else add(launch), infrastructure_retries=1)
    assert first.run().states == {"a": "failed", "b": "skipped", "c": "succeeded"}
    resumed = taken_over(first, *nodes, is_resumed=True).run()
    assert resumed.states == {"a": "succeeded", "b": "succeeded", "c": "succeeded"}
    [a, b] = resumed.launches
    assert (a.node, a.number, a.is_wary, b.node) == ("a", 3, True, "b")
    assert taken_over(first, *nodes).run().states["a"] == "failed"


def test_whoever_resumes_a_run_keeps_what_failed_by_itself():
    nodes = [node("a"), node("b")]
    first = world(*nodes, behave=failing("a")).run()
    resumed = taken_over(first, *nodes, is_resumed=True).run()
    assert resumed.states == {"a": "failed", "b": "succeeded"}
    assert resumed.launches == []
