"""What Headrace itself reads and starts while a step runs is no input of that step."""

from pathlib import Path

import pytest

from acceptance.edited_files import project_of, run

MAIN = (
    "import time\nfrom pathlib import Path\nimport headrace as hr\nimport work\n\nif __name__ == '__main__':\n"
    "    run = hr.Session(quiet=True).run(work.pipe)\n    print(*(step.state.value for step in run.steps))\n"
)
WORK = (
    "import time\nfrom pathlib import Path\nimport headrace as hr\n\n"
    "@hr.step\ndef slow() -> int:\n    time.sleep(1)\n    return 1\n\n"
    "@hr.step(timeout=60)\ndef other(n: int) -> str:\n    return Path(f'b{n}.txt').read_text()\n\n"
    "@hr.step(timeout=60)\ndef after(text: str) -> str:\n    return text\n\n"
    "@hr.pipeline\ndef pipe() -> tuple:\n    return slow(), after(other(1)), after(other(2)), after(other(3))\n"
)


def test_a_comment_in_the_main_script_recomputes_nothing(tmp_path: Path):
    project = project_of(tmp_path, {"work.py": WORK, "main.py": MAIN, **{f"b{n}.txt": "x" for n in (1, 2, 3)}})
    answer = project.run_file("main.py")
    assert set(answer.out.split()) == {"succeeded"}, answer.err
    (tmp_path / "main.py").write_text(MAIN + "# a comment\n")
    answer = project.run_file("main.py")
    assert set(answer.out.split()) == {"reused"}, answer.err


@pytest.mark.slow
def test_files_of_other_steps_that_are_looked_at_meanwhile_leave_a_step_alone(tmp_path: Path):
    work = (
        "import time\nfrom pathlib import Path\nimport headrace as hr\n\n"
        "@hr.step\ndef slow() -> int:\n    time.sleep(2)\n    return 1\n\n"
        "@hr.step(timeout=60)\ndef first() -> int:\n    return 1 + 0\n\n"
        "@hr.step\ndef reads(n: int) -> str:\n    return Path(f'b{n}.txt').read_text()\n\n"
        "@hr.pipeline\ndef pipe() -> tuple:\n    return slow(), reads(first())\n"
    )
    project = project_of(tmp_path, {"work.py": work, "b1.txt": "x"})
    run(project)
    (tmp_path / "work.py").write_text(work.replace("1 + 0", "0 + 1").replace("    return 1\n\n", "    return 2\n\n"))
    assert run(project)[1] == {"slow": "succeeded", "first": "succeeded", "reads": "reused"}
    (tmp_path / "b1.txt").write_text("y")
    assert run(project)[1] == {"slow": "reused", "first": "reused", "reads": "succeeded"}


FIGURE = (
    "import headrace as hr\nimport matplotlib\nmatplotlib.use('agg')\nfrom matplotlib.figure import Figure\n\n"
    "@hr.step{options}\ndef draw() -> int:\n    hr.log_figure('empty', Figure())\n    return 1\n\n"
    "@hr.pipeline\ndef pipe() -> int:\n    return draw()\n"
)


@pytest.mark.slow
@pytest.mark.parametrize("options", ["", "(timeout=60)"], ids=["in the calling process", "in a worker"])
def test_a_new_file_beside_a_step_that_logs_a_figure_recomputes_nothing(tmp_path: Path, options: str):
    pytest.importorskip("matplotlib")
    project = project_of(tmp_path, {"work.py": FIGURE.replace("{options}", options)})
    run(project)
    (tmp_path / "notes.txt").write_text("new")
    assert run(project) == (1, {"draw": "reused"})


@pytest.mark.slow
@pytest.mark.parametrize("options", ["", "(timeout=60)"], ids=["in the calling process", "in a worker"])
def test_a_file_that_a_step_logs_by_its_path_counts(tmp_path: Path, options: str):
    work = (
        "from pathlib import Path\nimport headrace as hr\n\n"
        "@hr.step{options}\ndef tell() -> int:\n    hr.log_table('files', [{'file': Path('a' + '.txt')}])\n    return 1\n\n"
        "@hr.pipeline\ndef pipe() -> int:\n    return tell()\n"
    )
    project = project_of(tmp_path, {"work.py": work.replace("{options}", options), "a.txt": "old"})
    run(project)
    assert run(project) == (1, {"tell": "reused"})
    (tmp_path / "a.txt").write_text("new")
    assert run(project) == (1, {"tell": "succeeded"})
