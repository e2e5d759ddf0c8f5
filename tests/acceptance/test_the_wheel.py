"""The wheel, installed into an empty environment and used outside of the repository."""

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from acceptance.command_line import ENVIRONMENT

ROOT = Path(__file__).parents[2]
ALONE = {name: value for name, value in ENVIRONMENT.items() if name != "PYTHONPATH"}
MOST_PACKAGES = 30
MOST_BYTES = 8 << 20

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Installed:
    """An environment with nothing but the wheel in it, and what it requires on its path."""

    folder: Path
    wheel: Path

    def run(self, *command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        place = str(self.folder / "bin" / command[0])
        return subprocess.run(
            [place, *command[1:]],
            cwd=cwd,
            env=ALONE,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def ok(self, *command: str, cwd: Path) -> str:
        done = self.run(*command, cwd=cwd)
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout


def quietly(*arguments: str) -> None:
    """Run uv, which the tests' environment brings."""
    found = shutil.which("uv", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    assert found is not None
    done = subprocess.run(
        [found, *arguments],
        env={**ENVIRONMENT, "VIRTUAL_ENV": sys.prefix},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    # a copy, with what lies about in a folder that somebody works in
    shutil.copytree(ROOT, source, ignore=shutil.ignore_patterns(".*", "tests", "docs", "benchmarks", "site", "dist"))
    shutil.copy(ROOT / ".gitignore", source)
    shutil.copy(ROOT / "examples" / "starter" / ".gitignore", source / "examples" / "starter")
    for left in (".headrace/headrace.db", ".mypy_cache/x.db", "flights/__pycache__/x.pyc"):
        path = source / "examples" / "flights" / left
        path.parent.mkdir(exist_ok=True)
        path.write_text("left behind")
    build = ("build", "--wheel", "--no-build-isolation", "--offline", "--python", sys.executable, "-o", str(folder))
    quietly(*build, str(source))
    wheel = next(folder.glob("*.whl"))
    place = folder / "environment"
    quietly("venv", "--offline", "--python", sys.executable, str(place))
    to = ["--python", str(place / "bin" / "python")]
    quietly("pip", "install", "--offline", "--no-deps", *to, str(wheel))
    # What it requires comes from the tests' own environment, so that no index is needed. Only that one folder: the
    # files *.pth in it, which point into the repository, are not followed from here.
    site = next(place.glob("lib/python*/site-packages"))
    (site / "required.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return Installed(place, wheel)


def test_it_holds_the_code_and_two_examples_and_nothing_that_git_ignores(installed: Installed):
    names = zipfile.ZipFile(installed.wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    assert tops == {"headrace", next(top for top in tops if top.endswith(".dist-info"))}
    assert "headrace/py.typed" in names
    assert any(name.endswith(".sql") for name in names)
    assert "headrace/examples/flights/data/flights.parquet" in names
    assert "headrace/examples/starter/.gitignore" in names
    assert [name for name in names if ".headrace" in name or "cache" in name or name.endswith(".pyc")] == []
    assert installed.wheel.stat().st_size < MOST_BYTES


def test_a_new_project_is_made_and_run_outside_of_the_repository(installed: Installed, tmp_path: Path):
    assert installed.ok("headrace", "--version", cwd=tmp_path).startswith("headrace ")
    place = installed.ok("python", "-c", "import headrace; print(headrace.__file__)", cwd=tmp_path).strip()
    assert Path(place).is_relative_to(installed.folder)
    installed.ok("headrace", "init", "first", cwd=tmp_path)
    project = tmp_path / "first"
    assert "error_line" in installed.ok("headrace", "run", "training", cwd=project)
    again = installed.run("headrace", "run", "training", cwd=project)
    assert "0 computed, 5 reused" in again.stderr
    assert "✕" not in installed.ok("headrace", "doctor", cwd=project)


def test_the_flights_example_is_planned_from_it(installed: Installed, tmp_path: Path):
    code = "from pathlib import Path; from headrace.app.projects.examples import copy_example; copy_example('flights', Path('flights'))"
    installed.ok("python", "-c", code, cwd=tmp_path)
    plan = installed.ok("headrace", "plan", "training", "-p", "until=2013-04-01", cwd=tmp_path / "flights")
    assert "features/read_tables" in plan


def test_the_core_installs_few_packages():
    found: set[str] = set()
    waiting = ["headrace"]
    while waiting:
        name = canonicalize_name(waiting.pop())
        if name not in found:
            found.add(name)
            requirements = map(Requirement, distribution(name).requires or [])
            waiting += [one.name for one in requirements if one.marker is None or one.marker.evaluate({"extra": ""})]
    assert {"click", "rich", "obstore"} < found
    assert len(found) <= MOST_PACKAGES, sorted(found)
