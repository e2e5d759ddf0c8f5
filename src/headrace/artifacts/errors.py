"""What can go wrong with a stored value, in words that say which value and what to do now."""

from headrace.core.errors import ArtifactError
from headrace.core.values import ObjectValue


class PickledArtifactWarning(UserWarning):
    """A value has no safe format and is stored as a pickle."""


class ArtifactMissingError(ArtifactError):
    """An object is not in the store."""

    code = "artifact.missing"

    def __init__(self, value: ObjectValue, place: str) -> None:
        self.value, self.place = value, place
        super().__init__(
            f"Object {value.digest[:12]} (format {value.format!r}, {value.size_bytes:,} bytes) is not in the store: "
            f"{place} does not exist. Restore that file from a backup, or compute the value again with "
            f"`--refresh STEP` for the step that made it."
        )


class ArtifactDamagedError(ArtifactError):
    """An object's bytes are not those that were stored."""

    code = "artifact.damaged"

    def __init__(self, value: ObjectValue, place: str, found_bytes: int) -> None:
        self.value, self.place, self.found_bytes = value, place, found_bytes
        found = (
            "the size is right but the content is not"
            if found_bytes == value.size_bytes
            else f"{found_bytes:,} bytes are there"
        )
        super().__init__(
            f"Object {value.digest[:12]} (format {value.format!r}) is damaged: {value.size_bytes:,} bytes were stored, "
            f"{found} ({place}). Nothing was read from it. Restore that file from a backup, or compute the value again "
            f"with `--refresh STEP` for the step that made it: that replaces the file."
        )


class ArtifactUnreadableError(ArtifactError):
    """An object is whole, but this process cannot make the value from it."""

    code = "artifact.unreadable"

    def __init__(self, value: ObjectValue, reason: str) -> None:
        self.value, self.reason = value, reason
        super().__init__(
            f"Object {value.digest[:12]} is whole, but its format {value.format!r} cannot be read here: {reason}"
        )


class ArtifactUnwritableError(ArtifactError):
    """The store's folder does not take the bytes (full, read-only, not allowed)."""

    code = "artifact.unwritable"

    def __init__(self, place: str, reason: str) -> None:
        self.place, self.reason = place, reason
        super().__init__(
            f"A value could not be stored in {place}: {reason}. No part of it was left behind. Make room or give "
            f"access there, then run the pipeline again: what is stored is reused."
        )


class PickleForbiddenError(ArtifactError):
    """A value would have to be pickled, and the project forbids it."""

    code = "artifact.pickle-forbidden"

    def __init__(self, owner: str, python_type: str, reason: str) -> None:
        self.owner, self.python_type, self.reason = owner, python_type, reason
        super().__init__(
            f"{owner or 'A value'} is a {python_type}, which only a pickle can hold ({reason}), and the project's "
            f'setting `pickles = "forbid"` refuses pickles; nothing was stored. Return a dataclass, table, array, '
            f"model or plain data, install a plug-in for `headrace.artifact_formats`, or allow pickles."
        )


class UnstorableError(ArtifactError):
    """A value has no format at all: not even a pickle can hold it."""

    code = "artifact.unstorable"

    def __init__(self, owner: str, python_type: str, reason: str) -> None:
        self.owner, self.python_type, self.reason = owner, python_type, reason
        super().__init__(
            f"{owner or 'A value'} is a {python_type}, which cannot be stored: {reason}. Return the data it stands "
            f"for (a path, a table, plain values), and open files, connections and generators inside the step that "
            f"uses them."
        )
