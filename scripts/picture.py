"""Draws the README's picture: a real terminal session in a new project, as SVG. Run it after the output has changed."""

import os
import pty
import re
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).parents[1]
BEFORE, AFTER = "median(one.minutes / one.kilometres", "median((one.minutes - 5) / one.kilometres"


def say(console: Console, folder: Path, command: str) -> None:
    """Run a command in a pseudo-terminal and record what it prints."""
    console.print(Text.assemble(("$ ", "bright_black"), (f"headrace {command}", "bold")))
    shown: list[bytes] = []

    def read(descriptor: int) -> bytes:
        data = os.read(descriptor, 65536)
        shown.append(data)
        return data

    os.chdir(folder)
    os.environ |= {"COLUMNS": "104", "TERM": "xterm-256color"}
    pty.spawn([sys.executable, "-m", "headrace", *command.split()], read)
    console.print(Text.from_ansi(b"".join(shown).decode().replace("\r\n", "\n").rstrip()))
    console.print()


def main() -> None:
    """Write docs/assets/session.svg."""
    console = Console(record=True, width=104, file=Path(os.devnull).open("w"), force_terminal=True)
    with tempfile.TemporaryDirectory() as place:
        os.chdir(place)
        os.system(f"{sys.executable} -m headrace init deliveries > /dev/null")
        folder = Path(place) / "deliveries"
        say(console, folder, "run training")
        methods = folder / "deliveries" / "methods.py"
        methods.write_text(methods.read_text().replace(BEFORE, AFTER))
        console.print(Text("# fit_pace in deliveries/methods.py is changed", "bright_black"))
        say(console, folder, "plan training")
        say(console, folder, "run training")
        say(console, folder, "why last fit")
        os.chdir(ROOT)
    svg = console.export_svg(title="headrace")
    # the reader's own monospace font: a picture must not load anything from anywhere
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL).replace("Fira Code", "ui-monospace")
    (ROOT / "docs" / "assets" / "session.svg").write_text(svg)


if __name__ == "__main__":
    main()
