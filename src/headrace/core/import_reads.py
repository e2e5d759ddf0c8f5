"""What the project's modules read while they are imported: noted from the moment when Headrace itself is, because a
script imports its modules long before it starts a run. Knows nothing of keys; imports next to nothing.
"""

# ruff: noqa: PTH100, PTH116, PTH117, PTH120 - pathlib costs more than the work itself here

import os
import sys
from contextlib import suppress
from types import FrameType

Status = tuple[int, int, int] | None
"""Size, time of change in nanoseconds, inode; None if there is no file."""

CODE_FILES = (".py", ".pyc", ".so", ".pyd")
"""How the names of files end that the import system reads: code, no data."""
TRANSPARENT = "headrace_calls_for_others"
"""A module of ours with this name reads what the project gives it, or stands between the project and a library: what it
reads is read by whoever calls it."""
_MACHINERY = "<frozen "
_PRODUCT = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_STANDARD = os.path.dirname(os.path.abspath(os.__file__)) + os.sep
_LIBRARIES = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")
_EVENTS = ("open", "os.listdir", "os.scandir", "sqlite3.connect")
_HEX = b"0123456789abcdefABCDEF"
_WRITE_FLAGS = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class ImportReads:
    """By module file: the files (and folders, with `/` at their end) that importing it has read, absolute, each with
    its state at that moment and whether its name was relative. Filled by the hook from any thread.
    """

    def __init__(self) -> None:
        self._reads: dict[str, dict[str, tuple[Status, bool]]] = {}
        self.is_hooked = False

    def of(self, module_file: str) -> dict[str, tuple[Status, bool]]:
        """What importing the module of this file has read."""
        return dict(self._reads.get(module_file, ()))

    def note(self, event: str, path: object, how: tuple[object, ...]) -> None:
        """Something is opened (`how`: mode, flags), listed or connected to."""
        if path is None:
            path = "."
        if not isinstance(path, str | bytes | os.PathLike) or (event == "open" and _is_writing(*how)):
            return
        found = databases_of(path) if event == "sqlite3.connect" else (os.fsdecode(path),)
        names = [name for name in found if name and not name.endswith(CODE_FILES)]
        module = _importing(sys._getframe(2)) if names else ""  # noqa: SLF001 - the only cheap way
        for text in names if module else ():
            absolute = os.path.abspath(text)
            is_folder = event in ("os.listdir", "os.scandir")
            name = absolute + "/" if is_folder else absolute
            self._reads.setdefault(module, {})[name] = (status_of(absolute), not os.path.isabs(text))


IMPORT_READS = ImportReads()
"""Those of this process."""


def watch_imports() -> None:
    """Begin to note; an audit hook cannot be taken away again."""
    if not IMPORT_READS.is_hooked:
        IMPORT_READS.is_hooked = True
        sys.addaudithook(_hook)


def status_of(path: str) -> Status:
    """The state of a file, or of the names in a folder."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return (found.st_size, found.st_mtime_ns, found.st_ino)


def databases_of(name: str | bytes | os.PathLike[str] | os.PathLike[bytes]) -> tuple[str, ...]:
    """The files that a name given to SQLite may mean; none for a database in memory.

    Whether `file:x.db?mode=ro` is an address or the name of a file, no event tells.
    """
    text = os.fsdecode(name)
    if not text.startswith("file:"):
        return () if text.endswith(":memory:") else (text,)
    literal = (text,) if os.path.lexists(text) else ()
    path, _, query = text[len("file:") :].partition("#")[0].partition("?")
    if path.startswith("//"):  # a host, which can only be this one
        path = "/" + path[2:].partition("/")[2]
    path = _decoded(path)
    is_in_memory = not path or path == ":memory:" or "mode=memory" in query.split("&")
    return literal if is_in_memory else (path, *literal)


def _decoded(text: str) -> str:
    """A text with its `%20` read; `urllib` takes long to import."""
    first, *rest = os.fsencode(text).split(b"%")
    for part in rest:
        is_escape = len(part) > 1 and all(letter in _HEX for letter in part[:2])
        first += bytes.fromhex(part[:2].decode()) + part[2:] if is_escape else b"%" + part
    return os.fsdecode(first)


def _hook(event: str, arguments: tuple[object, ...]) -> None:
    if event in _EVENTS:
        with suppress(Exception):  # an error in here would become the module's own
            IMPORT_READS.note(event, arguments[0], arguments[1:3])


def _importing(frame: FrameType | None) -> str:
    """The file of the project's module (or script) that is being run by this frame; empty if none is.

    What Headrace calls is a step's, not an import's; what the import system opens and lists is its own business.
    """
    if frame is not None and frame.f_code.co_filename.startswith((_MACHINERY, f"{_STANDARD}importlib{os.sep}")):
        return ""
    while frame is not None:
        file = frame.f_code.co_filename
        if file.startswith(_PRODUCT) and TRANSPARENT not in frame.f_globals:
            return ""
        if frame.f_code.co_name == "<module>":
            is_library = file.startswith((_STANDARD, "<")) or any(part in file for part in _LIBRARIES)
            return "" if is_library else os.path.abspath(file)
        frame = frame.f_back
    return ""


def _is_writing(mode: object, flags: object) -> bool:
    if isinstance(mode, str):
        return any(letter in mode for letter in "wax")
    return isinstance(flags, int) and bool(flags & _WRITE_FLAGS)
