"""Single steps and chains: order, values, named parts, and what follows a failure."""

import pytest

from headrace.core.states import FailureKind
from headrace.core.values import NONE, ObjectValue
from headrace.definition.graph import ChoiceOf, Gather, ParameterOf
from headrace.engine.commands import Expand
from headrace.engine.events import AttemptStarted, AttemptSucceeded, RunStarted
from headrace.ports.executors import Usage
from unit.engine.worlds import FALSE, WORKER, const, each, failing, failure, never, node, object_of, out, text, world


def test_a_chain_runs_in_order_and_hands_values_on():
    run = world(node("a", x=const(1)), node("b", x=out("a")), node("c", x=out("b")), output=out("c")).run()
    assert run.finish.output == text(4)
    assert run.states == {"a": "succeeded", "b": "succeeded", "c": "succeeded"}
    assert [launch.node for launch in run.launches] == ["a", "b", "c"]


def test_a_pipeline_without_steps_succeeds_with_its_constant():
    assert world(output=const(7)).run().finish.output == text(7)


def test_the_story_names_start_and_end_of_every_step_in_order():
    run = world(node("a"), node("b", x=out("a"))).run()
    assert run.story == [
        "run.started",
        "a step.started",
        "a step.succeeded",
        "b step.started",
        "b step.succeeded",
        "run.succeeded",
    ]


def test_what_a_step_takes_is_told_without_importing_its_module():
    run = world(node("a"), behave=never).start()
    [launch] = run.launches
    run.tell(AttemptStarted(run.now, launch.attempt_id, launch.fence, WORKER))
    run.now += 3.0
    used = Usage(wall_s=3.0, import_s=2.5)
    run.tell(AttemptSucceeded(run.now, launch.attempt_id, launch.fence, text(1), used))
    assert run.notes("step.succeeded")[0].data["seconds"] == 0.5
    assert run.records["a"].started_at == run.now - 0.5


def test_a_step_starts_only_when_everything_before_it_is_final():
    run = world(node("a"), node("b"), node("c", x=out("a"), y=out("b")), behave=never).start()
    a, b = run.launches
    run.succeed(a)
    assert len(run.launches) == 2
    run.succeed(b)
    assert [launch.node for launch in run.launches] == ["a", "b", "c"]


def test_after_gives_an_order_without_data():
    run = world(node("a"), node("b", after=["a"]), behave=never).start()
    assert [launch.node for launch in run.launches] == ["a"]
    run.succeed(run.launches[0])
    assert [launch.node for launch in run.launches] == ["a", "b"]


def test_named_parts_of_an_output_are_handed_on():
    pair = text({"left": 5, "right": [8, 9]})
    run = world(
        node("split"),
        node("use", x=out("split", "right", "1")),
        behave=lambda launch: pair if launch.node == "split" else launch.arguments[0][1],
        output=out("use"),
    ).run()
    assert run.finish.output == text(9)


def test_a_part_that_is_not_there_fails_the_step_and_names_it():
    run = world(node("a"), node("b", x=out("a", "left")), behave=lambda launch: text({"right": 1})).run()
    assert run.states == {"a": "succeeded", "b": "failed"}
    assert "'left'" in run.finish.failure.message


def test_a_container_with_outputs_inside_is_gathered():
    both = Gather("list", (("0", out("a")), ("1", const(10))))
    run = world(node("a", x=const(1)), node("b", xs=both), output=out("b")).run()
    assert run.finish.output == text(13)


def test_a_parameter_reaches_a_step():
    run = world(node("a", x=ParameterOf("n")), output=out("a"), parameters={"n": 41})
    assert run.run().finish.output == text(42)


def test_an_object_is_read_only_when_its_parts_are_needed():
    value, members = object_of([3, 4])

    def behave(launch):
        return value if launch.node == "a" else launch.arguments[0][1]

    whole = world(node("a"), node("b", x=out("a")), behave=behave).run()
    assert not [command for command in whole.commands if isinstance(command, Expand)]
    part = world(node("a"), node("b", x=out("a", "1")), behave=behave, output=out("b"))
    part.objects[value.digest] = members
    assert part.run().finish.output == text(4)


def test_an_object_that_cannot_be_read_fails_the_step_that_needs_its_parts():
    value, _ = object_of([3, 4])
    run = world(node("a"), node("b", x=out("a", "1")), behave=lambda launch: value)
    run.objects[value.digest] = failure("object d1 is damaged", FailureKind.INFRASTRUCTURE)
    assert run.run().finish.failure.message == "Step 'b' failed: object d1 is damaged"


def test_more_objects_than_are_kept_can_be_needed_at_once():
    values = [ObjectValue("list", f"d{number}", 10, 1) for number in range(20)]
    sources = [node(f"a{number}", n=const(number)) for number in range(20)]
    parts = Gather("list", tuple((str(number), out(f"a{number}", "0")) for number in range(20)))

    def behave(launch):
        return values[int(launch.node[1:])] if launch.node != "sum" else launch.arguments[0][1]

    run = world(*sources, node("sum", xs=parts), behave=behave, output=out("sum"))
    run.objects = {value.digest: object_of([number])[1] for number, value in enumerate(values)}
    assert [member for _, member in run.run().finish.output.members] == [text(number) for number in range(20)]


def test_a_failure_fails_the_run_and_names_the_step_and_its_cause():
    run = world(node("a"), behave=failing("a", why=failure("bad row 7"))).run()
    assert run.finish.state == "failed"
    assert run.finish.failure.message == "Step 'a' failed: bad row 7"
    assert run.finish.output is None


def test_what_follows_a_failure_is_skipped_with_the_step_where_it_began():
    run = world(node("a"), node("b", x=out("a")), node("c", x=out("b")), node("d"), behave=failing("a")).run()
    assert run.states == {"a": "failed", "b": "skipped", "c": "skipped", "d": "succeeded"}
    assert [run.machine.step(name).reason for name in "bc"] == ["upstream a failed"] * 2
    assert run.records["c"].output is None


def test_what_stands_after_a_failed_step_is_skipped_too():
    run = world(node("a"), node("b", after=["a"]), behave=failing("a")).run()
    assert run.states == {"a": "failed", "b": "skipped"}


def test_the_first_failure_in_time_is_the_cause_of_the_run():
    run = world(node("a"), node("b"), behave=never).start()
    a, b = run.launches
    run.fail(b, failure("second step, first failure"))
    run.fail(a, failure("later"))
    assert run.finish.failure.message == "Step 'b' failed: second step, first failure"


def test_an_output_that_has_no_value_fails_the_run():
    run = world(node("a"), output=out("a", "nothing")).run()
    assert run.finish.state == "failed"
    assert "nothing" in run.finish.failure.message


def test_a_run_starts_once():
    run = world(node("a"), behave=never).start()
    run.tell(RunStarted(run.now))
    assert len(run.launches) == 1
    assert run.story.count("run.started") == 1


def test_nothing_changes_after_the_end_of_a_run():
    run = world(node("a")).run()
    before = (run.states, run.story)
    launch = run.launches[0]
    run.start().cancel().pass_time(100.0)
    run.tell(AttemptSucceeded(run.now, launch.attempt_id, launch.fence, NONE))
    assert run.states == before[0]
    assert run.story == [*before[1], "message.ignored"]
    assert run.finish.state == "succeeded"


@pytest.mark.parametrize("capacity", [1, 2, 3])
def test_no_more_attempts_are_open_than_there_is_room_for(capacity: int):
    run = world(node("a"), node("b"), node("c"), node("d"), behave=never, capacity=capacity).start()
    assert len(run.open) == capacity
    run.succeed(run.launches[0])
    assert len(run.open) == capacity
    assert [launch.node for launch in run.launches] == ["a", "b", "c", "d"][: capacity + 1]


def test_a_step_in_the_body_of_an_unused_branch_value_is_still_awaited():
    value = ChoiceOf(FALSE, "true", out("a"), const(5))
    run = world(node("a"), node("b", x=value), output=out("b")).run()
    assert run.finish.output == text(6)


def test_the_same_events_give_the_same_commands():
    def commands() -> list[object]:
        return list(world(node("a"), node("m", x=each([1, 2, 3]), y=out("a")), node("b", xs=out("m"))).run().commands)

    assert commands() == commands()
