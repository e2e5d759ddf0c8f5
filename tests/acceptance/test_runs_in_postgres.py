"""Commands answer from PostgreSQL exactly as they do from SQLite, and tell no password."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from acceptance.command_line import ENVIRONMENT, Project
from postgres_kit import shared_server

pytestmark = pytest.mark.services
SECRET = "open%20sesame"


@pytest.fixture
def on_server(project, tmp_path):
    """The same project twice: `project` keeps its runs in SQLite, this one on a server."""
    return Project(Path(shutil.copytree(project.folder, tmp_path / "elsewhere" / "deliveries")))


@pytest.fixture
def address():
    """An empty database, with a password that the server does not ask for."""
    server = shared_server()
    name = server.fresh()
    yield server.address(name, password=SECRET)
    server.drop(name)


SAME = [
    ("plan", "training"),
    ("run", "training", "--name", "tuesday"),
    ("run", "training", "-p", "share=0.7"),
    ("run", "training", "--json"),
    ("runs",),
    ("runs", "--where", "error > 2"),
    ("runs", "--where", "error_mean < 100", "--where", "share = 0.7"),
    ("runs", "--where", "name = 'tuesday'", "--json"),
    ("runs", "--where", "nothing = 1"),
    ("show", "last"),
    ("show", "tuesday", "--json"),
    ("why", "last", "fit"),
    ("why", "last", "read"),
    ("plan", "training", "-p", "share=0.5"),
    ("logs", "tuesday"),
    ("show", "no-such-run"),
]


def plain(text: str, folder: Path, address: str) -> str:
    """An answer without what differs from run to run: ids, times, places."""
    place = re.sub(r":[^:@/]+@", "@", address)
    text = text.replace(str(folder), "HERE").replace(place, "STORE")
    text = re.sub(r"\b[0-9a-f]{32}\b|\b[0-9a-f]{8}\b", "ID", text)
    text = re.sub(r"\b[0-9a-f]{64}\b", "DIGEST", text)
    text = re.sub(r"(<|~)?\b\d+(\.\d+)?(e-\d+)? (ms|s|MB|kB|KB|GB)\b( ago)?|just now", "TIME", text)
    text = re.sub(r'("(?:\w*_s|\w+_at|at|seconds|cpu|memory|peak_memory_bytes|pid|mark|took)": )[^,}\]]+', r"\1N", text)
    return re.sub(r"[ ─]+", " ", text)


@pytest.mark.slow
def test_every_command_answers_from_a_server_as_from_a_file(project, on_server, address):
    for command in SAME:
        lite = project.headrace(*command)
        server = on_server.headrace(*command, HEADRACE_DATABASE=address)
        assert server.status == lite.status, (command, server.err, lite.err)
        for ours, theirs in ((server.out, lite.out), (server.err, lite.err)):
            assert plain(ours, on_server.folder, address) == plain(theirs, project.folder, address), command
            assert "sesame" not in ours
    assert not (on_server.folder / ".headrace" / "headrace.db").exists()


@pytest.mark.slow
def test_a_project_runs_and_looks_and_explains_on_a_server(on_server, address):
    setting = on_server.folder / "pyproject.toml"
    setting.write_text(setting.read_text() + f'\n[tool.headrace]\ndatabase = "{address}"\n')
    assert on_server.headrace("runs").err.startswith("error[usage]: There is no store in postgresql://headrace@")
    on_server.ok("run", "training")
    again = on_server.ok("run", "training")
    assert "5 reused" in again.err
    assert len(on_server.ok("runs", "--where", "error > 2", "--json").data) == 2
    assert "succeeded" in on_server.ok("show", "last").out
    told = on_server.ok("doctor").out
    assert "opens at postgresql://headrace@127.0.0.1" in told
    assert "a PostgreSQL server keeps it and answers" in told
    everything = [path for path in (on_server.folder / ".headrace").rglob("*") if path.is_file()]
    assert not any(b"sesame" in path.read_bytes() for path in everything)
    name = address.rpartition("/")[2]
    for (table,) in shared_server().ask(
        name, "SELECT relname FROM pg_class WHERE relkind = 'r' AND relname !~ '^(pg|sql)_'"
    ):
        found = shared_server().ask(name, f"SELECT count(*) FROM {table} AS row WHERE row::text LIKE '%sesame%'")
        assert found == [(0,)], table


@pytest.mark.slow
@pytest.mark.parametrize(
    ("address", "status", "said"),
    [
        ("postgresql://me:sesame@127.0.0.1:1/shop", 3, "error[store.server-unreachable]: No PostgreSQL server answers at postgresql://me@"),
        ("postgresql://me:open/sesame@127.0.0.1/shop", 2, "error[settings.database]: The address of the database"),
        ("mysql://me:sesame@127.0.0.1/shop", 2, "error[settings]: HEADRACE_DATABASE has to be the address of a PostgreSQL"),
    ],
)  # fmt: skip
def test_an_address_that_does_not_work_is_told_without_its_password(project, address, status, said):
    answers = [
        project.headrace(*command, HEADRACE_DATABASE=address)
        for command in (["runs"], ["run", "training", "--traceback"])
    ]
    for answer in answers:
        assert answer.status == status
        assert "sesame" not in answer.out + answer.err
    assert answers[0].err.startswith(said)
    doctor = project.headrace("doctor", HEADRACE_DATABASE=address)
    assert doctor.status in (1, 2, 3)
    assert "sesame" not in doctor.out + doctor.err


def test_without_a_driver_it_is_said_how_to_install_it(project, tmp_path):
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / "psycopg.py").write_text("raise ModuleNotFoundError('no such module', name='psycopg')\n")
    path = f"{hidden}:{ENVIRONMENT['PYTHONPATH']}"
    answer = project.headrace("runs", HEADRACE_DATABASE="postgresql://me:sesame@127.0.0.1:1/shop", PYTHONPATH=path)
    assert answer.status == 3
    assert answer.err.startswith("error[store.driver-missing]")
    assert "pip install 'headrace[postgres]'" in answer.err
    assert "sesame" not in answer.err


MANY = """
import headrace as hr


@hr.step
def double(number: int) -> int:
    return 2 * number


@hr.pipeline
def doubling(number: int) -> int:
    return double(number)


if __name__ == "__main__":
    runs = [hr.run(doubling, number=number) for number in range(12)]
    print(sum(run.output for run in runs), len(hr.runs()))
    input()
"""


@pytest.mark.slow
def test_a_script_that_keeps_its_runs_needs_few_connections(project, address):
    (project.folder / "many.py").write_text(MANY)
    script = subprocess.Popen(
        [sys.executable, str(project.folder / "many.py")],
        cwd=project.folder,
        env={**ENVIRONMENT, "HEADRACE_DATABASE": address},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert script.stdout is not None
    told = script.stdout.readline()
    name = address.rpartition("/")[2]
    sessions = shared_server().ask("postgres", f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{name}'")
    script.communicate("\n", timeout=30)
    assert told.split() == ["132", "12"]
    assert sessions[0][0] <= 2


@pytest.mark.slow
def test_a_store_in_a_file_loads_no_driver(project):
    project.ok("run", "training")
    code = "import sys; from headrace.__main__ import main; sys.argv = ['headrace', *sys.argv[1:]]\ntry: main()\nexcept SystemExit: pass\nprint([name for name in sys.modules if 'postgres' in name or 'psycopg' in name])"
    for command in (["runs"], ["run", "training"], ["show", "last"]):
        answer = project.script("-c", code, *command)
        assert answer.out.splitlines()[-1] == "[]"
