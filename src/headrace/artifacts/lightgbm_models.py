"""LightGBM models in LightGBM's own text. What a scikit-learn wrapper or an early stop adds stands in a line above."""

import json
from typing import Any, cast

from headrace.artifacts.formats import Draft, FormatSettings, UncarriedError
from headrace.artifacts.model_state import decode_state, encode_state
from headrace.artifacts.objects import ObjectSource
from headrace.artifacts.pickles import is_project_class, project_classes
from headrace.core.symbols import qualified_name, resolve
from headrace.core.values import ObjectValue

_HEAD = b"headrace "
_BOOSTER = "_Booster"


class LightGbmFormat:
    """Boosters and fitted or unfitted wrappers (LGBMClassifier, LGBMRegressor, LGBMRanker)."""

    name = "lightgbm"
    is_canonical = True

    def __init__(self, settings: FormatSettings) -> None:
        del settings

    def draft(self, value: object) -> Draft | None:
        """A booster or one of LightGBM's own wrappers; subclasses and callable objectives are left to others."""
        import lightgbm  # the library of this format

        cls = type(value)
        if isinstance(value, lightgbm.Booster):
            head = _booster_state(value)
            content = _with_head(head if any(head.values()) else None, text_of(value))
            return Draft(self.name, lambda sink: sink.write(content))
        if is_project_class(cls) or cls.__module__.partition(".")[0] != "lightgbm":
            return None
        attributes = dict(vars(cast("Any", value)))
        booster = attributes.pop(_BOOSTER, None)
        state = {name: encode_state(item) for name, item in attributes.items()}
        head = {"wrapper": state, "booster": None if booster is None else _booster_state(booster)}
        content = _with_head(head, b"" if booster is None else text_of(booster))
        classes = project_classes({cls})
        return Draft(self.name, lambda sink: sink.write(content), python_type=qualified_name(cls), classes=classes)

    def read(self, source: ObjectSource, value: ObjectValue) -> object:
        """The booster or wrapper, made anew."""
        head, text = _split(source.read())
        if not value.python_type:
            return _booster(text, head)
        cls: Any = resolve(value.python_type)
        made: Any = object.__new__(cls)
        vars(made).update({name: decode_state(item) for name, item in head["wrapper"].items()})
        vars(made)[_BOOSTER] = None if head["booster"] is None else _booster(text, head["booster"])
        return made


def text_of(booster: Any) -> bytes:
    """The whole model: every iteration, not only the best ones."""
    if getattr(booster, "network", False):
        raise UncarriedError("it is part of a network of machines")
    text: str = booster.model_to_string(num_iteration=-1)
    return text.encode()


def _booster_state(booster: Any) -> dict[str, Any]:
    best = max(int(booster.best_iteration), 0)
    return {"best_iteration": best, "best_score": encode_state(booster.best_score) if booster.best_score else None}


def _booster(text: bytes, state: dict[str, Any]) -> Any:
    import lightgbm  # the library of this format

    made = lightgbm.Booster(model_str=text.decode())
    if state.get("best_iteration"):
        made.best_iteration = state["best_iteration"]
    if state.get("best_score"):
        made.best_score = decode_state(state["best_score"])
    return made


def _with_head(head: dict[str, Any] | None, text: bytes) -> bytes:
    if head is None:
        return text
    return _HEAD + json.dumps(head, separators=(",", ":")).encode("ascii") + b"\n" + text


def _split(content: bytes) -> tuple[dict[str, Any], bytes]:
    if not content.startswith(_HEAD):
        return {}, content
    head, _, text = content.partition(b"\n")
    return json.loads(head[len(_HEAD) :]), text
