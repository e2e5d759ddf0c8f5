"""What a piece of code refers to beside plain names: computed ones (`getattr`, `eval`, `import_module`), looks at the
frame or at docstrings, and what it mutates. Filled by the tree's writer; nothing here writes or resolves.
"""

import ast
import re

from headrace.code.scopes import ImportTarget, chain_of, is_part, root_of

IMPORTED = "*"
"""Begins a reference to a name that an import statement inside a function binds."""
QUOTED = "'"
"""Begins a reference that stands in a string (`"flights.models:Net"`)."""

_NAMESPACE_READERS = {"eval", "exec", "globals"}
_FRAME_READERS = {"locals", "eval", "exec", "vars", "dir"}
_FRAME_FUNCTIONS = {"currentframe", "_getframe"}
_PACKAGE_READERS = {"iter_modules", "walk_packages"}
_IMPORTERS = {"import_module", "__import__"}
_ATTRIBUTE_WRITERS = {"setattr", "delattr"}
_ATTRIBUTE_FUNCTIONS = {"getattr", "hasattr", *_ATTRIBUTE_WRITERS}
_DYNAMIC = {
    *_NAMESPACE_READERS,
    *_FRAME_READERS,
    *_FRAME_FUNCTIONS,
    *_PACKAGE_READERS,
    *_IMPORTERS,
    *_ATTRIBUTE_WRITERS,
}
_MUTATORS = {
    *("append", "appendleft", "add", "update", "setdefault", "extend", "insert", "pop", "popitem", "remove", "clear"),
    *("discard", "sort", "reverse", "register", "put", "push", "__setitem__"),
}
_HARMLESS = {
    *("len", "sorted", "sum", "min", "max", "list", "tuple", "set", "frozenset", "dict", "zip", "enumerate", "range"),
    *("str", "repr", "print", "isinstance", "issubclass", "any", "all", "map", "filter", "reversed", "bool", "int"),
}
"""Builtins that change nothing that they are given."""
_EXPRESSIONS = ("eval", "query", "sql", "execute")
"""Methods that take an expression as text and look its names up where they are called."""
_WORD = re.compile(r"\w+")
_NAME_IN_TEXT = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")
_AT_NAME = re.compile(r"@([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)")
"""A variable in an expression of pandas: `query("x > @limit")`."""
_DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*[.:][A-Za-z_]\w*")
_PATH = re.compile(
    r"(?=.{1,255}$)(?!\w+://)[^\s<>|?\"{}:;,]"
    r"(?:[^<>|?\"{}:;,\n]*|[^\s<>|?\"{}]*/[^\s<>|?\"{}]*|[^<>|?\"{}\n]*\.\w{1,12})"
)
"""What may be the name of a file or folder. One with `:`, `;` or `,` has an ending, or a `/` and no blanks: else it is
a sentence."""


class Findings:
    """What one piece of code refers to.

    `references` are dotted names of the module's scope (`clean.clip`; with a mark for local imports and strings),
    `computed` says where names are computed: ("module", what, line) the whole own module, ("import", module, line)
    that module, ("package", prefix, line) all modules below it, ("subclasses", "", line). `mutated` are the names of
    the module's scope that are changed, `settings` those of them of which something is set (`pd.` for
    `pd.options.x = 3`, `rcParams` for `rcParams.update(…)`, nothing for `pl.concat(rows).sort()`), `passed` those given
    to calls, which may change them. `paths` are the strings that may name files.
    """

    __slots__ = (
        *("computed", "docs", "import_statements", "imports", "mutated", "passed", "reads_docs", "reads_frame"),
        *("paths", "references", "settings", "strings"),
    )

    def __init__(self) -> None:
        self.references: set[str] = set()
        self.docs: list[str] = []
        self.strings: list[str] = []
        self.paths: set[str] = set()
        self.imports: list[ImportTarget] = []
        self.import_statements: list[tuple[int, str]] = []
        self.computed: list[tuple[str, str, int]] = []
        self.mutated: set[str] = set()
        self.settings: set[str] = set()
        self.passed: set[str] = set()
        self.reads_frame = self.reads_docs = False

    def words(self) -> set[str]:
        """The words of all strings."""
        return set(_WORD.findall("\n".join(self.strings))) if self.strings else set()

    def take_in(self, part: "Findings") -> None:
        """Add what a part of the piece (a method) refers to; its strings and docstrings stay its own."""
        self.references |= part.references
        self.imports += part.imports
        self.import_statements += part.import_statements
        self.computed += part.computed
        self.mutated |= part.mutated
        self.settings |= part.settings
        self.passed |= part.passed
        self.reads_docs |= part.reads_docs
        self.paths |= part.paths

    def take_docstring(self, statements: list[ast.stmt]) -> int:
        """Set a docstring aside, and say how many statements it takes."""
        first = statements[0] if statements else None
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
            self.docs.append(first.value.value)
            return 1
        return 0

    def note_string(self, text: str) -> None:
        """A string constant."""
        self.strings.append(text)
        if _PATH.fullmatch(text):
            self.paths.add(text)
        if _DOTTED.fullmatch(text):
            self.references.add(QUOTED + text)
        if "@" in text:
            self.references.update(_AT_NAME.findall(text))

    def note_reference(self, parts: list[str], line: int) -> None:
        """A dotted name of the module's scope."""
        self.references.add(".".join(parts))
        if parts[:2] == ["sys", "modules"]:
            self.computed.append(("module", "sys.modules", line))
        self.note_attributes(parts, line)

    def note_attributes(self, parts: list[str], line: int) -> None:
        """Attributes whose mere name says that more is looked at."""
        if "__doc__" in parts or "getdoc" in parts:
            self.reads_docs = True
        if "__subclasses__" in parts:
            self.computed.append(("subclasses", "", line))

    def note_mutation(
        self, target: ast.AST, visible: dict[str, str], aliases: dict[str, str], *, is_certain: bool = True
    ) -> None:
        """Something is stored in, or a mutating method called on, what stands at the root of an expression.

        `is_certain` is false for a method of which no more is known than that its value is not used.
        """
        root = root_of(target)
        token = visible.get(root)
        if root and token is None:
            name = root
        elif token in aliases:
            name = IMPORTED + aliases[token]
        else:
            return
        self.mutated.add(name)
        if is_certain and is_part(target):
            self.settings.add(name if type(target) is ast.Name else f"{name}.")

    def note_call(self, node: ast.Call, name: str, visible: dict[str, str], *, in_function: bool) -> None:
        """A call of something named `name`: note what it is given, and what it computes or looks at."""
        is_plain = type(node.func) is ast.Name
        if not (is_plain and name in _HARMLESS):
            values = (*node.args, *(keyword.value for keyword in node.keywords))
            self.passed.update(one.id for one in values if type(one) is ast.Name and one.id not in visible)
        if not is_plain and name in _EXPRESSIONS:
            texts = (one.value for one in node.args if isinstance(one, ast.Constant) and isinstance(one.value, str))
            self.references.update(word for text in texts for word in _NAME_IN_TEXT.findall(text))
        if name not in _DYNAMIC:
            return
        if name in _FRAME_FUNCTIONS or (is_plain and name in _FRAME_READERS):
            self.reads_frame = True
        if (is_plain and name in _NAMESPACE_READERS) or (name == "vars" and not node.args and not in_function):
            self.computed.append(("module", name, node.lineno))
        elif name in _PACKAGE_READERS:
            self.computed.append(("package", "", node.lineno))
        elif name in _IMPORTERS:
            self._note_import(node)

    def _note_import(self, node: ast.Call) -> None:
        argument = node.args[0] if node.args else None
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
            self.computed.append(("import", argument.value, node.lineno))
        else:
            self.computed.append(("package", _constant_start(argument).rpartition(".")[0], node.lineno))


def is_mutator(node: ast.Call, name: str) -> bool:
    """Whether a call is known to change its object: `x.append(…)`, or `setattr(x, …)`."""
    if type(node.func) is ast.Attribute:
        return name in _MUTATORS
    return name in _ATTRIBUTE_WRITERS and bool(node.args)


def is_mutating_name(name: str) -> bool:
    """Whether a method of this name is known to change its object."""
    return name in _MUTATORS


def constant_attribute(node: ast.Call) -> list[str]:
    """`getattr(a.b, "name", …)` and its like as `a.b.name`: that counts, not all of `a.b`. Empty for other calls."""
    if type(node.func) is not ast.Name or node.func.id not in _ATTRIBUTE_FUNCTIONS or len(node.args) < 2:
        return []
    chain, attribute = chain_of(node.args[0]), node.args[1]
    if not chain or not isinstance(attribute, ast.Constant) or not isinstance(attribute.value, str):
        return []
    return [*chain, attribute.value]


def _constant_start(node: ast.expr | None) -> str:
    """The constant text with which a computed string begins."""
    if isinstance(node, ast.JoinedStr) and node.values:
        return _constant_start(node.values[0])
    if isinstance(node, ast.BinOp):
        return _constant_start(node.left)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format":
        return _constant_start(node.func.value).partition("{")[0]
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
