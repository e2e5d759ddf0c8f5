"""Which classes may be made while a model is read."""

from collections.abc import Iterable, Sequence

from headrace.core.symbols import resolve

TRUSTED_LIBRARIES = ("catboost", "lightgbm", "sklearn", "xgboost")
"""Their classes are trusted, their functions are not."""
_TRUSTED_CLASSES = frozenset({"collections.OrderedDict", "collections.defaultdict", "numpy.dtype"})


def untrusted(names: Iterable[str], trusted: Sequence[str]) -> list[str]:
    """Those of these types (`package.module.Name`) that neither this file nor the project trusts.

    `trusted` names classes (`module:Name` or `module.Name`) or whole modules.
    """
    own = tuple(name.replace(":", ".") for name in trusted)
    return sorted(name for name in names if not _is_trusted(name, own))


def _is_trusted(name: str, own: tuple[str, ...]) -> bool:
    if name in _TRUSTED_CLASSES or any(name == one or name.startswith(f"{one}.") for one in own):
        return True
    return name.partition(".")[0] in TRUSTED_LIBRARIES and is_class(name)


def is_class(name: str) -> bool:
    """Whether a trusted library has a class of this name."""
    module, _, attribute = name.rpartition(".")
    try:
        return isinstance(resolve(f"{module}:{attribute}"), type)
    except (ImportError, AttributeError, ValueError):
        return False
