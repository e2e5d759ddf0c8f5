"""scikit-learn estimators as skops archives, made canonical: skops writes the ids of objects and the time of day."""

import io
import json
import sys
import zipfile
from typing import Any

from headrace.artifacts.formats import Draft, FormatSettings, UncarriedError
from headrace.artifacts.objects import ObjectSource
from headrace.artifacts.pickles import project_classes
from headrace.artifacts.trust import untrusted
from headrace.core.values import ObjectValue

_SCHEMA = "schema.json"
_IDENTITY = "_stop_words_id"
"""scikit-learn's text vectorizers remember the id of a list, to check it once only."""
_NO_TIME = (1980, 1, 1, 0, 0, 0)


class SkopsFormat:
    """Estimators and pipelines of scikit-learn and of libraries and project classes that derive from it.

    Reading runs no code but that of trusted classes: scikit-learn's own, those of LightGBM, XGBoost and CatBoost, and
    the project's that the setting `trusted` names.
    """

    name = "skops"
    is_canonical = True

    def __init__(self, settings: FormatSettings) -> None:
        self._trusted = settings.trusted

    def draft(self, value: object) -> Draft | None:
        """An estimator that holds nothing but trusted types."""
        try:
            import skops.io as skops  # optional: the library of this format
        except ImportError:
            raise UncarriedError("skops is not installed (`pip install skops`)") from None
        try:
            content, names = canonical_archive(skops.dumps(value))
            types = skops.get_untrusted_types(data=content)
        except Exception as error:  # skops raises whatever the parts of an estimator raise
            raise UncarriedError(f"skops cannot hold it: {error}") from error
        strange = untrusted(types, self._trusted)
        if strange:
            raise UncarriedError(
                f"it holds types that are not trusted: {', '.join(strange)}; if they are yours, name them in "
                f"`trusted` in [tool.headrace]"
            )
        return Draft(self.name, lambda sink: sink.write(content), classes=_classes_of(names))

    def read(self, source: ObjectSource, value: ObjectValue) -> object:
        """The estimator, made anew; raises PermissionError for types that are not trusted here."""
        import skops.io as skops  # the library of this format

        content = source.read()
        types = skops.get_untrusted_types(data=content)
        strange = untrusted(types, self._trusted)
        if strange:
            raise PermissionError(f"it holds types that are not trusted here: {', '.join(strange)}")
        del value
        return skops.loads(content, trusted=types)


def canonical_archive(content: bytes) -> tuple[bytes, set[tuple[str, str]]]:
    """A skops archive with ids counted from zero in order of appearance, files named by them, and no times.

    Gives the names (module and class) of the types in it as well. Plain data gets an id for every place: whether two
    equal numbers are one object is the interpreter's whim.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    schema = json.loads(files.pop(_SCHEMA))
    numbering = _Numbering()
    numbering.renumber(schema)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for old, new in numbering.files.items():
            archive.writestr(zipfile.ZipInfo(new, _NO_TIME), without_padding(files[old]))
        text = json.dumps(schema, separators=(",", ":"))
        archive.writestr(zipfile.ZipInfo(_SCHEMA, _NO_TIME), text)
    return out.getvalue(), numbering.types


class _Numbering:
    """Gives out new ids and file names while it walks a schema."""

    def __init__(self) -> None:
        self.types: set[tuple[str, str]] = set()
        self.files: dict[str, str] = {}
        self._ids: dict[int, int] = {}
        self._next = 0

    def renumber(self, node: Any) -> None:
        if isinstance(node, list):
            for item in node:
                self.renumber(item)
        elif isinstance(node, dict):
            self._renumber_dict(node)

    def _renumber_dict(self, node: dict[str, Any]) -> None:
        if node.get("__loader__") in ("SetNode", "FrozenSetNode") and isinstance(node.get("content"), list):
            node["content"].sort(key=_without_ids)
        if "__class__" in node and "__module__" in node:
            self.types.add((str(node["__module__"]), str(node["__class__"])))
        if _IDENTITY in node:
            node[_IDENTITY]["content"] = "0"
        if "__id__" in node:
            node["__id__"] = self._number(None if node.get("is_json") else node["__id__"])
        name = node.get("file")
        if isinstance(name, str):
            node["file"] = self._name(name)
        for item in node.values():
            self.renumber(item)

    def _number(self, identity: int | None) -> int:
        if identity is not None and identity in self._ids:
            return self._ids[identity]
        number = self._next
        self._next += 1
        if identity is not None:
            self._ids[identity] = number
        return number

    def _name(self, name: str) -> str:
        if name not in self.files:
            self.files[name] = f"{len(self.files)}.{name.rpartition('.')[2]}"
        return self.files[name]


def _without_ids(node: Any) -> str:
    return json.dumps(_strip(node), sort_keys=True)


def _strip(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _strip(item) for key, item in node.items() if key not in ("__id__", "file")}
    return [_strip(item) for item in node] if isinstance(node, list) else node


def without_padding(content: bytes) -> bytes:
    """An npy file whose gaps between the fields of a record are zero; any other content as it is.

    The memory of decision trees was never set there.
    """
    if not content.startswith(b"\x93NUMPY") or (b"'names'" not in content[:4096] and b"('" not in content[:4096]):
        return content
    import numpy as np  # scikit-learn stands on it

    array = np.load(io.BytesIO(content), allow_pickle=False)
    if array.dtype.names is None:
        return content
    clean = np.zeros(array.shape, array.dtype)
    for name in array.dtype.names:
        clean[name] = array[name]
    out = io.BytesIO()
    np.save(out, clean, allow_pickle=False)
    return out.getvalue()


def _classes_of(names: set[tuple[str, str]]) -> tuple[str, ...]:
    found = (getattr(sys.modules.get(module), name, None) for module, name in names)
    return project_classes(one for one in found if hasattr(one, "__qualname__"))
