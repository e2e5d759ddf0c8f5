"""Cases about imports: by name, by alias, by star, over re-exports, inside functions, at a distance."""

from integration.code.edited_projects import case

RULE = "def rule(x):\n    return x + 1\n"

case(
    "a function imported by name",
    {
        "steps": "from rules import rule\ndef step():\n    return rule(1)\n",
        "rules": RULE + "def other(x):\n    return x - 5\n",
    },
    ("rules", "x + 1", "x + 2"),
    keeps=(("rules", "x - 5", "x - 6"),),
)
case(
    "a function imported under an alias",
    {
        "steps": "from rules import rule as r\ndef step():\n    return r(1)\n",
        "rules": RULE + "def rule2(x):\n    return -x\n",
    },
    ("rules", "x + 1", "x + 2"),
    ("steps", "import rule as r", "import rule2 as r"),
    keeps=(("rules", "return -x", "return -2 * x"),),
)
case(
    "a module imported and used by attribute",
    {
        "steps": "import rules\ndef step():\n    return rules.rule(1)\n",
        "rules": RULE + "def other(x):\n    return x - 5\n",
    },
    ("rules", "x + 1", "x + 2"),
    keeps=(("rules", "x - 5", "x - 6"),),
)
case(
    "a submodule imported by its dotted name",
    {
        "steps": "import pack.rules\ndef step():\n    return pack.rules.rule(1)\n",
        "pack.__init__": "",
        "pack.rules": RULE,
    },
    ("pack.rules", "x + 1", "x + 2"),
)
case(
    "a submodule imported from its package",
    {
        "steps": "from pack import rules\ndef step():\n    return rules.rule(1)\n",
        "pack.__init__": "",
        "pack.rules": RULE,
    },
    ("pack.rules", "x + 1", "x + 2"),
)
case(
    "two aliases that change places",
    {
        "steps": "from rules import up as a, down as b\ndef step():\n    return a(1) - 2 * b(1)\n",
        "rules": "def up(x):\n    return x + 1\ndef down(x):\n    return x - 1\n",
    },
    ("steps", "up as a, down as b", "down as a, up as b"),
    keeps=(("steps", "up as a, down as b", "down as b, up as a"),),
)
case(
    "a star import",
    {
        "steps": "from rules import *\ndef step():\n    return rule(1)\n",
        "rules": RULE + "def other(x):\n    return x - 5\n",
    },
    ("rules", "x + 1", "x + 2"),
    keeps=(("rules", "x - 5", "x - 6"),),
)
case(
    "the order of two modules that register themselves",
    {
        "steps": "import first\nimport second\nfrom known import KNOWN\ndef step():\n    return list(KNOWN)\n",
        "known": "KNOWN = []\n",
        "first": "from known import KNOWN\nKNOWN.append('first')\n",
        "second": "from known import KNOWN\nKNOWN.append('second')\n",
    },
    ("steps", "import first\nimport second\n", "import second\nimport first\n"),
)
case(
    "the order of two modules of which one does nothing",
    {
        "steps": "import first\nimport second\nfrom known import KNOWN\ndef step():\n    return list(KNOWN)\n",
        "known": "KNOWN = []\n",
        "first": "from known import KNOWN\nKNOWN.append('first')\n",
        "second": "OTHER = 1\n",
    },
    ("first", "'first'", "'second'"),
    keeps=(("steps", "import first\nimport second\n", "import second\nimport first\n"),),
)
case(
    "a star import that binds a name anew",
    {"steps": "RATE = 1\nfrom rules import *\ndef step():\n    return RATE\n", "rules": "RATE = 2\nOTHER = 1\n"},
    ("rules", "RATE = 2", "RATE = 3"),
    keeps=(("rules", "OTHER = 1", "OTHER = 2"),),
)
case(
    "a star import that binds an imported function anew",
    {
        "steps": "from base import rule\nfrom rules import *\ndef step():\n    return rule(1)\n",
        "base": "def rule(x):\n    return x\n",
        "rules": RULE,
    },
    ("rules", "x + 1", "x + 2"),
)
case(
    "a star import of a star import",
    {
        "steps": "from all_rules import *\ndef step():\n    return rule(1)\n",
        "all_rules": "from rules import *\n",
        "rules": RULE,
    },
    ("rules", "x + 1", "x + 2"),
)
case(
    "a name re-exported by a package",
    {
        "steps": "from pack import rule\ndef step():\n    return rule(1)\n",
        "pack.__init__": "from .rules import rule\n__all__ = ['rule']\n",
        "pack.rules": RULE,
        "pack.others": "def rule(x):\n    return x * 9\n",
    },
    ("pack.rules", "x + 1", "x + 2"),
    ("pack.__init__", "from .rules", "from .others"),
    keeps=(("pack.others", "x * 9", "x * 10"),),
)
case(
    "a submodule re-exported by its package under its own name",
    {
        "steps": "import pack\ndef step():\n    return pack.rules.rule(1)\n",
        "pack.__init__": "from . import rules\n",
        "pack.rules": RULE,
    },
    ("pack.rules", "x + 1", "x + 2"),
)
case(
    "a relative import two levels up",
    {
        "steps": "from pack.deep.inner import go\ndef step():\n    return go()\n",
        "pack.__init__": "",
        "pack.rules": RULE,
        "pack.deep.__init__": "",
        "pack.deep.inner": "from ..rules import rule\ndef go():\n    return rule(1)\n",
    },
    ("pack.rules", "x + 1", "x + 2"),
    keeps=(("pack.deep.inner", "from ..rules", "from pack.rules"),),
)
case(
    "an import inside a function",
    {
        "steps": "def step():\n    from rules import rule\n    return rule(1)\n",
        "rules": RULE + "def other(x):\n    return x - 5\n",
    },
    ("rules", "x + 1", "x + 2"),
    keeps=(("rules", "x - 5", "x - 6"),),
)
case(
    "a module imported inside a function under an alias",
    {
        "steps": "def step():\n    import rules as r\n    return r.rule(1)\n",
        "rules": RULE + "def other(x):\n    return x - 5\n",
    },
    ("rules", "x + 1", "x + 2"),
    keeps=(("rules", "x - 5", "x - 6"),),
)
case(
    "modules that import each other",
    {
        "steps": "import rules\nBASE = 3\ndef step():\n    return rules.rule(1)\n",
        "rules": "import steps\ndef rule(x):\n    return x + steps.BASE\n",
    },
    ("steps", "BASE = 3", "BASE = 4"),
    ("rules", "x + steps", "x - steps"),
)
case(
    "a namespace package",
    {"steps": "from space.rules import rule\ndef step():\n    return rule(1)\n", "space.rules": RULE},
    ("space.rules", "x + 1", "x + 2"),
)
case(
    "an import that falls back",
    {
        "steps": """
            try:
                from no_such_library import rule
            except ImportError:
                from rules import rule
            def step():
                return rule(1)
            """,
        "rules": RULE,
    },
    ("rules", "x + 1", "x + 2"),
    ("no_such_library", "", "def rule(x):\n    return 77\n"),
)
case(
    "an import under a condition",
    {
        "steps": """
            import sys
            if sys.version_info >= (3, 0):
                from rules import rule
            else:
                from others import rule
            def step():
                return rule(1)
            """,
        "rules": RULE,
        "others": "def rule(x):\n    return x * 9\n",
    },
    ("rules", "x + 1", "x + 2"),
    ("steps", "(3, 0)", "(9, 0)"),
)
case(
    "a new module that hides another one",
    {
        "steps": "from pack.rules import rule\ndef step():\n    return rule(1)\n",
        "pack.__init__": "",
        "pack.rules": RULE,
    },
    ("pack.rules.__init__", "", "def rule(x):\n    return x * 50\n"),
)
case(
    "a module imported for what importing it does",
    {
        "steps": "import rules\nimport patches\ndef step():\n    return rules.rule(1)\n",
        "rules": RULE,
        "patches": "import rules\ndef other(x):\n    return x * 7\nrules.rule = other\n",
    },
    ("patches", "x * 7", "x * 8"),
    ("patches", "rules.rule = other", "rules.unused = other"),
    ("steps", "import patches\n", ""),
)
case(
    "a module's own __getattr__",
    {
        "steps": "import rules\ndef step():\n    return rules.anything\n",
        "rules": "def __getattr__(name):\n    return name + '!'\n",
    },
    ("rules", "'!'", "'?'"),
)
case(
    "what __init__ of a parent package does",
    {
        "steps": "from pack.rules import LIMITS\ndef step():\n    return LIMITS['top']\n",
        "pack.__init__": "from . import rules\nrules.LIMITS['top'] = 5\n",
        "pack.rules": "LIMITS = {'top': 1}\n",
    },
    ("pack.__init__", "= 5", "= 6"),
)
case(
    "a chain of modules",
    {
        "steps": "from one import one\ndef step():\n    return one(1)\n",
        "one": "from two import two\ndef one(x):\n    return two(x)\n",
        "two": "import three\ndef two(x):\n    return three.three(x)\n",
        "three": "FACTOR = 3\ndef three(x):\n    return x * FACTOR\n",
    },
    ("three", "FACTOR = 3", "FACTOR = 4"),
    ("two", "return three", "return -three"),
)
case(
    "a module passed on as a value",
    {
        "steps": "import rules\ndef call(module, x):\n    return module.rule(x)\ndef step():\n    return call(rules, 1)\n",
        "rules": RULE,
    },
    ("rules", "x + 1", "x + 2"),
    is_coarse=True,
)
case(
    "a name that a string gives",
    {
        "steps": """
            import importlib
            RULES = {'plus': 'pack.rules:rule'}
            def step():
                module, name = RULES['plus'].split(':')
                return getattr(importlib.import_module(module), name)(1)
            """,
        "pack.__init__": "",
        "pack.rules": RULE,
    },
    ("pack.rules", "x + 1", "x + 2"),
    is_coarse=True,
)
case(
    "a package imported by computed names",
    {
        "steps": """
            from importlib import import_module
            KIND = "plus"
            def step():
                return import_module(f"plugins.{KIND}").rule(1)
            """,
        "plugins.__init__": "",
        "plugins.plus": RULE,
        "plugins.minus": "def rule(x):\n    return x - 1\n",
    },
    ("plugins.plus", "x + 1", "x + 2"),
    ("steps", 'KIND = "plus"', 'KIND = "minus"'),
    is_coarse=True,
)
case(
    "a module imported by a constant name",
    {"steps": "import importlib\ndef step():\n    return importlib.import_module('rules').rule(1)\n", "rules": RULE},
    ("rules", "x + 1", "x + 2"),
    is_coarse=True,
)
case(
    "a star import of submodules",
    {
        "steps": "from pack import *\ndef step():\n    return rules.rule(1)\n",
        "pack.__init__": "__all__ = ['rules']\n",
        "pack.rules": RULE,
    },
    ("pack.rules", "x + 1", "x + 2"),
)
