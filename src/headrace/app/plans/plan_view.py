"""A plan as users hold it: what would happen to each step, as rows, text and a table for notebooks."""

from collections.abc import Iterator, Sequence

from headrace.core.errors import UnknownNameError
from headrace.core.visible import in_html
from headrace.plan.plan import Action, Forecast, Plan


class PlanView:
    """The forecast of a run: one entry a step, in the order of the graph."""

    def __init__(self, plan: Plan, forecasts: Sequence[Forecast]) -> None:
        self._plan, self._forecasts = plan, tuple(forecasts)

    def __len__(self) -> int:
        return len(self._forecasts)

    def __getitem__(self, step: int | str) -> Forecast:
        """A step's forecast, by position or by name; raises UnknownNameError."""
        if isinstance(step, int):
            return self._forecasts[step]
        for one in self._forecasts:
            if one.node == step:
                return one
        raise UnknownNameError("step", step, known=[one.node for one in self._forecasts])

    def __iter__(self) -> Iterator[Forecast]:
        return iter(self._forecasts)

    @property
    def to_run(self) -> list[str]:
        """The steps that are sure to run."""
        return [one.node for one in self._forecasts if one.action is Action.RUN]

    @property
    def notes(self) -> tuple[str, ...]:
        """Warnings of the definition: inputs without annotation, effects without order."""
        return self._plan.graph.notes

    def __str__(self) -> str:
        width = max((len(one.node) for one in self._forecasts), default=0)
        lines = [f"{one.node:<{width}}  {one.action.value:<7}  {one.reason}" for one in self._forecasts]
        return "\n".join([f"plan of {self._plan.graph.pipeline}", *lines])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """The plan as a table, for notebooks."""
        rows = "".join(
            f"<tr><td>{in_html(one.node)}</td><td>{one.action.value}</td><td>{in_html(one.reason)}</td></tr>"
            for one in self._forecasts
        )
        return f"<table><tr><th>step</th><th>would</th><th>why</th></tr>{rows}</table>"
