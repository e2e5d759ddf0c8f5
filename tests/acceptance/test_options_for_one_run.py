"""Options of steps that are set for one run, by command line, file and session."""

from acceptance.command_line import Project


def test_an_option_is_set_for_one_run_by_the_command_line(project: Project):
    project.ok("run", "training", "-o", "fit.cache=off")
    project.ok("run", "training", "-o", "fit.cache=off")
    steps = {one["step"]: one["state"] for one in project.ok("show", "last", "--json").data["steps"]}
    assert steps["fit"] == "succeeded"
    assert steps["read"] == "reused"


def test_options_come_from_a_file_with_a_table_for_each_step(project: Project):
    project.ok("run", "training")
    (project.folder / "big.toml").write_text('[fit]\ncache = false\nresources = { memory = "2GiB" }\n')
    plan = {one["step"]: one for one in project.ok("plan", "training", "--options", "big.toml", "--json").data}
    assert plan["fit"]["action"] == "run"
    assert plan["split"]["action"] == "reuse"


def test_options_without_sense_are_refused_and_nothing_is_started(project: Project):
    for text, answer in (
        ("fit", "STEP.OPTION=VALUE"),
        ("fti.timeout=1", "did you mean 'fit'"),
        ("fit.timeot=1", "did you mean 'timeout'"),
        ("fit.resources.memory=lots", "'4GiB'"),
    ):
        refused = project.headrace("run", "training", "-o", text)
        assert refused.status == 2
        assert answer in refused.err
    assert project.headrace("show").status == 2


def test_a_session_sets_options_for_its_runs(project: Project):
    answer = project.python(
        "import headrace as hr\nfrom deliveries.pipelines import training\n"
        "if __name__ == '__main__':\n"
        "    session = hr.Session(options={'fit': {'cache': False}}, quiet=True)\n"
        "    session.run(training)\n    print(session.run(training).step('fit').state.value)\n"
    )
    assert answer.out.strip() == "succeeded", answer.err
