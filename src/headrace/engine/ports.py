"""The set of ports that conducting and forecasting stand on."""

from dataclasses import dataclass

from headrace.ports.artifacts import ArtifactStore
from headrace.ports.code import CodeReader, FileDigests, ReadTokens
from headrace.ports.processes import Processes
from headrace.ports.stores import ResultStore, RunStore


@dataclass(frozen=True, slots=True)
class Ports:
    """Everything outside that a conductor needs, but for the executor."""

    runs: RunStore
    results: ResultStore
    artifacts: ArtifactStore
    code: CodeReader
    files: FileDigests
    processes: Processes
    tokens: ReadTokens | None = None
