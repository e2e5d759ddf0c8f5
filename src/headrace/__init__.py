"""Headrace: machine-learning pipelines defined like functions.

    import headrace as hr

Names are loaded when they are first used: writing definitions loads `core` and `definition` only, and a command that
needs neither loads neither. Their types for checkers stand in `__init__.pyi`.
"""

import sys
from importlib import import_module
from types import ModuleType

from headrace.core.import_reads import watch_imports

__version__ = "0.1.0"

_DEFINITION = {
    **dict.fromkeys(("Cache", "Resources", "Retry"), "headrace.definition.options"),
    **dict.fromkeys(("Pipeline", "pipeline"), "headrace.definition.pipelines"),
    **dict.fromkeys(("Step", "step"), "headrace.definition.steps"),
    **dict.fromkeys(("each", "product", "succeeded"), "headrace.definition.maps"),
    **dict.fromkeys(("when", "when_some"), "headrace.definition.branches"),
    **dict.fromkeys(
        (
            *("ArtifactError", "DefinitionError", "HeadraceError", "InfrastructureError", "OutOfMemoryError"),
            *("ParameterError", "PlanError", "RunCancelled", "RunFailed", "SettingsError", "StepTimeoutError"),
            *("UnknownNameError", "UsageError"),
        ),
        "headrace.core.errors",
    ),
    "Static": "headrace.definition.annotations",
}
"""What definitions are written with: name and module."""

_RUNNING = {
    **dict.fromkeys(
        ("log_figure", "log_metric", "log_metrics", "log_param", "log_params", "log_table", "log_text"),
        "headrace.tracking.calls",
    ),
    "progress": "headrace.tracking.progress",
    "current_run": "headrace.tracking.current",
    **dict.fromkeys(("Session", "get_run", "plan", "resume", "retry", "run", "runs"), "headrace.app.session"),
    "Run": "headrace.app.answers.handles",
}
"""What steps call and what runs pipelines: name and module. `import *` leaves these out, because it would load them."""

_NAMES = {**_DEFINITION, **_RUNNING}

__all__ = list(_DEFINITION)  # pyright: ignore[reportUnsupportedDunderAll]


watch_imports()  # modules that are imported from here on may read what results depend on


def __getattr__(name: str) -> object:
    if name not in _NAMES:
        raise AttributeError(f"module 'headrace' has no attribute {name!r}")
    value: object = getattr(import_module(_NAMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({"__version__", *_NAMES})


class _Package(ModuleType):
    """This module. `hr.plan` stays the function, although importing the package `headrace.plan` would replace it."""

    @property
    def plan(self) -> object:
        return import_module(_NAMES["plan"]).plan

    @plan.setter
    def plan(self, package: object) -> None:
        """The import system offers the package here; everybody finds it in `sys.modules`."""


sys.modules[__name__].__class__ = _Package
