"""Files and folders as values: their bytes become objects, and reading back gives a read-only path with the same name.

A path is a composite of kind "record" and class `pathlib:Path`: its first member ("file" or "folder") holds the name,
the others the entries by relative path: an object for a file, text for a link, null for an empty folder."""

import os
from collections.abc import Iterator
from pathlib import Path

from headrace.artifacts.drafting import Branch, Node
from headrace.artifacts.errors import UnstorableError
from headrace.artifacts.formats import Draft
from headrace.artifacts.objects import ObjectFolder, Sink
from headrace.core.canonical import canonical, restore
from headrace.core.values import CompositeValue, InlineValue, ObjectValue

headrace_calls_for_others = True
"""See `core.import_reads.TRANSPARENT`: the paths are the project's."""
PATH_TYPE = "pathlib:Path"
_PIECE_BYTES = 8 << 20


class PathShelf:
    """Drafts paths, and lays stored ones out under `paths/` as hard links to their objects (copies where the file
    system has none)."""

    def __init__(self, folder: ObjectFolder) -> None:
        self._folder = folder

    def draft(self, path: Path) -> Branch:
        """A file or a folder with everything in it, by content."""
        name = InlineValue(canonical(path.name or path.resolve().name))
        if path.is_dir():
            entries = tuple(sorted(_entries(path, path)))
            return Branch("record", (("folder", name), *((f"/{where}", node) for where, node in entries)), PATH_TYPE)
        return Branch("record", (("file", name), ("/", _draft_file(path))), PATH_TYPE)

    def restore(self, value: CompositeValue) -> Path:
        """A read-only file or folder of the same name and content; the same one for every reader."""
        kind, name_text = value.members[0][0], value.members[0][1]
        assert isinstance(name_text, InlineValue)
        shelf = Path(self._folder.root) / "paths" / value.digest[:2] / value.digest[2:]
        target = shelf / str(restore(name_text.text))
        if not self._is_whole(target, value):
            self._lay_out(target, shelf, value, is_folder=kind == "folder")
        return target

    def _is_whole(self, target: Path, value: CompositeValue) -> bool:
        for where, member in value.members[1:]:
            entry = _inside(target, where)
            if isinstance(member, ObjectValue):
                source = self._folder.open(member)
                if not entry.is_file() or not entry.samefile(source.path):
                    return False
            elif not (entry.is_symlink() or entry.is_dir()):
                return False
        return target.exists()

    def _lay_out(self, target: Path, shelf: Path, value: CompositeValue, *, is_folder: bool) -> None:
        shelf.parent.mkdir(parents=True, exist_ok=True)
        draft = shelf.with_name(f"{shelf.name}.{os.getpid()}-{os.urandom(4).hex()}")
        draft.mkdir()
        try:
            inner = draft / target.name
            if is_folder:
                inner.mkdir()
            for where, member in value.members[1:]:
                self._lay_entry(_inside(inner, where), member)
            if is_folder:
                _forbid_writing(inner)
            self._replace(target, draft, value)
        finally:
            _remove(draft)

    def _lay_entry(self, entry: Path, member: object) -> None:
        entry.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(member, ObjectValue):
            self._folder.link(member, str(entry))
        elif isinstance(member, InlineValue) and member.text != "null":
            entry.symlink_to(str(restore(member.text)))
        else:
            entry.mkdir(exist_ok=True)

    def _replace(self, target: Path, draft: Path, value: CompositeValue) -> None:
        try:
            draft.rename(target.parent)
        except OSError:
            if self._is_whole(target, value):
                return  # another process has laid it out meanwhile
            _remove(target.parent)
            draft.rename(target.parent)


def _inside(target: Path, where: str) -> Path:
    return target / where[1:] if len(where) > 1 else target


def _entries(folder: Path, root: Path) -> Iterator[tuple[str, Node]]:
    paths = sorted(folder.iterdir())
    if not paths and folder != root:
        yield folder.relative_to(root).as_posix(), InlineValue("null")
    for path in paths:
        where = path.relative_to(root).as_posix()
        if path.is_symlink() and _stays_inside(path, root):
            yield where, InlineValue(canonical(str(path.readlink())))
        elif path.is_dir() and not path.is_symlink():
            yield from _entries(path, root)
        elif path.is_file():
            yield where, _draft_file(path)
        else:
            raise UnstorableError(str(root), "folder", f"{where!r} in it is neither a file nor a folder of its own")


def _stays_inside(path: Path, root: Path) -> bool:
    return not path.readlink().is_absolute() and path.resolve().is_relative_to(root.resolve())


def _draft_file(path: Path) -> Draft:
    return Draft("file", lambda sink: _copy(path, sink))


def _copy(path: Path, sink: Sink) -> None:
    with path.open("rb", buffering=0) as file:
        while piece := file.read(_PIECE_BYTES):
            sink.write(piece)


def _forbid_writing(folder: Path) -> None:
    for inner, _, _ in os.walk(folder, topdown=False):
        Path(inner).chmod(0o555)


def _remove(folder: Path) -> None:
    for inner, _, _ in os.walk(folder):
        Path(inner).chmod(0o755)
    for inner, folders, files in os.walk(folder, topdown=False):
        for name in files:
            Path(inner, name).unlink(missing_ok=True)
        for name in folders:
            path = Path(inner, name)
            path.unlink() if path.is_symlink() else path.rmdir()
    if folder.exists():
        folder.rmdir()
