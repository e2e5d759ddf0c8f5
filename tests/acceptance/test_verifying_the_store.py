"""`verify` compares every digest and every reference, and says what is wrong, whom it affects and what mends it."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from acceptance.command_line import Project

pytestmark = pytest.mark.slow

FLOW = """
import headrace as hr


@hr.step
def made(rows: int) -> bytes:
    hr.log_metric("rows", rows)
    hr.log_text("notes", "x" * 100_000)
    return b"abc" * rows


@hr.step
def measured(data: bytes) -> int:
    return len(data)


@hr.pipeline
def making(rows: int = 100_000) -> int:
    return measured(made(rows))
"""


WIDE = """
import headrace as hr


@hr.step
def item(n: int) -> bytes:
    return bytes([n % 251]) * 70_000 + str(n).encode()


@hr.pipeline
def wide() -> None:
    item.map(hr.each(list(range(1001))))
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "x"\nversion = "1"\n')
    (tmp_path / "flow.py").write_text(FLOW)
    made = Project(tmp_path)
    made.ok("run", "flow:making", "-q")
    made.ok("run", "flow:making", "-q")
    return made


def problems(project: Project) -> list[dict[str, str]]:
    answer = project.headrace("verify", "--json")
    assert answer.status == 3, answer.out
    return [one for one in answer.data if one["verdict"] == "problem"]


def spoil(project: Project, statement: str) -> None:
    with closing(sqlite3.connect(project.folder / ".headrace" / "headrace.db")) as database, database:
        assert database.execute(statement).rowcount > 0


def largest_object(project: Project) -> Path:
    return max((project.folder / ".headrace" / "objects").rglob("*"), key=lambda path: path.stat().st_size)


def test_a_store_that_was_left_alone_is_whole(project: Project):
    answer = project.ok("verify")
    assert "every page and index is sound" in answer.out
    assert "every reference leads to what it names" in answer.out
    assert "2 objects" in answer.out
    assert answer.err == ""


def test_a_flipped_byte_is_found_with_its_step_and_what_mends_it(project: Project):
    place = largest_object(project)
    place.chmod(0o644)
    content = bytearray(place.read_bytes())
    content[1000] ^= 1
    place.write_bytes(content)
    (found,) = problems(project)
    assert "output of step made of making" in found["text"]
    assert found["mend"] == "headrace run flow:making -p rows=100000 --refresh made"
    project.ok(*found["mend"].split()[1:], "-q")
    project.ok("verify")


def test_the_doctor_finds_the_same_in_its_deep_look(project: Project):
    largest_object(project).unlink()
    found = problems(project)
    deep = project.headrace("doctor", "--deep", "--json")
    assert deep.status == 1
    assert [one for one in deep.data if one["what"] == "objects"] == found


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("DELETE FROM run_events WHERE sequence = 2", "has a gap in its events"),
        ("DELETE FROM attempts WHERE node = 'made'", "names the attempt of a made that is gone"),
        ("DELETE FROM documents WHERE content LIKE '%headrace-graph%'", "lacks the document of its graph"),
        ("UPDATE step_runs SET state = 'running' WHERE node = 'measured'", "is over, but not its step measured"),
        ("UPDATE attempts SET state = 'running' WHERE node = 'made'", "is over, but not its attempt of made"),
        ("DELETE FROM runs", "has a step whose run is gone"),
    ],
    ids=["events", "attempts", "documents", "steps", "open attempts", "runs"],
)
def test_rows_that_contradict_each_other_are_found(project: Project, statement: str, told: str):
    spoil(project, statement)
    assert any(told in one["text"] for one in problems(project))


def test_the_document_of_a_steps_code_is_missed(project: Project):
    spoil(project, "DELETE FROM documents WHERE digest IN (SELECT SUBSTR(parts, 3, 64) FROM step_runs)")
    found = [one["text"] for one in problems(project)]
    assert any("lacks the document of the code of step made" in text for text in found)


def test_an_objects_own_references_are_followed(project: Project):
    (project.folder / "flow.py").write_text(WIDE)
    project.ok("run", "flow:wide", "-q")
    assert "1004 objects" in project.ok("verify").out
    project.python(
        "import headrace as hr\nfrom headrace.core.values import objects_in\nfrom pathlib import Path\n"
        "run = hr.get_run('last')\n"
        "inner = run._rooms.artifacts.expand(run.step('item')._record.output)\n"
        "digest = list(objects_in(inner))[7].digest\n"
        "(Path('.headrace/objects') / digest[:2] / digest[2:]).unlink()\n"
    )
    assert problems(project)


def test_nothing_to_verify_is_said(tmp_path: Path):
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "x"\nversion = "1"\n')
    answer = Project(tmp_path).headrace("verify")
    assert (answer.status, "There is no store" in answer.err) == (2, True)
