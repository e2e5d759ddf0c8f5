"""What a process is told that this one starts to import the project's modules as its own: paths, and the script."""

import json
import sys
from pathlib import Path
from typing import Any

from headrace.app.projects.settings import Settings, read_settings
from headrace.app.projects.targets import source_folders
from headrace.core.symbols import MAIN, main_name, name_main
from headrace.worker.fresh_sources import import_fresh
from headrace.worker.functions import StepFinder


def command(settings: Settings, program: str, **more: object) -> list[str]:
    """The command that starts a program, a module of Headrace, in the project; `more` is plain data for it."""
    main = sys.modules.get(MAIN)
    told = {
        "root": str(settings.root),
        "path": [*(str(folder) for folder in source_folders(settings)), *(entry for entry in sys.path if entry)],
        "main_file": str(Path(getattr(main, "__file__", "") or "")),
        "main_package": getattr(main, "__package__", None) or "",
        "main_name": main_name(),
        **more,
    }
    return [sys.executable, "-m", program, json.dumps(told)]


def begin() -> tuple[Settings, StepFinder, dict[str, Any]]:
    """What such a program does first: settings, a finder of steps, and all it was told."""
    told: dict[str, Any] = json.loads(sys.argv[1])
    sys.argv = sys.argv[:1]
    sys.path[:] = list(dict.fromkeys(told["path"]))
    settings = read_settings(Path(told["root"]))
    import_fresh([str(settings.root)])
    finder = StepFinder(told["main_file"], told["main_package"])
    name_main(told["main_name"], finder.load_main)
    return settings, finder, told
