"""The operators and protocols by which Python asks an object for its value, and classes that refuse every one of them.

A class that refuses has one method, `_refusal(action)`, that gives the error to raise; `action` stands before the
value's name in a sentence ("`len` of").
"""

from collections.abc import Callable
from typing import NoReturn

_SIGNS = {
    "__eq__": "`==` with",
    "__ne__": "`!=` with",
    "__lt__": "`<` with",
    "__le__": "`<=` with",
    "__gt__": "`>` with",
    "__ge__": "`>=` with",
    "__add__": "`+` with",
    "__sub__": "`-` with",
    "__mul__": "`*` with",
    "__matmul__": "`@` with",
    "__truediv__": "`/` with",
    "__floordiv__": "`//` with",
    "__mod__": "`%` with",
    "__divmod__": "`divmod` of",
    "__pow__": "`**` with",
    "__lshift__": "`<<` with",
    "__rshift__": "`>>` with",
    "__and__": "`&` with",
    "__or__": "`|` with",
    "__xor__": "`^` with",
}
_REFLECTED = ("add", "sub", "mul", "matmul", "truediv", "floordiv", "mod", "divmod", "pow", "lshift", "rshift", "and")
REFUSED = _SIGNS | {
    **{f"__r{name}__": _SIGNS[f"__{name}__"] for name in (*_REFLECTED, "or", "xor")},
    "__bool__": "the truth of",
    "__len__": "`len` of",
    "__contains__": "`in` with",
    "__reversed__": "`reversed` of",
    "__next__": "`next` of",
    "__neg__": "`-` with",
    "__pos__": "`+` with",
    "__invert__": "`~` with",
    "__abs__": "`abs` of",
    "__round__": "rounding",
    "__trunc__": "rounding",
    "__floor__": "rounding",
    "__ceil__": "rounding",
    "__int__": "`int` of",
    "__float__": "`float` of",
    "__complex__": "`complex` of",
    "__index__": "counting with",
    "__bytes__": "`bytes` of",
    "__fspath__": "opening a path with",
    "__format__": "formatting",
    "__call__": "calling",
    "__setitem__": "writing into",
    "__delitem__": "deleting from",
    "__setattr__": "writing into",
    "__delattr__": "deleting from",
    "__enter__": "`with` on",
    "__exit__": "`with` on",
    "__await__": "`await` on",
    "__aiter__": "iterating over",
    "__reduce_ex__": "copying or pickling",
    "__hash__": "hashing",
    "__iter__": "iterating over",
    "__getitem__": "indexing",
    "__str__": "`str` of",
    "__array__": "making an array of",
    "__array_ufunc__": "computing with",
    "__array_function__": "computing with",
}
"""What is refused by every stand-in for a value, with words for it."""


def _refuse(action: str) -> Callable[..., NoReturn]:
    def refuse(self: "Refusing", *_arguments: object, **_options: object) -> NoReturn:
        raise self._refusal(action)

    return refuse


class Refusing:
    """Refuses every operator; a subclass gives the error by `_refusal(action)` and may take back what it allows."""

    __slots__ = ()

    # all at once while the class is made: setting them later would update the type's slots seventy times
    vars().update({name: _refuse(action) for name, action in REFUSED.items()})

    def _refusal(self, action: str) -> Exception:
        raise NotImplementedError(action)
