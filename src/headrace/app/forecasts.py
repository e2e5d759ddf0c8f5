"""What a run would do, with the causes: the engine's forecast, and for new keys what has changed since the last run."""

from dataclasses import replace

from headrace.app.rooms import Rooms
from headrace.code.manifests import read_manifest
from headrace.core.ids import new_id
from headrace.engine.forecast import forecast
from headrace.plan.explain import compare_code
from headrace.plan.plan import Action, Forecast, Plan


def forecasts(rooms: Rooms, plan: Plan) -> list[Forecast]:
    """What a run of this plan would do, step by step; starts and writes nothing.

    Where a step is to run because its key is new, the reason says what has changed since it last ran.
    """
    foreseen = forecast(plan, rooms.ports, rooms.stores.details)
    return [_with_cause(rooms, plan, one) if one.action is Action.RUN else one for one in foreseen]


def _with_cause(rooms: Rooms, plan: Plan, one: Forecast) -> Forecast:
    before = rooms.stores.details.last_of_step(plan.graph.pipeline, one.node, new_id())
    basis = plan.bases[one.node]
    if before is None or before.parts is None or before.parts.code == basis.code:
        return one
    was = read_manifest(rooms.stores.details.document(before.parts.code))
    changes = compare_code(was.rows, read_manifest(plan.documents[basis.code]).rows)
    if not changes:
        return one
    more = f" and {len(changes) - 1} more" if len(changes) > 1 else ""
    return replace(one, reason=f"{changes[0]}{more}")
