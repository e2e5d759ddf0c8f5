"""The clock that a conductor goes by: what is to happen after a delay does happen, whoever sets the clock back."""

from collections.abc import Callable


class SteadyClock:
    """Unix seconds that never go back. A clock that was set back goes on from where it stood; forward, it is followed.

    Without this, a retry in one second would wait for the hour by which somebody has set the clock back, and so would
    the look for a cancellation.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._ahead_s = 0.0
        self._last = float("-inf")

    def __call__(self) -> float:
        """The time now; a call that finds the clock set back gives the time of the call before."""
        now = self._clock() + self._ahead_s
        if now < self._last:
            self._ahead_s += self._last - now
            now = self._last
        self._last = now
        return now
