"""The trace of an attempt: which files Python opens, lists and gives to child processes, and the project modules that
were loaded on the way. What native code reads on its own is not seen.
"""

# ruff: noqa: PTH100, PTH109, PTH112, PTH117, PTH118, PTH120 - pathlib costs more than the work itself here

import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from msgspec.structs import replace

from headrace.code.filedigests import name_inside
from headrace.code.folders import is_library
from headrace.code.keeping import KEPT_READS, MOST_READS
from headrace.code.loads import LOADS, content_digest, real_path
from headrace.code.named_files import NamedFiles
from headrace.code.native_readers import tell_of_reads
from headrace.code.watching import Watch, install, watch
from headrace.core.import_reads import IMPORT_READS, Status, status_of
from headrace.core.symbols import MAIN, main_name
from headrace.ports.code import CODE, FileDigests, Touched

UNSTABLE = "changed while it was read"
"""Stands for the digest of a file that changed between its first reading and the end of the attempt: equal to none, so
that a result which depends on it is never reused."""
_SYSTEM = (
    *("/proc/", "/sys/", "/dev/", "/bin/", "/sbin/", "/lib/", "/lib32/", "/lib64/", "/System/", "/Library/", "/boot/"),
    *(
        "/run/systemd/",
        "/run/udev/",
        "/run/dbus/",
        "/run/nscd/",
        "/run/lock/",
        "/run/resolvconf/",
        "/var/run/",
        "/usr/",
    ),
    *(
        "/etc/ssl/",
        "/etc/pki/",
        "/etc/ca-certificates",
        "/etc/fonts/",
        "/etc/ld.so",
        "/etc/locale",
        "/etc/alternatives/",
    ),
    *("/etc/apache2/mime.types", "/etc/httpd/", "/etc/mime.types", "/etc/nginx/mime.types", "/var/cache/fontconfig/"),
    *("/etc/passwd", "/etc/group", "/etc/nsswitch.conf", "/etc/host", "/etc/resolv.conf", "/etc/gai.conf"),
    *(
        "/etc/services",
        "/etc/protocols",
        "/etc/os-release",
        "/etc/lsb-release",
        "/etc/debian_version",
        "/etc/machine-id",
    ),
    *("/etc/localtime", "/etc/timezone", "/etc/selinux/", "/etc/crypto-policies/", "/etc/openssl", "/etc/OpenCL/"),
)
"""Where the operating system and its libraries look things up; all else under these roots may be somebody's data."""
_NOT_SYSTEM = ("/dev/shm/", "/usr/local/", "/usr/src/")  # noqa: S108 - nothing is made there
_SYSTEM_AFTER_ALL = (
    *("/usr/local/lib/", "/usr/local/bin/", "/usr/local/share/fonts/", "/usr/local/share/zoneinfo/"),
    *("/usr/local/share/mime/", "/usr/local/share/ca-certificates/", "/usr/local/cuda"),
)
_DIGESTS_AT_IMPORT: dict[tuple[str, Status], str] = {}
"""By path and state: what this process's modules have read; a later edit does not change what they hold."""
_FIRST_NAMED: dict[str, dict[str, Status]] = {}
"""By path of a file that native code may read, and by file of the code that names it: the first state that attempts of
this process found. The code may have kept it, which nobody sees."""
_PRODUCT_FOLDER = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


class AuditTracer:
    """Watches one attempt at a time in this process; satisfies `ports.traces.Tracer`.

    `ignored` are folders that do not count (the store's). Between attempts the hook only notes loads of the project's
    modules; it cannot be taken away again. Threads of the attempt are seen, its child processes only by their
    arguments. What a module of the closure read when this process imported it, or reads and keeps in a cache, counts
    for every attempt.
    """

    def __init__(self, root: Path | str, files: FileDigests, *, ignored: Iterable[Path | str] = ()) -> None:
        self._root = os.path.abspath(root)
        self._files = files
        folders = (*ignored, _PRODUCT_FOLDER, os.path.dirname(sys.executable))
        self._ignored = tuple(os.path.abspath(folder) + os.sep for folder in folders)
        self._given: Sequence[tuple[str, str]] = ()
        self._closure: dict[str, tuple[str, str, str]] = {}
        self._loaded: frozenset[str] = frozenset()
        self._named_from_here: set[str] = set()
        self._here = "."
        self._named_files = NamedFiles()
        self._named: dict[str, Status] = {}
        self._returned: frozenset[str] = frozenset()
        self._watch: Watch | None = None
        install()

    def start(self, closure: Sequence[tuple[str, str]], paths: Sequence[str] = ()) -> None:
        """Begin to watch an attempt whose key covers these files; see the port."""
        self._take(closure)
        self._loaded = frozenset(sys.modules)
        self._returned = frozenset()
        self._here = self._files.here()
        folders = [os.getcwd(), self._root, *(os.path.dirname(path) for path in self._closure)]
        self._named = self._named_files.of(paths, folders) if paths else {}
        tell_of_reads()
        self._watch = Watch()
        watch(self._watch)

    def note_returned(self, paths: Sequence[str]) -> None:
        """Files and folders that the attempt gives away, whoever opened them."""
        if self._watch is not None and paths:
            self._returned = frozenset(self._relative(path) for path in map(self._watch.returned, paths) if path)

    def finish(self) -> Touched:
        """End watching. Files by path (relative to the root inside it), and project modules outside the closure."""
        watch(None)
        seen, self._watch = self._watch, None
        if seen is not None:
            seen.take_in_children()
        modules = [module for module in self._modules_loaded() if seen is None or not seen.is_own(module[0])]
        files = self._files_read(seen, {path for path, _ in modules}) if seen is not None else {}
        self._add_named(seen, files)
        self._add_earlier_reads(files)
        reads = dict(self._code_named(seen)) if seen is not None else {}
        return Touched(
            tuple(sorted(files.items())),
            tuple((self._relative(path), digest) for path, digest in modules),
            tuple(sorted(reads.items())),
            self._here if any(name in self._named_from_here for name in files) else "",
        )

    def settled(self, touched: Touched) -> Touched:
        """What was returned and is not now as `finish` found it was stored in neither state for certain."""
        changed = {
            name: UNSTABLE
            for name, digest in (touched.files if self._returned else ())
            if name in self._returned and self._files.digest_of(name) != digest
        }
        if not changed:
            return touched
        return replace(touched, files=tuple((name, changed.get(name, digest)) for name, digest in touched.files))

    def edited(self, closure: Sequence[tuple[str, str]]) -> tuple[str, ...]:
        """The files of a closure whose module was loaded with another content than was planned; see the port."""
        self._take(closure)
        loaded = LOADS.digest_of
        return tuple(file for path, file, digest in self._closure.values() if loaded(path) not in (None, digest))

    def reread(self, closure: Sequence[tuple[str, str]]) -> tuple[str, ...]:
        """The files that modules of a closure read when this process imported them, and that have changed; see the
        port."""
        self._take(closure)
        found = ((name, status) for name, (status, _) in self._read_at_import())
        return tuple(self._relative(name) for name, status in found if status_of(name) != status)

    def _take(self, closure: Sequence[tuple[str, str]]) -> None:
        if closure != self._given:
            self._given = closure
            paths = [os.path.normpath(os.path.join(self._root, file)) for file, _ in closure]
            self._closure = {path: (real_path(path), *one) for path, one in zip(paths, closure, strict=True)}

    def _modules_loaded(self) -> list[tuple[str, str]]:
        found: dict[str, str] = {}
        for name in [name for name in sys.modules if name not in self._loaded]:
            path = getattr(sys.modules.get(name), "__file__", None)
            if isinstance(path, str) and path not in self._closure and self._is_project(path):
                found[path] = self._files.digest_of(path)
        return sorted(found.items())

    def _code_named(self, seen: Watch) -> Iterator[tuple[str, str]]:
        """The project's classes and functions that were unpickled, and its modules that were imported by a name."""
        for module, name in list(seen.code):
            path = getattr(sys.modules.get(module), "__file__", None)
            is_own = isinstance(path, str) and (seen.is_own(path) or not self._is_project(path))
            if module not in sys.modules or is_own or (path is None and module != MAIN):
                continue
            loaded = LOADS.digest_of(real_path(path)) if isinstance(path, str) else None
            is_as_loaded = loaded is None or loaded == content_digest(str(path))
            known = (main_name() or module) if module == MAIN else module
            yield f"{CODE}:{known}:{name}", "" if is_as_loaded else UNSTABLE

    def _is_project(self, path: str) -> bool:
        return os.path.isabs(path) and not is_library(os.path.dirname(path)) and not path.startswith(self._ignored)

    def _files_read(self, seen: Watch, modules: set[str]) -> dict[str, str]:
        found: dict[str, str] = {}
        for path, status in seen.first_reads().items():
            if path in modules or not self._counts(path, seen):
                continue
            now = status_of(path)
            was_there, is_there = status is not None, now is not None
            if now == status:
                found[self._relative(path)] = self._files.digest_of(path) if is_there else ""
            elif was_there and not (seen.is_new(status) and not is_there):
                # Made by the attempt and gone again is a temporary file; anything else changed under the reader.
                found[self._relative(path)] = UNSTABLE
        for name in map(self._relative, seen.relative):
            self._named_from_here |= {name, f"{name}/"}
        for folder in seen.listed:
            if self._counts(folder + os.sep, seen) and os.path.isdir(folder):
                found[f"{self._relative(folder)}/"] = self._files.digest_of(f"{folder}/")
        return found

    def _add_named(self, seen: Watch | None, files: dict[str, str]) -> None:
        """Add the files that the code names, as far as the attempt has not written them."""
        for path, before in self._named.items() if seen is not None else ():
            name, now = self._relative(path.rstrip("/")) + path[len(path.rstrip("/")) :], status_of(path)
            if seen is None or name in files or now is None or not self._counts(path, seen):
                continue
            if now == before:
                is_first = self._is_first_state(path, now)
                files[name] = self._files.digest_of(path) if is_first else UNSTABLE
            elif not seen.is_new(now):
                files[name] = UNSTABLE

    def _is_first_state(self, path: str, status: Status) -> bool:
        """Whether no code of the closure has had another state of this file to keep in this process."""
        first = _FIRST_NAMED.setdefault(path, {})
        states = [first.setdefault(file, status) for file in self._closure]  # all of them, whatever the first says
        return states.count(status) == len(states)

    def _add_earlier_reads(self, files: dict[str, str]) -> None:
        """Add what the modules of the closure read before, imported or in earlier attempts, as it was then.

        What has been read in two states belongs to neither.
        """
        for name, (status, is_relative) in (*self._read_at_import(), *self._kept(files)):
            relative = self._relative(name.rstrip("/")) + ("/" if name.endswith("/") else "")
            digest = self._digest_at_import(name, status)
            if files.setdefault(relative, digest) != digest:
                files[relative] = UNSTABLE
            if is_relative:
                self._named_from_here.add(relative)

    def _read_at_import(self) -> Iterator[tuple[str, tuple[Status, bool]]]:
        for path, (real, *_) in self._closure.items():
            yield from self._outside_closure({**IMPORT_READS.of(real), **IMPORT_READS.of(path)})

    def _outside_closure(self, reads: Mapping[str, tuple[Status, bool]]) -> Iterator[tuple[str, tuple[Status, bool]]]:
        for name, read in list(reads.items()):
            if self._is_outside_system(name) and name not in self._closure:
                yield name, read

    def _kept(self, files: dict[str, str]) -> Iterator[tuple[str, tuple[Status, bool]]]:
        """What functions of the closure have read in this process and may have kept."""
        for path, (real, *_) in self._closure.items():
            reads = dict(self._outside_closure({**KEPT_READS.of(real), **KEPT_READS.of(path)}))
            if len(reads) > MOST_READS:
                files[self._relative(path)] = f"keeps more than {MOST_READS} files that it has read in a cache"
            else:
                yield from reads.items()

    def _digest_at_import(self, name: str, status: Status) -> str:
        """The digest of what a module read, found while it is still there; a later edit does not change it."""
        key = (name, status)
        if key not in _DIGESTS_AT_IMPORT:
            _DIGESTS_AT_IMPORT[key] = self._files.digest_of(name) if status_of(name) == status else UNSTABLE
        return _DIGESTS_AT_IMPORT[key]

    def _counts(self, path: str, seen: Watch) -> bool:
        return path not in self._closure and not seen.is_own(path) and self._is_outside_system(path)

    def _is_outside_system(self, path: str) -> bool:
        if is_system_file(path) or path.startswith(self._ignored):
            return False
        if path.endswith(".pyc") or "/__pycache__/" in path:
            return False
        return not is_library(path)

    def _relative(self, path: str) -> str:
        return name_inside(self._root, path)


def is_system_file(path: str) -> bool:
    """Whether a file is what the operating system and its libraries look up for themselves."""
    if path.startswith(_NOT_SYSTEM):
        return path.startswith(_SYSTEM_AFTER_ALL)
    return path.startswith(_SYSTEM)
