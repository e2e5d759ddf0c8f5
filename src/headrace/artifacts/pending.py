"""Values on their way into the store: written in a thread while the next step works on the same memory."""

import threading
from collections.abc import Callable

from headrace.artifacts.containers import compose
from headrace.artifacts.drafting import Branch, Node
from headrace.artifacts.formats import Draft
from headrace.core.canonical import restore
from headrace.core.values import InlineValue, Value

_WORTH_A_THREAD = 8 << 20
"""Smaller values are written in a few milliseconds, as long as starting and ending a thread beside a step."""


class Stored:
    """A value that is in the store already."""

    def __init__(self, value: Value, get: Callable[[Value], object]) -> None:
        self._value, self._get = value, get

    def value(self) -> Value:
        """What refers to it."""
        return self._value

    def borrow(self) -> object:
        """What `get` gives."""
        return self._get(self._value)


class Storing:
    """A value that a thread is writing; see the port PendingValue."""

    def __init__(self, write: Callable[[], Value], share: Callable[[], object]) -> None:
        self._write, self._share = write, share
        self._value: Value | None = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="headrace-store")
        self._thread.start()

    def value(self) -> Value:
        """Wait until it is stored; raises what storing it raised."""
        self._thread.join()
        if self._value is None:
            raise self._error or RuntimeError("storing a value ended without a word")
        return self._value

    def borrow(self) -> object:
        """The object itself, under copy-on-write."""
        return self._share()

    def _run(self) -> None:
        try:
            self._value = self._write()
        except BaseException as error:  # noqa: BLE001 - raised by `value`, in the thread that asks
            self._error = error


class Allowance:
    """How many bytes may be on their way at once: what is being written cannot be freed."""

    def __init__(self, size_bytes: int) -> None:
        self._left = size_bytes
        self._lock = threading.Lock()

    def take(self, size_bytes: int) -> bool:
        """Whether so many bytes may go on their way now; they do if so."""
        with self._lock:
            if size_bytes > self._left:
                return False
            self._left -= size_bytes
            return True

    def give_back(self, size_bytes: int) -> None:
        """They have arrived."""
        with self._lock:
            self._left += size_bytes


class Loan:
    """How a drafted value is lent out while it is written, and about how many bytes that will be."""

    def __init__(self, share: Callable[[], object], size_bytes: int) -> None:
        self.share, self.size_bytes = share, size_bytes


def loan_of(node: Node) -> Loan | None:
    """How to lend a value; None if it has to be stored first: small, or with a part that others might alter."""
    loan = _loan(node)
    return loan if loan is not None and loan.size_bytes >= _WORTH_A_THREAD else None


def _loan(node: Node) -> Loan | None:
    match node:
        case InlineValue():
            return Loan(lambda: restore(node.text), 0)
        case Draft():
            return None if node.share is None else Loan(node.share, node.size_hint)
        case Branch():
            return _loan_of_container(node)


def _loan_of_container(node: Branch) -> Loan | None:
    loans: list[tuple[str, Loan]] = []
    for name, member in node.members:
        loan = _loan(member)
        if loan is None:
            return None
        loans.append((name, loan))
    return Loan(
        lambda: compose(node.kind, [(name, loan.share()) for name, loan in loans], node.python_type),
        sum(loan.size_bytes for _, loan in loans),
    )
