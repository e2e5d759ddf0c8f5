"""Objects in a real S3 server, over networks that fail: what is asked again, what is told, what never leaks."""

import os
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import obstore
import pytest

import headrace
from headrace.artifacts.buckets import open_bucket
from headrace.artifacts.copies import Copies
from headrace.artifacts.local_folder import LocalFolder
from headrace.artifacts.remote_errors import (
    BucketMissingError,
    ObjectStoreClockError,
    ObjectStoreCredentialsError,
    ObjectStoreDeniedError,
    ObjectStoreError,
    ObjectStoreUnreachableError,
)
from headrace.artifacts.remote_folder import RemoteFolder, key_of
from headrace.artifacts.store import LocalArtifactStore
from headrace.core.errors import ArtifactError, HeadraceError, SettingsError
from integration.artifacts.faulty_proxy import Proxy, answer, proxy_to
from s3_kit import BUCKET, READER, READER_SECRET, SECRET, S3Server, shared_server

pytestmark = [pytest.mark.services, pytest.mark.slow]
SOURCE = str(Path(headrace.__file__).parents[1])
LONG = "x" * 9_000
LARGE = b"0123456789abcdef" * (10 << 16)


@pytest.fixture
def server() -> S3Server:
    return shared_server()


@pytest.fixture
def proxy(server):
    with proxy_to(server.endpoint) as found:
        yield found


class Place:
    """An address of a server's bucket, and stores over it as processes and machines have them."""

    def __init__(self, server: S3Server, folder: Path) -> None:
        self.server, self.folder, self.prefix = server, folder, server.fresh()
        self.address = f"s3://{BUCKET}/{self.prefix}"
        self.inside = server.store(self.prefix)

    def store(
        self, name: str = "one", *, patience_s: float = 30, limit: int = 10**9, **told: str
    ) -> LocalArtifactStore:
        for key, text in {**self.server.environment(), **told}.items():
            self.patch.setenv(key, text)
        remote = open_bucket(self.address, patience_s=patience_s)
        remote.size_of("connect")  # obstore reads the environment now
        return self.over(remote, name, limit)

    def over(self, remote, name: str, limit: int = 10**9) -> LocalArtifactStore:
        self.copies = Copies(LocalFolder(str(self.folder / name)), limit, grace_s=0)
        return LocalArtifactStore(self.folder / name, pickles="allow", objects=RemoteFolder(remote, self.copies))

    def keys(self) -> list[str]:
        return sorted(one["path"] for one in obstore.list(self.inside).collect())


@pytest.fixture
def place(server, tmp_path, monkeypatch):
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    made = Place(server, tmp_path)
    made.patch = monkeypatch
    return made


def refused(kind: type[HeadraceError], call) -> str:
    with pytest.raises(kind) as caught:
        call()
    text = str(caught.value)
    assert type(caught.value) is kind, text
    for secret in (SECRET, "hush", "Signature=", "a-wrong-secret"):
        assert secret not in text
    assert caught.value.__suppress_context__ or caught.value.__cause__ is None
    return text


def test_two_writers_of_one_object_at_once_leave_one_whole_object(place):
    stores = [place.store(f"machine-{number}") for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        values = list(pool.map(lambda one: one.put(LONG), stores))
    assert len({value.digest for value in values}) == 1
    assert place.keys() == [key_of(values[0].digest)]
    assert place.store("reader").get(values[0]) == LONG


def test_of_many_who_create_one_object_at_once_one_does(place):
    place.store("one")
    remote = open_bucket(place.address)
    for turn in range(5):
        with ThreadPoolExecutor(8) as pool:
            made = list(pool.map(lambda number: remote.create(f"one-{turn}", b"%d" % number), range(8)))  # noqa: B023
        assert sum(made) == 1
        assert remote.whole(f"one-{turn}") == b"%d" % made.index(True)
        assert not remote.create(f"one-{turn}", b"later")


def test_a_store_without_conditional_puts_takes_objects_all_the_same(place):
    place.patch.setenv("AWS_CONDITIONAL_PUT", "disabled")
    store = place.store("one")
    value = store.put(LONG)
    assert place.store("two").get(value) == LONG
    assert store.put(LONG) == value


def test_an_object_that_is_there_is_not_put_again(place, proxy):
    value = place.store("one").put(LONG)
    before = obstore.head(place.inside, key_of(value.digest))
    place.store("two").put(LONG)
    after = obstore.head(place.inside, key_of(value.digest))
    assert (before["last_modified"], before["e_tag"]) == (after["last_modified"], after["e_tag"])


def test_a_second_read_asks_nobody(place, proxy: Proxy):
    value, large = place.store("one").put(LONG), place.store("one").put(LARGE)
    reader = place.store("two", AWS_ENDPOINT_URL=proxy.endpoint)
    assert reader.get(value) == LONG
    assert reader.get(large) == LARGE
    asked = len(proxy.requests)
    again = place.store("two", AWS_ENDPOINT_URL=proxy.endpoint)
    connecting = len(proxy.requests) - asked
    assert (again.get(value), again.get(large)) == (LONG, LARGE)
    assert len(proxy.requests) == asked + connecting


@pytest.mark.parametrize(
    "fault",
    ["reset", "reset after it was done", answer(500, "InternalError"), answer(503, "SlowDown"), "0.3", "short"],
    ids=["reset", "lost answer", "500", "503", "delay", "cut short"],
)
def test_what_passes_is_waited_for(place, proxy: Proxy, fault):
    store = place.store("one", AWS_ENDPOINT_URL=proxy.endpoint)
    proxy.faults[:] = [fault] * 3
    value = store.put(LONG)
    proxy.faults[:] = [fault] * 2
    large = store.put(LARGE)
    reader = place.store("two", AWS_ENDPOINT_URL=proxy.endpoint)
    proxy.faults[:] = [fault] * 2
    assert reader.get(value) == LONG
    proxy.faults[:] = ["", *[fault] * 2]
    assert reader.get(large) == LARGE
    reader.check(value, content=False)


def test_what_does_not_pass_ends_at_a_deadline(place, proxy: Proxy):
    store = place.store("one", patience_s=1.5, AWS_ENDPOINT_URL=proxy.endpoint)
    proxy.faults[:] = [answer(503, "SlowDown")] * 1000
    begun = time.monotonic()
    text = refused(ObjectStoreUnreachableError, lambda: store.put(LONG))
    assert time.monotonic() - begun < 10
    assert "503 SlowDown" in text
    assert proxy.endpoint in text


def test_nobody_at_the_endpoint_is_told(place, server):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        dead = f"http://127.0.0.1:{taken.getsockname()[1]}"
        for name, text in place.server.environment(AWS_ENDPOINT_URL=dead).items():
            place.patch.setenv(name, text)
        remote = open_bucket(place.address, patience_s=0.5)
        for call in (remote.try_out, lambda: remote.size_of("a"), lambda: remote.whole("a")):
            assert "connection refused" in refused(ObjectStoreUnreachableError, call)
    place.patch.setenv("AWS_ENDPOINT_URL", "http://no-such-host.invalid:1")
    remote = open_bucket(place.address, patience_s=0.5)
    assert "name is not known" in refused(ObjectStoreUnreachableError, remote.try_out)


WRONG = [
    ({"AWS_ACCESS_KEY_ID": "nobody"}, "InvalidAccessKeyId"),
    ({"AWS_SECRET_ACCESS_KEY": "a-wrong-secret"}, "SignatureDoesNotMatch"),
]


@pytest.mark.parametrize(("told", "code"), WRONG, ids=[code for _, code in WRONG])
def test_wrong_credentials_are_named_whatever_is_asked(place, told, code):
    for name, text in {**place.server.environment(), **told}.items():
        place.patch.setenv(name, text)
    remote = open_bucket(place.address, patience_s=5)
    asked = (
        lambda: remote.size_of("a"),
        lambda: remote.create("a", b"1"),
        lambda: remote.whole("a"),
        lambda: list(remote.pieces("a", 10)),
        remote.try_out,
    )
    begun = time.monotonic()
    for call in asked:
        assert code in refused(ObjectStoreCredentialsError, call)
    assert time.monotonic() - begun < 3  # no second try would help


def test_that_there_are_no_keys_is_told(place):
    place.patch.setenv("AWS_ENDPOINT_URL", place.server.endpoint)
    place.patch.setenv("AWS_METADATA_ENDPOINT", "http://127.0.0.1:9")
    place.patch.setenv("HOME", str(place.folder))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        place.patch.delenv(name, raising=False)
    remote = open_bucket(place.address, patience_s=5)
    assert "no credentials were found" in refused(ObjectStoreCredentialsError, remote.try_out)


def test_no_right_to_write_is_named_and_reading_works(place):
    value = place.store("one").put(LONG)
    rights = {"AWS_ACCESS_KEY_ID": READER, "AWS_SECRET_ACCESS_KEY": READER_SECRET}
    reader = place.store("two", **rights)
    assert reader.get(value) == LONG
    assert "s3:PutObject" in refused(ObjectStoreDeniedError, lambda: reader.put(LONG + "y"))


def test_a_missing_bucket_is_named_whatever_is_asked(place):
    for name, text in place.server.environment().items():
        place.patch.setenv(name, text)
    for call in ("size_of", "whole"):
        remote = open_bucket("s3://no-such-bucket/x", patience_s=5)
        assert "s3://no-such-bucket/x" in refused(BucketMissingError, lambda: getattr(remote, call)("a"))  # noqa: B023
    assert "no such bucket" in refused(BucketMissingError, remote.try_out)


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (403, "RequestTimeTooSkewed", ObjectStoreClockError),
        (400, "ExpiredToken", ObjectStoreCredentialsError),
        (403, "AccessDenied", ObjectStoreDeniedError),
        (301, "301", ObjectStoreError),
        (400, "AuthorizationHeaderMalformed", ObjectStoreError),
    ],
)
def test_other_refusals_are_named(place, proxy: Proxy, status, code, kind):
    store = place.store("one", AWS_ENDPOINT_URL=proxy.endpoint)
    proxy.faults[:] = [answer(status, code)] * 3
    assert code in refused(kind, lambda: store.put(LONG))


def test_keys_come_from_a_profile(place, tmp_path):
    told = place.server.environment()
    keys = f"aws_access_key_id = {told['AWS_ACCESS_KEY_ID']}\naws_secret_access_key = {told['AWS_SECRET_ACCESS_KEY']}\n"
    (tmp_path / "credentials").write_text(f"[team]\n{keys}")
    (tmp_path / "config").write_text(
        f"[profile team]\nregion = us-east-1\nendpoint_url = {told['AWS_ENDPOINT_URL']}\n[profile sso]\nsso_session = a\n"
    )
    for name in told:
        place.patch.delenv(name, raising=False)
    place.patch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    place.patch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    place.patch.setenv("AWS_PROFILE", "team")
    remote = open_bucket(place.address)
    assert remote.try_out() > 0
    assert told["AWS_ENDPOINT_URL"] in remote.place
    assert place.keys() == []
    place.patch.setenv("AWS_PROFILE", "taem")
    assert "did you mean 'team'" in refused(SettingsError, lambda: open_bucket(place.address))
    place.patch.setenv("AWS_PROFILE", "sso")
    assert "export-credentials" in refused(SettingsError, lambda: open_bucket(place.address))


WRITER = """
import sys
from pathlib import Path
from headrace.artifacts.buckets import folder_over
from headrace.artifacts.store import LocalArtifactStore
folder = Path(sys.argv[2])
store = LocalArtifactStore(folder, objects=folder_over(sys.argv[1], folder, limit_bytes=10**9))
print("begins", flush=True)
print(store.put(b"0123456789abcdef" * (4 << 20)).digest, flush=True)
"""


def test_a_writer_that_is_killed_while_it_uploads_leaves_nothing_that_is_taken_for_an_object(place, proxy: Proxy):
    first = place.store("first", AWS_ENDPOINT_URL=proxy.endpoint)
    before = len(proxy.requests)
    killed = 0
    for parts in (1, 3, 6):
        proxy.faults[:] = ["0.2"] * 100
        command = [sys.executable, "-c", WRITER, place.address, str(place.folder / "killed")]
        writer = subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": SOURCE})
        until = time.monotonic() + 30
        while len([one for one in proxy.requests[before:] if "partNumber" in one]) < parts:
            assert time.monotonic() < until
            assert writer.poll() is None
            time.sleep(0.01)
        writer.kill()
        killed += b"\n" not in writer.communicate()[0].removeprefix(b"begins\n")
        before = len(proxy.requests)
        assert place.keys() == []
    assert killed == 3
    proxy.faults.clear()
    value = first.put(b"0123456789abcdef" * (4 << 20))
    assert place.store("killed").put(b"0123456789abcdef" * (4 << 20)) == value
    assert place.store("other").open_bytes(value) == first.open_bytes(value)


MEASURED = """
import resource, sys
from pathlib import Path
from headrace.artifacts.buckets import folder_over
from headrace.artifacts.store import LocalArtifactStore
from headrace.core.values import ObjectValue
folder, address, size = Path(sys.argv[2]), sys.argv[1], int(sys.argv[4])
objects = folder_over(address, folder, limit_bytes=10**10)
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
store = LocalArtifactStore(folder, objects=objects)
store.put("x" * 9000)
before = peak()
if sys.argv[3] == "write":
    sink = objects.open_sink()
    for _ in range(size >> 22):
        sink.write(bytes(4 << 20))
    print(objects.commit(sink), peak() - before)
else:
    source = objects.open(ObjectValue("file", sys.argv[5], size))
    print(len(source.map()), peak() - before)
"""


def test_a_large_object_takes_little_memory_to_send_and_to_fetch(place):
    place.store("unused")
    size = 256 << 20

    def measured(folder: str, *told: str) -> list[str]:
        command = [sys.executable, "-c", MEASURED, place.address, str(place.folder / folder), *told]
        environment = {**os.environ, "PYTHONPATH": SOURCE}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=100)
        assert done.returncode == 0, done.stderr
        return done.stdout.split()

    digest, written_mib = measured("writes", "write", str(size))
    found, read_mib = measured("reads", "read", str(size), digest)
    assert int(found) == size
    assert int(written_mib) < 128, written_mib
    assert int(read_mib) < 128, read_mib


def test_copies_keep_to_their_limit_and_what_was_used_last_stays(place):
    store = place.store("small", limit=200_000)
    values = [store.put(f"{number:06}" * 5_000) for number in range(5)]
    store.get(values[0])
    more = [store.put(f"{number:06}" * 5_000) for number in range(10, 13)]
    kept = sum(path.stat().st_size for path in (place.folder / "small").glob("??/*"))
    assert 0 < kept <= 200_000
    assert place.copies.find(values[0]) is not None
    assert place.copies.find(values[1]) is None
    for number, value in enumerate([*values]):
        assert store.get(value) == f"{number:06}" * 5_000
    assert place.copies.find(more[2]) is None or kept <= 200_000


def test_a_source_whose_copy_went_meanwhile_is_fetched_again(place):
    store = place.store("small")
    value = store.put(LONG)
    source = place.over(open_bucket(place.address), "small")._objects.open(value)
    place.copies.place_of(value.digest).unlink()
    assert LONG in source.read().decode()
    place.copies.place_of(value.digest).unlink()
    assert Path(source.path).exists()


READER_PROGRAM = """
import sys
from pathlib import Path
from headrace.artifacts.copies import Copies
from headrace.artifacts.local_folder import LocalFolder
from headrace.artifacts.buckets import open_bucket
from headrace.artifacts.remote_folder import RemoteFolder
from headrace.artifacts.store import LocalArtifactStore
from headrace.core.values import ObjectValue
folder = Path(sys.argv[2])
copies = Copies(LocalFolder(str(folder)), 150_000, grace_s=0)
store = LocalArtifactStore(folder, objects=RemoteFolder(open_bucket(sys.argv[1]), copies))
for turn in range(6):
    for number in range(10):
        text = f"{number:06}" * 5_000
        assert store.get(store.put(text)) == text
"""


def test_processes_share_one_small_folder_of_copies(place):
    place.store("shared")
    command = [sys.executable, "-c", READER_PROGRAM, place.address, str(place.folder / "shared")]
    environment = {**os.environ, "PYTHONPATH": SOURCE}
    several = [subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    for one in several:
        _, said = one.communicate(timeout=100)
        assert one.returncode == 0, said
    left = sum(path.stat().st_size for path in (place.folder / "shared").glob("??/*"))
    assert left <= 150_000 + 3 * 30_010


def test_what_lies_there_under_a_digest_is_verified(place):
    value = place.store("one").put(LONG)
    obstore.put(place.inside, key_of(value.digest), b"y" * value.size_bytes)
    with pytest.raises(ArtifactError, match="damaged") as caught:
        place.store("two").get(value)
    assert place.address in str(caught.value)
