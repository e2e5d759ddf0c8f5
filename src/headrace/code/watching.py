"""The audit hook itself, and what it notes while an attempt runs. Tiny, because every audited event of the process
passes through it and it can never be taken away.
"""

# ruff: noqa: PTH100, PTH112, PTH113, PTH117, PTH118, PTH120 - pathlib costs more than the work itself here

import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from threading import get_ident
from types import FrameType
from typing import Any, cast

from headrace.code.forked import Journal
from headrace.code.imports_by_name import IMPORTED_BY_NAME, tell_of_names
from headrace.code.keeping import KEPT_READS
from headrace.code.loads import LOADS, Loads
from headrace.code.native_readers import tell_of_reads
from headrace.core.import_reads import TRANSPARENT, Status, databases_of, status_of

_WRITE_FLAGS = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_FILE_CLOCK = 5 if sys.platform == "linux" else time.CLOCK_REALTIME
"""The clock by which files get their times: on Linux CLOCK_REALTIME_COARSE (time.h), which Python does not name, and
which lags behind the precise one by up to a tick of 10 ms."""
_IMPORT_MACHINERY = "<frozen importlib"
_PRODUCT = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_STANDARD = (os.path.dirname(os.path.abspath(os.__file__)) + os.sep, "<frozen ")
_LIBRARIES = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")
_WRITTEN = re.compile(r"\d?>>?&?\s*[^\s;|&()]+")
_PATH_IN_WORD = re.compile(r"""[^\s'"`=@,;|&<>()${}]+""")


class Watch:
    """What one attempt has opened, made and listed, in order. Filled by the hook from any thread."""

    def __init__(self) -> None:
        self.thread = get_ident()
        """The thread in which the attempt runs; what it starts itself is in others."""
        self._started_ns = time.clock_gettime_ns(_FILE_CLOCK)
        self._reads: dict[str, Status] = {}
        self._own: set[str] = set()
        self._own_folders: list[str] = []
        self._own_links: list[str] = []
        self.listed: dict[str, None] = {}
        self.relative: set[str] = set()
        """The absolute paths of what was named relative to the working directory."""
        self.code: dict[tuple[str, str], None] = {}
        """What was unpickled by module and name, and the modules (an empty name) that were imported by a name."""
        self._pid = os.getpid()
        self._journal: Journal | None = None

    def forking(self, _arguments: tuple[Any, ...]) -> None:
        """`os.fork`: what the child reads counts as well."""
        if self._journal is None and os.getpid() == self._pid:
            self._journal = Journal()

    def take_in_children(self) -> None:
        """Add what forked children have noted; asked once, at the end."""
        journal, self._journal = self._journal, None
        for kind, data in journal.notes() if journal is not None else ():
            match kind:
                case "own":
                    self._own.add(data)
                case "folder":
                    self._own_folders.append(data)
                case "listed":
                    self.listed.setdefault(data)
                case "relative":
                    self.relative.add(data)
                case "code":
                    self.code[data[0], data[1]] = None
                case _:
                    path, status = data
                    if path not in self._own:
                        self._reads.setdefault(path, None if status is None else tuple(status))

    def _tell(self, kind: str, data: object) -> None:
        if self._journal is not None:
            self._journal.tell(kind, data)

    def first_reads(self) -> dict[str, Status]:
        """The files opened for reading that were not written before, with their state at that moment."""
        return self._reads

    def is_own(self, path: str) -> bool:
        """Whether the attempt made this file or folder, or one above it."""
        return path in self._own or any(path.startswith(folder) for folder in self._own_folders)

    def is_new(self, status: Status) -> bool:
        """Whether a file with this state was written since the attempt began."""
        return status is not None and status[1] >= self._started_ns

    def opened(self, arguments: tuple[Any, ...]) -> None:
        """`open`: (path, mode, flags)."""
        path, mode, flags = arguments
        absolute = self._named(path)
        if not absolute or absolute in self._own:
            return
        before = status_of(absolute)
        # A file that was read (and was there) before it is written stays a dependency, and an unstable one.
        is_unread = self._reads.get(absolute) is None and (before is None or not _also_reads(mode, flags))
        if is_unread and _is_writing(mode, flags):
            self._own.add(absolute)
            self._tell("own", absolute)
        else:
            self._read(absolute, before)

    def connected(self, arguments: tuple[Any, ...]) -> None:
        """`sqlite3.connect`: (database,)."""
        for name in databases_of(arguments[0]):
            absolute = self._named(name)
            if absolute and absolute not in self._own:
                for path in (absolute, f"{absolute}-wal"):
                    self._read(path, status_of(path))

    def returned(self, path: str) -> str:
        """The attempt returns this path; its absolute one if what is there is not the attempt's own."""
        absolute = self._named(path)
        if not absolute or self.is_own(absolute):
            return ""
        status = status_of(absolute)
        # A file that is this new was written natively, or by a child process.
        if absolute not in self._reads and self.is_new(status) and os.path.isfile(absolute):
            return ""
        self._reads.setdefault(absolute, status)
        return absolute

    def made(self, arguments: tuple[Any, ...]) -> None:
        """`os.mkdir`: (path, mode, folder)."""
        absolute = self._behind_links(_absolute(arguments[0]))
        if absolute and not os.path.lexists(absolute):  # else it fails: `exist_ok` asks in this way
            self._own.add(absolute)
            self._own_folders.append(absolute + os.sep)
            self._tell("own", absolute)
            self._tell("folder", absolute + os.sep)

    def moved(self, arguments: tuple[Any, ...]) -> None:
        """`os.rename`: (from, to, …); what the attempt put there is its own, what it took away is read."""
        source, target = self._place(arguments[0]), self._place(arguments[1])
        if target and os.path.lexists(source) and not os.path.isdir(target):  # else it fails, or may fail
            self._put(source, target)

    def hard_linked(self, arguments: tuple[Any, ...]) -> None:
        """`os.link`: (from, to, …); likewise."""
        source, target = self._place(arguments[0]), self._place(arguments[1])
        if target and os.path.lexists(source) and not os.path.lexists(target):
            self._put(source, target)

    def linked(self, arguments: tuple[Any, ...]) -> None:
        """`os.symlink`: (from, to, …); what is read behind the link is what it points to."""
        target = self._place(arguments[1])
        if target and not os.path.lexists(target):
            self._own.add(target)
            self._own_links.append(target)
            source = os.path.realpath(os.path.join(os.path.dirname(target), os.fsdecode(arguments[0])))
            if os.path.isfile(source):
                self._take(source)

    def _put(self, source: str, target: str) -> None:
        if source in self._own_links:
            self._own_links.append(target)
        elif self.is_own(source) and os.path.isdir(source):
            self._own_folders.append(target + os.sep)
        else:
            self._take(source)
        if target not in self._reads:
            self._own.add(target)
            self._tell("own", target)

    def _take(self, source: str) -> None:
        status = status_of(source)
        if not self.is_own(source) and not self.is_new(status):
            self._read(source, status)

    def _place(self, path: object) -> str:
        """The absolute path of an entry, which may be a link itself, noted if it was named relatively."""
        folder, name = os.path.split(_absolute(path))
        place = os.path.join(self._behind_links(folder), name)
        if place and not os.path.isabs(os.fsdecode(cast("str", path))):
            self.relative.add(place)
            self._tell("relative", place)
        return place

    def _behind_links(self, absolute: str) -> str:
        """The path behind a link that the attempt has made; else the path itself."""
        for link in self._own_links:
            if absolute == link or absolute.startswith(link + os.sep):
                return os.path.realpath(absolute)
        return absolute

    def unpickled(self, arguments: tuple[Any, ...]) -> None:
        """`pickle.find_class`: (module, name)."""
        self.code[arguments[0], arguments[1]] = None
        self._tell("code", arguments)

    def listed_folder(self, arguments: tuple[Any, ...]) -> None:
        """`os.listdir`, `os.scandir`: (path,)."""
        # The import system and `importlib.metadata` list all of `sys.path`, which is no business of the step's.
        caller = sys._getframe(2).f_code.co_filename  # noqa: SLF001 - the only cheap way
        if not caller.startswith(_IMPORT_MACHINERY) and "/importlib/" not in caller:
            absolute = self._named(arguments[0] if arguments[0] is not None else ".")
            if absolute:
                self.listed.setdefault(absolute)
                self._tell("listed", absolute)
                self._keep(f"{absolute.rstrip('/')}/", absolute, status_of(absolute))

    def started_process(self, arguments: tuple[Any, ...]) -> None:
        """`subprocess.Popen`: (program, arguments, folder, …); the files among those are read."""
        program, words, folder, *_ = (*arguments, None)
        self._given_words(program, words, os.fsdecode(folder) if folder else "")

    def spawned(self, arguments: tuple[Any, ...]) -> None:
        """`os.posix_spawn`: (program, arguments, …)."""
        self._given_words(arguments[0], arguments[1], "")

    def ran_command(self, arguments: tuple[Any, ...]) -> None:
        """`os.system`: (command,)."""
        self._given_words("", arguments[0], "")

    def _given_words(self, program: object, words: object, folder: str) -> None:
        many: list[object] = list(words) if isinstance(words, list | tuple) else [words]
        for word in [program, *many]:
            for part in _parts_of(word):
                self._given(os.path.join(folder, part) if folder else part)

    def _named(self, path: object) -> str:
        """The absolute path, as `_absolute` gives it, noted if it was named relative to the working directory."""
        absolute = _absolute(path)
        if self._own_links:
            absolute = self._behind_links(absolute)
        if absolute and not os.path.isabs(os.fsdecode(cast("str", path))):
            self.relative.add(absolute)
            self._tell("relative", absolute)
        return absolute

    def _given(self, word: object) -> None:
        absolute = self._behind_links(_absolute(word))
        if absolute and absolute not in self._own and os.path.isfile(absolute):
            self._named(word)
            self._read(absolute, status_of(absolute))

    def _read(self, absolute: str, status: Status) -> None:
        self._reads.setdefault(absolute, status)
        self._tell("read", (absolute, status))
        self._keep(absolute, absolute, status)

    def _keep(self, name: str, absolute: str, status: Status) -> None:
        """What the code that reads may keep counts for later attempts, too."""
        KEPT_READS.note(name, (status, absolute in self.relative), _caller())


def watch(current: Watch | None) -> None:
    """Let the hook fill this watch from now on, or none."""
    _STATE.watch = current
    if current is not None:
        install()


def install() -> None:
    """Put the hook into this process: from now on `LOADS` is filled."""
    if not _STATE.is_hooked:
        _STATE.is_hooked = True
        sys.addaudithook(_hook)
        tell_of_reads()
        tell_of_names()


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    note_load = _LOADS.get(event)
    if note_load is not None:
        with suppress(Exception):
            note_load(LOADS, arguments)
    current = _STATE.watch
    if current is None:
        return
    note = _NOTES.get(event)
    if note is not None and not _is_headraces(current.thread):
        with suppress(Exception):  # an error in here would become the step's own
            note(current, arguments)


def _caller() -> FrameType | None:
    """The frame that has caused the event."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - the only cheap way
    while frame is not None and (frame.f_code.co_filename == __file__ or TRANSPARENT in frame.f_globals):
        frame = frame.f_back
    return frame


def _is_headraces(thread: int) -> bool:
    """Whether Headrace reads on its own behalf, itself or through the standard library: it looks for plug-ins in the
    midst of a step, or digests other steps' files in a thread of its own. `thread` is the attempt's."""
    frames = _outside_standard(sys._getframe(2))  # noqa: SLF001 - the only cheap way
    nearest = next(frames, None)
    if nearest is None or not nearest.f_code.co_filename.startswith(_PRODUCT):
        return False
    if TRANSPARENT not in nearest.f_globals:
        return True
    return get_ident() != thread and all(frame.f_code.co_filename.startswith(_PRODUCT) for frame in frames)


def _outside_standard(frame: FrameType | None) -> Iterator[FrameType]:
    """This frame and those that led to it, without the standard library's."""
    while frame is not None:
        file = frame.f_code.co_filename
        if not file.startswith(_STANDARD) or any(part in file for part in _LIBRARIES):
            yield frame
        frame = frame.f_back


def _absolute(path: object) -> str:
    """An absolute path without `.` and `..`; empty for numbers of open files and for what is no path."""
    if isinstance(path, int) or path is None:
        return ""
    try:
        text = os.fsdecode(cast("str", path))
    except TypeError:
        return ""
    return os.path.abspath(text) if text else ""


def _parts_of(word: object) -> set[str]:
    """A word given to a program, and what may be a path in it: `--file=a.csv`, `@a.txt`, words of a shell's command.

    What a shell's command writes to (`> a.txt`) is none.
    """
    if not isinstance(word, str | bytes | os.PathLike):
        return set()
    text = os.fsdecode(cast("str", word))
    return {text, *_PATH_IN_WORD.findall(_WRITTEN.sub(" ", text))}


def _is_writing(mode: object, flags: object) -> bool:
    if isinstance(mode, str):
        return any(letter in mode for letter in "wax+")
    return isinstance(flags, int) and bool(flags & _WRITE_FLAGS)


def _also_reads(mode: object, flags: object) -> bool:
    if isinstance(mode, str):
        return "+" in mode and "w" not in mode
    return isinstance(flags, int) and bool(flags & os.O_RDWR) and not flags & os.O_TRUNC


class _State:
    """Whether the hook is in this process, and which watch it fills."""

    watch: Watch | None = None
    is_hooked = False


_STATE = _State()
_LOADS: dict[str, Callable[[Loads, tuple[Any, ...]], None]] = {"exec": Loads.executed, "import": Loads.imported}
_NOTES: dict[str, Callable[[Watch, tuple[Any, ...]], None]] = {
    "open": Watch.opened,
    "sqlite3.connect": Watch.connected,
    "os.mkdir": Watch.made,
    "os.rename": Watch.moved,
    "os.link": Watch.hard_linked,
    "os.symlink": Watch.linked,
    "os.listdir": Watch.listed_folder,
    "os.scandir": Watch.listed_folder,
    "subprocess.Popen": Watch.started_process,
    "os.posix_spawn": Watch.spawned,
    "os.system": Watch.ran_command,
    "os.fork": Watch.forking,
    "os.forkpty": Watch.forking,
    "pickle.find_class": Watch.unpickled,
    IMPORTED_BY_NAME: Watch.unpickled,
}
