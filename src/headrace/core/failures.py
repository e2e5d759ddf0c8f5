"""A failure as data: what is stored, sent between processes and shown when an attempt did not succeed."""

from collections.abc import Mapping

from msgspec import Struct

from headrace.core.states import FailureKind


class Failure(Struct, frozen=True):
    """Why an attempt, a step run or a run did not succeed.

    `message` says in one line what happened, `remedy` what to do about it (empty if there is nothing to add),
    `error_types` are the qualified names (`module:Name`) of the exception's class and its bases, most derived first,
    so that `Retry(on=ValueError)` can be decided without importing anything; `traceback` is text, without frames of
    Headrace itself.
    """

    kind: FailureKind
    message: str
    remedy: str = ""
    error_types: tuple[str, ...] = ()
    traceback: str = ""

    def to_json(self) -> dict[str, object]:
        """This failure as plain JSON data."""
        return {
            "kind": self.kind.value,
            "message": self.message,
            "remedy": self.remedy,
            "error_types": list(self.error_types),
            "traceback": self.traceback,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, object]) -> "Failure":
        """The failure that `to_json` wrote."""
        types = data.get("error_types")
        return cls(
            FailureKind(str(data["kind"])),
            str(data["message"]),
            str(data.get("remedy", "")),
            tuple(str(name) for name in types) if isinstance(types, list) else (),
            str(data.get("traceback", "")),
        )
