"""Headrace: machine-learning pipelines defined like functions.

    import headrace as hr

Importing this loads what definitions are written with. What runs them is loaded when it is first used. The names and
their types for checkers stand in `__init__.pyi`.
"""

from importlib import import_module

from headrace.core.errors import (
    DefinitionError,
    HeadraceError,
    InfrastructureError,
    OutOfMemoryError,
    ParameterError,
    PlanError,
    RunCancelled,
    RunFailed,
    StepTimeoutError,
    UsageError,
)
from headrace.definition.annotations import Static
from headrace.definition.branches import when, when_some
from headrace.definition.maps import each, product, succeeded
from headrace.definition.options import Cache, Resources, Retry
from headrace.definition.pipelines import Pipeline, pipeline
from headrace.definition.steps import Step, step

__version__ = "0.1.0"

_LAZY = {
    "current_run": "headrace.tracking.current",
    **dict.fromkeys(
        ("log_figure", "log_metric", "log_metrics", "log_param", "log_params", "log_table", "log_text"),
        "headrace.tracking.calls",
    ),
    "progress": "headrace.tracking.progress",
    **dict.fromkeys(("Session", "get_run", "plan", "run", "runs"), "headrace.app.session"),
    "Run": "headrace.app.handles",
}
"""Names that are loaded when they are first used, with the module that has them."""

__all__ = [
    "Cache",
    "DefinitionError",
    "HeadraceError",
    "InfrastructureError",
    "OutOfMemoryError",
    "ParameterError",
    "Pipeline",
    "PlanError",
    "Resources",
    "Retry",
    "RunCancelled",
    "RunFailed",
    "Static",
    "Step",
    "StepTimeoutError",
    "UsageError",
    "__version__",
    "each",
    "pipeline",
    "product",
    "step",
    "succeeded",
    "when",
    "when_some",
]


def __getattr__(name: str) -> object:
    if name not in _LAZY:
        raise AttributeError(f"module 'headrace' has no attribute {name!r}")
    value: object = getattr(import_module(_LAZY[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*__all__, *_LAZY})
