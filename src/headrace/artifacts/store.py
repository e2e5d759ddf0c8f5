"""The artifact store: puts Python objects into a folder of objects by way of formats, and gives them back."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal

from headrace.artifacts.containers import compose
from headrace.artifacts.drafting import Branch, Drafting, Node
from headrace.artifacts.errors import ArtifactUnreadableError, ArtifactUnwritableError
from headrace.artifacts.formats import Draft, FormatRegistry, FormatSettings
from headrace.artifacts.local_folder import LocalFolder
from headrace.artifacts.objects import ObjectFolder
from headrace.artifacts.paths import PATH_TYPE, PathShelf
from headrace.artifacts.unwritten import UnwrittenFolder
from headrace.core.canonical import restore
from headrace.core.errors import HeadraceError
from headrace.core.values import (
    CompositeValue,
    InlineValue,
    ObjectValue,
    Value,
    classes_in,
    objects_in,
    sequence_of,
    value_from_json,
    value_to_json,
)

REFS = "refs"
"""The format of an object that holds references: a container too large to be carried about."""

_CARRIED_MEMBERS = 1000
_CARRIED_BYTES = 256 << 10
_REFERENCE_BYTES = 160
"""About what a reference to an object takes as text."""


class LocalArtifactStore:
    """Values in a folder on this machine; see the port ArtifactStore for the contract.

    `folder` is made at the first write. `durability` "full" syncs every object to the disk before `put` returns;
    "normal" survives the death of any process; with "none" nothing is written, and what is put or gathered gets the
    reference that it would have. `pickles` and `trusted` are those of the settings. With `objects`, objects
    live there, and `folder` only names the place in messages.
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        durability: Literal["normal", "full", "none"] = "normal",
        pickles: Literal["allow", "warn", "forbid"] = "warn",
        trusted: Sequence[str] = (),
        plug_ins: Callable[[], Mapping[str, str]] | None = None,
        objects: ObjectFolder | None = None,
    ) -> None:
        self._place = str(folder)
        self._objects: ObjectFolder = objects or LocalFolder(str(folder), sync=durability == "full")
        if durability == "none":
            self._objects = UnwrittenFolder(self._objects)
        self._registry = FormatRegistry(FormatSettings(tuple(trusted)), plug_ins)
        self._paths = PathShelf(self._objects)
        self._drafting = Drafting(self._registry, pickles, self._paths.draft)

    def put(self, value: object, annotation: object = None, *, owner: str = "") -> Value:
        """Store a Python object and refer to it.

        Raises PickleForbiddenError or UnstorableError before anything is written, ArtifactUnwritableError if the
        folder does not take it. Warns with PickledArtifactWarning.
        """
        del annotation  # formats go by the value itself
        return self._write(self._drafting.draft(value, owner))

    def get(self, value: Value) -> object:
        """The Python object: read-only (arrays, Arrow), private (pandas) or made anew."""
        match value:
            case InlineValue():
                return restore(value.text)
            case CompositeValue():
                return self._compose(value)
            case ObjectValue(format=name) if name == REFS:
                return self._compose(self._read_refs(value))
            case ObjectValue():
                return self._read(value)

    def check(self, value: Value, *, content: bool = True) -> None:
        """Verify every object of this value; content once per process and unaltered file, or not at all."""
        look = self._objects.open if content else self._objects.check
        for one in objects_in(value):
            look(one)
            if one.format == REFS:
                self.check(self._read_refs(one), content=content)

    def expand(self, value: ObjectValue) -> CompositeValue | InlineValue:
        """A container that was stored as one object, as its members; raises TypeError if it is none."""
        if value.format == REFS:
            return self._read_refs(value)
        if value.format == "json":
            text = self._objects.open(value).read().decode("ascii")
            if text[0] in "[{":
                return InlineValue(text)
        raise TypeError(f"an object of format {value.format!r} is not a list, tuple, dict or record")

    def gather(self, kind: Literal["list", "tuple"], members: Sequence[Value]) -> Value:
        """A list over values; above 1,000 members or 256 KiB of references one object of format "refs"."""
        return self._carried(sequence_of(members, kind))

    def open_bytes(self, value: ObjectValue) -> bytes:
        """The raw, verified bytes of one object."""
        return self._objects.open(value).read()

    def _write(self, node: Node) -> Value:
        match node:
            case InlineValue():
                return node
            case Draft():
                return self._write_object(node)
            case Branch():
                members = tuple((name, self._write(member)) for name, member in node.members)
                return self._carried(CompositeValue(node.kind, members, node.python_type))

    def _write_object(self, draft: Draft) -> ObjectValue:
        sink = self._objects.open_sink()
        try:
            draft.write(sink)
            digest = self._objects.commit(sink)
        except OSError as error:
            self._objects.abort(sink)
            raise ArtifactUnwritableError(self._place, error.strerror or str(error)) from error
        except BaseException:
            self._objects.abort(sink)
            raise
        return ObjectValue(draft.format, digest, sink.size_bytes, draft.length, draft.python_type, draft.classes)

    def _carried(self, value: CompositeValue) -> Value:
        if not _is_heavy(value):
            return value
        text = json.dumps(value_to_json(value), ensure_ascii=True, separators=(",", ":"))
        draft = Draft(REFS, lambda sink: sink.write(text.encode("ascii")))
        length = len(value.members) if value.kind in ("list", "tuple") else None
        stored = self._write_object(draft)
        return ObjectValue(REFS, stored.digest, stored.size_bytes, length, "", tuple(sorted(classes_in(value))))

    def _read_refs(self, value: ObjectValue) -> CompositeValue:
        found = value_from_json(json.loads(self._objects.open(value).read()))
        assert isinstance(found, CompositeValue)
        return found

    def _read(self, value: ObjectValue) -> object:
        form = self._registry.of_object(value)
        source = self._objects.open(value)
        try:
            return form.read(source, value)
        except HeadraceError:
            raise
        except Exception as error:
            raise ArtifactUnreadableError(value, f"{type(error).__name__}: {error}") from error

    def _compose(self, value: CompositeValue) -> object:
        if value.python_type == PATH_TYPE:
            return self._paths.restore(value)
        members = [(name, self.get(member)) for name, member in value.members]
        return compose(value.kind, members, value.python_type)


def _is_heavy(value: CompositeValue) -> bool:
    if len(value.members) > _CARRIED_MEMBERS:
        return True
    return _weight(value, _CARRIED_BYTES) > _CARRIED_BYTES


def _weight(value: Value, enough: int) -> int:
    match value:
        case InlineValue():
            return len(value.text)
        case ObjectValue():
            return _REFERENCE_BYTES
        case CompositeValue():
            total = 0
            for name, member in value.members:
                total += len(name) + _weight(member, enough)
                if total > enough:
                    break
            return total
