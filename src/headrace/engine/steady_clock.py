"""The clock that a conductor goes by: what is to happen after a delay does happen, whoever sets the clock."""

from collections.abc import Callable

LEAP_S = 1.0
"""What the clock gains on the time that has elapsed counts as a leap from here on."""


class SteadyClock:
    """Unix seconds that never go back: a clock that was set back goes on from where it stood.

    Without this, a retry in one second would wait for the hour by which somebody has set the clock back, and so would
    the look for a cancellation. Forward it is followed, and says by how much it has leapt: it was set, or the machine
    has slept. `elapsed` counts seconds that nobody can set.
    """

    def __init__(self, clock: Callable[[], float], elapsed: Callable[[], float]) -> None:
        self._clock, self._elapsed = clock, elapsed
        self._ahead_s = 0.0
        self._last = float("-inf")
        self._asked_at = self()
        self._asked_after = elapsed()

    def __call__(self) -> float:
        """The time now; a call that finds the clock set back gives the time of the call before."""
        now = self._clock() + self._ahead_s
        if now < self._last:
            self._ahead_s += self._last - now
            now = self._last
        self._last = now
        return now

    def leapt_s(self) -> float:
        """By how many seconds the clock has gone on without the time since this was last asked; 0 if it has not."""
        now, after = self(), self._elapsed()
        leapt = (now - self._asked_at) - (after - self._asked_after)
        self._asked_at, self._asked_after = now, after
        return leapt if leapt > LEAP_S else 0.0
