"""Deciding how a value will be stored, all of it, before any of it is: inline text, objects, or a composite of both."""

import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from msgspec import Struct

from headrace.artifacts.containers import LOCAL, members_of
from headrace.artifacts.errors import PickledArtifactWarning, PickleForbiddenError, UnstorableError
from headrace.artifacts.formats import Draft, FormatRegistry, UncarriedError
from headrace.artifacts.pickles import project_classes
from headrace.core.canonical import NotCanonicalError, canonical
from headrace.core.symbols import qualified_name, resolve
from headrace.core.values import CompositeKind, InlineValue

INLINE_BYTES = 8192
"""Longer texts become objects: rows of the database that carry values stay small."""

_CLASS_TAG = re.compile(r'"\$":"(?:record|enum|flag)","c":"([^"]*)"')
_PATH_TAG = '"$":"path"'


class Branch(Struct, frozen=True):
    """A container whose members are stored one by one."""

    kind: CompositeKind
    members: tuple[tuple[str, "Node"], ...]
    python_type: str = ""


Node = InlineValue | Draft | Branch


class _Unfit(Exception):  # noqa: N818 - never seen outside
    """A container cannot be taken apart: it holds itself."""


class Drafting:
    """The rules by which values are drafted: `pickles` as in the settings, `draft_path` for existing files."""

    def __init__(
        self,
        registry: FormatRegistry,
        pickles: Literal["allow", "warn", "forbid"],
        draft_path: Callable[[Path], Branch],
    ) -> None:
        self.registry, self.pickles, self.draft_path = registry, pickles, draft_path
        self._warned: dict[Any, Any] = {}
        """What `warnings` has said already: the items of a map are told of once."""

    def draft(self, value: object, owner: str) -> Node:
        """How this value will be stored; raises PickleForbiddenError or UnstorableError before anything is written."""
        try:
            return self._draft(value, owner, ())
        except _Unfit:
            return self._draft_pickle(value, owner, "it contains itself")

    def _draft(self, value: object, owner: str, above: tuple[int, ...]) -> Node:
        if self.registry.has_exact(value) and type(value) not in (str, bytes):
            return self._draft_object(value, owner)
        plain = self._draft_plain(value)
        if plain is not None:
            return plain
        members = members_of(value)
        if members is None:
            return self._draft_object(value, owner)
        kind, items, python_type = members
        if id(value) in above:
            raise _Unfit
        inside = (*above, id(value))
        drafted = tuple((name, self._draft(item, f"{owner}{label}", inside)) for name, label, item in items)
        return Branch(kind, drafted, python_type)

    def _draft_plain(self, value: object) -> Node | None:
        if isinstance(value, Path):
            return self.draft_path(value) if value.exists() else InlineValue(canonical(value))
        text = plain_text(value)
        if text is None or (_PATH_TAG in text and members_of(value) is not None):
            return None
        if len(text) <= INLINE_BYTES:
            return InlineValue(text)
        return None if type(value) in (str, bytes) else json_draft(text, value)

    def _draft_object(self, value: object, owner: str) -> Draft:
        reason = "no format knows its type"
        for form in self.registry.candidates(value):
            try:
                draft = form.draft(value)
            except UncarriedError as error:
                reason = str(error)
                continue
            if draft is not None:
                return draft
        text = plain_text(value)
        return json_draft(text, value) if text is not None else self._draft_pickle(value, owner, reason)

    def _draft_pickle(self, value: object, owner: str, reason: str) -> Draft:
        name = qualified_name(type(value)).replace(":", ".")
        if self.pickles == "forbid":
            raise PickleForbiddenError(owner, name, reason)
        try:
            draft = self.registry.by_name("pickle").draft(value)
        except Exception as error:
            raise UnstorableError(owner, name, f"pickling it raises {type(error).__name__}: {error}") from error
        assert draft is not None
        if self.pickles == "warn":
            # Explicitly, because no line of the user's code is on the stack here, and one of ours would mislead.
            warnings.warn_explicit(
                f"{owner or 'A value'} is a {name}, stored as a pickle ({reason}): it can only be read with the same "
                f"code and libraries, runs code when read, and equal values may count as different. Return a "
                f'dataclass, table, array, model or plain data, or say `pickles = "allow"` in [tool.headrace].',
                PickledArtifactWarning,
                "<headrace>",  # in brackets, because Python would show the first line of any file of that name
                1,
                registry=self._warned,
            )
        return draft


def plain_text(value: object) -> str | None:
    """The canonical text of a value if it has one that another process can read back."""
    try:
        text = canonical(value)
    except (NotCanonicalError, RecursionError, ValueError):
        return None
    is_local = LOCAL in text and any(LOCAL in name for name in _CLASS_TAG.findall(text))
    return None if is_local else text


def json_draft(text: str, value: object) -> Draft:
    """A long canonical text as an object; the project's classes in it are noted."""
    classes = {cls for name in set(_CLASS_TAG.findall(text)) if isinstance(cls := resolve(name), type)}
    length = len(value) if isinstance(value, list | tuple | set | frozenset) else None
    return Draft("json", lambda sink: sink.write(text.encode("ascii")), length, classes=project_classes(classes))
