"""Names that a pipeline's body may use so that its trace follows from files and parameters alone."""

import datetime as dt
from decimal import Decimal
from fractions import Fraction
from pathlib import PurePath

PURE_BUILTINS = frozenset(
    [
        "abs",
        "all",
        "any",
        "bool",
        "bytes",
        "complex",
        "dict",
        "divmod",
        "enumerate",
        "filter",
        "float",
        "format",
        "frozenset",
        "int",
        "isinstance",
        "issubclass",
        "iter",
        "len",
        "list",
        "map",
        "max",
        "min",
        "next",
        "pow",
        "print",
        "range",
        "repr",
        "reversed",
        "round",
        "set",
        "slice",
        "sorted",
        "str",
        "sum",
        "super",
        "tuple",
        "zip",
        "ArithmeticError",
        "AssertionError",
        "Exception",
        "KeyError",
        "LookupError",
        "RuntimeError",
        "TypeError",
        "ValueError",
        "NotImplemented",
        "Ellipsis",
        "__name__",
        "__debug__",
    ]
)
"""Builtins whose value follows from their arguments (no `hash`, `id`, `open`, `eval`, `getattr`)."""

PURE_HEADRACE = frozenset(
    [
        "Cache",
        "DefinitionError",
        "HeadraceError",
        "InfrastructureError",
        "OutOfMemoryError",
        "ParameterError",
        "Pipeline",
        "Resources",
        "Retry",
        "RunFailed",
        "Static",
        "Step",
        "StepTimeoutError",
        "each",
        "pipeline",
        "product",
        "step",
        "succeeded",
        "when",
        "when_some",
    ]
)
"""What a definition may use of Headrace."""

PURE_DECORATORS = frozenset(
    (
        *(f"headrace.{name}" for name in ("step", "pipeline")),
        *("headrace.definition.steps.step", "headrace.definition.pipelines.pipeline"),
        *(
            "dataclasses.dataclass",
            "enum.unique",
            "functools.total_ordering",
            "typing.final",
            "typing.runtime_checkable",
        ),
    )
)
"""Decorators that do nothing but what they are known for."""

RECORD_BASES = frozenset(
    (
        *(f"typing.{name}" for name in ("NamedTuple", "TypedDict", "Protocol", "Generic")),
        *(f"enum.{name}" for name in ("Enum", "StrEnum", "IntEnum", "Flag", "IntFlag")),
        *("str", "int", "float", "tuple", "object", "Exception", "ValueError"),
    )
)
"""Bases of classes whose objects hold what they are given."""

_PURE_MODULES = ("math.", "itertools.", "operator.", "string.", "statistics.", "calendar.", "collections.", "typing.")
_PURE_NAMES = frozenset(
    (
        *(f"datetime.{name}" for name in ("date", "datetime", "time", "timedelta", "timezone", "UTC")),
        *(f"functools.{name}" for name in ("partial", "reduce")),
        *(f"pathlib.{name}" for name in ("Path", "PurePath", "PurePosixPath")),
        *("decimal.Decimal", "fractions.Fraction", "uuid.UUID", "zoneinfo.ZoneInfo", "textwrap.dedent"),
        *(
            "dataclasses.field",
            "dataclasses.replace",
            "dataclasses.dataclass",
            "enum.auto",
            "enum.Enum",
            "enum.StrEnum",
        ),
        *(f"os.path.{name}" for name in ("join", "basename", "dirname", "splitext")),
    )
)


def is_pure_name(name: str) -> bool:
    """Whether a dotted name of the standard library follows from its arguments, however it is called."""
    if name in _PURE_NAMES or name.startswith(_PURE_MODULES):
        return True
    owner, _, attribute = name.rpartition(".")
    return owner in _PURE_NAMES and attribute in PURE_METHODS


READING_ATTRIBUTES = frozenset(
    [
        "absolute",
        "chmod",
        "ctime",
        "cwd",
        "environ",
        "exists",
        "expanduser",
        "getenv",
        "glob",
        "group",
        "hardlink_to",
        "home",
        "is_dir",
        "is_file",
        "is_mount",
        "is_symlink",
        "iterdir",
        "localtime",
        "lstat",
        "mkdir",
        "now",
        "open",
        "owner",
        "read_bytes",
        "read_text",
        "readlink",
        "rename",
        "resolve",
        "rglob",
        "rmdir",
        "samefile",
        "stat",
        "symlink_to",
        "today",
        "touch",
        "unlink",
        "urandom",
        "utcnow",
        "walk",
        "write_bytes",
        "write_text",
    ]
)
"""Attributes that read (or write) files, the clock or the environment, whatever they are attributes of."""

CHANGING_METHODS = frozenset(("map", "after", "with_options"))
"""Methods of steps and pipelines."""

_VALUE_TYPES = (str, bytes, int, float, tuple, list, dict, set, frozenset, range, slice, Decimal, Fraction, PurePath)
_TIME_TYPES = (dt.date, dt.datetime, dt.time, dt.timedelta)
PURE_METHODS = (
    frozenset(name for kind in (*_VALUE_TYPES, *_TIME_TYPES) for name in dir(kind) if not name.startswith("_"))
    | {"_replace", "_asdict", "_make"}
    | CHANGING_METHODS
) - READING_ATTRIBUTES
"""Methods of plain values, and of steps."""
