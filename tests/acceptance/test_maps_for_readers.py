"""What the items of a map have logged: one number for the run, and every figure and text in a file of its own."""

from pathlib import Path

import pytest

from acceptance.command_line import Project

pytestmark = pytest.mark.slow

FLOW = """
import json
from collections.abc import Sequence

import headrace as hr


@hr.step
def judge(row: int) -> int:
    print("judged", row)
    hr.log_metric("error", row)
    hr.log_text("card", f"card of {row}")
    hr.log_text("card", f"second card of {row}")
    return row


@hr.step(name="judge.b")
def judge_twin(row: int) -> int:
    hr.log_text("a b", "one")
    hr.log_text("a_b", "two")
    hr.log_text("A_B", "three")
    return row


@hr.pipeline
def judging(rows: Sequence[int] = (1, 2, 6)) -> list[int]:
    judge_twin(1)
    return judge.map(hr.each(rows))


if __name__ == "__main__":
    run = hr.Session(quiet=True).run(judging, (1, 2, 6, 11))
    row = hr.runs().rows()[0]
    names = ["metrics.error", "parameters.rows", "duration"]
    print(json.dumps([run.metrics, run.step("judge").metrics, [name in row for name in names]]))
    print(json.dumps([hr.runs().to_frame()["metrics.error"].to_list(), [point.item for point in run.series("error")]]))
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "maps"\nversion = "0"\n')
    (tmp_path / "flow.py").write_text(FLOW)
    return Project(tmp_path)


def test_a_metric_that_items_log_is_their_mean_wherever_a_run_has_one_number(project: Project):
    assert project.ok("run", "flow:judging", "--json").data["metrics"] == {"error": 3.0}
    assert project.ok("runs", "--json").data[0]["metrics"] == {"error": 3.0}
    assert len(project.ok("runs", "--where", "error = 3", "--json").data) == 1
    assert project.ok("runs", "--where", "error = 6", "--json").data == []
    (metric,) = project.ok("show", "--json").data["metrics"]
    assert (metric["value"], metric["items"], metric["min"], metric["max"]) == (3.0, 3, 1.0, 6.0)
    assert "mean of 3 items, 1 to 6" in project.ok("show").out


def test_reused_items_count_in_the_mean(project: Project):
    project.ok("run", "flow:judging")
    assert project.ok("run", "flow:judging", "-p", "rows=1,2,6,11", "--json").data["metrics"] == {"error": 5.0}
    assert "mean of 4 items, 1 to 11  3 of 4 from earlier runs" in project.ok("show").out


def test_reused_items_show_what_their_makers_have_printed(project: Project):
    project.ok("run", "flow:judging")
    project.ok("run", "flow:judging", "-p", "rows=6,2,2")
    lines = ["judge[0] | judged 6", "judge[1] | judged 2", "judge[2] | judged 2"]
    assert sorted(project.ok("logs").out.splitlines()) == lines
    assert project.ok("logs", "last", "judge", "--item", "2").out == "judge[2] | judged 2\n".replace("judge[2] | ", "")


def test_an_item_that_a_run_does_not_have_is_refused(project: Project):
    project.ok("run", "flow:judging")
    answer = project.headrace("logs", "last", "--item", "3")
    assert answer.status == 2
    assert "There is no item 3" in answer.err
    assert "judge has items 0 to 2" in answer.err


def test_python_reads_the_same_number_under_the_name_that_conditions_use(project: Project):
    first, second = project.run_file("flow.py").out.splitlines()
    assert first == '[{"error": 5.0}, {"error": 5.0}, [true, true, true]]'
    assert second == "[[5.0], [0, 1, 2, 3]]"


def test_an_export_writes_each_item_s_values_and_overwrites_none(project: Project, tmp_path: Path):
    project.ok("run", "flow:judging")
    listed = {(one["step"], one["item"], one["name"]) for one in project.ok("artifacts", "--json").data}
    assert {("judge", 0, "card"), ("judge", 2, "card"), ("judge", None, "")} <= listed
    told = project.ok("artifacts", "last", "--export", str(tmp_path / "out")).out.splitlines()
    assert len(told) == len(set(told))
    texts = {str(Path(one).relative_to(tmp_path / "out")): Path(one).read_text() for one in told}
    assert texts["judge/card[0].txt"] == "card of 1"
    assert texts["judge/card[2].txt"] == "card of 6"
    assert texts["judge/card[2]-2.txt"] == "second card of 6"
    assert sorted(text for name, text in texts.items() if name.casefold().startswith("judge.b/a_b")) == [
        "one",
        "three",
        "two",
    ]
