"""`gc` removes what rules let go and nobody needs, says it first, and leaves a store that answers as before."""

import os
import time
from pathlib import Path

import pytest

from acceptance.command_line import Project

pytestmark = pytest.mark.slow

FLOW = """
import time
from pathlib import Path

import headrace as hr


@hr.step
def made(rows: int) -> bytes:
    print("made", rows)
    hr.log_metric("rows", rows)
    return bytes([rows]) * 100_000


@hr.step
def measured(data: bytes, extra: int) -> int:
    if extra == 13:
        raise ValueError("unlucky")
    return len(data) + extra


@hr.step(cache=False)
def waited(size: int) -> int:
    Path("waiting").touch()
    while not Path("go").exists():
        time.sleep(0.05)
    return size


@hr.pipeline
def making(rows: int = 1, extra: int = 0) -> int:
    return measured(made(rows), extra)


@hr.pipeline
def waiting(rows: int = 1) -> int:
    return waited(measured(made(rows), 0))
"""

LATER = """
import os, time
from pathlib import Path
for path in Path(".headrace").rglob("*"):
    if path.is_file() and "objects" in path.parts:
        os.utime(path, (time.time() - 90_000, time.time() - 90_000))
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "x"\nversion = "1"\n')
    (tmp_path / "flow.py").write_text(FLOW)
    return Project(tmp_path)


def run(project: Project, *arguments: str) -> None:
    project.ok("run", "flow:making", "-q", *arguments)


def a_day_later(project: Project) -> None:
    assert project.python(LATER).status == 0


def listed(project: Project) -> list[str]:
    return [one["name"] for one in project.ok("runs", "--json").data]


def test_without_delete_nothing_goes_and_all_is_told(project: Project):
    for name in ("one", "two", "three"):
        run(project, "--name", name, "-p", f"rows={len(name)}")
    a_day_later(project)
    told = project.ok("gc", "--keep-last", "1").out
    assert "would go: 2 runs of making" in told
    assert "would go: 1 object, 100 kB" in told  # both have the same
    assert "Nothing was removed: --delete does it." in told
    assert listed(project) == ["three", "two", "one"]
    project.ok("verify")


def test_what_goes_frees_rows_objects_logs_and_texts(project: Project):
    run(project, "--name", "old", "-p", "rows=1")
    project.edit("flow.py", "bytes([rows]) * 100_000", "bytes([rows]) * 200_000")
    run(project, "--name", "new", "-p", "rows=2")
    a_day_later(project)
    told = project.ok("gc", "--keep-last", "1", "--delete").out
    assert "removed: 1 run of making" in told
    assert "removed: 1 object, 100 kB" in told
    assert "removed: 1 folder of logs" in told
    assert "of graphs and code" in told
    assert listed(project) == ["new"]
    assert "Nothing to remove." in project.ok("gc", "--keep-last", "1", "--delete").out
    project.ok("verify")
    assert "made 2" in project.ok("logs", "new").out
    run(project, "-p", "rows=2")
    assert {one["state"] for one in project.ok("show", "--json").data["steps"]} == {"reused"}


def test_the_maker_of_what_is_reused_stays_with_what_it_has_logged(project: Project):
    run(project, "--name", "maker", "-p", "rows=3")
    run(project, "--name", "user", "-p", "rows=3", "-p", "extra=1")
    a_day_later(project)
    told = project.ok("gc", "--keep-last", "1", "--delete").out
    assert "stays: 1 run that others reuse" in told
    assert listed(project) == ["user", "maker"]
    assert project.ok("show", "user", "--json").data["metrics"][0]["value"] == 3
    assert "made 3" in project.ok("logs", "user").out


def test_rules_hold_together(project: Project):
    run(project, "--name", "tagged", "--tag", "release", "-p", "rows=1")
    run(project, "--name", "plain", "-p", "rows=2")
    assert project.headrace("run", "flow:making", "-q", "--name", "bad", "-p", "extra=13", "-p", "rows=4").status == 1
    run(project, "--name", "newest", "-p", "rows=5")
    project.ok("gc", "--state", "failed", "--delete")
    assert listed(project) == ["newest", "plain", "tagged"]
    assert "Nothing to remove." in project.ok("gc", "--older-than", "1d", "--delete").out
    project.ok("gc", "--keep-last", "1", "--keep-tag", "release", "--delete")
    assert listed(project) == ["newest", "tagged"]
    assert project.headrace("gc", "--older-than", "soon").status == 2
    assert project.headrace("gc", "--keep-tag", "release").status == 2


def test_what_was_written_a_moment_ago_stays(project: Project):
    run(project)
    lone = project.folder / ".headrace" / "objects" / "ab" / ("c" * 62)
    lone.parent.mkdir(exist_ok=True)
    lone.write_bytes(b"put, and not yet named by a row")
    project.ok("gc", "--delete")
    assert lone.exists()
    os.utime(lone, (time.time() - 90_000, time.time() - 90_000))
    assert "removed: 1 object" in project.ok("gc", "--delete").out
    assert not lone.exists()


def test_beside_a_run_under_way_stays_what_it_may_come_to_reuse(project: Project):
    run(project, "--name", "reusable", "-p", "rows=7")
    starter = (
        "import subprocess, sys\n"
        "subprocess.Popen([sys.executable, '-m', 'headrace', 'run', 'flow:waiting', '-q', '-p', 'rows=9'],"
        " stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)\n"
    )
    assert project.python(starter).status == 0
    for _ in range(600):
        if (project.folder / "waiting").exists():
            break
        time.sleep(0.05)
    told = project.ok("gc", "--keep-last", "0", "--delete").out
    (project.folder / "go").touch()
    assert "stays: 1 run that a run under way may come to reuse" in told
    assert "reusable" in listed(project)
    for _ in range(600):
        if project.ok("runs", "--json").data[0]["state"] == "succeeded":
            break
        time.sleep(0.05)
    project.ok("verify")
    assert "removed: 1 run of making" in project.ok("gc", "--keep-last", "0", "--delete").out


REMAINS = """
import random, sys
import headrace as hr
from flow import making
from headrace.app.projects.settings import read_settings
from headrace.app.rooms import Rooms
from headrace.app.upkeep.garbage import GarbageCollection
from headrace.app.upkeep.keeping_rules import KeepingRules
from headrace.app.upkeep.verifying import verify
from headrace.core.states import State

chance = random.Random(int(sys.argv[1]))
session = hr.Session(check=False, quiet=True)
removed = 0
for _ in range(4):
    for _ in range(chance.randint(1, 5)):
        tags = chance.choice([(), ("keep",)])
        hr.Session(check=False, quiet=True, tags=tags).run(making, chance.randint(1, 3), chance.choice([0, 1, 13]))
    rules = KeepingRules(
        older_than_s=chance.choice([None, 0.0]),
        keep_last=chance.choice([None, 0, 1, 3]),
        keep_tags=chance.choice([(), ("keep",)]),
        states=chance.choice([(), (State.FAILED,)]),
    )
    before = {run.id: (run.state, run.metrics, [s.logs() for s in run.steps]) for run in hr.runs()}
    rooms = Rooms(read_settings())
    foreseen = GarbageCollection(rooms, rules, grace_s=-9000).run(delete=False)
    done = GarbageCollection(rooms, rules, grace_s=-9000).run(delete=True)
    assert (foreseen.runs, foreseen.objects, foreseen.documents, foreseen.logs) == (
        done.runs, done.objects, done.documents, done.logs), (foreseen, done)
    removed += len(done.runs)
    assert [one for one in verify(rooms) if one.verdict != "ok"] == []
    left = list(hr.runs())
    assert {run.id for run in left} == before.keys() - set(done.runs)
    for run in left:
        assert (run.state, run.metrics, [s.logs() for s in run.steps]) == before[run.id]
        for step in run.steps:
            step.why()
            if step.state in ("succeeded", "reused"):
                step.output()
        if run.state is State.SUCCEEDED:
            again = hr.Session(quiet=True).run(making, **run.parameters)
            assert again.output == run.output
            assert {step.state.value for step in again.steps} == {"reused"}
        run.diff(left[0])
print("removed", removed)
"""


@pytest.mark.parametrize("seed", range(3))
def test_what_remains_is_shown_explained_read_and_reused(project: Project, seed: int):
    (project.folder / "remains.py").write_text(REMAINS)
    answer = project.script("remains.py", str(seed))
    assert answer.out.startswith("removed "), answer.err
    assert int(answer.out.split()[1]) > 0


KILLED = """
import os, signal, sys
from pathlib import Path
from headrace.cli.main import main

count = int(sys.argv[1])
steps = 0

def count_down(event, args):
    global steps
    if event in ("os.rename", "os.remove", "sqlite3.connect", "shutil.rmtree"):
        steps += 1
        if steps == count:
            os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(count_down)
main(["gc", "--keep-last", "0", "--delete"])
"""


def test_a_gc_that_is_killed_anywhere_leaves_a_whole_store_and_the_next_one_ends_it(project: Project):
    (project.folder / "killed.py").write_text(KILLED)
    for count in (2, 3, 4, 5, 6, 7):
        run(project, "-p", f"rows={count}")
        run(project, "-p", f"rows={count + 10}")
        a_day_later(project)
        project.script("killed.py", str(count))
        project.ok("verify")
    a_day_later(project)
    project.ok("gc", "--keep-last", "0", "--delete")
    left = [path for path in (project.folder / ".headrace" / "objects").rglob("*") if path.is_file()]
    assert [path for path in left if path.parent.name != "incoming"] == []


def test_two_at_once_do_no_harm(project: Project):
    for rows in range(1, 5):
        run(project, "-p", f"rows={rows}")
    a_day_later(project)
    both = (
        "import subprocess, sys\n"
        "gc = [sys.executable, '-m', 'headrace', 'gc', '--keep-last', '1', '--delete']\n"
        "two = [subprocess.Popen(gc) for _ in range(2)]\n"
        "sys.exit(any([one.wait() for one in two]))\n"
    )
    assert project.python(both).status == 0
    assert len(listed(project)) == 1
    project.ok("verify")
