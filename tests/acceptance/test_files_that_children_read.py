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


POOLS = {
    "a pool": "    with multiprocessing.get_context('fork').Pool(2) as pool:\n        return ''.join(pool.map(read, ['a', 'b']))\n",
    "an executor": (
        "    with ProcessPoolExecutor(2, multiprocessing.get_context('fork')) as pool:\n"
        "        return ''.join(pool.map(read, ['a', 'b']))\n"
    ),
    "a fork": (
        "    pid = os.fork()\n    if pid == 0:\n        Path('out.txt').write_text(read('a'))\n        os._exit(0)\n"
        "    os.waitpid(pid, 0)\n    return Path('out.txt').read_text() + read('b')\n"
    ),
}
POOLED = (
    HEAD
    + "import multiprocessing\nimport os\nfrom concurrent.futures import ProcessPoolExecutor\nfrom pathlib import Path\n\n"
    + "def read(name):\n    return Path(f'data/{name}.txt').read_text()\n\n@hr.step\ndef use() -> str:\n{body}\n"
    + "@hr.pipeline\ndef pipe() -> str:\n    return use()\n"
)


@pytest.mark.parametrize("case", POOLS, ids=lambda case: case.replace(" ", "-"))
@pytest.mark.parametrize("lane", ["in this process", "in a worker"])
def test_what_forked_children_read_counts(tmp_path: Path, case: str, lane: str):
    files = {"work.py": POOLED.replace("{body}", POOLS[case]), "data/a.txt": "1", "data/b.txt": "2"}
    project = project_of(tmp_path, files)
    options = () if lane == "in this process" else ("-o", "use.timeout=60")
    assert run(project, "work:pipe", *options)[0] == "12"
    assert run(project, "work:pipe", *options) == ("12", {"use": "reused"})
    (tmp_path / "data" / "b.txt").write_text("3")
    assert run(project, "work:pipe", *options) == ("13", {"use": "succeeded"})
    (tmp_path / "data" / "a.txt").write_text("4")
    assert run(project, "work:pipe", *options) == ("43", {"use": "succeeded"})
