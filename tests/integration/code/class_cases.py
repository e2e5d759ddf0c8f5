"""Cases about classes, decorators, registries and patches."""

from integration.code.edited_projects import case

case(
    "methods",
    {
        "steps": "from shapes import Square\ndef step():\n    return Square(2).area()\n",
        "shapes": """
            class Square:
                def __init__(self, side):
                    self.side = side
                def area(self):
                    return self._times(self.side)
                def _times(self, x):
                    return x * self.side
            """,
    },
    ("shapes", "return x * self.side", "return x + self.side + 1"),
    ("shapes", "self.side = side", "self.side = side * 2"),
    keeps=(
        ("shapes", "class Square:\n", "class Square:\n    # sides are equal\n"),
        (
            "shapes",
            "    def area(self):\n        return self._times(self.side)\n    def _times(self, x):\n        return x * self.side\n",
            "    def _times(self, x):\n        return x * self.side\n    def area(self):\n        return self._times(self.side)\n",
        ),
    ),
)
case(
    "inheritance over modules",
    {
        "steps": "from shapes import Square\ndef step():\n    return Square().area()\n",
        "shapes": "from solid import Shape\nclass Square(Shape):\n    side = 3\n",
        "solid": "class Shape:\n    side = 1\n    def area(self):\n        return self.side ** 2\n",
    },
    ("solid", "** 2", "** 3"),
    ("shapes", "side = 3", "side = 4"),
    ("shapes", "    side = 3\n", "    pass\n"),
)
case(
    "attributes of a class",
    {
        "steps": "LOW = 1\nclass Limits:\n    low = LOW\n    high = low + 5\ndef step():\n    return Limits.low, Limits.high\n"
    },
    ("steps", "LOW = 1", "LOW = 2"),
    ("steps", "low + 5", "low + 6"),
)
case(
    "a class's name that is also the module's",
    {"steps": "size = 3\nclass Box:\n    size = size\ndef step():\n    return Box.size\n"},
    ("steps", "size = 3", "size = 4"),
)
case(
    "the order of a dataclass's fields",
    {
        "steps": """
            from dataclasses import dataclass, astuple
            @dataclass
            class Row:
                first: int = 1
                second: int = 2
            def step():
                return astuple(Row())
            """
    },
    ("steps", "first: int = 1\n    second: int = 2", "second: int = 2\n    first: int = 1"),
    ("steps", "second: int = 2", "second: int = 3"),
)
case(
    "annotations of a dataclass's fields",
    {
        "steps": """
            from dataclasses import dataclass, fields
            @dataclass
            class Row:
                first: int = 1
            def step():
                return [field.type.__name__ for field in fields(Row)]
            """
    },
    ("steps", "first: int", "first: float"),
)
case(
    "named tuples",
    {
        "steps": """
            from typing import NamedTuple
            class Row(NamedTuple):
                first: int = 1
                second: int = 2
            def step():
                return Row()
            """
    },
    ("steps", "second: int = 2", "second: int = 5"),
    ("steps", "first: int", "start: int"),
)
case(
    "members of an enum",
    {
        "steps": """
            from enum import Enum, auto
            class Colour(Enum):
                RED = auto()
                BLUE = auto()
            def step():
                return [(one.name, one.value) for one in Colour]
            """
    },
    ("steps", "RED = auto()\n    BLUE = auto()", "BLUE = auto()\n    RED = auto()"),
    ("steps", "BLUE = auto()", "GREEN = auto()"),
)
case(
    "properties and their setters",
    {
        "steps": """
            class Box:
                @property
                def size(self):
                    return self._size
                @size.setter
                def size(self, value):
                    self._size = value * 2
            def step():
                box = Box()
                box.size = 4
                return box.size
            """
    },
    ("steps", "value * 2", "value * 3"),
    ("steps", "return self._size", "return -self._size"),
)
case(
    "a metaclass of the project",
    {
        "steps": "from things import Thing\ndef step():\n    return Thing.label\n",
        "things": "from metas import Meta\nclass Thing(metaclass=Meta):\n    pass\n",
        "metas": "class Meta(type):\n    def __init__(cls, name, bases, space):\n        cls.label = name + '!'\n",
    },
    ("metas", "'!'", "'?'"),
    ("things", "class Thing(metaclass=Meta)", "class Thing(metaclass=type)"),
)
case(
    "subclasses that register themselves",
    {
        "steps": "from plugin import KNOWN\nimport plugins\ndef step():\n    return [one().go() for one in KNOWN]\n",
        "plugin": "KNOWN = []\nclass Plugin:\n    def __init_subclass__(cls):\n        KNOWN.append(cls)\n",
        "plugins": "from plugin import Plugin\nclass One(Plugin):\n    def go(self):\n        return 1\n",
    },
    ("plugins", "return 1", "return 2"),
    ("plugin", "KNOWN.append(cls)", "KNOWN.insert(0, cls), KNOWN.append(cls)"),
)
case(
    "subclasses found by __subclasses__",
    {
        "steps": "from plugin import Plugin\nimport plugins\ndef step():\n    return [one().go() for one in Plugin.__subclasses__()]\n",
        "plugin": "class Plugin:\n    pass\n",
        "plugins": "from plugin import Plugin\nclass One(Plugin):\n    def go(self):\n        return 1\n",
    },
    ("plugins", "return 1", "return 2"),
)
case(
    "functions that a decorator registers",
    {
        "steps": "from registry import RULES\nimport rules\ndef step():\n    return {name: rule() for name, rule in RULES.items()}\n",
        "registry": "RULES = {}\ndef register(function):\n    RULES[function.__name__] = function\n    return function\n",
        "rules": "from registry import register\n@register\ndef one():\n    return 1\ndef apart():\n    return 5\n",
    },
    ("rules", "return 1", "return 2"),
    ("rules", "@register\n", ""),
    ("registry", "RULES[function.__name__]", "RULES[function.__name__ * 2]"),
    keeps=(("rules", "return 5", "return 6"),),
)
case(
    "functions that a method of an object registers",
    {
        "steps": "from rules import app\ndef step():\n    return app.run()\n",
        "application": """
            class App:
                def __init__(self):
                    self.routes = {}
                def route(self, path):
                    def add(function):
                        self.routes[path] = function
                        return function
                    return add
                def run(self):
                    return {path: function() for path, function in self.routes.items()}
            """,
        "rules": "from application import App\napp = App()\n@app.route('/one')\ndef one():\n    return 1\n",
    },
    ("rules", "return 1", "return 2"),
    ("rules", "'/one'", "'/two'"),
    ("application", "self.routes[path] = function", "self.routes[path + path] = function"),
)
case(
    "functions registered with an object of another module",
    {
        "steps": "from application import app\nimport rules\ndef step():\n    return [function() for function in app.routes]\n",
        "application": "class App:\n    def __init__(self):\n        self.routes = []\n    def route(self, f):\n        self.routes.append(f)\n        return f\napp = App()\n",
        "rules": "from application import app\n@app.route\ndef one():\n    return 1\n",
    },
    ("rules", "return 1", "return 2"),
)
case(
    "a decorator that only wraps",
    {
        "steps": """
            from wrapping import twice
            @twice
            def rule(x):
                return x + 1
            @twice
            def unused(x):
                return x + 5
            def step():
                return rule(1)
            """,
        "wrapping": """
            import functools
            def twice(function):
                @functools.wraps(function)
                def wrapped(*args):
                    return function(*args) * 2
                return wrapped
            """,
    },
    ("wrapping", "* 2", "* 3"),
    ("steps", "@twice\ndef rule", "def rule"),
    ("steps", "x + 1", "x + 2"),
    keeps=(("steps", "x + 5", "x + 6"),),
)
case(
    "a decorator with arguments",
    {
        "steps": """
            FACTOR = 2
            def times(n):
                def wrap(function):
                    return lambda x: function(x) * n
                return wrap
            @times(FACTOR)
            def rule(x):
                return x + 1
            def step():
                return rule(1)
            """
    },
    ("steps", "FACTOR = 2", "FACTOR = 3"),
    ("steps", "function(x) * n", "function(x) - n"),
)
case(
    "single dispatch",
    {
        "steps": """
            from functools import singledispatch
            @singledispatch
            def show(x):
                return 'any'
            @show.register
            def _(x: int):
                return 'number'
            def step():
                return show(1)
            """
    },
    ("steps", "'number'", "'int'"),
    ("steps", "x: int", "x: str"),
)
case(
    "a class that is patched",
    {
        "steps": "from shapes import Square\nimport patching\ndef step():\n    return Square().area()\n",
        "shapes": "class Square:\n    def area(self):\n        return 1\n",
        "patching": "from shapes import Square\ndef area(self):\n    return 5\nSquare.area = area\n",
    },
    ("patching", "return 5", "return 6"),
    ("patching", "Square.area = area", "Square.perimeter = area"),
)
case(
    "a patch by setattr",
    {
        "steps": "import shapes\nimport patching\ndef step():\n    return shapes.area()\n",
        "shapes": "def area():\n    return 1\n",
        "patching": "import shapes\nsetattr(shapes, 'area', lambda: 5)\n",
    },
    ("patching", "lambda: 5", "lambda: 6"),
)
case(
    "a class that only an annotation names",
    {
        "steps": "from rows import Row\nimport registry\ndef rule(row: 'Row'):\n    return row.total()\ndef step():\n    return rule(registry.MAKE())\n",
        "rows": "class Row:\n    def total(self):\n        return 1\n",
        "registry": "import importlib\nMAKE = getattr(importlib.import_module('rows'), 'Row')\n",
    },
    ("rows", "return 1", "return 2"),
    is_coarse=True,
)
case(
    "operators of a class",
    {
        "steps": "from vectors import Vector\ndef step():\n    return (Vector(1) + Vector(2)).x\n",
        "vectors": "class Vector:\n    def __init__(self, x):\n        self.x = x\n    def __add__(self, other):\n        return Vector(self.x + other.x)\n",
    },
    ("vectors", "self.x + other.x", "self.x - other.x"),
)
case(
    "a nested class",
    {
        "steps": "class Outer:\n    class Inner:\n        value = 1\n        def get(self):\n            return self.value\ndef step():\n    return Outer.Inner().get()\n"
    },
    ("steps", "value = 1", "value = 2"),
    ("steps", "return self.value", "return -self.value"),
)
case(
    "a class made in a function",
    {
        "steps": "def make(n):\n    class Made:\n        value = n\n        def get(self):\n            return self.value + 1\n    return Made\ndef step():\n    return make(1)().get()\n"
    },
    ("steps", "self.value + 1", "self.value + 2"),
)
case(
    "a function that is partly applied",
    {
        "steps": "from functools import partial\ndef rule(a, b):\n    return a - b\nless = partial(rule, b=3)\ndef step():\n    return less(5)\n"
    },
    ("steps", "b=3", "b=4"),
    ("steps", "a - b", "a + b"),
)
case(
    "a function found in a class's table",
    {
        "steps": "from rules import up, down\nclass Chooser:\n    table = {'up': up, 'down': down}\n    def go(self, key):\n        return self.table[key](1)\ndef step():\n    return Chooser().go('up')\n",
        "rules": "def up(x):\n    return x + 1\ndef down(x):\n    return x - 1\n",
    },
    ("rules", "x + 1", "x + 2"),
)
case(
    "an object that registers what it is called with",
    {
        "steps": "from rules import register\ndef step():\n    return [rule() for rule in register.known]\n",
        "registry": "class Registry:\n    def __init__(self):\n        self.known = []\n    def __call__(self, rule):\n        self.known.append(rule)\n        return rule\n",
        "rules": "from registry import Registry\nregister = Registry()\n@register\ndef one():\n    return 1\n",
    },
    ("rules", "return 1", "return 2"),
    ("rules", "@register\n", ""),
)
case(
    "bases and keywords that are more than names",
    {
        "steps": """
            from collections import namedtuple
            from collections.abc import Mapping
            from functools import partial
            from typing import Generic, Protocol, TypeVar
            import kinds
            T = TypeVar("T")
            BASES = (object,)
            class Box(Generic[T]):
                size = 1
            class Sized(Protocol[T]):
                size: int
            class Point(namedtuple("Point", "x y")):
                def far(self):
                    return self.x + 1
            class Table(Mapping[str, int]):
                pass
            class Made(kinds.base(3)):
                pass
            class Starred(*BASES):
                pass
            class Keyed(kinds.KINDS["a"]):
                pass
            class Meta(metaclass=partial(type)):
                pass
            class Tagged(kinds.Tagged, tag=kinds.tag()):
                pass
            class Inner(kinds.Pair[int]):
                pass
            def step():
                return Box.size, Point(1, 2).far(), Made.number, Keyed.number, Tagged.found, Inner.number
            """,
        "kinds": """
            from typing import Generic, TypeVar
            T = TypeVar("T")
            class Number:
                number = 5
            KINDS = {"a": Number}
            def base(number):
                return type("Base", (), {"number": number})
            def tag():
                return "t"
            class Tagged:
                def __init_subclass__(cls, tag):
                    cls.found = tag
            class Pair(Generic[T]):
                number = 7
            """,
    },
    ("steps", "size = 1", "size = 2"),
    ("steps", "self.x + 1", "self.x + 2"),
    ("steps", "kinds.base(3)", "kinds.base(4)"),
    ("kinds", "number = 5", "number = 6"),
    ("kinds", "number = 7", "number = 8"),
    ("kinds", 'return "t"', 'return "u"'),
)
