"""Steps that change something outside and have no order between them: what a plan should tell."""

from collections.abc import Sequence

from headrace.definition.graph import Guard, Node

_SHOWN = 10


def unordered_effects(nodes: Sequence[Node]) -> list[str]:
    """A note for every pair of effects of which either may come first, at most ten and a last one with their number."""
    before: dict[str, int] = {}
    position = {node.name: index for index, node in enumerate(nodes)}
    notes: list[str] = []
    effects: list[Node] = []
    for index, node in enumerate(nodes):
        reach = 1 << index
        for name in node.upstream:
            reach |= before[name]
        before[node.name] = reach
        if node.step.effect or not node.step.returns:
            notes += [
                _note(earlier.name, node.name)
                for earlier in effects
                if not reach >> position[earlier.name] & 1 and not _exclude(earlier.guards, node.guards)
            ]
            effects.append(node)
    if len(notes) > _SHOWN:
        notes[_SHOWN:] = [f"{len(notes) - _SHOWN} more pairs of steps change something outside in no order."]
    return notes


def _note(first: str, second: str) -> str:
    return (
        f"{first!r} and {second!r} change something outside, and either may come first. If the order matters, write "
        f".after(…) on the later one."
    )


def _exclude(first: tuple[Guard, ...], second: tuple[Guard, ...]) -> bool:
    opposites = {Guard(guard.condition, guard.test, not guard.expected) for guard in first}
    return any(guard in opposites for guard in second)
