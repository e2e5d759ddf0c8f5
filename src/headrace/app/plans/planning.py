"""From a request to a plan. What was planned before is planned again without being imported."""

import json
from pathlib import Path

from msgspec.structs import replace

from headrace import __version__
from headrace.app.plans import doors
from headrace.app.projects.entries import entry_of
from headrace.app.projects.requests import Request
from headrace.app.projects.targets import Target, locate
from headrace.app.rooms import Rooms
from headrace.code.stamps import ClosureMemo
from headrace.core.symbols import Symbol
from headrace.core.values import load_values
from headrace.definition.graph_json import graph_from_json
from headrace.plan.plan import Plan, StepBasis

_FORMAT = 7
"""Raised when what is kept of a plan changes, so that an older one is not read."""


def plan_target(rooms: Rooms, request: Request) -> Plan:
    """The plan of a pipeline that is named by text; its module is imported only if something has changed."""
    target = locate(request.target, rooms.settings)
    asked = _asked(rooms, target, request)
    entry = entry_of(target)
    rooms.code.begin([entry])
    memo = ClosureMemo(rooms.settings.root, rooms.stores.memos)
    kept = memo.recall(asked)
    plan = _recalled(rooms, kept, entry) if kept is not None else None
    if plan is None:
        plan, lasting = doors.plan_named(rooms, target, request)
        if lasting:
            memo.keep(asked, rooms.code.files_of(target.module, target.file), lasting)
    return replace(plan, selection=request.selection, target=str(target))


def _asked(rooms: Rooms, target: Target, request: Request) -> str:
    """Everything that a kept plan depends on beside the project's files and the environment."""
    place = [_FORMAT, __version__, str(rooms.settings.root), str(Path.cwd()), rooms.settings.strict]
    return json.dumps([*place, str(target), sorted(request.texts.items()), request.file_text])


def _recalled(rooms: Rooms, text: str, entry: Symbol) -> Plan | None:
    kept = json.loads(text)
    for distributions, digest in kept["environments"]:
        if rooms.environments.environment_of(tuple(distributions)).digest != digest:
            return None
    bases = {
        name: StepBasis(code, environment, _pairs(closure), _pairs(other), _first(first, entry), tuple(paths))
        for name, (code, environment, closure, other, first, paths) in kept["bases"].items()
    }
    documents: dict[str, str] = kept["documents"]
    graph = graph_from_json(documents[kept["graph"]])
    return Plan(graph, kept["graph"], load_values(kept["parameters"]), bases, documents=documents)


def _first(modules: list[str], entry: Symbol) -> tuple[Symbol, ...]:
    return tuple(entry if module == entry.module else Symbol(module, "") for module in modules)


def _pairs(kept: list[list[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in kept)
