"""Brings a database's tables up to what this version works on, in one transaction; never reads or writes runs."""

import re
from collections.abc import Mapping
from pathlib import Path

from headrace.stores.sessions import Session

SCHEMA_VERSION = 2
"""The number of the newest migration, so that an up-to-date store is recognised without looking for files."""

VERSION = "SELECT version FROM headrace_schema"
_MAKE_VERSION = "CREATE TABLE headrace_schema (version BIGINT NOT NULL)"
_FIRST_VERSION = "INSERT INTO headrace_schema (version) VALUES (0)"
_SET_VERSION = "UPDATE headrace_schema SET version = ?"


def upgrade(session: Session, found: int, types: Mapping[str, str], *, folder: Path | None = None) -> None:
    """Apply every migration after `found` (0: there are no tables yet) and note the new version.

    The caller has begun a transaction and read `found` inside it. `types` are the database's words for TYPE_WORDS;
    `folder` holds the migrations, by default those of this version.
    """
    if found == 0:
        session.execute(_MAKE_VERSION)
        session.execute(_FIRST_VERSION)
    for number, path in migrations(folder):
        if number > found:
            for statement in statements_in(path.read_text(encoding="utf-8"), types):
                session.execute(statement)
            session.execute(_SET_VERSION, (number,))


def migrations(folder: Path | None = None) -> list[tuple[int, Path]]:
    """The numbered migration files, in order; raises ValueError if a number is missing or there twice."""
    files = sorted((folder or Path(__file__).parent / "migrations").glob("[0-9]*_*.sql"))
    numbered = [(int(path.name.partition("_")[0]), path) for path in files]
    if [number for number, _ in numbered] != list(range(1, len(numbered) + 1)):
        raise ValueError(f"migrations are not numbered from 1 without gaps: {[path.name for path in files]}")
    return numbered


def statements_in(script: str, types: Mapping[str, str]) -> list[str]:
    """The statements of a migration, with a database's own words; a statement ends with `;` at the end of a line."""
    text = re.sub(r"^\s*--.*$", "", script, flags=re.MULTILINE)
    for word, own in types.items():
        text = text.replace("{" + word + "}", own)
    return [statement.strip() for statement in re.split(r";\s*(?:\n|$)", text) if statement.strip()]
