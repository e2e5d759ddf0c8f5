"""Looks at modules in a process that has just imported them; run as a program, it is that process."""

import importlib
import json
import os
import sys
from collections.abc import Mapping, Sequence

from headrace.app.projects.child_processes import begin, command
from headrace.app.projects.settings import Settings
from headrace.code.portraits import portrait
from headrace.core.symbols import MAIN

PATIENCE_S = 120.0
"""How long importing the modules may take."""


class FreshLook:
    """Satisfies `ports.code.FreshProcess`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def portraits(
        self, wanted: Sequence[tuple[str, str]], *, first: Sequence[str] = ()
    ) -> Mapping[tuple[str, str], str]:
        """Start a process and ask it; nothing if it cannot import the modules."""
        import subprocess  # dear to import, and needed by few runs

        line = command(self._settings, "headrace.app.projects.fresh_look", wanted=list(wanted), first=list(first))
        try:
            done = subprocess.run(
                line,
                stdout=subprocess.PIPE,
                stdin=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                check=True,
                timeout=PATIENCE_S,
            )
        except (subprocess.SubprocessError, OSError):
            return {}
        told: list[str] = json.loads(done.stdout)
        return dict(zip(wanted, told, strict=True))


def main() -> None:
    """Import, look, tell by standard output; what the modules print goes nowhere."""
    out = os.dup(1)
    os.dup2(2, 1)
    _, finder, told = begin()
    for name in dict.fromkeys([*told["first"], *(module for module, _ in told["wanted"])]):
        if name == MAIN:
            finder.load_main()
        else:
            importlib.import_module(name)
    text = json.dumps([portrait(sys.modules.get(module), path) for module, path in told["wanted"]])
    with os.fdopen(out, "w") as file:
        file.write(text)
    sys.stdout.flush()
    os._exit(0)  # whatever threads the modules have started


if __name__ == "__main__":
    main()
