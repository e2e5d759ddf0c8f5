"""What kind of value an expression makes, as far as its syntax says: one that cannot change, or one that can."""

import ast

from headrace.code.pieces import Kind
from headrace.code.scopes import chain_of

_DISPLAYS = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp, ast.GeneratorExp)
_FROZEN_MAKERS = {
    *("frozenset", "compile", "TypeVar", "ParamSpec", "TypeVarTuple", "NewType", "namedtuple", "NamedTuple", "Enum"),
    *("Path", "PurePath", "timedelta", "date", "datetime", "Decimal", "Fraction", "tuple", "str", "int", "float"),
    *("bool", "bytes", "range", "MappingProxyType", "itemgetter", "attrgetter", "UUID", "TypedDict"),
}


def kind_of_value(node: ast.expr) -> Kind:
    """The kind of what an expression makes; anything unknown is mutable."""
    if isinstance(node, _DISPLAYS):
        return "mutable"
    if isinstance(node, ast.Call):
        name = (chain_of(node.func) or [""])[-1]
        return "logger" if name in {"getLogger", "get_logger"} else "constant" if name in _FROZEN_MAKERS else "mutable"
    return "constant"


def is_display(node: ast.expr | None) -> bool:
    """Whether an expression is a list, dict or set written out, or an empty one made by its class."""
    if isinstance(node, ast.Call):
        return (chain_of(node.func) or [""])[-1] in {"list", "dict", "set", "defaultdict", "OrderedDict", "Counter"}
    return isinstance(node, _DISPLAYS)
