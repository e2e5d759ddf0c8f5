"""A value is reused only if computing it again would give the same: edits that are easily overlooked."""

from pathlib import Path

import pytest

from acceptance.command_line import Project

pytestmark = pytest.mark.slow

HEAD = "from dataclasses import dataclass\nfrom enum import Enum\nfrom pathlib import Path\nimport headrace as hr\n\n"
CASES = {
    "a method of a class whose object comes through an input without annotation": (
        HEAD
        + "@dataclass(frozen=True)\nclass Point:\n    x: int\n    def value(self):\n        return self.x + 1\n\n"
        + "@hr.step\ndef make(n: int) -> Point:\n    return Point(n)\n\n@hr.step\ndef use(point) -> int:\n    return point.value()\n\n"
        + "@hr.pipeline\ndef pipe(n: int = 3) -> int:\n    return use(make(n))\n",
        "self.x + 1",
        "self.x + 2",
    ),
    "a method of a class inside a long list": (
        HEAD
        + "@dataclass(frozen=True)\nclass Point:\n    x: int\n    def value(self):\n        return self.x + 1\n\n"
        + "@hr.step\ndef make(n: int) -> list[Point]:\n    return [Point(i) for i in range(n)]\n\n"
        + "@hr.step\ndef use(points) -> int:\n    return sum(point.value() for point in points)\n\n"
        + "@hr.pipeline\ndef pipe(n: int = 3000) -> int:\n    return use(make(n))\n",
        "self.x + 1",
        "self.x + 2",
    ),
    "an enum's member that a parameter names": (
        HEAD
        + "class Size(Enum):\n    SMALL = 1\n\n@hr.step\ndef use(size) -> int:\n    return size.value\n\n"
        + "@hr.pipeline\ndef pipe(size: Size = Size.SMALL) -> int:\n    return use(size)\n",
        "SMALL = 1",
        "SMALL = 2",
    ),
    "a file that a step reads behind its signature": (
        HEAD
        + "@hr.step\ndef use() -> str:\n    return Path('hidden.txt').read_text()\n\n@hr.pipeline\ndef pipe() -> str:\n    return use()\n",
        None,
        None,
    ),
    "a constant behind two modules": (
        HEAD
        + "import deep\n\n@hr.step\ndef use() -> int:\n    return deep.middle()\n\n@hr.pipeline\ndef pipe() -> int:\n    return use()\n",
        None,
        None,
    ),
    "the default of a helper's argument": (
        HEAD
        + "def scaled(x, by=2):\n    return x * by\n\n@hr.step\ndef use() -> int:\n    return scaled(10)\n\n@hr.pipeline\ndef pipe() -> int:\n    return use()\n",
        "by=2",
        "by=3",
    ),
    "a function that a dict dispatches to": (
        HEAD
        + "def plus(x):\n    return x + 1\n\nTABLE = {'plus': plus}\n\n@hr.step\ndef use(name: str) -> int:\n    return TABLE[name](10)\n\n"
        + "@hr.pipeline\ndef pipe() -> int:\n    return use('plus')\n",
        "x + 1",
        "x + 2",
    ),
    "a decorator of the project": (
        HEAD
        + "import functools\n\ndef doubled(f):\n    @functools.wraps(f)\n    def inner(*a):\n        return 2 * f(*a)\n    return inner\n\n@doubled\ndef value():\n    return 5\n\n"
        + "@hr.step\ndef use() -> int:\n    return value()\n\n@hr.pipeline\ndef pipe() -> int:\n    return use()\n",
        "return 2 * f",
        "return 3 * f",
    ),
}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.replace(" ", "-"))
def test_an_edit_that_changes_the_result_is_computed_again(tmp_path: Path, case: str):
    code, before, after = CASES[case]
    project = Project(tmp_path)
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "edits"\nversion = "0"\n')
    (tmp_path / "work.py").write_text(code)
    (tmp_path / "hidden.txt").write_text("one")
    (tmp_path / "deep.py").write_text("import deeper\n\ndef middle():\n    return deeper.LIMIT\n")
    (tmp_path / "deeper.py").write_text("LIMIT = 1\n")
    first = project.ok("run", "work:pipe", "--json").data
    assert set(project.ok("run", "work:pipe", "--json").data["steps"].values()) == {"reused"}
    if before is None:
        (tmp_path / "hidden.txt").write_text("two")
        (tmp_path / "deeper.py").write_text("LIMIT = 2\n")
    else:
        project.edit("work.py", before, after)
    second = project.ok("run", "work:pipe", "--json").data
    assert second["output"] != first["output"]
    assert second["steps"]["use"] == "succeeded"


def test_a_relative_path_means_the_file_that_is_there_from_wherever_it_is_asked(tmp_path: Path):
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "paths"\nversion = "0"\n')
    (tmp_path / "work.py").write_text(
        HEAD
        + "@hr.step\ndef use(path: Path) -> str:\n    return path.read_text()\n\n@hr.pipeline\ndef pipe(path: Path) -> str:\n    return use(path)\n"
    )
    below = tmp_path / "below"
    below.mkdir()
    (tmp_path / "a.txt").write_text("above")
    (below / "a.txt").write_text("below")
    above = Project(tmp_path).ok("run", "work:pipe", "-p", "path=a.txt", "--json").data
    lower = Project(below).ok("run", "work:pipe", "-p", "path=a.txt", "--json").data
    assert (above["output"], lower["output"]) == ("above", "below")
    # away from the project's folder, a parameter is remembered by where it points to
    assert Project(below).ok("show", "last", "--json").data["parameters"] == {"path": str(below / "a.txt")}


@pytest.mark.parametrize("where", ["in the step", "in the body", "as a default"])
def test_a_relative_path_that_no_parameter_names_means_the_file_that_is_there_too(tmp_path: Path, where: str):
    read = "@hr.step\ndef use(path: Path = Path('a.txt')) -> str:\n    return path.read_text()\n\n"
    body = {"in the body": "use(Path('a.txt'))", "as a default": "use()"}.get(where, "inside()")
    inside = "@hr.step\ndef inside() -> str:\n    return Path('a.txt').read_text()\n\n"
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "paths"\nversion = "0"\n')
    (tmp_path / "work.py").write_text(HEAD + read + inside + f"@hr.pipeline\ndef pipe() -> str:\n    return {body}\n")
    below = tmp_path / "below"
    below.mkdir()
    (tmp_path / "a.txt").write_text("above")
    (below / "a.txt").write_text("below")
    for _ in range(2):
        assert Project(below).ok("run", "work:pipe", "--json").data["output"] == "below"
        assert Project(tmp_path).ok("run", "work:pipe", "--json").data["output"] == "above"


def test_the_same_content_elsewhere_is_reused_and_under_another_name_computed(tmp_path: Path):
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "paths"\nversion = "0"\n')
    (tmp_path / "work.py").write_text(
        HEAD
        + "@hr.step\ndef use(path: Path) -> str:\n    return path.read_text() + path.stem\n\n@hr.pipeline\ndef pipe(path: Path) -> str:\n    return use(path)\n"
    )
    (tmp_path / "inner").mkdir()
    for name in ("a.txt", "b.txt", "inner/a.txt"):
        (tmp_path / name).write_text("same")
    project = Project(tmp_path)
    project.ok("run", "work:pipe", "-p", "path=a.txt")
    assert project.ok("run", "work:pipe", "-p", "path=inner/a.txt", "--json").data["steps"] == {"use": "reused"}
    assert project.ok("run", "work:pipe", "-p", "path=b.txt", "--json").data["output"] == "sameb"


def test_files_of_equal_content_in_one_map_keep_their_names(tmp_path: Path):
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "paths"\nversion = "0"\n')
    (tmp_path / "work.py").write_text(
        HEAD
        + "@hr.step\ndef use(path: Path) -> str:\n    return path.stem\n\n@hr.pipeline\ndef pipe(paths: tuple[Path, ...] = (Path('a.txt'), Path('b.txt'))) -> list[str]:\n    return use.map(hr.each(paths))\n"
    )
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text("same")
    assert Project(tmp_path).ok("run", "work:pipe", "--json").data["output"] == ["a", "b"]
