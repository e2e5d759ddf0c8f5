"""What is written down at the end of a turn, and how often."""

from headrace.engine.commands import RecordStep, WakeAt
from headrace.engine.events import AttemptSucceeded, TurnEnded
from headrace.ports.executors import Usage
from unit.engine.worlds import World, each, failure, never, node, out, text, world


def records(run: World, name: str) -> list[str]:
    return [
        command.record.items.states
        for command in run.commands
        if isinstance(command, RecordStep) and command.record.node == name and command.record.items is not None
    ]


def test_a_turn_hands_out_each_changed_step_once():
    run = world(node("a"), behave=never).start()
    changed = [command for command in run.commands if isinstance(command, RecordStep)]
    assert len(changed) == 1
    assert run.machine.handle(TurnEnded(run.now)) == []


def test_a_record_carries_the_times_of_its_step():
    run = world(node("a"), behave=never).start()
    [launch] = run.launches
    run.now = 103.0
    run.begin(launch)
    run.now = 110.0
    run.succeed(launch)
    record = run.records["a"]
    assert (record.started_at, record.finished_at, record.position) == (103.0, 110.0, 0)
    assert run.notes("step.succeeded")[0].data["seconds"] == 7.0


def test_importing_its_module_is_no_part_of_what_a_step_takes():
    run = world(node("a"), behave=never).start()
    [launch] = run.launches
    run.begin(launch)
    run.now = 110.0
    run.tell(AttemptSucceeded(run.now, launch.attempt_id, launch.fence, text(1), Usage(wall_s=10.0, import_s=4.0)))
    assert (run.records["a"].started_at, run.records["a"].finished_at) == (104.0, 110.0)


def test_a_narrow_map_is_recorded_at_every_change():
    run = world(node("m", x=each([1, 2, 3])), behave=never).start()
    for launch in run.launches[:2]:
        run.succeed(launch)
    assert records(run, "m")[-2:] == ["sqq", "ssq"]


def test_items_that_run_are_told_from_those_that_wait():
    run = world(node("m", x=each([1, 2, 3])), behave=never, capacity=2).start()
    run.begin(run.launches[1])
    assert records(run, "m")[-1] == "qrq"
    assert run.notes("step.items")[-1].data == {"items": 3, "queued": 2, "running": 1}


def test_a_wide_map_is_recorded_once_in_a_while():
    run = world(node("m", x=each(list(range(1000)))), behave=never, capacity=1, record_every_s=0.5).start()
    for _ in range(12):
        run.succeed(next(iter(run.open.values())))
    assert len(records(run, "m")) == 1
    assert run.wake_at == run.now + 0.5
    run.pass_time(0.5)
    assert records(run, "m")[-1].count("s") == 12


def test_a_wide_map_is_recorded_when_a_64th_of_it_has_changed():
    run = world(node("m", x=each(list(range(640)))), behave=never, capacity=1, record_every_s=1e9).start()
    while run.open:
        run.succeed(next(iter(run.open.values())))
    assert 60 <= len(records(run, "m")) <= 300
    assert records(run, "m")[-1] == "s" * 640
    assert run.finish.state == "succeeded"


def test_items_are_told_in_numbers_not_one_by_one():
    run = world(node("m", x=each(list(range(200)))), behave=never, capacity=1, record_every_s=1e9).start()
    run.fail(run.launches[0])
    while run.open:
        run.succeed(next(iter(run.open.values())))
    told = [note.data for note in run.notes("step.items")]
    assert 3 < len(told) < 150
    assert told[0]["items"] == 200
    assert told[-1]["failed"] == 1
    assert run.notes("step.failed")[0].data["succeeded"] == 199


def test_only_the_first_failures_of_items_are_kept_in_full():
    run = world(node("m", x=each([0] * 50)), behave=lambda launch: failure(f"item {launch.item}")).run()
    errors = run.records["m"].items.errors
    assert [index for index, _ in errors] == list(range(10))
    assert run.finish.failure.message.startswith("Step 'm' failed: 50 of 50 items failed; item 0")


def test_the_machine_asks_to_be_woken_only_when_the_time_changes():
    run = world(node("a"), node("b", x=out("a")), behave=never).start()
    assert not [command for command in run.commands if isinstance(command, WakeAt)]
