"""Cases about constants, functions, names of locals and strings."""

from integration.code.edited_projects import case

case(
    "the step's own body",
    {"steps": "def step():\n    x = 1\n    y = x + 2\n    return y\n"},
    ("steps", "x + 2", "x + 3"),
    ("steps", "return y", "return x"),
    keeps=(
        ("steps", "    y = x + 2\n", "    y = (x +\n         2)  # the same\n"),
        ("steps", "x = 1\n", "x: int = 1\n"),
    ),
)
case(
    "constants of a module",
    {
        "steps": "from settings import LIMIT\ndef step():\n    return LIMIT\n",
        "settings": "BASE = 2\nLIMIT = BASE * 3\nOTHER = 9\n",
    },
    ("settings", "* 3", "* 4"),
    ("settings", "BASE = 2", "BASE = 7"),
    keeps=(("settings", "OTHER = 9", "OTHER = 10"), ("settings", "LIMIT =", "LIMIT: int =")),
)
case(
    "a number's type",
    {"steps": "LIMIT = 1\ndef step():\n    return LIMIT\n"},
    ("steps", "= 1", "= 1.0"),
    ("steps", "= 1", "= True"),
    ("steps", "= 1", "= '1'"),
    keeps=(("steps", "= 1", "= 0x1"),),
)
case(
    "a constant that is changed further down",
    {
        "steps": "WORDS = ['a']\nWORDS.append('b')\nWORDS += ['c']\nOTHER = []\nOTHER.append(1)\ndef step():\n    return WORDS\n"
    },
    ("steps", "'b'", "'x'"),
    ("steps", "WORDS += ['c']", "WORDS += ['d']"),
    keeps=(("steps", "OTHER.append(1)", "OTHER.append(2)"),),
)
case(
    "a dictionary filled by items and in a loop",
    {"steps": "LIMITS = {}\nLIMITS['a'] = 1\nfor key in 'bc':\n    LIMITS[key] = 2\ndef step():\n    return LIMITS\n"},
    ("steps", "= 1", "= 5"),
    ("steps", "= 2", "= 6"),
    ("steps", "'bc'", "'bd'"),
)
case(
    "a constant that another module changes while it is imported",
    {
        "steps": "import settings\nimport overrides\ndef step():\n    return settings.LIMITS\n",
        "settings": "LIMITS = {'a': 1}\n",
        "overrides": "from settings import LIMITS\nLIMITS['a'] = 2\n",
    },
    ("overrides", "= 2", "= 3"),
    ("settings", "'a': 1", "'b': 1"),
)
case(
    "a constant deleted and bound again",
    {"steps": "A = 1\ndel A\nA = 2\ndef step():\n    return A\n"},
    ("steps", "A = 2", "A = 3"),
)
case(
    "unpacked constants",
    {"steps": "LOW, (HIGH, *REST) = 1, (2, 3)\ndef step():\n    return LOW, HIGH, REST\n"},
    ("steps", "(2, 3)", "(2, 4)"),
)
case(
    "a default value that is a constant of the module",
    {"steps": "LIMIT = 4\ndef rule(x, limit=LIMIT):\n    return x * limit\ndef step():\n    return rule(2)\n"},
    ("steps", "LIMIT = 4", "LIMIT = 5"),
    ("steps", "limit=LIMIT", "limit=3"),
)
case(
    "keyword-only defaults",
    {"steps": "def rule(x, *, up=1, down=0):\n    return x + up - down\ndef step():\n    return rule(2)\n"},
    ("steps", "up=1", "up=3"),
    ("steps", "down=0", "down=3"),
)
case(
    "names of parameters",
    {"steps": "def rule(**given):\n    return sorted(given)\ndef step():\n    return rule(alpha=1)\n"},
    ("steps", "alpha=1", "beta=1"),
)
case(
    "a nested function",
    {
        "steps": "def step():\n    total = 1\n    def inner(x):\n        nonlocal total\n        total += x\n        return total * 2\n    return inner(3)\n"
    },
    ("steps", "total * 2", "total * 3"),
    ("steps", "total += x", "total -= x"),
)
case(
    "a lambda in a table",
    {"steps": "RULES = {'a': lambda x: x + 1, 'b': lambda x: x - 1}\ndef step():\n    return RULES['a'](1)\n"},
    ("steps", "x + 1", "x + 9"),
)
case(
    "dispatch over a table of functions",
    {
        "steps": """
            from rules import up, down
            RULES = {'up': up, 'down': down}
            def step():
                return [rule(3) for rule in RULES.values()]
            """,
        "rules": "def up(x):\n    return x + 1\ndef down(x):\n    return x - 1\n",
    },
    ("rules", "x - 1", "x - 2"),
    ("steps", "{'up': up, 'down': down}", "{'up': down, 'down': up}"),
)
case(
    "scopes of comprehensions",
    {
        "steps": "x = 10\ndef step():\n    doubled = [x * 2 for x in range(3)]\n    return doubled, x, {k: v for k, v in zip('ab', doubled)}\n"
    },
    ("steps", "x = 10", "x = 11"),
    ("steps", "x * 2", "x * 3"),
)
case(
    "a local that hides a constant",
    {"steps": "limit = 5\ndef step():\n    limit = 7\n    return limit\n"},
    ("steps", "limit = 7", "limit = 8"),
    keeps=(("steps", "limit = 5", "limit = 6"),),
)
case(
    "a name bound by := in a condition",
    {"steps": "found = 5\ndef step():\n    if (found := 3) > 2:\n        return found\n"},
    ("steps", "found := 3", "found := 4"),
    keeps=(("steps", "found = 5", "found = 6"),),
)
case(
    "names bound by match",
    {
        "steps": "def step():\n    match {'a': [1, 2]}:\n        case {'a': [first, *rest], **more}:\n            return first, rest, more\n"
    },
    ("steps", "return first, rest", "return rest, first"),
    ("steps", "[1, 2]", "[1, 3]"),
)
case(
    "an error that is caught",
    {
        "steps": "def step():\n    try:\n        return 1 / 0\n    except ZeroDivisionError as problem:\n        return type(problem).__name__\n"
    },
    ("steps", "ZeroDivisionError as", "ArithmeticError as problem2:\n        return 1\n    except ValueError as"),
)
case(
    "a global that a called function sets",
    {"steps": "STATE = 0\ndef begin():\n    global STATE\n    STATE = 5\ndef step():\n    begin()\n    return STATE\n"},
    ("steps", "STATE = 5", "STATE = 6"),
    keeps=(("steps", "def begin():\n", "def begin() -> None:\n"),),
)
case(
    "text with the name of a local in a query",
    {
        "steps": """
            import sys
            def ask(text):
                return sorted(name for name in sys._getframe(1).f_locals if name in text)
            def step():
                rows = [1]
                return ask("select * from rows")
            """
    },
    ("steps", "rows = [1]", "lines = [1]"),
    names_count=True,
)
case(
    "text with the name of a local, kept in a constant",
    {
        "steps": """
            import sys
            QUERY = "select * from rows"
            def ask(text):
                return sorted(name for name in sys._getframe(1).f_locals if name in text)
            def step():
                rows = [1]
                return ask(QUERY)
            """
    },
    ("steps", "rows = [1]", "lines = [1]"),
    ("steps", "from rows", "from there"),
    names_count=True,
)
case(
    "an f-string that says a local's name",
    {"steps": "def step():\n    amount = 3\n    return f'{amount=}'\n"},
    ("steps", "amount = 3\n    return f'{amount=}'", "number = 3\n    return f'{number=}'"),
)
case(
    "an f-string with a local's value",
    {"steps": "def step():\n    amount = 3\n    return f'{amount:>5}'\n"},
    ("steps", ":>5", ":>6"),
    keeps=(("steps", "amount = 3\n    return f'{amount:>5}'", "number = 3\n    return f'{number:>5}'"),),
)
case(
    "locals looked at by name",
    {"steps": "def step():\n    amount = 3\n    return sorted(locals())\n"},
    ("steps", "amount = 3", "number = 3"),
)
case(
    "a text that is evaluated",
    {"steps": "FACTOR = 2\ndef rule(x):\n    return x * FACTOR\ndef step():\n    return eval('ru' + 'le(3)')\n"},
    ("steps", "FACTOR = 2", "FACTOR = 4"),
    ("steps", "x * FACTOR", "x + FACTOR"),
    is_coarse=True,
)
case(
    "globals read by computed names",
    {"steps": "rule_a = 1\nrule_b = 2\ndef step():\n    return [globals()['rule_' + key] for key in 'ab']\n"},
    ("steps", "rule_b = 2", "rule_b = 3"),
    is_coarse=True,
)
case(
    "an attribute of a module by a computed name",
    {"steps": "import rules\ndef step():\n    return getattr(rules, 'RULE' + '_A')\n", "rules": "RULE_A = 1\n"},
    ("rules", "= 1", "= 2"),
    is_coarse=True,
)
case(
    "an attribute of a module by a constant name",
    {
        "steps": "import rules\ndef step():\n    return getattr(rules, 'RULE_A', 0)\n",
        "rules": "RULE_A = 1\nRULE_B = 2\n",
    },
    ("rules", "RULE_A = 1", "RULE_A = 3"),
    keeps=(("rules", "RULE_B = 2", "RULE_B = 3"),),
)
case(
    "the module looked up in sys.modules",
    {"steps": "import sys\nLIMIT = 1\ndef step():\n    return sys.modules[__name__].LIMIT\n"},
    ("steps", "LIMIT = 1", "LIMIT = 2"),
    is_coarse=True,
)
case(
    "a docstring that is read",
    {"steps": "def rule():\n    '''Words.'''\ndef step():\n    return rule.__doc__\n"},
    ("steps", "'''Words.'''", "'''Other words.'''"),
    docs_count=True,
)
case(
    "a module's docstring that is read",
    {"steps": "'''Words.'''\ndef step():\n    return __doc__\n"},
    ("steps", "'''Words.'''", "'''Other words.'''"),
    docs_count=True,
)
case(
    "a condition at the head of the module",
    {"steps": "FLAG = True\nif FLAG:\n    LIMIT = 1\nelse:\n    LIMIT = 2\ndef step():\n    return LIMIT\n"},
    ("steps", "FLAG = True", "FLAG = False"),
    ("steps", "LIMIT = 1", "LIMIT = 3"),
)
case(
    "what stands under the main guard",
    {"steps": "def step():\n    return 1\nif __name__ == '__main__':\n    print(step())\n"},
    ("steps", "return 1", "return 2"),
    keeps=(("steps", "print(step())", "print(step(), step())"),),
)
case(
    "operators and their order",
    {"steps": "def step():\n    a, b = 7, 2\n    return a - b, a // b, a < b\n"},
    ("steps", "a - b", "b - a"),
    ("steps", "a // b", "a % b"),
    ("steps", "a < b", "a > b"),
)
case(
    "slices, stars and tuples",
    {"steps": "def step():\n    a = [1, 2, 3, 4]\n    return a[1:3], [*a, 5], (a[0],)\n"},
    ("steps", "a[1:3]", "a[1:]"),
    ("steps", "[*a, 5]", "[a, 5]"),
    ("steps", "(a[0],)", "(a[0])"),
)
case(
    "unusual texts",
    {"steps": "TEXT = '\\ud800é\\x00'\ndef step():\n    return ascii(TEXT)\n"},
    ("steps", "\\x00", "\\x01"),
)
case(
    "async functions and generators",
    {
        "steps": """
            import asyncio
            async def fetch(x):
                return x + 1
            def numbers(n):
                yield from range(n)
            def step():
                return asyncio.run(fetch(1)), list(numbers(3))
            """
    },
    ("steps", "x + 1", "x + 2"),
    ("steps", "range(n)", "range(n - 1)"),
)
case(
    "calls made while the module is imported",
    {
        "steps": "import rules\nrules.limit(5)\ndef step():\n    return rules.LIMITS\n",
        "rules": "LIMITS = []\ndef limit(x):\n    LIMITS.append(x)\n",
    },
    ("steps", "rules.limit(5)", "rules.limit(6)"),
    ("rules", "LIMITS.append(x)", "LIMITS.append(-x)"),
)
case(
    "a value made by a function that also changes something",
    {
        "steps": "import rules\nfrom makers import ONE\ndef step():\n    return rules.LIMITS\n",
        "makers": "import rules\nONE = rules.make(1)\n",
        "rules": "LIMITS = []\ndef make(x):\n    LIMITS.append(x)\n    return x\n",
    },
    ("makers", "make(1)", "make(2)"),
)
case(
    "a list that a called function changes",
    {
        "steps": "from rules import fill\nLIMITS = []\nDONE = fill(LIMITS, 3)\ndef step():\n    return LIMITS\n",
        "rules": "def fill(items, x):\n    items.append(x)\n    return True\n",
    },
    ("steps", "fill(LIMITS, 3)", "fill(LIMITS, 4)"),
    ("rules", "items.append(x)", "items.append(-x)"),
)
case(
    "a list shuffled while the module is imported",
    {"steps": "import random\nITEMS = [1, 2, 3, 4]\nrandom.Random(3).shuffle(ITEMS)\ndef step():\n    return ITEMS\n"},
    ("steps", "Random(3)", "Random(5)"),
)
