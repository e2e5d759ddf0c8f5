"""PyTorch tensors, states and modules as safetensors: weights as plain bytes, a module's structure as plain data beside
them."""

import collections
import json
from typing import Any, cast

from headrace.artifacts.formats import Draft, FormatSettings, UncarriedError
from headrace.artifacts.objects import ObjectSource
from headrace.artifacts.pickles import project_classes
from headrace.core.canonical import NotCanonicalError, canonical, restore
from headrace.core.symbols import qualified_name, resolve
from headrace.core.values import InlineValue, ObjectValue, classes_in

_ONE = "tensor"
_STATE = "collections:OrderedDict"
_MODULE = "torch:Module"
_STRUCTURE = "headrace"
"""The only key of the metadata: safetensors writes several in no fixed order."""
_REGISTERED = frozenset({"_parameters", "_buffers", "_modules", "_non_persistent_buffers_set", "training"})


class SafetensorsFormat:
    """Tensors, ordered dicts of tensors (a state), and modules whose attributes besides tensors are plain data."""

    name = "safetensors"
    is_canonical = True

    def __init__(self, settings: FormatSettings) -> None:
        del settings

    def draft(self, value: Any) -> Draft | None:
        """A dense tensor, a state or a module; raises UncarriedError where something else is in it."""
        import torch  # the library of this format

        if type(value) is torch.Tensor:
            return self._draft({_ONE: value}, value.requires_grad, kind="")
        if type(value) is collections.OrderedDict:
            return self._draft_state(cast("dict[str, Any]", value))
        if not isinstance(value, torch.nn.Module):
            return None
        weights = _Weights()
        structure = weights.describe(value)
        classes = {*project_classes(type(module) for module in value.modules()), *_classes_of(structure)}
        return self._draft(weights.tensors, structure, kind=_MODULE, classes=tuple(sorted(classes)))

    def read(self, source: ObjectSource, value: ObjectValue) -> object:
        """The tensors, made anew on the processor; a module gets its structure and its weights."""
        from safetensors.torch import load  # the library of this format

        content = source.read()
        tensors = load(content)
        described = json.loads(_metadata(content)[_STRUCTURE])
        if value.python_type == _STATE:
            return _restore_state(described, tensors)
        if value.python_type == _MODULE:
            return _build(described, tensors, {})
        return tensors[_ONE].requires_grad_(described)

    def _draft_state(self, tensors: dict[str, Any]) -> Draft | None:
        import torch  # the library of this format

        if not tensors or not all(type(key) is str and type(one) is torch.Tensor for key, one in tensors.items()):
            return None
        numbered = {f"{index}": tensor for index, tensor in enumerate(tensors.values())}
        return self._draft(numbered, [list(tensors), _versions(tensors)], kind=_STATE)

    def _draft(self, tensors: dict[str, Any], described: object, *, kind: str, classes: tuple[str, ...] = ()) -> Draft:
        from safetensors.torch import save  # the library of this format

        metadata = {_STRUCTURE: json.dumps(described, separators=(",", ":"))}
        content = save({name: _plain(tensor) for name, tensor in tensors.items()}, metadata)
        return Draft(self.name, lambda sink: sink.write(content), python_type=kind, classes=classes)


def _plain(tensor: Any) -> Any:
    """A dense tensor on the processor with memory of its own (safetensors refuses shared memory)."""
    import torch  # the library of this format

    if tensor.layout != torch.strided or tensor.is_quantized or tensor.is_meta:
        raise UncarriedError("a tensor of it is sparse, quantized or without data")
    return tensor.detach().to("cpu").contiguous().clone()


def _versions(state: Any) -> str | None:
    """What `Module.state_dict` notes about the versions of modules, beside the tensors."""
    noted = getattr(state, "_metadata", None)
    if noted is None:
        return None
    try:
        return canonical({name: dict(item) for name, item in noted.items()})
    except NotCanonicalError as error:
        raise UncarriedError(f"its metadata: {error}") from error


def _restore_state(described: list[Any], tensors: dict[str, Any]) -> Any:
    names, versions = described
    state: Any = collections.OrderedDict((name, tensors[str(index)]) for index, name in enumerate(names))
    if versions is not None:
        vars(state)["_metadata"] = collections.OrderedDict(cast("dict[str, object]", restore(versions)))
    return state


def _metadata(content: bytes) -> dict[str, str]:
    """The metadata of a safetensors file: eight bytes with the length of the JSON header that follows."""
    size = int.from_bytes(content[:8], "little")
    found: dict[str, str] = json.loads(content[8 : 8 + size]).get("__metadata__", {})
    return found


class _Weights:
    """Collects the tensors of a module; one that is used in several places is kept once."""

    def __init__(self) -> None:
        self.tensors: dict[str, Any] = {}
        self._names: dict[int, str] = {}

    def describe(self, module: Any) -> dict[str, Any]:
        """The structure of a module as JSON data."""
        kind, parts = type(module), vars(module)
        if "<locals>" in kind.__qualname__:
            raise UncarriedError(f"{kind.__qualname__} is a class inside a function")
        return {
            "class": qualified_name(kind),
            "training": module.training,
            "attributes": {
                name: _describe_attribute(name, item)
                for name, item in parts.items()
                if name not in _REGISTERED and not _is_empty_hooks(name, item)
            },
            "parameters": {name: self._name(one) for name, one in parts["_parameters"].items()},
            "buffers": {name: self._name(one) for name, one in parts["_buffers"].items()},
            "transient": sorted(parts["_non_persistent_buffers_set"]),
            "modules": {name: one and self.describe(one) for name, one in parts["_modules"].items()},
        }

    def _name(self, tensor: Any) -> list[Any] | None:
        if tensor is None:
            return None
        name = self._names.setdefault(id(tensor), str(len(self._names)))
        self.tensors[name] = tensor
        return [name, bool(tensor.requires_grad)]


def _is_empty_hooks(name: str, item: Any) -> bool:
    if "_hooks" not in name:
        return False
    if item:
        raise UncarriedError(f"it has hooks ({name})")
    return True


def _describe_attribute(name: str, item: Any) -> list[str]:
    try:
        return ["plain", canonical(item)]
    except (NotCanonicalError, RecursionError, ValueError):
        pass
    found = f"{getattr(item, '__module__', '')}:{getattr(item, '__qualname__', '')}"
    if found.startswith("torch") and callable(item) and _resolves_to(found, item):
        return ["torch", found]
    raise UncarriedError(f"its attribute {name!r} is a {type(item).__module__}.{type(item).__qualname__}")


def _classes_of(structure: dict[str, Any]) -> set[str]:
    """The classes of what stands in the attributes of a module and of those in it."""
    texts = [data[1] for data in structure["attributes"].values() if data[0] == "plain"]
    inside = [_classes_of(one) for one in structure["modules"].values() if one]
    return set[str]().union(*(classes_in(InlineValue(text)) for text in texts), *inside)


def _resolves_to(name: str, item: object) -> bool:
    try:
        return resolve(name) is item
    except (ImportError, AttributeError, ValueError):
        return False


def _restore_attribute(data: list[str]) -> Any:
    if data[0] == "plain":
        return restore(data[1])
    if not data[1].startswith(("torch.", "torch:")):
        raise PermissionError(f"{data[1]} is not PyTorch's own")
    return resolve(data[1])


def _build(structure: dict[str, Any], tensors: dict[str, Any], made: dict[str, Any]) -> Any:
    """A module of this structure; its class's `__init__` is not run."""
    import torch  # the library of this format

    cls: Any = resolve(structure["class"])
    is_module = isinstance(cls, type) and issubclass(cls, torch.nn.Module)
    if not is_module:
        raise PermissionError(f"{structure['class']} is no torch.nn.Module")
    module: Any = object.__new__(cls)
    torch.nn.Module.__init__(module)
    parts = vars(module)
    for name, data in structure["attributes"].items():
        parts[name] = _restore_attribute(data)
    for name, place in structure["parameters"].items():
        parts["_parameters"][name] = place and _parameter(place, tensors, made)
    for name, place in structure["buffers"].items():
        parts["_buffers"][name] = place and made.setdefault(place[0], tensors[place[0]])
    for name, inner in structure["modules"].items():
        parts["_modules"][name] = inner and _build(inner, tensors, made)
    parts["_non_persistent_buffers_set"].update(structure["transient"])
    module.training = structure["training"]
    return module


def _parameter(place: list[Any], tensors: dict[str, Any], made: dict[str, Any]) -> Any:
    import torch  # the library of this format

    if place[0] not in made:
        made[place[0]] = torch.nn.Parameter(tensors[place[0]], requires_grad=place[1])
    return made[place[0]]
