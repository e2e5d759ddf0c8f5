"""The set of ports that conducting and forecasting stand on."""

from msgspec import Struct

from headrace.ports.artifacts import ArtifactStore
from headrace.ports.code import CodeReader, FileDigests, ReadTokens
from headrace.ports.processes import Processes
from headrace.ports.stores import ResultStore, RunStore


class Ports(Struct, frozen=True):
    """Everything outside that a conductor needs, but for the executor."""

    runs: RunStore
    results: ResultStore
    artifacts: ArtifactStore
    code: CodeReader
    files: FileDigests
    processes: Processes
    tokens: ReadTokens | None = None
