"""`importlib.import_module` gives a module that was loaded before without any event: wrapped, so that it tells."""

# ruff: noqa: PTH100, PTH120 - pathlib costs more than the work itself here

import importlib
import os
import sys
from functools import wraps
from types import ModuleType

from headrace.code.loads import hand_on

headrace_calls_for_others = True
"""See `core.import_reads.TRANSPARENT`."""
IMPORTED_BY_NAME = "headrace.imported_by_name"
"""The audit event: (module, empty name)."""
_MARK = "headrace_tells"
_PRODUCT = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


def tell_of_names() -> None:
    """Wrap it, also where modules of the project have taken it by its name before."""
    plain = importlib.import_module
    if hasattr(plain, _MARK):
        return

    @wraps(plain)
    def import_module(name: str, package: str | None = None) -> ModuleType:
        module = plain(name, package)
        if not sys._getframe(1).f_code.co_filename.startswith(_PRODUCT):  # noqa: SLF001 - the only way to see who calls
            sys.audit(IMPORTED_BY_NAME, module.__name__, "")
        return module

    setattr(import_module, _MARK, True)
    importlib.import_module = import_module
    hand_on({id(plain): import_module})
