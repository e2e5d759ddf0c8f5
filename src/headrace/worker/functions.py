"""Finding the function behind a symbol in this process: loaded modules first, scripts by path, never a guess."""

import importlib
import inspect
import sys
import typing
from collections.abc import Callable, Iterable, Mapping
from itertools import takewhile
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import cast

from headrace.core.errors import near
from headrace.core.symbols import Symbol
from headrace.worker.errors import ScriptStopped, StepNotFoundError

headrace_calls_for_others = True
"""See `core.import_reads.TRANSPARENT`: a step may be a function of the standard library."""
MAIN = "__main__"
SCRIPT = "__headrace_main__"
"""`__name__` of a script that is loaded for its functions: its `if __name__ == "__main__"` does not run again."""
_STOPPED = "__headrace_stopped__"
"""In a script's names: the error that stopped its loading where it starts a run."""


class StepFinder:
    """Finds steps. `main_file` and `main_package` say which script the calling process runs.

    A worker process needs them for values whose classes the script defines; `main_package` only for `python -m`.
    """

    def __init__(self, main_file: str = "", main_package: str = "") -> None:
        self._main_file = main_file
        self._main_package = main_package
        self._types: dict[Callable[..., object], Mapping[str, object]] = {}

    def is_loaded(self, symbol: Symbol) -> bool:
        """Whether finding it imports nothing."""
        return symbol.module in sys.modules and (symbol.module != MAIN or _is_main(symbol.file))

    def find(self, symbol: Symbol) -> Callable[..., object]:
        """The step or function; raises StepNotFoundError, and whatever importing its module raises."""
        target: object = self._module(symbol)
        for part in symbol.qualname.split("."):
            if not hasattr(target, part):
                raise getattr(target, _STOPPED, None) or _absent(symbol, target, part)
            target = getattr(target, part)
        if not callable(target):
            reason = f"it is no function but a {type(target).__qualname__}."
            raise StepNotFoundError(symbol, reason, remedy="Was the name given to something else later in the file?")
        return target

    def is_imported(self, symbols: Iterable[Symbol]) -> bool:
        """Whether all these modules are loaded."""
        return all(map(self.is_loaded, symbols))

    def load(self, symbol: Symbol) -> None:
        """Import a module or script for what that does; raises whatever importing it raises."""
        self._module(symbol)

    def load_main(self, file: str = "") -> None:
        """Load the calling process's script (or the one at `file`), so that classes of `__main__` can be found."""
        file = file or self._main_file
        if file and not _is_main(file):
            _load_script(file, self._main_package)

    def types_of(self, target: Callable[..., object]) -> Mapping[str, object]:
        """The annotations as objects, of the output under `return`; none where one names nothing that exists."""
        if target not in self._types:
            self._types[target] = _types(target)
        return self._types[target]

    def _module(self, symbol: Symbol) -> ModuleType:
        if symbol.module != MAIN:
            return sys.modules.get(symbol.module) or _imported(symbol.module)
        if _is_main(symbol.file):
            return sys.modules[MAIN]
        if not Path(symbol.file).is_file():
            reason = "it was defined in a notebook, a console or a text given to Python, which only that process has."
            remedy = (
                "Put it into a module, or leave out what needs a worker process: timeout, memory, and an environment "
                "of its own."
            )
            raise StepNotFoundError(symbol, reason, remedy=remedy)
        return _load_script(symbol.file, self._main_package)


def call(target: Callable[..., object], arguments: dict[str, object]) -> object:
    """Call a step with named arguments, those that it takes by position only included."""
    args, named = split_arguments(target, arguments)
    return target(*args, **named)


def split_arguments(
    target: Callable[..., object], arguments: dict[str, object]
) -> tuple[list[object], dict[str, object]]:
    """Named arguments as a function takes them: first those that it takes by position only, then the others."""
    code: CodeType | None = getattr(plain_function(target), "__code__", None)
    if code is None or not code.co_posonlyargcount:
        return [], arguments
    names = code.co_varnames[: code.co_posonlyargcount]
    first = [arguments[name] for name in takewhile(arguments.__contains__, names)]
    return first, {name: value for name, value in arguments.items() if name not in names[: len(first)]}


def plain_function(target: Callable[..., object]) -> Callable[..., object]:
    """The innermost function of a step or a decorated function."""
    if not isinstance(target, FunctionType):
        target = getattr(target, "function", target)
    return cast("Callable[..., object]", inspect.unwrap(target))


def _types(target: Callable[..., object]) -> Mapping[str, object]:
    function = plain_function(target)
    annotations: Mapping[str, object] = getattr(function, "__annotations__", {})
    if not any(isinstance(annotation, str) for annotation in annotations.values()):
        return annotations
    try:
        return typing.get_type_hints(function, include_extras=True)
    except (NameError, AttributeError, TypeError, SyntaxError):
        return {}


def _is_main(file: str) -> bool:
    """Whether `__main__` of this process is this file, or a notebook or console."""
    main = sys.modules.get(MAIN)
    own = getattr(main, "__file__", None)
    return main is not None and (own is None or own == file or Path(own).absolute() == Path(file).absolute())


def _imported(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ScriptStopped as stopped:
        raise stopped.error from None


def _load_script(file: str, package: str) -> ModuleType:
    module = ModuleType(SCRIPT)
    module.__file__ = file
    module.__package__ = package
    previous = sys.modules[MAIN]
    sys.modules[SCRIPT] = sys.modules[MAIN] = module
    try:
        exec(compile(Path(file).read_bytes(), file, "exec"), module.__dict__)  # noqa: S102 - the user's own script
    except BaseException as error:
        # as far as a script has come when it starts a run, it had come where it was started; more it may not do here
        if isinstance(error, ScriptStopped) and error.error.file == file:
            vars(module)[_STOPPED] = error.error
        else:
            sys.modules[MAIN] = previous
            del sys.modules[SCRIPT]
            raise
    for item in list(vars(module).values()):
        _rename(item)
    return module


def _rename(item: object) -> None:
    """Make functions and classes of the script say `__main__`, as they do in the process that the values come from."""
    if isinstance(item, FunctionType | type) and item.__module__ == SCRIPT:
        item.__module__ = MAIN
        if isinstance(item, type):
            for member in list(vars(item).values()):
                _rename(member)


def _absent(symbol: Symbol, place: object, part: str) -> StepNotFoundError:
    name = place.__name__ if isinstance(place, ModuleType | type) else type(place).__qualname__
    names = [known for known in vars(place) if not known.startswith("_")] if hasattr(place, "__dict__") else []
    where = f" ({symbol.file})" if symbol.file else ""
    reason = f"{name}{where} has no {part!r}{near(part, names)}."
    remedy = 'Was the file edited since the run was planned, or is it hidden under `if __name__ == "__main__"`?'
    return StepNotFoundError(symbol, reason, remedy=remedy)
