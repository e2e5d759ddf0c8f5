"""The port to source code as keys see it, to the distributions it reaches, and to files that a result depends on."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from msgspec import Struct

from headrace.core.symbols import Symbol


class CodeRow(Struct, frozen=True):
    """One reached binding.

    What it is, its fingerprint, where it stands (path relative to the project's root), how it was reached.
    """

    symbol: str
    fingerprint: str
    file: str
    first_line: int
    last_line: int
    through: str = ""


class Code(Struct, frozen=True):
    """The code of a step: its digest, the manifest behind it, and the distributions it imports.

    The digest covers symbols and fingerprints only, so equal code has an equal digest wherever its lines stand.
    `files` are the project's files that were read (path relative to the root, digest); `distributions` are named by
    what is imported (`sklearn`, `google.cloud.storage`), as EnvironmentReader takes them; `notes` say where names are
    computed and a whole module or package counts. `leans_on` are modules that have to be imported before the step's,
    in this order, because they change what it reaches: of those that its run starts from (see `CodeReader.begin`) the
    ones that do so themselves, of the others what they import. `paths` are strings written in it that may name files.
    """

    digest: str
    rows: tuple[CodeRow, ...]
    files: tuple[tuple[str, str], ...]
    distributions: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    leans_on: tuple[Symbol, ...] = ()
    paths: tuple[str, ...] = ()


class CodeReader(Protocol):
    """Reads code statically.

    Imports nothing. One reader serves one planning: it sees each file once, at one moment.
    """

    def begin(self, entries: Sequence[Symbol]) -> None:
        """Say which modules the process of a run imports in any case: the pipeline's, the script.

        What importing them does to the modules that a step reaches counts for the step.
        """
        ...

    def code_of(self, symbol: Symbol) -> Code:
        """The code of a step's function and all project code it reaches.

        Raises SourceError if its source cannot be read.
        """
        ...

    def class_digest(self, name: str) -> str:
        """The digest of a project class or function (`module:Qual.name`; `module:` for all of it) with what it reaches.

        Empty for one outside the project.
        """
        ...

    def files_of(self, module_name: str, file: str = "") -> tuple[tuple[str, str], ...]:
        """The project's files that importing a module reads (path relative to the root, digest)."""
        ...


class LiveCode(Protocol):
    """Compares modules of this process with their files."""

    def check(
        self, codes: Iterable[Code], *, given: tuple[Symbol, object] | None = None, is_fresh: bool = False
    ) -> None:
        """Raise SourceError if something that these codes reach was edited after this process had imported it, or
        changed in memory by anything but the import itself.

        `is_fresh`: nobody but Headrace has had the modules in hand. `given` is an object that the caller holds beside
        its modules, a pipeline, with its symbol. Modules that are not imported, and those that were reloaded, are as
        their files say.
        """
        ...

    def settle(self) -> None:
        """After a run: what its steps have changed in memory of the codes that were checked last is no reason to refuse
        the next run."""
        ...


class FreshProcess(Protocol):
    """What a process holds that has just imported a project's modules, as a worker would."""

    def portraits(
        self, wanted: Sequence[tuple[str, str]], *, first: Sequence[str] = ()
    ) -> Mapping[tuple[str, str], str]:
        """The portraits of bindings by module and path (see `code.portraits`), after the import of the modules `first`;
        those that cannot be had are left out."""
        ...


class EnvironmentPart(Struct, frozen=True):
    """The environment as a key sees it.

    A digest, and the lines behind it (`python 3.11`, `polars 2.1.0`, or the lock's digest).
    """

    digest: str
    lines: tuple[str, ...]


class EnvironmentReader(Protocol):
    """Reads the installed distributions (rule 11) or the lock."""

    def environment_of(self, distributions: tuple[str, ...]) -> EnvironmentPart:
        """Python's minor version and the versions of these distributions with all that they require."""
        ...


CODE = "code"
"""The kind of a read: a class or function of the project (`module:Qual.name`), or all of a module (`module:`)."""


class Touched(Struct, frozen=True):
    """What an attempt read beside its arguments: files (path, digest; relative to the root where inside it), loaded
    project modules outside the closure, and what was taken by its name (kind and name, token): code that was unpickled
    or imported so (CODE). An empty token is still to be found.

    `directory` is the working directory if a file was named relative to it (relative to the root inside it, `.` for
    the root), because elsewhere that name means another file; else empty. `arguments` are the paths among the
    arguments, if other files were read as well: names that were put together from them mean other files elsewhere.
    """

    files: tuple[tuple[str, str], ...] = ()
    modules: tuple[tuple[str, str], ...] = ()
    reads: tuple[tuple[str, str], ...] = ()
    directory: str = ""
    arguments: tuple[str, ...] = ()


class ReadTokens(Protocol):
    """What attempts have taken by a name holds now, to be compared with `Touched`."""

    def token_of(self, read: str) -> str:
        """The token that this (`kind:name`, as in `Touched.reads`) has now; empty if there is none."""
        ...


class FileDigests(Protocol):
    """Content digests of files and folders outside the artifact store."""

    def digest_of(self, path: str) -> str:
        """The content digest of a file, or of a folder's names and files; with a `/` at its end, of its names only.

        Empty if there is nothing there. Relative to the root.
        """
        ...

    def name_of(self, path: str) -> str:
        """An absolute path as touched files are named: relative to the root inside it."""
        ...

    def here(self) -> str:
        """The working directory, from which users' relative paths start: relative to the root inside it, `.` for it."""
        ...
