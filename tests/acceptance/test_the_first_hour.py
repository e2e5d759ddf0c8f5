"""From `headrace init` to a changed, re-run, explained pipeline, by the command line only."""

import re

from acceptance.command_line import Project

STEPS = ["read", "split", "fit", "evaluate", "choose"]


def states(project: Project) -> dict[str, str]:
    return {one["step"]: one["state"] for one in project.ok("show", "last", "--json").data["steps"]}


def test_a_new_project_runs_at_once(project: Project):
    answer = project.ok("run", "training")
    assert "error_line" in answer.out
    assert "run" in answer.err
    assert "5 computed, 0 reused" in answer.err


def test_a_second_run_computes_nothing(project: Project):
    project.ok("run", "training")
    project.ok("run", "training")
    assert states(project) == dict.fromkeys(STEPS, "reused")


def test_a_third_run_is_planned_without_importing_the_project(project: Project):
    project.ok("run", "training")
    marker = project.folder / "imported"
    # a name that no text of the code gives away, because files that code names count as read
    touch = "__import__('pathlib').Path(__file__).parent.parent.joinpath('impor' + 'ted').touch()"
    project.edit("deliveries/methods.py", "METHODS = {", f"{touch}\nMETHODS = {{")
    project.ok("run", "training")
    assert marker.exists()
    marker.unlink()
    project.ok("run", "training")
    assert not marker.exists()


def test_a_changed_helper_computes_what_reaches_it_and_is_named_by_why(project: Project):
    project.ok("run", "training")
    project.edit(
        "deliveries/methods.py", "median(one.minutes / one.kilometres", "median(one.minutes / (1 + one.kilometres)"
    )
    project.ok("run", "training")
    assert states(project) == {"read": "reused", "split": "reused", **dict.fromkeys(STEPS[2:], "succeeded")}
    why = project.ok("why", "last", "fit").out
    assert re.search(r"changed: `fit_pace` in `deliveries/methods.py`, lines? \d+", why), why


def test_comments_docstrings_and_formatting_compute_nothing(project: Project):
    project.ok("run", "training")
    project.edit("deliveries/methods.py", "def fit_mean(", "# the simplest one\n\n\ndef fit_mean(")
    project.edit("deliveries/methods.py", '"""Every kilometre takes the same time: the median pace."""', '"""Pace."""')
    project.edit(
        "deliveries/pipelines.py",
        "cut = int(len(deliveries) * share)",
        "cut = int(\n        len(deliveries) * share\n    )",
    )
    project.ok("run", "training")
    assert set(states(project).values()) == {"reused"}


def test_an_unchanged_output_stops_the_wave(project: Project):
    project.ok("run", "training")
    project.edit("deliveries/pipelines.py", "if row.minutes > 0]", "if row.minutes > 0.0001]")
    project.ok("run", "training")
    assert states(project) == {"read": "succeeded", **dict.fromkeys(STEPS[1:], "reused")}


def test_changed_data_computes_again_although_the_path_is_the_same(project: Project):
    project.ok("run", "training")
    with (project.folder / "data" / "deliveries.csv").open("a") as file:
        file.write("3.0,12.5\n")
    project.ok("run", "training")
    assert states(project)["read"] == "succeeded"
    assert "changed: the content of `data/deliveries.csv` (parameter 'path')" in project.ok("why", "last", "read").out


def test_one_new_element_of_a_map_computes_one_item(project: Project):
    project.ok("run", "training", "-p", "methods=mean,line")
    project.ok("run", "training", "-p", "methods=mean,pace,line")
    fit = next(one for one in project.ok("show", "last", "--json").data["steps"] if one["step"] == "fit")
    assert "2 reused" in fit["items"]
    assert "1 succeeded" in fit["items"]


def test_a_plan_says_what_would_happen_and_starts_nothing(project: Project):
    before = project.ok("plan", "training").out
    assert "Nothing was started" in before
    assert project.headrace("show", "last").status == 2
    project.ok("run", "training")
    assert {one["action"] for one in project.ok("plan", "training", "--json").data} == {"reuse"}
    project.edit("deliveries/pipelines.py", "* share)", "* share) + 1")
    plan = {one["step"]: one for one in project.ok("plan", "training", "--json").data}
    assert plan["split"]["action"] == "run"
    assert plan["fit"]["action"] == "unknown"
    assert plan["split"]["estimate_s"] is not None
    assert plan["split"]["reason"].startswith("changed: `split` in `deliveries/pipelines.py`, lines")


def test_runs_are_listed_and_found_by_their_metrics(project: Project):
    project.ok("run", "training", "--name", "first", "--tag", "try")
    project.ok("run", "training", "-p", "methods=mean")
    assert len(project.ok("runs", "--json").data) == 2
    found = project.ok("runs", "--where", "error < 5", "--json").data
    assert [one["name"] for one in found] == ["first"]
    assert project.ok("show", "first", "--json").data["tags"] == ["try"]
    assert "first" in project.ok("runs", "--tag", "try").out


def test_what_a_step_printed_is_kept_and_shown_for_reused_steps_too(project: Project):
    project.ok("run", "training")
    assert "233 of 240 rows are good" in project.ok("logs").out
    project.ok("run", "training")
    assert "233 of 240 rows are good" in project.ok("logs", "last", "read").out


def test_stored_values_are_listed_and_exported(project: Project, tmp_path):
    project.ok("run", "training")
    listed = project.ok("artifacts", "last", "choose", "--json").data
    assert listed[0]["kind"] == "output"
    project.ok("artifacts", "last", "read", "--export", str(tmp_path / "out"))
    assert list((tmp_path / "out").rglob("*.json"))
    again = project.headrace("artifacts", "--export", str(tmp_path / "out"))
    assert again.status == 2
    assert "not empty" in again.err


def test_selected_steps_run_alone(project: Project):
    project.ok("run", "training", "--until", "split")
    assert states(project)["split"] == "succeeded"
    assert states(project)["fit"] in ("skipped", "pending")
    project.ok("run", "training")
    project.ok("run", "training", "--refresh", "fit")
    assert states(project)["fit"] == "succeeded"
    assert states(project)["read"] == "reused"
    project.ok("run", "training", "--from", "evaluate")
    assert [states(project)[name] for name in ("fit", "evaluate", "choose")] == ["reused", "succeeded", "succeeded"]
    project.ok("run", "training", "--only", "split")
    assert states(project)["split"] in ("reused", "succeeded")


def test_the_doctor_finds_nothing_in_a_new_project(project: Project):
    answer = project.ok("doctor")
    assert "✕" not in answer.out
    assert "pipeline training" in answer.out


def test_completion_scripts_are_printed_for_each_shell(project: Project):
    for shell in ("bash", "zsh", "fish"):
        assert "_HEADRACE_COMPLETE" in project.ok("completion", shell).out


def test_a_docstring_computes_nothing_either_when_the_run_before_came_after_a_plan(project: Project):
    project.ok("run", "training")
    project.edit(
        "deliveries/methods.py", "median(one.minutes / one.kilometres", "median(one.minutes / (1 + one.kilometres)"
    )
    project.ok("plan", "training")
    project.ok("run", "training")
    project.edit("deliveries/methods.py", '"""Every kilometre takes the same time: the median pace."""', '"""Pace."""')
    project.edit("deliveries/pipelines.py", '"""Mean absolute error in minutes."""', '"""Error."""')
    project.ok("run", "training")
    assert set(states(project).values()) == {"reused"}


def test_an_edit_of_one_step_leaves_the_others_alone_after_a_plan(project: Project):
    project.ok("plan", "training")
    project.ok("run", "training")
    project.edit("deliveries/pipelines.py", "int(len(deliveries) * share)", "int(len(deliveries) * share) + 1")
    assert {one["step"]: one["action"] for one in project.ok("plan", "training", "--json").data}["read"] == "reuse"
