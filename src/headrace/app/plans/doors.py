"""Doors that open when somebody enters: what a plan that was made before never needs is imported here, in functions.

Start-up is most of what a user waits for; a run that computes nothing must not load tracing.
"""

from headrace.app.projects.requests import Request
from headrace.app.projects.targets import Target
from headrace.app.rooms import Rooms
from headrace.plan.plan import Forecast, Plan


def plan_named(rooms: Rooms, target: Target, request: Request) -> tuple[Plan, str]:
    """See `app.plans.new_plans`."""
    from headrace.app.plans import new_plans

    return new_plans.plan_named(rooms, target, request)


def forecasts(rooms: Rooms, plan: Plan) -> list[Forecast]:
    """See `app.plans.forecasts`."""
    from headrace.app.plans import forecasts as foresight

    return foresight.forecasts(rooms, plan)
