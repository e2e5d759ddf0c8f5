"""Simulated time: what happens next, the clock on the wall, and which faults are met when."""

import heapq
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from headrace.testing.simulation.histories import GROUPS, Fault, Group

About = TypeVar("About")
BEGAN_AT = 1_700_000_000.0
"""What the clock on the wall shows when a history begins."""


class Timeline:
    """A queue of what is to happen, in order of time, then of asking. `seconds` never goes back; the clock may."""

    def __init__(self, faults: Iterable[Fault], told: Callable[[str], None] | None = None) -> None:
        self.seconds, self._jumped = 0.0, 0.0
        self._queue: list[tuple[float, int, Callable[[Any], None], Any]] = []
        self._asked = 0
        self._counted: dict[Group, int] = dict.fromkeys(Group, 0)
        self._faults: dict[tuple[Group, int], list[Fault]] = {}
        self._told = told
        self.met: list[Fault] = []
        for fault in faults:
            group = GROUPS[fault.kind]
            if group is not Group.TIME:
                self._faults.setdefault((group, int(fault.at)), []).append(fault)

    @property
    def clock(self) -> float:
        """What the clock on the wall shows."""
        return BEGAN_AT + self.seconds + self._jumped

    def jump(self, seconds: float) -> None:
        """Somebody sets the clock."""
        self._jumped += seconds

    def after(self, seconds: float, do: Callable[[About], None], about: About) -> None:
        """Have something happen in a while."""
        self._asked += 1
        heapq.heappush(self._queue, (self.seconds + max(0.0, seconds), self._asked, do, about))

    def go_on(self) -> bool:
        """Let the next thing happen; False if nothing is to happen any more."""
        if not self._queue:
            return False
        at, _, do, about = heapq.heappop(self._queue)
        self.seconds = max(self.seconds, at)
        do(about)
        return True

    def struck(self, group: Group) -> Sequence[Fault]:
        """Count one more of a group; the faults that this one meets."""
        number = self._counted[group]
        self._counted[group] = number + 1
        found = self._faults.get((group, number))
        if found is None:
            return ()
        for fault in found:
            self.meet(fault)
        return found

    def meet(self, fault: Fault) -> None:
        """A fault comes about."""
        self.met.append(fault)
        self.tell(f"!! {fault}")

    def tell(self, line: str) -> None:
        """A line of the story, if anybody listens."""
        if self._told is not None:
            self._told(f"{self.seconds:8.3f} s  {line}")

    @property
    def is_told(self) -> bool:
        """Whether anybody listens."""
        return self._told is not None
