"""A run goes on after its PostgreSQL server was stopped, or has crashed, and started again under it."""

import signal
import subprocess
import sys
import textwrap
import time

import psycopg
import pytest

from acceptance.command_line import ENVIRONMENT, Project
from postgres_kit import PostgresServer, programs

pytestmark = [pytest.mark.services, pytest.mark.slow]

PIPELINE = """
    import time
    from pathlib import Path

    import headrace as hr


    @hr.step
    def one(number: int, after: int, counted: str) -> int:
        with open(counted, "a") as file:
            file.write(f"{number}\\n")
        time.sleep(0.25)
        hr.log_metric("number", number)
        return number + after


    @hr.pipeline
    def chain(length: hr.Static[int] = 8, counted: str = "counted") -> int:
        value = 0
        for number in range(length):
            value = one.with_options(name=f"step_{number}", cache=False)(number, value, counted)
        return value
"""


@pytest.fixture
def server():
    if programs() is None:
        pytest.skip("no `initdb` and `postgres`: install PostgreSQL")
    server = PostgresServer()
    yield server
    server.close()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT], ids=["restarted", "crashed"])
def test_a_run_goes_on_when_its_server_is_back(tmp_path, server, how):
    (tmp_path / "pyproject.toml").write_text('[tool.headrace.pipelines]\nchain = "chains.py:chain"\n')
    (tmp_path / "chains.py").write_text(textwrap.dedent(PIPELINE))
    address = server.address(server.fresh())
    counted = tmp_path / "counted"
    environment = {**ENVIRONMENT, "HEADRACE_DATABASE": address}
    command = [sys.executable, "-m", "headrace", "run", "chain", "-p", f"counted={counted}"]
    run = subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 30
    while not counted.exists() or len(counted.read_text().split()) < 3:
        assert time.monotonic() < deadline
        assert run.poll() is None
        time.sleep(0.01)
    server.stop(how)
    time.sleep(0.7)  # so that steps end while nothing can be written
    assert run.poll() is None
    server.start()
    out, err = run.communicate(timeout=60)
    assert run.returncode == 0, err + out
    assert "28" in out
    assert counted.read_text().split() == [str(number) for number in range(8)]
    with psycopg.connect(address) as look:
        kept = look.execute("SELECT sequence, type, node FROM run_events ORDER BY sequence").fetchall()
        attempts = look.execute("SELECT node, state FROM attempts ORDER BY node").fetchall()
        metrics = look.execute("SELECT value FROM metrics ORDER BY value").fetchall()
    assert [sequence for sequence, _, _ in kept] == list(range(1, len(kept) + 1))
    story = [(kind, node) for _, kind, node in kept]
    told = [
        pair
        for number in range(8)
        for pair in (("step.started", f"step_{number}"), ("step.succeeded", f"step_{number}"))
    ]
    assert story == [("run.started", ""), *told, ("run.succeeded", "")]
    assert attempts == [(f"step_{number}", "succeeded") for number in range(8)]
    assert metrics == [(float(number),) for number in range(8)]
    shown = Project(tmp_path).headrace("show", "last", HEADRACE_DATABASE=address)
    assert (shown.status, "succeeded" in shown.out) == (0, True)
