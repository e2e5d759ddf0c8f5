"""Removing runs by rules, and whatever no run needs: rows first, then objects, so that a process that is killed between
leaves nothing that is named and not there. Beside runs under way nothing goes that one of them may come to need.
"""

import shutil
import time
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import cast

from msgspec import Struct

from headrace.app.rooms import Rooms
from headrace.app.upkeep.keeping_rules import KeepingRules, needed
from headrace.app.upkeep.marks import Marks
from headrace.artifacts.sweeping import FolderSweep
from headrace.code.manifests import read_manifest
from headrace.code.source_texts import has_text, text_key
from headrace.core.errors import ArtifactError, UnknownNameError, UsageError
from headrace.core.states import State
from headrace.core.values import CompositeValue, Value, objects_in
from headrace.ports.records import RunOutline
from headrace.stores.retention import SqlRetention

GRACE_S = 3600.0
"""What was written later than this before now stays: a process may be about to name it."""
_REPUT_S = 600.0
"""How much older a time stamp may be than the last `put` of an object (see `ObjectSweep.stored`)."""
_AT_ONCE = 200
"""Runs whose rows go in one transaction: others wait some milliseconds."""
_TRIES = 5


class Chosen(Struct, frozen=True):
    """Which runs go, and which would but for others: `reused` that runs that stay need, `held` that runs under way
    (`beside`) may come to reuse."""

    going: tuple[RunOutline, ...]
    reused: int
    held: int
    beside: frozenset[str]


class Collected(Struct, frozen=True):
    """What has gone, or would go: runs (ids, oldest last), and how many of what is left over, with its bytes."""

    runs: tuple[str, ...]
    pipelines: dict[str, int]
    reused: int
    held: int
    logs: int
    log_bytes: int
    objects: int
    object_bytes: int
    documents: int
    leftovers: int
    leftover_bytes: int
    is_deleted: bool


class GarbageCollection:
    """One look over a store, and, if wanted, the removal of what it finds."""

    def __init__(self, rooms: Rooms, rules: KeepingRules, *, grace_s: float = GRACE_S) -> None:
        self._rooms, self._rules, self._grace_s = rooms, rules, grace_s
        self._retention = SqlRetention(rooms.stores.database)

    def run(self, *, delete: bool) -> Collected:
        """Count what would go; with `delete` remove it. Raises UsageError if runs begin all the time."""
        before = self._settled_before()
        chosen = self._forget() if delete else self._choose()
        ids = frozenset(one.id for one in chosen.going)
        without: Collection[str] = () if delete else ids
        logs = self._logs(ids, before)
        objects = list(self._unneeded(without, before)) if not self._rooms.settings.objects else []
        documents = self._documents(without)
        leftovers = [] if self._rooms.settings.objects else list(self._sweep.leftovers(before=before))
        if delete:
            objects = [(digest, size) for digest, size in objects if self._sweep.remove(digest, before=before)]
            documents = self._forget_documents(documents)
            for path, _ in logs:
                shutil.rmtree(path, ignore_errors=True)
            for path, _ in leftovers:
                path.unlink(missing_ok=True)
        return Collected(
            runs=tuple(one.id for one in chosen.going),
            pipelines=_counted(chosen.going),
            reused=chosen.reused,
            held=chosen.held,
            logs=len(logs),
            log_bytes=sum(size for _, size in logs),
            objects=len(objects),
            object_bytes=sum(size for _, size in objects),
            documents=len(documents),
            leftovers=len(leftovers),
            leftover_bytes=sum(size for _, size in leftovers),
            is_deleted=delete,
        )

    @property
    def _sweep(self) -> FolderSweep:
        return FolderSweep(self._rooms.settings.store / "objects")

    def _settled_before(self) -> float:
        """Whatever was written before this is named by now, or never will be."""
        open_runs = [one for one in self._retention.outlines() if not one.state.is_final]
        living = [one.created_at for one in open_runs if self._is_alive(one.id)]
        return min([time.time() - self._grace_s, *living]) - _REPUT_S

    def _is_alive(self, run_id: str) -> bool:
        runner = self._rooms.stores.runs.get(run_id).runner
        return runner is not None and self._rooms.processes.is_alive(runner)

    def _choose(self) -> Chosen:
        outlines = list(self._retention.outlines())
        going = self._rules.let_go(outlines, time.time())
        beside = frozenset(one.id for one in outlines if not one.state.is_final)
        links: dict[str, set[str]] = {}
        for run_id, other in [*self._retention.links(), *self._retried(outlines, going)]:
            links.setdefault(run_id, set()).add(other)
        kept = needed(going, links)
        wanted = self._codes(beside)
        rest = [run_id for run_id in going if run_id not in kept]
        held = {one for one, codes in self._codes_of(rest) if codes & wanted} if wanted else set[str]()
        held |= needed({one for one in rest if one not in held}, {one: links.get(one, set()) for one in held})
        chosen = tuple(one for one in going.values() if one.id not in kept and one.id not in held)
        return Chosen(chosen, len(kept), len(held), beside)

    def _retried(self, outlines: Sequence[RunOutline], going: Collection[str]) -> Iterator[tuple[str, str]]:
        """A run that may be resumed or retried takes from those that it is a retry of."""
        open_ended = [one.id for one in outlines if one.id not in going and one.state is not State.SUCCEEDED]
        while open_ended:
            found = [(run_id, str(told.get("retry_of") or "")) for run_id, told in self._retention.settings(open_ended)]
            yield from ((run_id, other) for run_id, other in found if other)
            open_ended = [other for _, other in found if other]

    def _codes(self, run_ids: Collection[str]) -> frozenset[str]:
        return frozenset(code for _, codes in self._codes_of(list(run_ids)) for code in codes)

    def _codes_of(self, run_ids: Sequence[str]) -> Iterator[tuple[str, set[str]]]:
        """The digests of the code of each run's steps: a run reuses only what the same code has made."""
        for run_id, told in self._retention.settings(run_ids):
            kept = cast("dict[str, str]", told.get("code", {}))
            yield run_id, {digests.partition(" ")[0] for digests in kept.values()}

    def _forget(self) -> Chosen:
        """Remove the rows of runs; chooses again whenever a run has begun meanwhile."""
        gone: list[RunOutline] = []
        for _ in range(_TRIES):
            chosen = self._choose()
            for start in range(0, len(chosen.going), _AT_ONCE):
                some = chosen.going[start : start + _AT_ONCE]
                if not self._retention.forget([one.id for one in some], beside=chosen.beside):
                    break
                gone += some
            else:
                return Chosen(tuple(gone), chosen.reused, chosen.held, chosen.beside)
        raise UsageError(
            f"{len(gone)} runs were removed, and then new ones began faster than the rest could be looked at. "
            "Give the command again."
        )

    def _unneeded(self, without: Collection[str], before: float) -> Iterator[tuple[str, int]]:
        """Old objects that no row names."""
        live = Marks()
        for value in self._retention.values(without=without):
            self._mark(value, live)
        for digest, size, written_at in self._sweep.stored():
            if written_at < before and digest not in live:
                yield digest, size

    def _mark(self, value: Value, live: Marks) -> None:
        for one in objects_in(value):
            if live.add(one.digest) and one.format == "refs":
                try:
                    inner = self._rooms.artifacts.expand(one)
                except ArtifactError:
                    continue  # damaged: what it held cannot be read by anybody
                if isinstance(inner, CompositeValue):
                    self._mark(inner, live)

    def _logs(self, going: Collection[str], before: float) -> list[tuple[Path, int]]:
        folder = self._rooms.settings.store / "logs"
        if not folder.is_dir():
            return []
        stay = Marks()
        stay.update(one.id for one in self._retention.outlines() if one.id not in going)
        return [
            (path, sum(file.stat().st_size for file in path.rglob("*") if file.is_file()))
            for path in sorted(folder.iterdir())
            if path.name not in stay and (path.name in going or path.stat().st_mtime < before)
        ]

    def _documents(self, without: Collection[str]) -> list[str]:
        """Documents that no run names, nor a manifest that one names."""
        live = Marks()
        self._newest = next((one.id for one in self._retention.outlines()), "")
        for digest in self._retention.named_documents(without=without):
            if live.add(digest):
                live.update(self._texts_of(digest))
        return [digest for digest in self._retention.documents() if digest not in live]

    def _texts_of(self, digest: str) -> list[str]:
        try:
            text = self._rooms.stores.details.document(digest)
        except UnknownNameError:
            return []
        if '"rows":' not in text or '"places":' not in text:
            return []
        return [text_key(row.symbol, row.fingerprint) for row in read_manifest(text).rows if has_text(row)]

    def _forget_documents(self, digests: list[str]) -> list[str]:
        return digests if digests and self._retention.forget_documents(digests, newest=self._newest) else []


def _counted(runs: Sequence[RunOutline]) -> dict[str, int]:
    found: dict[str, int] = {}
    for one in runs:
        found[one.pipeline] = found.get(one.pipeline, 0) + 1
    return found
