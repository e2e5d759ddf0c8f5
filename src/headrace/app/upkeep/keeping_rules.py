"""Which runs may go: rules of age, number, tags and state, and what the runs that stay need. Pure."""

from collections.abc import Collection, Iterable, Mapping

from msgspec import Struct

from headrace.core.states import State
from headrace.ports.records import RunOutline


class KeepingRules(Struct, frozen=True):
    """Runs go that are over and that every rule lets go; without any rule none goes.

    `older_than_s`: only runs that began that long ago. `keep_last`: of each pipeline so many stay. `keep_tags`: runs
    with one of these stay. `states`: only runs that ended so.
    """

    older_than_s: float | None = None
    keep_last: int | None = None
    keep_tags: tuple[str, ...] = ()
    states: tuple[State, ...] = ()

    @property
    def are_given(self) -> bool:
        """Whether there is a rule that lets runs go."""
        return self.older_than_s is not None or self.keep_last is not None or bool(self.states)

    def let_go(self, outlines: Iterable[RunOutline], now: float) -> dict[str, RunOutline]:
        """The runs that may go by these rules alone; `outlines` are newest first."""
        seen: dict[str, int] = {}
        found: dict[str, RunOutline] = {}
        for one in outlines:
            place = seen[one.pipeline] = seen.get(one.pipeline, 0) + 1
            if self._lets_go(one, place, now):
                found[one.id] = one
        return found

    def _lets_go(self, run: RunOutline, place: int, now: float) -> bool:
        return (
            self.are_given
            and run.state.is_final
            and (self.older_than_s is None or run.created_at < now - self.older_than_s)
            and (self.keep_last is None or place > self.keep_last)
            and not (set(self.keep_tags) & set(run.tags))
            and (not self.states or run.state in self.states)
        )


def needed(going: Collection[str], links: Mapping[str, Collection[str]]) -> set[str]:
    """Of the runs that may go, those that a run that stays needs, directly or by one that it needs."""
    found: set[str] = set()
    pending = [other for run_id, others in links.items() if run_id not in going for other in others]
    while pending:
        run_id = pending.pop()
        if run_id in going and run_id not in found:
            found.add(run_id)
            pending += links.get(run_id, ())
    return found
