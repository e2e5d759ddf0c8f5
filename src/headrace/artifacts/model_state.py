"""The attributes of a fitted model as JSON data: plain values, arrays, and objects of trusted libraries."""

import base64
import collections
import io
from collections.abc import Mapping
from typing import Any, cast

from headrace.artifacts.formats import UncarriedError
from headrace.artifacts.trust import TRUSTED_LIBRARIES
from headrace.core.canonical import NotCanonicalError, canonical, restore
from headrace.core.symbols import qualified_name, resolve

_MAPPINGS: Mapping[str, type] = {
    "dict": dict,
    "OrderedDict": collections.OrderedDict,
    "defaultdict": collections.defaultdict,
}


def encode_state(value: Any) -> list[Any]:
    """A value as JSON data, exactly; raises UncarriedError."""
    kind = type(value)
    try:
        return ["plain", canonical(value)]
    except (NotCanonicalError, RecursionError, ValueError):
        pass
    if kind.__module__ == "numpy" and kind.__name__ == "ndarray":
        return _encode_array(value)
    if kind in (list, tuple):
        return [kind.__name__, [encode_state(item) for item in value]]
    if kind in _MAPPINGS.values():
        return _encode_mapping(value)
    if kind.__module__.partition(".")[0] in TRUSTED_LIBRARIES and hasattr(value, "__dict__"):
        return ["object", qualified_name(kind), {name: encode_state(item) for name, item in vars(value).items()}]
    raise UncarriedError(f"an attribute of it is a {kind.__module__}.{kind.__qualname__}")


def decode_state(data: list[Any]) -> Any:
    """The value that `encode_state` wrote."""
    match data:
        case ["plain", text]:
            return restore(text)
        case ["array", text]:
            return _decode_array(text)
        case ["objects", text, shape]:
            return _decode_objects(text, shape)
        case ["list", items]:
            return [decode_state(item) for item in items]
        case ["tuple", items]:
            return tuple(decode_state(item) for item in items)
        case ["object", name, attributes]:
            return _decode_object(name, attributes)
        case [name, factory, items]:
            made: Any = _MAPPINGS[name]() if factory is None else collections.defaultdict(_factory(factory))
            made.update({restore(key): decode_state(item) for key, item in items})
            return made
        case _:
            raise ValueError("not the state of a model")


def _encode_mapping(value: Any) -> list[Any]:
    factory = getattr(value, "default_factory", None)
    name = None if factory is None else getattr(factory, "__name__", "")
    if name is not None and (name not in _MAPPINGS and name not in ("list", "int", "float")):
        raise UncarriedError("an attribute of it is a defaultdict with a factory of its own")
    return [type(value).__name__, name, [[canonical(key), encode_state(item)] for key, item in value.items()]]


def _factory(name: str) -> Any:
    return _MAPPINGS.get(name) or {"list": list, "int": int, "float": float}[name]


def _encode_array(value: Any) -> list[Any]:
    import numpy as np  # the model's own library stands on it

    if value.dtype == object:
        return ["objects", canonical(value.ravel().tolist()), list(value.shape)]
    out = io.BytesIO()
    np.save(out, value, allow_pickle=False)
    return ["array", base64.b64encode(out.getvalue()).decode("ascii")]


def _decode_array(text: str) -> Any:
    import numpy as np  # the model's own library stands on it

    return np.load(io.BytesIO(base64.b64decode(text)), allow_pickle=False)


def _decode_objects(text: str, shape: list[int]) -> Any:
    import numpy as np  # the model's own library stands on it

    items = cast("list[Any]", restore(text))
    array = np.empty(len(items), dtype=object)
    array[:] = items
    return array.reshape(shape)


def _decode_object(name: str, attributes: Mapping[str, list[Any]]) -> Any:
    if name.partition(".")[0].partition(":")[0] not in TRUSTED_LIBRARIES:
        raise PermissionError(f"{name} is not trusted")
    cls: Any = resolve(name)
    if not isinstance(cls, type):
        raise PermissionError(f"{name} is no class")
    made: Any = object.__new__(cls)
    vars(made).update({key: decode_state(item) for key, item in attributes.items()})
    return made
