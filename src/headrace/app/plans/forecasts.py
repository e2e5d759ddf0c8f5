"""What a run would do, with the causes: the engine's forecast, and for new keys what has changed."""

from msgspec.structs import replace

from headrace.app.answers.changes import Changes, Computation, first_of
from headrace.app.rooms import Rooms
from headrace.core.ids import short_id
from headrace.engine.forecast import forecast
from headrace.plan.plan import Action, Forecast, Plan

FIRST_TIME = "first run of this step"


def forecasts(rooms: Rooms, plan: Plan) -> list[Forecast]:
    """What a run of this plan would do, step by step; starts and writes nothing.

    Where a step is to run because its key is new, the reason says what has changed since the nearest run of the
    pipeline that has a value of it.
    """
    changes = Changes(rooms)
    foreseen = forecast(plan, rooms.ports, rooms.stores.details)
    return [
        _with_cause(changes, plan, one) if one.action is Action.RUN and one.reason == changes.NO_RESULT else one
        for one in foreseen
    ]


def _with_cause(changes: Changes, plan: Plan, one: Forecast) -> Forecast:
    past = changes.past_of(plan.graph.pipeline, one.node, one.parts)
    if past.good is None and past.bad is None:
        return replace(one, reason=FIRST_TIME)
    if past.good is None and past.bad is not None:
        return replace(one, reason=f"no value yet: it {past.ended} in run {short_id(past.bad.run_id)}")
    if one.parts is None:
        return one
    now = Computation(one.node, one.parts, lambda: plan.graph, lambda: plan.parameters, plan.documents)
    return replace(one, reason=first_of(changes.since(past, now)) or one.reason)
