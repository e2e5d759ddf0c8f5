"""Where a project's code may stand: in files, and under names that are not those of Python's own modules."""

import sys
from collections.abc import Iterable
from pathlib import Path, PurePath

from headrace.app.projects.settings import Settings
from headrace.core.errors import SourceError, UsageError
from headrace.definition.graph import Graph
from headrace.ports.code import Code

_TYPED = ("<string>", "<stdin>")
"""What Python calls the file of what was given by `python -c` or standard input; nobody can read it again."""


class StandardNameError(UsageError):
    """A module of the project has the name of one of Python's own."""

    code = "usage.standard-name"

    def __init__(self, file: str, name: str) -> None:
        self.file, self.name = file, name
        super().__init__(
            f"{file} has the name of Python's own module `{name}`: which of the two `import {name}` gives depends on "
            f"what was imported before. Rename it, for example to `my_{name}`."
        )


class NoFileError(SourceError):
    """A step was not read from a file, so that neither a key nor a worker could read it again."""

    code = "source.no-file"

    def __init__(self, step: str, pipeline: str) -> None:
        self.step, self.pipeline = step, pipeline
        super().__init__(
            f"Step {step!r} was typed into `python -c` or standard input, where nobody can read its code again. Steps "
            f"have to live in a file: put them into one, such as flow.py, and say `headrace run flow.py:{pipeline}`."
        )


def refuse_steps_without_file(graph: Graph) -> None:
    """Raise NoFileError for a step that was given by `python -c` or standard input."""
    for node in graph.nodes:
        if node.step.symbol.file in _TYPED:
            raise NoFileError(node.step.name, graph.pipeline)


def refuse_standard_names(settings: Settings, codes: Iterable[Code]) -> None:
    """Raise StandardNameError if the code of a plan reaches a module that is called as one of Python's."""
    for file in dict.fromkeys(path for code in codes for path, _ in code.files):
        refuse_standard_name(settings, settings.root / file)


def refuse_standard_name(settings: Settings, file: Path) -> None:
    """Raise StandardNameError if a file of the project would be imported under a name of Python's own."""
    for folder in (settings.root / "src", settings.root):
        if file.is_relative_to(folder):
            first = PurePath(file.relative_to(folder).parts[0])
            name = first.stem if first.suffix == ".py" else first.name
            if name in sys.stdlib_module_names:
                raise StandardNameError(str((folder / first).relative_to(settings.root)), name)
            return
