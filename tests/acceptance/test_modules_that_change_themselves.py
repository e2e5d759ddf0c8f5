"""What importing a module makes of it, and what its own code changes later, is no change in memory: such projects run."""

from pathlib import Path

import pytest

from acceptance.command_line import Project

FLOW = """
import headrace as hr
import config


@hr.step
def use(n: int) -> str:
    return str(config.use())


@hr.pipeline
def using(n: int = 1) -> str:
    return use(n)
"""
AT_IMPORT = {
    "a loop over rows": "ROWS = [{'a': 1}, {'a': 2}]\nfor r in ROWS:\n    r['b'] = 2\ndef use(): return ROWS[0]['b']\n",
    "a loop over items": "CONF = {'a': {'x': 1}}\nfor n, c in CONF.items():\n    c['n'] = n\ndef use(): return CONF['a']['n']\n",
    "an alias": "CONF = {'a': {'x': 1}}\nsub = CONF['a']\nsub['x'] = 2\ndef use(): return CONF['a']['x']\n",
    "two targets": "A = [1]\nB, C = A, 2\nB.append(3)\ndef use(): return A\n",
    "a comprehension": "A = [[1], [2]]\n[x.append(3) for x in A]\ndef use(): return A\n",
    "a function": "A = [{'a': 1}]\ndef fill(rows):\n    for r in rows: r['b'] = 1\nfill(A)\ndef use(): return A\n",
    "an if in a class": "import sys\nclass K:\n    sep = '/'\n    if sys.platform:\n        sep = ':'\ndef use(): return K.sep\n",
    "a try in a class": "class K:\n    n = 0\n    try:\n        n = 1\n    finally:\n        pass\ndef use(): return K.n\n",
    "a loop in a class": "class K:\n    n = 0\n    for i in range(3):\n        n = n + i\ndef use(): return K.n\n",
}
LATER = {
    "of another module": "STATE = {'n': 1}\nimport counting\ndef use(): counting.count(); return 1\n",
    "by an alias": "C = {'x': 1}\ndef use():\n    c = C\n    c['x'] += 1\n    return 1\n",
    "in a loop": "ROWS = [{'a': 1}]\ndef use():\n    for r in ROWS: r['a'] += 1\n    return 1\n",
    "of the class": "class K:\n    n = 0\n    def __init__(self): type(self).n += 1\ndef use(): K(); return 1\n",
    "by a default": "MEMO = {0: 0}\ndef fib(n, memo=MEMO):\n    memo[n] = n\n    return n\ndef use(): return fib(3)\n",
}
COUNTING = "import config\ndef count():\n    config.STATE['n'] += 1\n    config.LOADED = True\n"
TWICE = """
import flow
import headrace as hr

if __name__ == "__main__":
    print(hr.run(flow.using, n=1).output)
    print(hr.run(flow.using, n=2).output)
    0  # CHANGE
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "own"\nversion = "0"\n')
    (tmp_path / "flow.py").write_text(FLOW)
    (tmp_path / "counting.py").write_text(COUNTING)
    return Project(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("how", AT_IMPORT)
def test_what_the_import_itself_changes_runs_from_the_command_line_and_from_python(project: Project, how: str):
    (project.folder / "config.py").write_text(AT_IMPORT[how])
    told = project.ok("run", "flow.py:using", "--json").data["output"] + "\n"
    answer = project.python(TWICE)
    assert answer.out == told + told, answer.err
    assert "reused" in answer.err


@pytest.mark.slow
@pytest.mark.parametrize("how", LATER)
def test_what_a_step_changes_does_not_keep_the_next_run_from_starting(project: Project, how: str):
    (project.folder / "config.py").write_text(LATER[how])
    answer = project.python(TWICE)
    assert answer.status == 0, answer.err


def test_what_a_script_changes_after_such_an_import_is_still_refused(project: Project):
    (project.folder / "config.py").write_text(AT_IMPORT["a loop over rows"])
    change = "flow.config.ROWS[0]['b'] = 7\n    hr.run(flow.using, n=3)"
    answer = project.python(TWICE.replace("0  # CHANGE", change))
    assert answer.out == "2\n2\n", answer.err
    assert "A step uses `ROWS` of config.py" in answer.err


def test_what_a_script_changes_between_two_runs_is_refused_although_a_step_had_changed_it_too(project: Project):
    (project.folder / "config.py").write_text(LATER["in a loop"])
    answer = project.python(TWICE.replace("0  # CHANGE", "flow.config.ROWS[0]['a'] = 70\n    hr.run(flow.using, n=3)"))
    assert answer.out == "1\n1\n", answer.err
    assert "A step uses `ROWS` of config.py" in answer.err
