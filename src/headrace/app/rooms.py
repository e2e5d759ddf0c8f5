"""The rooms of one project, furnished: which adapter fills which port.

Each is made, and its module imported, when it is first entered: a run that reuses everything enters few of them.
"""

from functools import cached_property

from headrace.app.late_code import LateCodeReader
from headrace.app.projects.settings import Settings, where_the_project_is
from headrace.code.tokens import CodeTokens
from headrace.core.errors import UsageError
from headrace.engine.ports import Ports
from headrace.ports.artifacts import ArtifactStore
from headrace.ports.code import CodeReader, EnvironmentReader, FileDigests, LiveCode
from headrace.ports.processes import Processes
from headrace.ports.traces import Tracer
from headrace.stores.errors import DriverMissingError, StoreMissingError
from headrace.stores.opening import SqlStore, open_store


class Rooms:
    """Everything that a use case may need of one project; with `is_reading`, no store is made where there is none;
    with `is_forecast`, values get the references that they would have, and are not stored."""

    def __init__(self, settings: Settings, *, is_reading: bool = False, is_forecast: bool = False) -> None:
        self.settings = settings
        self._is_reading, self._is_forecast = is_reading, is_forecast

    @cached_property
    def stores(self) -> SqlStore:
        """The metadata store; made at the first run. Raises UsageError if only reading is wanted and there is none."""
        folder = self.settings.store
        if self.settings.database:
            return self._server_store()
        if self._is_reading and not (folder / "headrace.db").exists():
            lost = where_the_project_is(self.settings)
            first = f"There is no store in {folder} yet; `headrace run PIPELINE` makes one with its first run."
            raise UsageError(f"{first} {lost}".rstrip())
        return open_store(
            folder,
            durability=self.settings.durability,
            read_only=None if self._is_reading else False,
            trust_file_system=self.settings.trust_file_system,
        )

    def _server_store(self) -> SqlStore:
        try:
            from headrace.stores.postgres_opening import open_postgres
        except ImportError as error:
            if (error.name or "psycopg").partition(".")[0] != "psycopg":
                raise
            raise DriverMissingError(str(error)) from error

        address = self.settings.database.text
        try:
            return open_postgres(address, read_only=None if self._is_reading else False)
        except StoreMissingError as error:
            if not self._is_reading:
                raise
            first = f"There is no store in {error.path} yet; `headrace run PIPELINE` makes one with its first run."
            raise UsageError(first) from error

    @cached_property
    def artifacts(self) -> ArtifactStore:
        """The artifact store."""
        from headrace.artifacts.store import LocalArtifactStore

        chosen, objects = self.settings, None
        if chosen.objects:
            from headrace.artifacts.buckets import folder_over

            objects = folder_over(chosen.objects, chosen.store / "copies", limit_bytes=chosen.object_copies)
        return LocalArtifactStore(
            chosen.store / "objects",
            durability="none" if self._is_forecast else chosen.durability,
            pickles=chosen.pickles,
            trusted=chosen.trusted,
            objects=objects,
        )

    @cached_property
    def code(self) -> CodeReader:
        """Source code as keys see it, at one moment: a reader sees each file once."""
        return LateCodeReader(self.settings.root, self.stores.memos, self._code_reader)

    def _code_reader(self) -> CodeReader:
        from headrace.code.reader import StaticCodeReader

        return StaticCodeReader(self.settings.root, self.stores.memos)

    @cached_property
    def live_code(self) -> LiveCode:
        """What this process has imported."""
        from headrace.app.projects.fresh_look import FreshLook
        from headrace.code.staleness import LiveSources

        return LiveSources(self.settings.root, self.stores.memos, FreshLook(self.settings))

    @cached_property
    def environments(self) -> EnvironmentReader:
        """Installed distributions."""
        from headrace.environments.reading import InstalledEnvironment

        return InstalledEnvironment(self.settings.root, self.stores.memos)

    @cached_property
    def files(self) -> FileDigests:
        """Digests of files outside the store."""
        from headrace.code.filedigests import ContentFileDigests

        return ContentFileDigests(self.settings.root, self.stores.memos)

    @cached_property
    def tracer(self) -> Tracer:
        """Watches what attempts in this process read."""
        from headrace.code.tracing import AuditTracer

        return AuditTracer(self.settings.root, self.files, ignored=[self.settings.store])

    @cached_property
    def processes(self) -> Processes:
        """Life of processes that use this store."""
        from headrace.executors.processes import LocalProcesses

        return LocalProcesses(self.settings.store / "alive")

    @property
    def ports(self) -> Ports:
        """What conducting and forecasting stand on."""
        return Ports(
            runs=self.stores.runs,
            results=self.stores.results,
            artifacts=self.artifacts,
            code=self.code,
            files=self.files,
            processes=self.processes,
            tokens=CodeTokens(self.code),
        )
