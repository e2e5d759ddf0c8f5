"""What code that was taken by its name is now."""

from headrace.ports.code import CODE, CodeReader


class CodeTokens:
    """Satisfies `ports.code.ReadTokens`."""

    def __init__(self, code: CodeReader) -> None:
        self._code = code

    def token_of(self, read: str) -> str:
        """The digest of a class, a function or a module by its place; see the port."""
        kind, _, place = read.partition(":")
        return self._code.class_digest(place) if kind == CODE else ""
