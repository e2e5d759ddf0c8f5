"""A PostgreSQL server of the tests' own: on a free port of this machine, its data in a temporary folder.

One for all tests of a process, begun when the first asks for it and ended with the process, whatever ends that; each
test has a database of its own.
"""

import atexit
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from functools import cache
from pathlib import Path

import psycopg
import pytest

from headrace.stores.opening import SqlStore
from headrace.stores.postgres_opening import open_postgres
from headrace.stores.sessions import Session

USER = "headrace"
_AS = "postgres", "nobody"
"""The users to be where the tests are root's, as a server refuses to be root's."""
_TEMPLATE = "headrace_made"
_WATCH = """
import os, shutil, signal, sys, time
pid, folder = int(sys.argv[1]), sys.argv[2]
if sys.stdin.read():
    sys.exit()  # it was stopped, and may be begun again
try:
    os.kill(pid, signal.SIGQUIT)
    for _ in range(500):
        os.kill(pid, 0)
        time.sleep(0.02)
except ProcessLookupError:
    pass
shutil.rmtree(folder, ignore_errors=True)
"""
"""Ends a server and its folder when the pipe from the tests closes without a word."""


@cache
def programs() -> Path | None:
    """The folder of `initdb` and `postgres`; None where there are none."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)
    found = shutil.which("initdb")
    places = [*([Path(found).resolve().parent] if found else []), *debian]
    return next((place for place in places if (place / "initdb").exists() and (place / "postgres").exists()), None)


class PostgresServer:
    """A server that can be ended and begun again; `settings` are `name=value` for its command line."""

    def __init__(self, *settings: str, password: str = "") -> None:
        bin_folder = programs()
        assert bin_folder is not None
        self._programs, self._settings, self.password = bin_folder, settings, password
        self.folder = Path(tempfile.mkdtemp(prefix="headrace-pg-"))
        self._identity = _somebody_else() if os.geteuid() == 0 else {}
        if self._identity:
            os.chown(self.folder, self._identity["user"], self._identity["group"])
        self.port = _free_port()
        self._count = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._watch: subprocess.Popen[bytes] | None = None
        self._initialise()
        self.start()

    def address(self, database: str, *, user: str = USER, password: str = "") -> str:
        """The address of one of its databases."""
        secret = password or self.password
        return f"postgresql://{user}{secret and ':' + secret}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Begin; returns when it answers."""
        given = [
            "fsync=off",
            "full_page_writes=off",
            "shared_buffers=32MB",
            "max_connections=60",
            "log_min_messages=warning",
        ]
        options = [*given, f"unix_socket_directories={self.folder}", "listen_addresses=127.0.0.1", *self._settings]
        command = [str(self._programs / "postgres"), "-D", str(self.folder / "data"), "-p", str(self.port)]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*command, *(part for option in options for part in ("-c", option))],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder, start_new_session=True, **self._identity,
            )  # fmt: skip
        # whatever ends this process closes the pipe, and so the server
        self._watch = subprocess.Popen(
            [sys.executable, "-S", "-c", _WATCH, str(self._process.pid), str(self.folder)],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
        self._wait()

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End it: SIGINT breaks its sessions off, SIGQUIT does so without writing anything more."""
        process, watch = self._process, self._watch
        if process is None or watch is None:
            return
        self._process = self._watch = None
        process.send_signal(how)
        process.wait(20)
        watch.communicate(b"stopped", 20)

    def close(self) -> None:
        """End it for good."""
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)

    def fresh(self, template: str = "template0", options: str = "") -> str:
        """The name of a new database."""
        self._count += 1
        name = f"test_{self._count}"
        self.ask("postgres", f"CREATE DATABASE {name} TEMPLATE {template} {options}")
        return name

    def drop(self, database: str) -> None:
        """Remove a database, whoever uses it."""
        self.ask("postgres", f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")

    def ask(self, database: str, statement: str) -> list[tuple[object, ...]]:
        """Let the server's owner run a statement."""
        with psycopg.connect(self.address(database), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def _initialise(self) -> None:
        secret = self.folder / "secret"
        secret.write_text(self.password or "none")
        secret.chmod(0o644)
        login = ["-A", "scram-sha-256" if self.password else "trust", "--pwfile", str(secret)]
        command = [str(self._programs / "initdb"), "-D", str(self.folder / "data"), "-U", USER, "-N", "-E", "UTF8"]
        made = subprocess.run(
            [*command, "--locale=C", *login], capture_output=True, text=True, check=False, timeout=60, cwd=self.folder, **self._identity
        )  # fmt: skip
        assert made.returncode == 0, made.stdout + made.stderr

    def _wait(self) -> None:
        until = time.monotonic() + 20
        while True:
            try:
                self.ask("postgres", "SELECT 1")
            except psycopg.OperationalError:
                assert self._process is not None
                assert self._process.poll() is None, (self.folder / "log").read_text()
                assert time.monotonic() < until, (self.folder / "log").read_text()
                time.sleep(0.02)
            else:
                return


def _somebody_else() -> dict[str, int]:
    for name in _AS:
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": found.pw_uid, "group": found.pw_gid}
    pytest.skip("a PostgreSQL server refuses to be root's, and there is neither a user `postgres` nor `nobody`")


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@cache
def shared_server() -> PostgresServer:
    """The server of this process; skips the test where none can be had."""
    if programs() is None:
        pytest.skip("no `initdb` and `postgres`: install PostgreSQL (Debian: apt-get install postgresql)")
    server = PostgresServer()
    atexit.register(server.close)
    return server


@cache
def template() -> str:
    """A database that holds an empty store; its own language sorts otherwise than by code point, where it can be had."""
    server = shared_server()
    made = f"CREATE DATABASE {_TEMPLATE} TEMPLATE template0"
    try:
        server.ask("postgres", f"{made} LOCALE_PROVIDER icu ICU_LOCALE 'en-US'")
    except psycopg.Error:  # older than 15, or built without
        server.ask("postgres", made)
    open_postgres(server.address(_TEMPLATE)).close()
    return _TEMPLATE


def empty(store: SqlStore) -> None:
    """Take everything out of a store on the server."""

    def work(session: Session) -> None:
        tables = session.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        )
        names = [row[0] for row in tables.fetchall() if row[0] != "headrace_schema"]
        session.execute(f"TRUNCATE {', '.join(names)}")

    store.database.write(work)
