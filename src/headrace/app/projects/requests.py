"""What a person asks for: a pipeline by name, parameters as text and from a file, and which steps."""

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct, field

from headrace.core.errors import UsageError
from headrace.plan.plan import Selection


class Request(Struct, frozen=True):
    """What a command line asks for; `file_text` is the content of the parameters' `file`."""

    target: str
    texts: Mapping[str, str] = field(default_factory=dict)
    file: Path | None = None
    file_text: str = ""
    selection: Selection = field(default_factory=Selection)


def read_parameters(path: Path | None) -> str:
    """The text of a parameters' file; raises UsageError."""
    if path is None:
        return ""
    try:
        return path.read_text()
    except FileNotFoundError:
        raise UsageError(
            f"There is no parameters' file {path}. It is TOML or JSON, with the parameters' names."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"The parameters' file {path} cannot be read: {error}.") from error
