"""Looking up before running: reuse, refresh, what must be in the store, and keys that others hold."""

from msgspec.structs import replace

from headrace.core.states import State
from headrace.core.values import sequence_of
from headrace.engine.commands import ItemEnded, ItemReused, LookUp
from headrace.engine.events import ClaimFreed, Held, Reuse
from headrace.plan.plan import Selection
from unit.engine.worlds import RUN, World, const, each, never, node, out, text, world

OTHER_RUN = "e" * 32


def stored(value: object, made_in: str = OTHER_RUN) -> Reuse:
    return Reuse("key", text(value), "attempt-1", made_in)


def lookups(run: World) -> list[LookUp]:
    return [command for command in run.commands if isinstance(command, LookUp)]


def test_a_stored_result_stands_for_an_attempt():
    run = world(node("a"), node("b", x=out("a")), output=out("b"))
    run.stored[("a", -1)] = stored(5)
    run.run()
    assert run.states == {"a": "reused", "b": "succeeded"}
    assert run.finish.output == text(6)
    record = run.records["a"]
    assert (record.made_by, record.made_in, record.key, record.output) == ("attempt-1", OTHER_RUN, "key", text(5))
    assert run.notes("step.reused")[0].data == {"run": OTHER_RUN, "attempt": "attempt-1"}


def test_a_step_that_is_computed_says_why_it_was_not_reused():
    run = world(node("a")).run()
    assert run.records["a"].reason == "no result for this key yet"
    assert run.records["a"].made_in == RUN


def test_reuse_is_per_item():
    run = world(node("m", x=each([1, 2, 3])), output=out("m"))
    run.stored |= {("m", 0): stored(100), ("m", 2): stored(300)}
    run.run()
    assert run.finish.output == sequence_of([text(100), text(3), text(300)])
    assert run.block("m") == "usu"
    assert run.states == {"m": "succeeded"}
    assert run.records["m"].reason == "no result for this key yet"
    assert [(c.item, c.made_by, c.made_in) for c in run.commands if isinstance(c, ItemReused)] == [
        (0, "attempt-1", OTHER_RUN),
        (2, "attempt-1", OTHER_RUN),
    ]


def test_a_map_all_of_whose_items_are_reused_is_reused():
    run = world(node("m", x=each([1, 2])))
    run.stored |= {("m", 0): stored(1), ("m", 1): stored(2)}
    assert run.run().states == {"m": "reused"}
    assert run.launches == []
    assert run.records["m"].items.states == "uu"


def test_what_this_run_has_made_itself_is_found_again_and_no_reuse():
    run = world(node("m", x=each([1, 2])))
    run.stored |= {("m", 0): stored(1, RUN), ("m", 1): stored(2, RUN)}
    run.run()
    assert run.block("m") == "ss"
    assert not [command for command in run.commands if isinstance(command, ItemReused)]


def test_refreshed_steps_are_looked_up_as_such():
    run = world(node("a"), node("b", x=out("a")), selection=Selection(refresh=("b",)))
    run.stored |= {("a", -1): stored(5), ("b", -1): stored(6)}
    run.run()
    assert [(look.node, look.refresh) for look in lookups(run)] == [("a", False), ("b", True)]
    assert run.states == {"a": "reused", "b": "succeeded"}


def test_steps_that_are_not_selected_are_skipped():
    run = world(node("a"), node("b", x=out("a")), node("c"), selection=Selection(until=("a",)), output=out("b")).run()
    assert run.states == {"a": "succeeded", "b": "skipped", "c": "skipped"}
    assert run.records["c"].reason == "not selected"
    assert run.finish.state == "succeeded"
    assert run.finish.output is None


def test_what_a_single_step_needs_has_to_be_in_the_store():
    run = world(node("a"), node("b", x=out("a")), selection=Selection(only=("b",)))
    run.stored[("a", -1)] = stored(5)
    assert run.run().states == {"a": "reused", "b": "succeeded"}
    without = world(node("a"), node("b", x=out("a")), selection=Selection(only=("b",))).run()
    assert without.states == {"a": "failed", "b": "skipped"}
    assert without.launches == []
    assert "no result for this key yet" in without.finish.failure.message


def test_a_key_that_another_run_computes_is_waited_for_and_then_reused():
    run = world(node("a"), claim_poll_s=0.1)
    run.stored[("a", -1)] = Held("key", OTHER_RUN)
    run.start()
    assert run.states == {"a": "queued"}
    assert run.launches == []
    assert run.notes("step.waiting")[0].data == {"run": OTHER_RUN}
    run.stored[("a", -1)] = stored(3)
    run.wait()
    assert run.states == {"a": "reused"}


def test_a_key_that_stays_held_is_asked_for_less_and_less_often():
    run = world(node("a"), claim_poll_s=0.1, claim_poll_limit_s=1.0)
    run.stored[("a", -1)] = Held("key", OTHER_RUN)
    run.start()
    waits = []
    for _ in range(12):
        before = run.now
        run.pass_time(run.wake_at - run.now)
        waits.append(run.now - before)
    assert waits == sorted(waits)
    assert 0.09 < waits[0] < 0.11
    assert abs(waits[-1] - 1.0) < 1e-6
    assert len(run.notes("step.waiting")) == 1


def test_the_holder_may_die_and_the_waiting_run_computes():
    run = world(node("a"))
    run.stored[("a", -1)] = Held("key", OTHER_RUN)
    run.start()
    del run.stored[("a", -1)]
    assert run.wait().states == {"a": "succeeded"}


def test_other_items_run_while_some_are_held_elsewhere():
    run = world(node("m", x=each([1, 2, 3])), behave=never, lookup_batch=1)
    run.stored[("m", 0)] = Held("key", OTHER_RUN)
    run.start()
    assert [launch.item for launch in run.launches] == [1, 2]
    assert run.block("m")[0] == "q"


def test_a_key_that_another_step_of_the_run_computes_is_looked_up_again_when_that_ends():
    run = world(node("a"), node("b"))
    run.stored[("b", -1)] = Held("key", RUN)
    run.start()
    assert run.states == {"a": "succeeded", "b": "queued"}
    assert run.wake_at is None
    run.stored[("b", -1)] = stored(1, RUN)
    run.tell(ClaimFreed(run.now, "b", (-1,)))
    assert run.states == {"a": "succeeded", "b": "succeeded"}
    assert run.finish.state == "succeeded"


def test_a_held_step_can_be_cancelled():
    run = world(node("a"))
    run.stored[("a", -1)] = Held("key", OTHER_RUN)
    run.start().cancel()
    assert run.finish.state == "cancelled"


def test_every_computed_item_is_told_as_ended_once_so_that_its_claim_can_be_given_back():
    run = world(node("a"), node("m", x=each([1, 2])), behave=never).start()
    a, first, second = run.launches
    run.succeed(a).succeed(first).fail(second)
    assert run.ended == [("a", -1, State.SUCCEEDED), ("m", 0, State.SUCCEEDED), ("m", 1, State.FAILED)]
    outputs = [command.output for command in run.commands if isinstance(command, ItemEnded)]
    assert [value is not None for value in outputs] == [True, True, False]


def test_an_answer_that_comes_after_the_end_changes_nothing():
    run = world(node("a", x=const(1))).run()
    before = replace(run.records["a"])
    run.tell(ClaimFreed(run.now, "a", (-1,)))
    assert run.records["a"] == before
    assert len(lookups(run)) == 1
