"""How an error leaves: `error[code]: message` on standard error, without anything that would steer the terminal."""

import os
import sys

from headrace.core.errors import HeadraceError
from headrace.core.visible import visible


def print_error(error: HeadraceError) -> None:
    """Print an error with its code."""
    print_message(error.code, str(error))


def print_message(code: str, message: str) -> None:
    """Print a message under a code."""
    is_coloured = sys.stderr.isatty() and "NO_COLOR" not in os.environ
    mark = f"\x1b[31merror[{code}]\x1b[0m" if is_coloured else f"error[{code}]"
    print(f"{mark}: {visible(message, keep=chr(10))}", file=sys.stderr)
