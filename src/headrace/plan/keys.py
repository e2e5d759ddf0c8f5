"""Keys: what makes two step runs the same computation (SEMANTICS.md, rules 8 to 12)."""

import json
from collections.abc import Callable, Mapping
from pathlib import PurePath

from msgspec import Struct

from headrace.core.digests import digest_parts
from headrace.core.values import CompositeValue, InlineValue, Value, value_digest

KEY_FORMAT = "headrace-key-1"
"""Raised when what a key means changes: every result computed before is then computed again."""


class KeyParts(Struct, frozen=True):
    """What a key is made of, each part a digest or a short text; kept with the result, so that `why` can compare.

    `code` is the digest of a code manifest (stored as a document under it), `environment` that of the environment's
    lines (stored likewise), `arguments` pair each input's name with its digest, `classes` the project classes of
    input values with theirs, `other` the rest by name (salt, fresh).
    """

    code: str
    environment: str
    arguments: tuple[tuple[str, str], ...]
    classes: tuple[tuple[str, str], ...] = ()
    other: tuple[tuple[str, str], ...] = ()


def step_key(inputs: KeyParts) -> str:
    """The key: a digest over the format's version and all parts, names included."""
    groups = [inputs.arguments, inputs.classes, inputs.other]
    return digest_parts((KEY_FORMAT, inputs.code, inputs.environment, json.dumps(groups)))


def argument_digest(value: Value, path_digests: Mapping[str, str]) -> str:
    """The digest of an argument.

    Paths written in the pipeline or given as parameters count by their content and their last part, which steps read
    (`path.stem`), not by the folder they lie in; where there is nothing, the whole path is all there is. Pure paths
    are texts.
    """
    paths = paths_in(value)
    if not paths:
        return value_digest(value)
    return digest_parts(
        ("paths", *(_path_digest(path, path_digests.get(path, "")) for path in paths), _without_paths(value))
    )


def _path_digest(path: str, content: str) -> str:
    return f"{PurePath(path).name} {content}" if content else f"nothing at {path}"


def paths_in(value: Value) -> list[str]:
    """The paths inside an inline value, in order."""
    if isinstance(value, CompositeValue):
        return [path for _, member in value.members for path in paths_in(member)]
    if not isinstance(value, InlineValue) or '"$":"path"' not in value.text:
        return []
    found: list[str] = []
    json.loads(value.text, object_hook=lambda data: found.append(data["v"]) if _is_path(data) else data)
    return found


def with_paths(value: Value, change: Callable[[str], str]) -> Value:
    """The value with every path inside it changed."""
    if not paths_in(value):
        return value
    if isinstance(value, CompositeValue):
        members = tuple((name, with_paths(member, change)) for name, member in value.members)
        return CompositeValue(value.kind, members, value.python_type)
    assert isinstance(value, InlineValue)

    def hook(data: dict[str, object]) -> dict[str, object]:
        return {**data, "v": change(str(data["v"]))} if _is_path(data) else data

    return InlineValue(json.dumps(json.loads(value.text, object_hook=hook), ensure_ascii=True, separators=(",", ":")))


def _without_paths(value: Value) -> str:
    if isinstance(value, CompositeValue):
        return digest_parts(
            (
                value.kind,
                value.python_type,
                *(f"{name}={_without_paths(member)}" for name, member in value.members),
            )
        )
    if not isinstance(value, InlineValue):
        return value_digest(value)
    bare = json.loads(value.text, object_hook=lambda data: "path" if _is_path(data) else data)
    return json.dumps(bare, sort_keys=False)


def _is_path(data: Mapping[str, object]) -> bool:
    """Whether data names a place of this machine; a pure path (which has a class) is no more than its text."""
    return data.get("$") == "path" and "c" not in data
