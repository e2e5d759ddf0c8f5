"""`headrace doctor`: finds what is wrong with a store, says whom it affects and what mends it; the mending command works."""

import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from acceptance.command_line import ENVIRONMENT, Project

pytestmark = pytest.mark.slow

STEPS = """
import os
import time
import headrace as hr

@hr.step
def letters(n: int) -> str:
    hr.log_text("told", "t" * 30_000)
    return "abc" * n

@hr.step
def doubled(text: str) -> list[str]:
    return [text, text]

@hr.pipeline
def words(n: int = 10_000) -> list[str]:
    return doubled(letters(n))

@hr.step
def endless() -> int:
    open("started", "w").close()
    time.sleep(600)
    return 1

@hr.pipeline
def long() -> int:
    return endless()
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "ill"\nversion = "0"\n')
    (tmp_path / "ill.py").write_text(STEPS)
    made = Project(tmp_path)
    made.ok("run", "ill:words")
    return made


def objects(project: Project) -> list[Path]:
    return sorted(path for path in (project.folder / ".headrace" / "objects").glob("??/*") if path.is_file())


def found(project: Project, *options: str) -> list[dict[str, str]]:
    """What the doctor does not find well."""
    answer = project.headrace("doctor", "--json", *options)
    findings = answer.data
    assert answer.status == int(any(one["verdict"] == "problem" for one in findings)), answer.err
    return [one for one in findings if one["verdict"] != "ok"]


def test_a_sound_store_is_told_in_a_line_each(project: Project):
    assert found(project) == []
    assert found(project, "--deep") == []
    told = {one["what"]: one["text"] for one in project.ok("doctor", "--json").data}
    assert {"disk", "permissions", "file system", "store", "database", "runs", "claims", "objects"} <= set(told)
    assert told["store"].endswith("schema 2")
    assert told["objects"].startswith("3 objects, ")


def test_an_object_that_is_gone_is_told_with_its_step_and_mended_by_the_told_command(project: Project):
    for path in objects(project):
        path.unlink()
    problems = found(project)
    assert {one["what"] for one in problems} == {"objects"}
    run = project.ok("runs", "--json").data[0]["id"][-8:]
    texts = [one["text"] for one in problems]
    assert any(f"It is the output of step letters of words, run {run}" in text for text in texts)
    assert any(f"text 'told' of step letters of words, run {run}" in text for text in texts)
    commands = {one["mend"] for one in problems}
    assert commands == {f"headrace run ill:words -p n=10000 --refresh {step}" for step in ("letters", "doubled")}
    assert f"  {'':<20} {min(commands)}" in project.headrace("doctor").out
    for command in commands:
        project.ok(*command.split()[1:])
    assert found(project, "--deep") == []


def test_other_bytes_of_the_same_number_are_found_by_a_deep_look(project: Project):
    for path in objects(project):
        path.chmod(0o644)
        path.write_bytes(path.read_bytes()[::-1].replace(b"t", b"u"))
    assert found(project) == []
    assert {one["what"] for one in found(project, "--deep")} == {"objects"}


def test_pages_that_are_overwritten_are_found(project: Project):
    place = project.folder / ".headrace" / "headrace.db"
    with sqlite3.connect(place) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        page = database.execute("PRAGMA page_size").fetchone()[0]
        [root] = database.execute("SELECT rootpage FROM sqlite_master WHERE name = 'metrics'").fetchone()
    database.close()
    with place.open("r+b") as file:
        file.seek((root - 1) * page)
        file.write(b"\x00" * 64)
    problems = found(project)
    assert [one["what"] for one in problems] == ["database"]
    assert "is damaged" in problems[0]["text"]
    assert ".recover" in problems[0]["mend"]


def test_a_run_of_a_killed_process_is_told_until_somebody_has_looked_at_it(project: Project):
    child = subprocess.Popen([sys.executable, "-c", "import headrace as hr, ill; hr.run(ill.long)"], cwd=project.folder,
                             env=ENVIRONMENT, stderr=subprocess.PIPE)  # fmt: skip
    while not (project.folder / "started").exists():
        assert child.poll() is None
    claims = {one["what"]: one["text"] for one in project.ok("doctor", "--json").data}
    assert claims["claims"] == "1 held by runs under way"
    child.kill()
    child.communicate()
    [note] = found(project)
    assert (note["verdict"], note["what"]) == ("note", "runs")
    assert "its process is gone" in note["text"]
    told = {one["what"]: one["text"] for one in project.ok("doctor", "--json").data}
    assert "1 left by runs that are over or dead" in told["claims"]
    project.ok(*note["mend"].split()[1:])
    assert found(project) == []


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_what_cannot_be_written_is_told(project: Project):
    (project.folder / ".headrace" / "headrace.db").chmod(0o444)
    problem = found(project)[0]
    assert problem["what"] == "permissions"
    assert "headrace.db" in problem["text"]


def test_a_store_of_a_newer_version_is_a_finding(project: Project):
    with sqlite3.connect(project.folder / ".headrace" / "headrace.db") as database:
        database.execute("UPDATE headrace_schema SET version = 99")
    database.close()
    [problem] = found(project)
    assert "written by a newer Headrace" in problem["text"]
    shutil.rmtree(project.folder / ".headrace")
    [note] = found(project)
    assert (note["what"], note["verdict"]) == ("store", "note")
