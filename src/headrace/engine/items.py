"""The states of a step run's items in one compact block: a letter an item, and how many there are of each."""

from headrace.core.failures import Failure
from headrace.core.states import State
from headrace.ports.records import ItemBlock

LETTERS: dict[State, int] = {
    State.PENDING: ord("p"),
    State.QUEUED: ord("q"),
    State.RUNNING: ord("r"),
    State.SUCCEEDED: ord("s"),
    State.FAILED: ord("f"),
    State.CANCELLED: ord("c"),
    State.SKIPPED: ord("k"),
    State.REUSED: ord("u"),
}
_WORDS = {letter: state for state, letter in LETTERS.items()}
_FINAL = tuple(letter for state, letter in LETTERS.items() if state.is_final)
_WITHDRAWN = bytes.maketrans(b"pq", b"cc")
MAX_ERRORS = 10
"""How many failures of items are kept in full."""


class ItemStates:
    """States of the items of one step run. A move costs the same whatever the width."""

    __slots__ = ("_counts", "_letters", "errors")

    def __init__(self, width: int) -> None:
        self._letters = bytearray(b"p" * width)
        self._counts = dict.fromkeys(_WORDS, 0)
        self._counts[LETTERS[State.PENDING]] = width
        self.errors: list[tuple[int, Failure]] = []

    def __len__(self) -> int:
        return len(self._letters)

    def __getitem__(self, index: int) -> State:
        return _WORDS[self._letters[index]]

    def move(self, index: int, state: State) -> None:
        """Put an item into a state."""
        letter = LETTERS[state]
        self._counts[self._letters[index]] -= 1
        self._counts[letter] += 1
        self._letters[index] = letter

    def fail(self, index: int, failure: Failure) -> None:
        """Put an item into the state failed; the first few failures are kept."""
        self.move(index, State.FAILED)
        if len(self.errors) < MAX_ERRORS:
            self.errors.append((index, failure))

    def count(self, state: State) -> int:
        """How many items are in this state."""
        return self._counts[LETTERS[state]]

    @property
    def are_final(self) -> bool:
        """Whether every item is final."""
        counts = self._counts
        return sum(counts[letter] for letter in _FINAL) == len(self._letters)

    @property
    def have_begun(self) -> bool:
        """Whether any item is further than waiting."""
        waiting = self._counts[LETTERS[State.PENDING]] + self._counts[LETTERS[State.QUEUED]]
        return waiting < len(self._letters)

    def withdraw(self, keep: set[int]) -> None:
        """Cancel every item that is pending or queued, but for these."""
        kept = {index: self._letters[index] for index in keep}
        self._letters = self._letters.translate(_WITHDRAWN)
        for index, letter in kept.items():
            self._letters[index] = letter
        self._counts = {letter: self._letters.count(letter) for letter in _WORDS}

    def tally(self) -> dict[str, object]:
        """How many items there are, and how many in each state that any is in."""
        found: dict[str, object] = {"items": len(self._letters)}
        found.update((_WORDS[letter].value, count) for letter, count in self._counts.items() if count)
        return found

    def block(self) -> ItemBlock:
        """The record of these states."""
        return ItemBlock(self._letters.decode("ascii"), tuple(self.errors))


NO_ITEMS = ItemStates(0)
"""Stands for the items of a step run that are not known yet."""
