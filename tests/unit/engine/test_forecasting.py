"""What a plan says would happen, and that it is what a run then does."""

from collections.abc import Mapping

from hypothesis import given, settings
from msgspec.structs import replace

from headrace.definition.graph import CacheRule, ChoiceOf, Graph, Guard, ParameterOf
from headrace.engine.forecast import forecast
from headrace.plan.plan import Action, Forecast, Plan, Selection
from headrace.ports.code import Touched
from unit.engine.fakes import Site
from unit.engine.generated import graphs
from unit.engine.worlds import FALSE, const, each, graph, node, out, text

CHAIN = graph(node("a", x=const(1)), node("b", x=out("a")), node("c", x=out("b")), output=out("c"))


def foresee(site: Site, plan: Plan) -> Mapping[str, Forecast]:
    return {one.node: one for one in forecast(plan, site.ports, site.store.details, clock=site.clock)}


def actions(site: Site, plan: Plan) -> dict[str, str]:
    return {name: one.action.value for name, one in foresee(site, plan).items()}


def test_before_the_first_run_the_first_step_runs_and_the_rest_is_unknown():
    site = Site()
    found = foresee(site, site.plan(CHAIN))
    assert [one.action.value for one in found.values()] == ["run", "unknown", "unknown"]
    assert found["a"].reason == "no result for this key yet"
    assert found["b"].reason == "its key is known once a has run"


def test_after_a_run_everything_is_reused():
    site = Site()
    site.run(site.plan(CHAIN))
    assert actions(site, site.plan(CHAIN)) == {"a": "reuse", "b": "reuse", "c": "reuse"}


def test_a_change_in_the_middle_leaves_what_is_before_it_and_what_is_after_it_unknown():
    site = Site()
    site.run(site.plan(CHAIN))
    site.code["b"] = "rewritten"
    assert actions(site, site.plan(CHAIN)) == {"a": "reuse", "b": "run", "c": "unknown"}


def test_nothing_is_started_written_or_claimed():
    site = Site()
    site.run(site.plan(CHAIN))
    site.code["b"] = "rewritten"
    before = [run.version for run in site.store.runs.find("last")]

    class ReadOnly:
        def __init__(self, allowed: object) -> None:
            self._allowed = allowed

        def __getattr__(self, name: str):
            assert name in ("results", "check", "expand", "gather"), name
            return getattr(self._allowed, name)

    ports = replace(site.ports, runs=ReadOnly(None), results=ReadOnly(site.store.results))
    forecast(site.plan(CHAIN), ports, site.store.details)
    assert [run.version for run in site.store.runs.find("last")] == before


def test_effects_and_steps_without_cache_always_run():
    site = Site()
    pipeline = graph(
        node("a", x=const(1)),
        node("send", x=out("a"), spec={"effect": True}),
        node("fetch", spec={"cache": CacheRule(enabled=False)}),
        node("none", spec={"returns": False}),
    )
    found = foresee(site, site.plan(pipeline))
    assert {name: (one.action.value, one.reason) for name, one in found.items() if name != "a"} == {
        "send": ("run", "effect"),
        "fetch": ("run", "cache off"),
        "none": ("run", "returns nothing"),
    }


def test_items_of_a_map_are_counted_with_those_that_would_be_reused():
    site = Site()
    site.run(site.plan(graph(node("m", x=each([1, 2])))))
    found = foresee(site, site.plan(graph(node("m", x=each([1, 2, 3])))))["m"]
    assert (found.action, found.items, found.reused_items) == (Action.RUN, 3, 2)
    again = foresee(site, site.plan(graph(node("m", x=each([2, 1])))))["m"]
    assert (again.action, again.items, again.reused_items) == (Action.REUSE, 2, 2)


def test_a_map_over_known_elements_says_how_many_although_another_input_is_unknown():
    site = Site()
    pipeline = graph(node("a"), node("m", x=each([1, 2, 3]), y=out("a")), node("n", x=each(out("m"))))
    found = foresee(site, site.plan(pipeline))
    assert (found["m"].action, found["m"].items) == (Action.UNKNOWN, 3)
    assert found["n"].items is None


def test_a_wide_map_that_is_reused_lets_what_follows_be_known():
    site = Site()
    site.artifacts.wide = 2
    pipeline = graph(node("m", x=each([1, 2, 3])), node("n", x=each(out("m"))), node("sum", xs=out("n")))
    site.run(site.plan(pipeline))
    assert actions(site, site.plan(pipeline)) == {"m": "reuse", "n": "reuse", "sum": "reuse"}


def test_branches_are_decided_where_the_condition_is_known():
    site = Site()
    pipeline = graph(
        node("flag", x=const(1)),
        node("no", guards=[Guard(FALSE, "true", expected=True)]),
        node("later", guards=[Guard(out("flag"), "true", expected=True)]),
        node("b", x=ChoiceOf(FALSE, "true", out("later"), const(4))),
    )
    found = foresee(site, site.plan(pipeline))
    assert {name: one.action.value for name, one in found.items()} == {
        "flag": "run",
        "no": "skip",
        "later": "unknown",
        "b": "run",
    }
    assert found["later"].reason == "whether it runs is known once flag has run"


def test_the_none_of_a_branch_not_taken_is_known_to_what_follows():
    site = Site()
    skipped = node("no", guards=[Guard(FALSE, "true", expected=True)])
    pipeline = graph(skipped, node("b", x=out("no")), output=out("b"))
    assert actions(site, site.plan(pipeline)) == {"no": "skip", "b": "run"}
    site.run(site.plan(pipeline))
    assert actions(site, site.plan(pipeline)) == {"no": "skip", "b": "reuse"}


def test_the_reason_is_the_one_that_a_run_would_give():
    site = Site()
    site.sources.files["data/x.csv"] = "d1"
    site.run(site.plan(CHAIN), touched=Touched(files=(("data/x.csv", "d1"),)))
    site.sources.files["data/x.csv"] = "d2"
    assert foresee(site, site.plan(CHAIN))["a"].reason == "file `data/x.csv`, which it read, changed"


def test_a_selection_shows_in_the_forecast():
    site = Site()
    site.run(site.plan(CHAIN))
    refreshed = foresee(site, site.plan(CHAIN, Selection(refresh=("b",))))
    assert [(one.action.value, one.reason) for one in refreshed.values()] == [
        ("reuse", "same code, inputs and environment"),
        ("run", "refresh asked"),
        ("unknown", "its key is known once b has run"),
    ]
    assert actions(site, site.plan(CHAIN, Selection(until=("a",)))) == {"a": "reuse", "b": "skip", "c": "skip"}


def test_what_has_to_be_in_the_store_and_is_not_is_said():
    site = Site()
    found = foresee(site, site.plan(CHAIN, Selection(only=("b",))))
    assert found["a"].reason == "it has to be in the store, and is not: no result for this key yet"


def test_estimates_come_from_earlier_runs_and_count_the_items_that_are_left():
    site = Site()
    pipeline = graph(node("a", x=const(1)), node("m", x=each([1, 2])))
    assert foresee(site, site.plan(pipeline))["a"].estimate_s is None
    site.run(site.plan(pipeline))
    wider = graph(node("a", x=const(2)), node("m", x=each([1, 2, 3, 4])))
    found = foresee(site, site.plan(wider))
    assert found["a"].estimate_s == 0.5
    assert found["m"].estimate_s == 1.0
    assert foresee(site, site.plan(pipeline))["a"].estimate_s == 0.0


def test_a_step_that_cannot_start_is_foreseen_to_fail():
    site = Site()
    found = foresee(site, site.plan(graph(node("m", x=each([1]), y=each([1, 2])))))["m"]
    assert (found.action, found.reason) == (Action.RUN, "it will fail: x has 1, y has 2")


def test_what_follows_a_step_that_cannot_start_is_foreseen_to_be_skipped():
    site = Site()
    doomed = node("m", x=each([1]), y=each([1, 2]))
    found = foresee(
        site, site.plan(graph(doomed, node("a", xs=out("m")), node("b", x=out("a")), node("c", after=["m"])))
    )
    assert {(one.action.value, one.reason) for name, one in found.items() if name != "m"} == {
        ("skip", "upstream m will fail")
    }


def test_parameters_are_known():
    site = Site()
    pipeline = graph(node("a", x=ParameterOf("n")))
    site.run(site.plan(pipeline, n=1))
    assert actions(site, site.plan(pipeline, n=1)) == {"a": "reuse"}
    assert actions(site, site.plan(pipeline, n=2)) == {"a": "run"}


@settings(max_examples=40, deadline=None)
@given(graphs(5))
def test_what_is_foreseen_of_a_second_run_is_what_it_does(pipeline: Graph):
    site = Site()
    plan = site.plan(pipeline)
    work = lambda spec: text(value=True) if spec.node.startswith("flag") else text(1)  # noqa: E731
    first, _ = site.run(plan, work)
    found = foresee(site, plan)
    second, _ = site.run(plan, work)
    states = site.states(second)
    for name, one in found.items():
        if one.action is Action.REUSE:
            assert states[name] in ("reused", "succeeded")  # an empty map has nothing to reuse
        if one.action is Action.SKIP:
            assert states[name] == "skipped"
        if one.action is Action.RUN:
            assert states[name] not in ("reused", "skipped")
    assert first.state is second.state
