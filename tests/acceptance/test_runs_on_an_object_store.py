"""Runs whose objects live in S3 answer, reuse, mend and fail as those over a folder do, through the command line."""

import json
import shutil
from pathlib import Path

import obstore
import pytest

from acceptance.command_line import Project
from acceptance.test_damaged_stores import STEPS, ran
from s3_kit import BUCKET, READER, READER_SECRET, SECRET, shared_server

pytestmark = [pytest.mark.services, pytest.mark.slow]


class BucketProject(Project):
    """A project whose commands find the server's keys in their environment."""

    def headrace(self, *arguments, **environment):
        answer = super().headrace(*arguments, **{**shared_server().environment(), **environment})
        assert SECRET not in answer.out + answer.err
        return answer

    def ok(self, *arguments, **environment):
        answer = self.headrace(*arguments, **environment)
        assert answer.status == 0, answer.err + answer.out
        return answer


@pytest.fixture
def prefix():
    return shared_server().fresh()


@pytest.fixture
def project(tmp_path: Path, prefix: str) -> BucketProject:
    setting = f'[tool.headrace]\nobjects = "s3://{BUCKET}/{prefix}"\nlanes = 2\n'
    (tmp_path / "pyproject.toml").write_text(f'[project]\nname = "damaged"\nversion = "0"\n{setting}')
    (tmp_path / "damaged.py").write_text(STEPS)
    return BucketProject(tmp_path)


def objects(prefix: str) -> dict[str, int]:
    found = obstore.list(shared_server().store(prefix)).collect()
    return {one["path"]: one["size"] for one in found}


def test_objects_go_to_the_bucket_and_everything_answers_as_from_a_folder(project, prefix, tmp_path):
    other = Project(tmp_path / "beside")
    other.folder.mkdir()
    (other.folder / "pyproject.toml").write_text('[project]\nname = "damaged"\nversion = "0"\n')
    (other.folder / "damaged.py").write_text(STEPS)
    assert project.ok("run", "damaged:sums").out == other.headrace("run", "damaged:sums").out
    assert not list((project.folder / ".headrace").glob("objects/??/*"))
    in_folder = {
        str(path.relative_to(other.folder / ".headrace")): path
        for path in (other.folder / ".headrace/objects").glob("??/*")
    }
    assert objects(prefix) == {name: path.stat().st_size for name, path in in_folder.items()}
    for command in (("artifacts", "last"), ("logs", "last")):
        ours, theirs = project.ok(*command), other.headrace(*command)
        assert ours.out.replace(str(project.folder), "") == theirs.out.replace(str(other.folder), "")
    assert "total in run" in project.ok("why", "last", "total").out
    assert project.ok("show", "last", "--json").data["state"] == "succeeded"


def test_what_is_there_is_reused_and_another_machine_reads_it(project, prefix, tmp_path):
    first = project.ok("run", "damaged:arrays").out
    assert ran(project) == ["numbers", "squares"]
    shutil.rmtree(project.folder / ".headrace" / "copies")
    assert project.ok("run", "damaged:arrays").out == first
    assert ran(project) == []
    project.ok("artifacts", "last", "--export", str(tmp_path / "given"))
    assert any((tmp_path / "given").iterdir())


@pytest.mark.parametrize("how", ["missing", "cut", "altered"])
def test_damaged_objects_are_computed_again_in_the_same_run(project, prefix, how):
    right = project.ok("run", "damaged:sums").out
    ran(project)
    inside = shared_server().store(prefix)
    for key in objects(prefix):
        if how == "missing":
            obstore.delete(inside, key)
        else:
            content = bytes(obstore.get(inside, key).bytes())
            obstore.put(inside, key, content[:100] if how == "cut" else content[:-1] + bytes([content[-1] ^ 255]))
    shutil.rmtree(project.folder / ".headrace" / "copies")
    doctor = project.headrace("doctor", "--deep")
    assert doctor.status == 1
    assert "objects" in doctor.out
    assert project.ok("run", "damaged:sums", "-p", "power=2").out != right
    assert ran(project) in (
        ["numbers", "squares", "total"],
        ["squares", "total"],
        ["squares", "numbers", "squares", "total"],
    )
    shutil.rmtree(project.folder / ".headrace" / "copies")
    assert project.ok("run", "damaged:sums").out == right
    values = project.ok("run", "damaged:arrays").out
    shutil.rmtree(project.folder / ".headrace" / "copies")
    assert project.ok("run", "damaged:arrays").out == values


def test_lanes_share_what_is_in_the_bucket(project, prefix):
    (project.folder / "wide.py").write_text(
        "import headrace as hr\nimport numpy as np\n"
        "@hr.step\ndef base(n: int) -> np.ndarray:\n    return np.arange(n)\n"
        "@hr.step\ndef part(xs: np.ndarray, by: int) -> np.ndarray:\n    return xs * by\n"
        "@hr.step\ndef joined(parts: list[np.ndarray]) -> int:\n    return int(sum(part.sum() for part in parts))\n"
        "@hr.pipeline\ndef wide(n: int = 3000) -> int:\n"
        "    return joined([part(base(n), by) for by in range(6)])\n"
    )
    assert project.ok("run", "wide:wide").out.split()[-1] == str(sum(range(3000)) * sum(range(6)))
    assert project.ok("doctor", "--deep").status == 0


def test_the_doctor_says_which_store_is_used_and_whether_it_answers(project, prefix):
    before = project.ok("doctor")
    assert f"s3://{BUCKET}/{prefix} at {shared_server().endpoint} answers: written, read and removed" in before.out
    assert objects(prefix) == {}
    project.ok("run", "damaged:sums")
    wrong = project.headrace("doctor", AWS_SECRET_ACCESS_KEY="wrong")
    assert wrong.status == 1
    assert "SignatureDoesNotMatch" in wrong.out
    reader = project.headrace("doctor", AWS_ACCESS_KEY_ID=READER, AWS_SECRET_ACCESS_KEY=READER_SECRET)
    assert reader.status == 1
    assert "s3:PutObject" in reader.out
    assert READER_SECRET not in reader.out


def test_a_store_that_refuses_fails_the_run_with_the_cause_and_computes_nothing_again(project, prefix):
    project.ok("run", "damaged:sums")
    ran(project)
    wrong = project.headrace("run", "damaged:sums", AWS_SECRET_ACCESS_KEY="wrong")
    assert wrong.status != 0
    assert "SignatureDoesNotMatch" in wrong.err
    assert ran(project) == []
    project.ok("run", "damaged:sums")
    assert ran(project) == []


def test_a_setting_without_sense_is_refused_and_not_shown(project):
    for told in ("s3://key:hush@bucket/x", "https://hush.example.org", "s3://", "bucket-hush"):
        answer = project.headrace("runs", HEADRACE_OBJECTS=told)
        assert answer.err.startswith("error[settings]: HEADRACE_OBJECTS has to be a place in a bucket")
        assert "hush" not in answer.err
    for name in ("HEADRACE_HOME", "HEADRACE_STORE"):
        answer = project.headrace("runs", **{name: "s3://hush/x"})
        assert answer.err.startswith(f"error[settings]: {name} is a place in a bucket")
        assert "HEADRACE_OBJECTS" in answer.err
    assert "HEADRACE_OBJECT_COPIES" in project.headrace("runs", HEADRACE_OBJECT_COPIES="much").err
    assert json.loads(
        project.ok("run", "damaged:sums", "--json", HEADRACE_OBJECTS="", HEADRACE_OBJECT_COPIES="1 GB").out
    )
    assert list((project.folder / ".headrace" / "objects").glob("??/*"))
