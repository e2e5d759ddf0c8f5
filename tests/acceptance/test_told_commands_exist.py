"""What messages tell people to type is something that they can type."""

import re
from pathlib import Path

import headrace
from headrace.cli.main import COMMANDS

SOURCES = sorted(Path(headrace.__file__).parent.rglob("*.py"))
TOLD = re.compile(r"`headrace ([\w-]+)")


def test_every_command_that_a_text_names_exists():
    told = {(found, path.name) for path in SOURCES for found in TOLD.findall(path.read_text())}
    assert told
    assert [one for one in sorted(told) if one[0] not in COMMANDS] == []
