"""`hr.run`, `hr.plan`, `hr.get_run`, `hr.runs`: use cases as Python calls, and a session that holds their options."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Never, ParamSpec, TypeVar, cast

from msgspec.structs import replace

from headrace.app.answers.conditions import parse_condition
from headrace.app.answers.handles import Run, RunList
from headrace.app.answers.looking import find_run, list_runs
from headrace.app.answers.tracebacks import FromHere
from headrace.app.plans.forecasts import forecasts
from headrace.app.plans.new_plans import plan_call
from headrace.app.plans.option_types import check_options
from headrace.app.plans.overriding import with_overrides
from headrace.app.plans.plan_view import PlanView
from headrace.app.projects.main_script import name_main_script
from headrace.app.projects.settings import read_settings
from headrace.app.rooms import Rooms
from headrace.app.runs import going_on, running
from headrace.app.runs.standing import refuse_where_no_run_may_start, the_only_run
from headrace.core.errors import UnknownNameError, UsageError
from headrace.definition.pipelines import Pipeline
from headrace.plan.overrides import Overrides
from headrace.plan.plan import Plan, Selection
from headrace.ports.observers import Observer
from headrace.ports.records import RunFilter, RunRecord

P = ParamSpec("P")
R = TypeVar("R")


class Session:
    """Options of runs that are no parameters of a pipeline.

    `project` is a folder in the project (default: that of the pipeline's file, else the working directory). `lanes` is
    how many steps run at once. With `check=False` a failed run is returned instead of raised. `observer` is told what
    happens; `quiet` leaves the terminal alone. `until`, `from_`, `only`, `refresh` select steps; `options` sets some of
    theirs for this run (`{"fit": {"timeout": 60}}`); `name`, `tags`, `note` and `fail_fast` are those of the run.
    Raises UsageError for any other option, and for a value of another type.
    """

    def __init__(
        self,
        *,
        project: str | Path | None = None,
        lanes: int = 0,
        check: bool = True,
        quiet: bool = False,
        observer: Observer | None = None,
        until: str | Sequence[str] = (),
        from_: str | Sequence[str] = (),
        only: str | Sequence[str] = (),
        refresh: str | Sequence[str] = (),
        options: Overrides | None = None,
        name: str = "",
        tags: Sequence[str] = (),
        note: str = "",
        fail_fast: bool = False,
        **unknown: Never,
    ) -> None:
        for option in unknown:
            raise UnknownNameError("option of a session", option, known=Session.__init__.__kwdefaults__ or ())
        check_options(project=project, lanes=lanes, observer=observer, options=options, name=name, tags=tags, note=note)
        check_options(until=until, from_=from_, only=only, refresh=refresh)
        check_options(check=check, quiet=quiet, fail_fast=fail_fast)
        self._project = Path(project) if project is not None else None
        self._check = check
        self._overrides: Overrides = options or {}
        self._selection = Selection(_names(until), _names(from_), _names(only), _names(refresh))
        self._options = running.RunOptions(
            name=name,
            tags=_names(tags),
            note=note,
            lanes=lanes,
            fail_fast=fail_fast,
            is_quiet=quiet,
            observer=observer,
        )

    def run(self, pipeline: Pipeline[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Run[R]:
        """Run a pipeline on this machine, durable and tracked.

        Raises RunFailed (with the run) unless the session was made with `check=False`; DefinitionError and
        ParameterError before anything starts.
        """
        with FromHere():
            refuse_where_no_run_may_start()
            rooms = self._rooms(pipeline)
            with the_only_run():
                plan = self._plan(rooms, pipeline, (args, kwargs))
                record = running.execute(rooms, plan, self._options)
                rooms.live_code.settle()
            return self._checked(rooms, record)

    def _checked(self, rooms: Rooms, record: RunRecord) -> Run[Any]:
        run: Run[Any] = Run(rooms, record)
        if self._check:
            running.raise_unless_succeeded(record, run)
        return run

    def resume(self, run: str = "last") -> Run[Any]:
        """Go on with a run that was killed, cancelled or lost: the same run, and what is finished stays.

        Its pipeline is the one of this process, or is imported. Raises UsageError if the run did not break off, or its
        code has changed; RunFailed as `run` does.
        """
        with FromHere():
            refuse_where_no_run_may_start()
            rooms = self._rooms(None, is_reading=False)
            with the_only_run(), going_on.resumed(rooms, run, going_on.by_name) as (plan, before):
                record = running.execute(rooms, plan, self._options, before=before)
                rooms.live_code.settle()
            return self._checked(rooms, record)

    def retry(self, run: str = "last") -> Run[Any]:
        """Try a run that failed again: a new run that keeps what it has made, and computes the rest by the code as it
        is now.

        Raises UsageError if the run is under way, or has succeeded; RunFailed as `run` does.
        """
        with FromHere():
            refuse_where_no_run_may_start()
            rooms = self._rooms(None, is_reading=False)
            with the_only_run(), going_on.retried(rooms, run, going_on.by_name) as (plan, before):
                options = replace(self._options, tags=(*before.run.tags, *self._options.tags))
                record = running.execute(rooms, plan, options, before=before)
                rooms.live_code.settle()
            return self._checked(rooms, record)

    def plan(self, pipeline: Pipeline[P, R], /, *args: P.args, **kwargs: P.kwargs) -> PlanView:
        """What a run would do, step by step, and why; starts nothing."""
        with FromHere():
            rooms = self._rooms(pipeline, is_forecast=True)
            plan = self._plan(rooms, pipeline, (args, kwargs))
            return PlanView(plan, forecasts(rooms, plan))

    def get_run(self, text: str = "last") -> Run[Any]:
        """A run by the end of its id, its name, or `last`; raises UnknownNameError."""
        with FromHere():
            rooms = self._rooms(None)
            return Run(rooms, find_run(rooms, text))

    def runs(
        self,
        *,
        where: str | Sequence[str] = (),
        pipeline: str = "",
        tags: Sequence[str] = (),
        limit: int = 100,
    ) -> RunList:
        """Runs, newest first, that fit every condition (`"auc > 0.7"`)."""
        with FromHere():
            rooms = self._rooms(None)
            conditions = tuple(parse_condition(text) for text in _names(where))
            which = RunFilter(pipeline=pipeline, tags=tuple(tags), conditions=conditions, limit=limit)
            return RunList(rooms, list_runs(rooms, which))

    def _plan(
        self, rooms: Rooms, pipeline: Pipeline[..., Any], call: tuple[Sequence[object], Mapping[str, object]]
    ) -> Plan:
        return with_overrides(plan_call(rooms, pipeline, call, selection=self._selection), self._overrides)

    def _rooms(
        self, pipeline: Pipeline[..., Any] | None, *, is_forecast: bool = False, is_reading: bool = True
    ) -> Rooms:
        if pipeline is not None and not isinstance(cast("object", pipeline), Pipeline):
            raise UsageError(
                f"hr.run and hr.plan take a pipeline and its parameters, such as hr.run(training, share=0.8); they got "
                f"{type(pipeline).__qualname__}. Calling a pipeline, training(share=0.8), computes its value at once."
            )
        start = self._project
        if start is None and pipeline is not None:
            file = Path(pipeline.symbol.file)
            start = file.parent if file.is_file() else None
            _Last.project = start or _Last.project
        settings = read_settings(start or (_Last.project if pipeline is None else None))
        name_main_script(settings)
        return Rooms(settings, is_reading=pipeline is None and is_reading, is_forecast=is_forecast)


class _Last:
    """Where this process has last run something: `hr.runs()` after `hr.run(…)` looks into the same project."""

    project: Path | None = None


def run(pipeline: Pipeline[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Run[R]:
    """Run a pipeline on this machine, durable and tracked; see `Session.run`."""
    return Session().run(pipeline, *args, **kwargs)


def plan(pipeline: Pipeline[P, R], /, *args: P.args, **kwargs: P.kwargs) -> PlanView:
    """What a run would do, step by step, and why; starts nothing."""
    return Session().plan(pipeline, *args, **kwargs)


def resume(run: str = "last") -> Run[Any]:
    """Go on with a run that was killed, cancelled or lost; see `Session.resume`."""
    return Session().resume(run)


def retry(run: str = "last") -> Run[Any]:
    """Try a run that failed again, as a new run that keeps what it has made; see `Session.retry`."""
    return Session().retry(run)


def get_run(text: str = "last") -> Run[Any]:
    """A run by the end of its id, its name, or `last`; raises UnknownNameError."""
    return Session().get_run(text)


def runs(*, where: str | Sequence[str] = (), pipeline: str = "", tags: Sequence[str] = (), limit: int = 100) -> RunList:
    """Runs, newest first, that fit every condition (`"auc > 0.7"`)."""
    return Session().runs(where=where, pipeline=pipeline, tags=tags, limit=limit)


def _names(given: str | Sequence[str]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)
