"""`hr.run`, `hr.plan` and what they give back, from a user's own script."""

from acceptance.command_line import Project

PIPELINE = """
import headrace as hr

@hr.step
def load(n: int) -> list[int]:
    print("loading", n)
    return list(range(n))

@hr.step
def add(xs: list[int]) -> int:
    hr.log_metric("total", sum(xs))
    return sum(xs)

@hr.step
def fail(x: int) -> int:
    raise ValueError(f"cannot take {x}")

@hr.pipeline
def adding(n: int = 4) -> int:
    return add(load(n))

@hr.pipeline
def failing(n: int = 4) -> int:
    return fail(add(load(n)))
"""


def script(project: Project, code: str):
    return project.python(
        PIPELINE + "\nif __name__ == '__main__':\n" + "".join(f"    {line}\n" for line in code.splitlines())
    )


def test_a_script_runs_its_own_pipeline(project: Project):
    answer = script(project, "print(hr.run(adding).output, hr.run(adding, n=5).output)")
    assert answer.status == 0, answer.err
    assert answer.out.strip() == "6 10"
    assert "succeeded" in answer.err


def test_a_script_that_runs_twice_reuses(project: Project):
    code = "run = hr.run(adding)\nprint(run.state.value, [step.state.value for step in run.steps], run.metrics)"
    script(project, code)
    answer = script(project, code)
    assert answer.out.strip() == "succeeded ['reused', 'reused'] {'total': 6.0}"


def test_a_failed_run_is_raised_with_its_cause_and_the_run(project: Project):
    answer = script(
        project,
        "try:\n    hr.run(failing)\nexcept hr.RunFailed as error:\n    print(error)\n    print(error.run.step('fail').failure.message)",
    )
    assert answer.status == 0, answer.err
    assert "cannot take 6" in answer.out
    assert "headrace show" in answer.out
    assert "ValueError: cannot take 6" in answer.out.splitlines()[-1]


def test_a_session_can_return_a_failed_run_instead(project: Project):
    answer = script(
        project,
        "run = hr.Session(check=False, quiet=True).run(failing)\nprint(run.state.value, run.step('add').output())",
    )
    assert answer.out.strip() == "failed 6"
    assert answer.err == ""


def test_a_run_is_found_again_by_id_and_by_metric(project: Project):
    answer = script(
        project,
        "made = hr.run(adding)\nfound = hr.get_run(made.short_id)\nprint(found.id == made.id, found.parameters)\n"
        "print(len(hr.runs(where='total > 5')), len(hr.runs(where='total > 7')))\n"
        "print(hr.runs().rows()[0]['parameters.n'])",
    )
    assert answer.status == 0, answer.err
    assert answer.out.split("\n")[:3] == ["True {'n': 4}", "1 0", "4"]


def test_a_plan_from_python_starts_nothing_and_gives_reasons(project: Project):
    answer = script(
        project,
        "print(hr.plan(adding).to_run)\nhr.run(adding)\nprint(hr.plan(adding).to_run, hr.plan(adding)['add'].action)",
    )
    assert answer.status == 0, answer.err
    assert answer.out.strip() == "['load']\n[] reuse"


def test_a_plain_call_needs_no_store(project: Project):
    answer = script(project, "print(adding(3))")
    assert answer.out == "loading 3\n3\n"
    assert not (project.folder / ".headrace").exists()


def test_running_inside_a_step_is_refused(project: Project):
    (project.folder / "nested.py").write_text(
        "import headrace as hr\n\n@hr.step\ndef inner() -> int:\n    return 1\n\n@hr.pipeline\ndef small() -> int:\n    return inner()\n\n"
        "@hr.step\ndef outer() -> int:\n    return hr.run(small).output\n\n@hr.pipeline\ndef big() -> int:\n    return outer()\n"
    )
    answer = project.headrace("run", "nested:big")
    assert answer.status == 1
    assert "hr.run was called inside a step" in answer.err


def test_a_frame_in_hand_is_a_parameter(project: Project):
    answer = project.python(
        "import headrace as hr\nimport polars as pl\n\n@hr.step\ndef height(frame: pl.DataFrame) -> int:\n    return frame.height\n\n"
        "@hr.pipeline\ndef counting(frame: pl.DataFrame) -> int:\n    return height(frame)\n\n"
        "if __name__ == '__main__':\n    frame = pl.DataFrame({'a': [1, 2, 3]})\n    hr.run(counting, frame)\n"
        "    again = hr.run(counting, frame)\n    print(again.output, again.step('height').state.value)\n"
    )
    assert answer.status == 0, answer.err
    assert answer.out.strip() == "3 reused"


def test_a_value_given_in_place_of_a_pipeline_is_told_apart(project: Project):
    answer = script(project, "hr.run(adding(3))")
    assert answer.status == 1
    assert "take a pipeline and its parameters" in answer.err
    assert "they got int" in answer.err


def test_an_option_that_no_session_has_is_answered_with_the_near_one(project: Project):
    answer = project.python("import headrace as hr\nhr.Session(lane=2)\n")
    assert answer.status == 1
    assert "UnknownNameError: There is no option of a session 'lane'; did you mean 'lanes'." in answer.err
