"""The one value that a metric has of a step: the last that was logged, for a map the mean over its items."""

from collections.abc import Iterable, Mapping, Sequence

from headrace.ports.records import MetricRecord


def last_points(metrics: Iterable[MetricRecord]) -> dict[tuple[str, str], list[MetricRecord]]:
    """The last point of each metric by step and name: of a map the last of each item, in order of items."""
    found: dict[tuple[str, str], dict[int, MetricRecord]] = {}
    for one in metrics:
        found.setdefault((one.node, one.name), {})[one.item] = one
    return {place: [last[item] for item in sorted(last)] for place, last in found.items()}


def mean(points: Sequence[MetricRecord]) -> float:
    """The mean of some points; not a number if one of them is none."""
    return sum(one.value for one in points) / len(points)


def values_of_step(metrics: Iterable[MetricRecord], node: str) -> Mapping[str, float]:
    """The value of each metric of one step."""
    own = (one for one in metrics if one.node == node)
    return {name: mean(points) for (_, name), points in last_points(own).items()}
