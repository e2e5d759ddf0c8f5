"""Group commit without a thread: whoever comes first leads, and takes along what others have queued meanwhile.

A write alone costs no hand-over between threads; many at once share one transaction.
"""

import threading
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from headrace.stores.sessions import Session

T = TypeVar("T")

MAX_BATCH = 256
"""Writes in one transaction: enough to share its cost, few enough to let other processes in between."""


class Ticket(Generic[T]):
    """One piece of work that waits for its commit."""

    __slots__ = ("error", "is_done", "result", "work")

    def __init__(self, work: Callable[[Session], T]) -> None:
        self.work = work
        self.result: list[T] = []
        self.error: Exception | None = None
        self.is_done = False

    def stage(self, session: Session) -> None:
        """Do the work; its result counts once the transaction is committed."""
        self.result = [self.work(session)]

    def fail(self, error: Exception) -> None:
        """This work alone, or its whole batch, has failed."""
        self.error, self.result = error, []

    def reset(self) -> None:
        """Forget what an interrupted transaction left."""
        self.error, self.result = None, []

    def outcome(self) -> T:
        """What the work returned; raises what it raised."""
        if self.error is not None:
            raise self.error
        return self.result[0]


Commit = Callable[[list[Ticket[object]]], None]
"""Carries tickets out in one transaction and leaves each done, with a result or an error.

If it is interrupted, those that are not done are done again.
"""


class Batches:
    """Queue and turn of the writers in one process."""

    def __init__(self) -> None:
        self._waiting: deque[Ticket[object]] = deque()
        self._turn = threading.Lock()

    def submit(self, work: Callable[[Session], object], commit: Commit) -> object:
        """Have some work done and committed; returns its result or raises its error."""
        ticket: Ticket[object] = Ticket(work)
        self._waiting.append(ticket)
        try:
            with self._turn:
                while not ticket.is_done:
                    self._lead(commit)
        except BaseException:
            self._withdraw(ticket)
            raise
        return ticket.outcome()

    def _lead(self, commit: Commit) -> None:
        batch = [self._waiting.popleft() for _ in range(min(MAX_BATCH, len(self._waiting)))]
        try:
            commit(batch)
        except BaseException:
            # interrupted between two statements: the others' writes are still to be done, by their own threads
            self._waiting.extendleft(ticket for ticket in reversed(batch) if not ticket.is_done)
            raise

    def _withdraw(self, ticket: Ticket[object]) -> None:
        try:
            self._waiting.remove(ticket)
        except ValueError:
            return
