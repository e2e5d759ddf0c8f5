"""The simulator: its histories hold, are the same each time, and what it says can be read."""

import pytest

from headrace.definition.graph import EachOf
from headrace.engine.conductor import Conductor
from headrace.testing.simulation import Rule, Subjects, replay, simulate
from headrace.testing.simulation.__main__ import main
from headrace.testing.simulation.drawing import draw
from headrace.testing.simulation.histories import GROUPS, FaultKind
from headrace.testing.simulation.timeline import Timeline


class Confused(Conductor):
    """Raises what no conductor raises."""

    def _act(self, turn, executor) -> None:
        if turn.stops:
            raise KeyError("lost its way")
        super()._act(turn, executor)


def test_every_rule_holds_in_some_hundred_histories():
    report = simulate(400, seed=20)
    assert report.is_sound, str(report)
    assert report.histories == 400
    assert min(report.counts.runs, report.counts.attempts, report.counts.writes, report.counts.processes) > 400


@pytest.mark.slow
def test_every_rule_holds_in_ten_thousand_histories_and_every_fault_comes_about():
    report = simulate(10_000, seed=21)
    assert report.is_sound, str(report)
    assert set(report.met) == set(FaultKind)


def test_the_same_seed_gives_the_same_history():
    assert replay(123) == replay(123)
    assert replay(123) != replay(124)
    one, other = simulate(20, seed=5), simulate(20, seed=5)
    assert (one.counts, one.met) == (other.counts, other.met)


def test_histories_have_maps_branches_retries_limits_and_runs_that_share_keys():
    drawn = [draw(seed) for seed in range(200)]
    nodes = [node for history in drawn for node in history.graph.nodes]
    assert any(node.is_map and len([b for _, b in node.arguments if isinstance(b, EachOf)]) > 1 for node in nodes)
    assert any(node.guards for node in nodes)
    assert any(node.after for node in nodes)
    assert any(node.step.retry.times > 1 for node in nodes)
    assert any(node.step.timeout_s for node in nodes)
    assert any(node.step.effect for node in nodes)
    assert any(len(history.runs) > 1 and history.runs[0].parameter == history.runs[1].parameter for history in drawn)
    assert any(run.fail_fast for history in drawn for run in history.runs)
    assert {fault.kind for history in drawn for fault in history.faults} == set(GROUPS)


def test_a_broken_rule_is_told_with_its_seed_and_a_history_that_can_be_told_again():
    report = simulate(500, seed=3, subjects=Subjects(conductor=Confused))
    [broken] = report.broken
    assert (broken.rule, broken.what) == (Rule.ERRORS, "KeyError: 'lost its way'")
    text = str(report)
    assert f"seed {broken.seed}" in text
    assert "the smallest history that breaks it:" in text
    assert "process 1 of run 1 begins" in text
    assert replay(broken.seed, subjects=Subjects(conductor=Confused))[-1].startswith(Rule.ERRORS)


def test_time_goes_on_in_order_whatever_the_clock_shows():
    timeline, seen = Timeline(()), []
    timeline.after(2.0, seen.append, "second")
    timeline.after(1.0, seen.append, "first")
    timeline.after(2.0, seen.append, "third")
    clock = timeline.clock
    timeline.jump(-100.0)
    while timeline.go_on():
        pass
    assert seen == ["first", "second", "third"]
    assert timeline.clock == clock + 2.0 - 100.0


def test_the_command_simulates_and_tells(capsys, monkeypatch):
    monkeypatch.setattr("sys.argv", ["simulation", "--histories", "5", "--seed", "2"])
    assert main() == 0
    assert "every rule held" in capsys.readouterr().out
    monkeypatch.setattr("sys.argv", ["simulation", "--replay", "2000001"])
    assert main() == 0
    assert "process 1 of run 1 begins" in capsys.readouterr().out
