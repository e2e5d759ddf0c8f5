"""Whether a stored result may stand for an item now: not too old, still true of all it has read, and still there."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from headrace.core.errors import ArtifactError, SourceError
from headrace.definition.graph import StepSpec
from headrace.engine.events import Missing, Reuse
from headrace.engine.inheriting import NO_KIN, Kin
from headrace.engine.keying import Keyed
from headrace.plan.touched import verify_touched
from headrace.ports.artifacts import ArtifactStore
from headrace.ports.code import FileDigests, ReadTokens
from headrace.ports.records import NOTHING_YET, ResultRecord
from headrace.ports.stores import ResultStore


class Shelves(Struct, frozen=True):
    """Where results and what they depend on are looked up. `tokens` is None where nothing can be read by `hr.`."""

    results: ResultStore
    artifacts: ArtifactStore
    files: FileDigests
    tokens: ReadTokens | None = None


def why_never(spec: StepSpec) -> str:
    """Why no other run's result may stand for this step; empty if one may (SEMANTICS rule 9)."""
    if spec.effect:
        return "effect"
    if not spec.returns:
        return "returns nothing"
    return "" if spec.cache.enabled else "cache off"


class Reuser:
    """Looks for usable results. One run asks through it; within one question, each file is read once."""

    def __init__(self, shelves: Shelves, run_id: str, *, kin: Kin = NO_KIN) -> None:
        self._shelves, self._run_id = shelves, run_id
        self._family = {run_id, *kin.runs}
        self.is_wary = False
        """Whether the content of stored values is verified: a damaged one has been met. Before, it is only measured."""

    def find(
        self, spec: StepSpec, keyed: Sequence[Keyed], now: float, *, own_only: bool = False
    ) -> list[Reuse | Missing]:
        """One answer for each key, in order. `own_only` takes nothing but what this run or its kin has made."""
        keys = [key for item in keyed if (key := item.result_key)]
        stored = self._shelves.results.results(keys) if keys else {}
        question = _Question(self._shelves, self._run_id, now=now, ttl_s=spec.cache.ttl_s, is_wary=self.is_wary)
        return [self._answer(item, stored, question, own_only=own_only) for item in keyed]

    def _answer(
        self, item: Keyed, stored: Mapping[str, Sequence[ResultRecord]], question: "_Question", *, own_only: bool
    ) -> Reuse | Missing:
        found = stored.get(item.result_key, ())
        if own_only:
            found = [result for result in found if result.run_id in self._family]
        problems: list[str] = []
        for result in found:
            problem = question.problem_of(result, item)
            if not problem:
                return Reuse(item.key, result.output, result.attempt_id, result.run_id)
            problems.append(problem)
        if own_only:
            return Missing(item.key, "refresh asked")
        return Missing(item.key, item.problem or next(iter(problems), NOTHING_YET))


class _Question:
    """One look-up: remembers the digests that it has seen."""

    def __init__(self, shelves: Shelves, run_id: str, *, now: float, ttl_s: float | None, is_wary: bool) -> None:
        self._shelves, self._run_id, self._now, self._ttl_s = shelves, run_id, now, ttl_s
        self._is_wary = is_wary
        self._digests: dict[str, str] = {}

    def problem_of(self, result: ResultRecord, item: Keyed) -> str:
        """Why a result cannot be used; empty if it can. What this run has made itself holds for the whole run."""
        try:
            return (self._why_stale(result, item) if result.run_id != self._run_id else "") or self._why_gone(result)
        except SourceError as error:
            return f"what it read cannot be read now: {error}"

    def _why_stale(self, result: ResultRecord, item: Keyed) -> str:
        if self._ttl_s is not None and result.created_at + self._ttl_s <= self._now:
            return "expired"
        paths = [path for path, _ in item.paths]
        return verify_touched(result.touched, self, self._token_of, arguments=paths)

    def _why_gone(self, result: ResultRecord) -> str:
        try:
            self._shelves.artifacts.check(result.output, content=self._is_wary)
        except ArtifactError as error:
            return f"its stored value cannot be had: {str(error).partition('. ')[0]}"
        return ""

    def _token_of(self, read: str) -> str:
        tokens = self._shelves.tokens
        return "" if tokens is None else tokens.token_of(read)

    def digest_of(self, path: str) -> str:
        """The digest of a file, read once in this look-up."""
        if path not in self._digests:
            self._digests[path] = self._shelves.files.digest_of(path)
        return self._digests[path]

    def here(self) -> str:
        """The working directory."""
        return self._shelves.files.here()
