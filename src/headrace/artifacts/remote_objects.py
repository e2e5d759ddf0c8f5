"""Objects in an object store (S3 and what speaks like it) through obstore: asked again with patience, sent and fetched
in pieces. Knows keys and bytes; what a digest is for, and copies on this machine, are the business of RemoteFolder."""

import os
import random
import time
from collections.abc import Callable, Iterator
from functools import cached_property, partial
from pathlib import Path
from typing import Any, TypeVar

from headrace.artifacts.remote_errors import Answer, ObjectStoreError, answer_of, error_of

PATIENCE_S = 60.0
"""How long a request is made again before the store counts as unreachable; the same as with a database's server."""
PIECE_BYTES = 8 << 20
"""Larger objects go in pieces of this size: S3 takes parts from 5 MiB."""
_AT_ONCE = 4
_MOST_PIECES = 9_000
"""S3 takes 10,000 parts an object."""
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.1, 5.0

T = TypeVar("T")


class RemoteObjects:
    """What is asked of an object store. Any thread, any number of processes.

    `connect` makes the store of obstore at the first request; `place` names it in messages. Puts are atomic: an object
    is there whole or not at all. Every method raises ObjectStoreError for what concerns the whole store, after
    `patience_s` of asking again where that may help.
    """

    def __init__(self, connect: Callable[[], Any], place: str, *, patience_s: float = PATIENCE_S) -> None:
        self._connect, self.place, self._patience_s = connect, place, patience_s
        self._is_bucket_seen = False

    @cached_property
    def _store(self) -> Any:
        return self._connect()

    def size_of(self, key: str) -> int | None:
        """The bytes that an object has; None if there is none."""
        import obstore  # costs 13 ms, and only remote stores need it

        size: int | None = self._ask(lambda: obstore.head(self._store, key)["size"], key)
        return size

    def create(self, key: str, content: bytes) -> bool:
        """Put an object where none is; whether it was put. One that is there is left as it is."""
        import obstore  # as above
        from obstore.exceptions import AlreadyExistsError  # as above

        def put() -> bool:
            try:
                obstore.put(self._store, key, content, mode="create", use_multipart=False)
            except AlreadyExistsError:
                return False
            except NotImplementedError:  # AWS_CONDITIONAL_PUT says that the server has none
                self.replace(key, content)
            except Exception as error:
                if answer_of(error).code != "NotImplemented":
                    raise
                self.replace(key, content)
            return True

        return bool(self._ask(put, key))

    def replace(self, key: str, content: bytes) -> None:
        """Put an object, whatever is there."""
        import obstore  # as above

        self._ask(lambda: obstore.put(self._store, key, content, use_multipart=False), key)

    def upload(self, key: str, file: Path, size: int) -> None:
        """Put a large file in parts, a few at once; nothing of it is seen before the last part has come."""
        import obstore  # as above

        piece = max(PIECE_BYTES, -(-size // _MOST_PIECES))

        def send() -> None:
            # opened anew for each try: it is read from its beginning
            with file.open("rb") as source:
                obstore.put(
                    self._store, key, source, use_multipart=True, chunk_size=piece, max_concurrency=_AT_ONCE
                )  # fmt: skip

        self._ask(send, key)

    def whole(self, key: str) -> bytes | None:
        """The bytes of a small object; None if there is none."""
        import obstore  # as above

        # a buffer of Rust's: its copy is freed together with the value, as every bytes object is
        return self._ask(lambda: bytes(obstore.get(self._store, key).bytes()), key)

    def pieces(self, key: str, size: int) -> Iterator[Any]:
        """The buffers of a large object of a known size, in order, a few fetched at once; ends early at a short one."""
        import obstore  # as above

        stride = PIECE_BYTES * _AT_ONCE
        for start in range(0, size, stride):
            starts = list(range(start, min(start + stride, size), PIECE_BYTES))
            ends = [min(one + PIECE_BYTES, size) for one in starts]
            fetch = partial(obstore.get_ranges, self._store, key, starts=starts, ends=ends, coalesce=0)
            fetched = self._ask(fetch, key)
            if fetched is None:
                return
            yield from fetched

    def try_out(self) -> float:
        """Write, read and remove an object of its own; gives the seconds that took."""
        import obstore  # as above

        key, content = f"probes/{os.getpid()}-{os.urandom(8).hex()}", os.urandom(64)
        begun = time.perf_counter()
        self.replace(key, content)
        found = self.whole(key)
        self._ask(lambda: obstore.delete(self._store, key), key)
        if found != content:
            raise ObjectStoreError(self.place, "gives back other bytes than it was given", "Ask who runs it.")
        return time.perf_counter() - begun

    def _ask(self, action: Callable[[], T], key: str) -> T | None:
        """Do it, again while that may help; None if there is no such object. Other errors name what is wrong."""
        begun, pause = time.monotonic(), _FIRST_PAUSE_S
        while True:
            try:
                answer = action()
            except ObjectStoreError:
                raise
            except FileNotFoundError as error:
                if not self._is_bucket_seen:
                    self._look_for_bucket(error, key)
                return None
            except Exception as error:  # noqa: BLE001 - obstore's errors have their kinds, what they are stands in their text
                found = answer_of(error)
                waited = time.monotonic() - begun
                if not found.is_passing or waited + pause > self._patience_s:
                    raise error_of(self._told(found, key), self.place, waited_s=waited) from None
            else:
                self._is_bucket_seen = True
                return answer
            time.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - jitter
            pause = min(2 * pause, _LONGEST_PAUSE_S)

    def _look_for_bucket(self, error: FileNotFoundError, key: str) -> None:
        answer = self._told(answer_of(error), key)
        if answer.status != 0 and answer.code not in ("", "NoSuchKey"):
            raise error_of(answer, self.place) from None
        self._is_bucket_seen = True

    def _told(self, answer: Answer, key: str) -> Answer:
        """With the server's reason: an answer to HEAD has no body, one to GET has."""
        import obstore  # as above

        if answer.code or answer.status not in (400, 401, 403, 404):
            return answer
        try:
            obstore.get(self._store, key)
        except Exception as error:  # noqa: BLE001 - as above
            told = answer_of(error)
            return told if told.code else answer
        return answer
