"""Files that are given to child processes count, and files in folders that only look like the system's."""

import os
import secrets
from pathlib import Path

import pytest

from acceptance.edited_files import HEAD, project_of, run

pytestmark = pytest.mark.slow

CALLS = {
    "a list": "subprocess.check_output(['cat', 'data/a.txt'], text=True)",
    "a working directory": "subprocess.check_output(['cat', 'a.txt'], text=True, cwd='data')",
    "a shell": "subprocess.check_output('cat data/a.txt | tr a-z A-Z', shell=True, text=True)",
    "a shell in a directory": "subprocess.check_output('tr a-z A-Z <a.txt', shell=True, text=True, cwd='data')",
    "an option": "subprocess.check_output(['dd', 'status=none', 'if=data/a.txt'], text=True)",
    "a spawned program": "spawned(lambda: os.posix_spawn('/bin/cp', ['cp', 'data/a.txt', TARGET], os.environ))",
    "a command": "spawned_text(lambda: os.system(f'cp data/a.txt {TARGET}'))",
}
STEP = (
    HEAD
    + "import os\nimport subprocess\nimport tempfile\n\n"
    + "def spawned_text(start):\n    start()\n    return subprocess.check_output(['cat', TARGET], text=True)\n\n"
    + "def spawned(start):\n    return spawned_text(lambda: os.waitpid(start(), 0))\n\n"
    + "TARGET = os.path.join(tempfile.gettempdir(), '{name}')\n\n@hr.step\ndef use() -> str:\n    return {call}\n\n"
    + "@hr.pipeline\ndef pipe() -> str:\n    return use()\n"
)


@pytest.mark.parametrize("case", CALLS, ids=lambda case: case.replace(" ", "-"))
def test_a_file_that_is_given_to_a_child_process_counts(tmp_path: Path, case: str):
    work = STEP.replace("{call}", CALLS[case]).replace("{name}", f"headrace-{secrets.token_hex(6)}")
    project = project_of(tmp_path, {"work.py": work, "data/a.txt": "one"})
    first = run(project)[0]
    assert str(first).lower() == "one"
    assert run(project) == (first, {"use": "reused"})
    (tmp_path / "data" / "a.txt").write_text("two")
    second, steps = run(project)
    assert (str(second).lower(), steps) == ("two", {"use": "succeeded"})


def test_what_a_shell_writes_to_is_no_input(tmp_path: Path):
    call = "subprocess.check_output('cat data/a.txt > data/b.txt; cat data/a.txt', shell=True, text=True)"
    project = project_of(tmp_path, {"work.py": STEP.replace("{call}", call), "data/a.txt": "one", "data/b.txt": "old"})
    run(project)
    assert run(project) == ("one", {"use": "reused"})


@pytest.mark.skipif(not os.access("/dev/shm", os.W_OK), reason="there is no /dev/shm to write to")
def test_a_file_in_shared_memory_counts(tmp_path: Path):
    place = Path("/dev/shm") / f"headrace-{secrets.token_hex(6)}.txt"
    work = STEP.replace("{call}", f"Path('{place}').read_text()")
    try:
        place.write_text("one")
        project = project_of(tmp_path, {"work.py": work})
        assert run(project)[0] == "one"
        place.write_text("two")
        assert run(project) == ("two", {"use": "succeeded"})
    finally:
        place.unlink()
