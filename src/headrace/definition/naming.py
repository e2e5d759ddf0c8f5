"""Names of nodes and groups: unique within one graph, the same in every trace of the same pipeline."""

from collections.abc import Callable

from headrace.definition.errors import DuplicateNameError


class Names:
    """Hands names out, in the order of calls."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._counts: dict[str, int] = {}

    def claim(self, path: str, *, is_given: bool, place: Callable[[], str]) -> str:
        """The name for a call: the path itself, or numbered from `-2` on if it is taken.

        A name that `with_options` gave stands as it is; raises DuplicateNameError if it is taken.
        """
        name = path
        if is_given and name in self._taken:
            raise DuplicateNameError(name, place())
        while name in self._taken:
            self._counts[path] = self._counts.get(path, 1) + 1
            name = f"{path}-{self._counts[path]}"
        self._taken.add(name)
        return name
