"""What a supervised process tells its supervisor in memory that outlives it: no pipe that could fill, no file."""

import mmap

from msgspec import Struct

from headrace.core.failures import Failure

_WIDTH = 64
"""Bytes of one word; ids have 32."""


class Resumption(Struct, frozen=True):
    """A run that goes on in a new process by the same plan; what the one before has died of, and that in a line."""

    run_id: str
    plan: str
    cause: Failure
    text: str


class Lifeline:
    """A page that a process shares with those that it forks off.

    The child writes which run it conducts (`run_id`) by which plan (a digest), which attempt its own thread runs
    (`attempt_id`), and how the command ended (`ending`: its exit status, or `error`). Empty words are not said yet.
    `resumes` is set before a fork by the parent: the run that the child is to take over. `is_watched` says whether
    there is a parent at all.
    """

    def __init__(self, *, is_watched: bool = True) -> None:
        self._page = mmap.mmap(-1, mmap.PAGESIZE)
        self.is_watched = is_watched
        self.resumes: Resumption | None = None

    @property
    def run_id(self) -> str:
        """The run that is under way."""
        return self._read(0)

    @run_id.setter
    def run_id(self, text: str) -> None:
        self._write(0, text)

    @property
    def attempt_id(self) -> str:
        """The attempt that runs in the child itself."""
        return self._read(1)

    @attempt_id.setter
    def attempt_id(self, text: str) -> None:
        self._write(1, text)

    @property
    def ending(self) -> str:
        """How the command ended, in the child's own words."""
        return self._read(2)

    @ending.setter
    def ending(self, text: str) -> None:
        self._write(2, text)

    @property
    def plan(self) -> str:
        """The plan that the run follows."""
        return self._read(3)

    @plan.setter
    def plan(self, text: str) -> None:
        self._write(3, text)

    @property
    def has_heard(self) -> bool:
        """Whether the child has answered a signal that asks for its end."""
        return bool(self._read(4))

    @has_heard.setter
    def has_heard(self, is_so: bool) -> None:
        self._write(4, "yes" if is_so else "")

    @property
    def has_told(self) -> bool:
        """Whether the child has told how the run ended."""
        return bool(self._read(5))

    @has_told.setter
    def has_told(self, is_so: bool) -> None:
        self._write(5, "yes" if is_so else "")

    def _read(self, place: int) -> str:
        return self._page[place * _WIDTH : (place + 1) * _WIDTH].rstrip(b"\0").decode("ascii", "replace")

    def _write(self, place: int, text: str) -> None:
        self._page[place * _WIDTH : (place + 1) * _WIDTH] = text.encode("ascii")[:_WIDTH].ljust(_WIDTH, b"\0")
