"""Which stored result may stand for an attempt, and the words for why none may."""

import pytest
from msgspec.structs import replace

from headrace.core.errors import SourceError
from headrace.core.states import State
from headrace.core.values import ObjectValue, Value
from headrace.definition.graph import CacheRule
from headrace.engine.events import Missing, Reuse
from headrace.engine.keying import Keyed
from headrace.engine.reuse import Reuser, Shelves, why_never
from headrace.plan.keys import KeyParts
from headrace.ports.code import Touched
from headrace.ports.records import ResultRecord, RunRecord
from headrace.ports.stores import RunChange
from unit.engine.fakes import Site, Sources
from unit.engine.worlds import step, text

RUN, EARLIER = "b" * 32, "a" * 32
PARTS = KeyParts("code", "environment", ())
NOW = 1000.0


def site_with(*results: ResultRecord) -> Site:
    site = Site()
    run = RunRecord(EARLIER, "pipeline", State.RUNNING, 0, "graph", {}, 1.0)
    site.store.runs.create(run, [], {})
    site.store.runs.write(RunChange(run, results=results))
    return site


def result(output: Value = text(5), touched: Touched | None = None, **changes: object) -> ResultRecord:  # noqa: B008
    record = ResultRecord("key", "pipeline", "a", -1, EARLIER, "x", output, touched or Touched(), PARTS, NOW - 100)
    return replace(record, **changes)


def find(site: Site, *, ttl_s: float | None = None, own_only: bool = False, tokens: bool = True) -> Reuse | Missing:
    shelves = Shelves(site.store.results, site.artifacts, site.sources, site.sources if tokens else None)
    spec = step("a", cache=CacheRule(ttl_s=ttl_s))
    [answer] = Reuser(shelves, RUN).find(spec, [Keyed("key", PARTS)], NOW, own_only=own_only)
    return answer


def reason(site: Site, **options: object) -> str:
    answer = find(site, **options)
    assert isinstance(answer, Missing)
    return answer.reason


def test_a_result_of_an_earlier_run_stands_for_an_attempt():
    assert find(site_with(result())) == Reuse("key", text(5), "x", EARLIER)


def test_nothing_is_found_under_a_new_key():
    assert reason(site_with()) == "no result for this key yet"


def test_the_newest_usable_result_is_taken():
    site = site_with(result(text(1)), result(text(2)))
    assert find(site).output == text(2)


@pytest.mark.parametrize(("ttl_s", "usable"), [(None, True), (101.0, True), (100.0, False), (1.0, False)])
def test_a_result_holds_for_its_time(ttl_s: float | None, usable: bool):
    answer = find(site_with(result()), ttl_s=ttl_s)
    assert isinstance(answer, Reuse) is usable
    assert usable or answer.reason == "expired"


def test_a_file_that_the_attempt_read_has_to_be_the_same():
    site = site_with(result(touched=Touched(files=(("data/x.csv", "d1"),))))
    site.sources.files["data/x.csv"] = "d1"
    assert isinstance(find(site), Reuse)
    site.sources.files["data/x.csv"] = "d2"
    assert reason(site) == "file `data/x.csv`, which it read, changed"
    del site.sources.files["data/x.csv"]
    assert reason(site) == "file `data/x.csv`, which it read, is gone"


def test_a_module_that_the_attempt_loaded_has_to_be_the_same():
    site = site_with(result(touched=Touched(modules=(("flights/extra.py", "d1"),))))
    site.sources.files["flights/extra.py"] = "d1"
    assert isinstance(find(site), Reuse)
    site.sources.files["flights/extra.py"] = "d2"
    assert reason(site) == "module `flights/extra.py`, which it loaded, changed"


def test_what_was_read_through_the_platform_has_to_be_the_same():
    site = site_with(result(touched=Touched(reads=(("alias:late-flights@champion", "v3"),))))
    site.sources.tokens["alias:late-flights@champion"] = "v3"
    assert isinstance(find(site), Reuse)
    assert reason(site, tokens=False) == "alias late-flights@champion, which it took by its name, changed"
    site.sources.tokens["alias:late-flights@champion"] = "v4"
    assert reason(site) == "alias late-flights@champion, which it took by its name, changed"


def test_one_key_may_have_several_results_of_which_one_still_holds():
    old = result(text(1), touched=Touched(files=(("x.csv", "d1"),)))
    new = result(text(2), touched=Touched(files=(("x.csv", "d2"),)))
    site = site_with(old, new)
    site.sources.files["x.csv"] = "d1"
    assert find(site).output == text(1)


def test_a_value_whose_object_is_gone_is_computed_again():
    site = site_with(result(ObjectValue("table", "d1", 100)))
    assert isinstance(find(site), Reuse)
    site.artifacts.gone.add("d1")
    assert reason(site) == "its stored value cannot be had: object d1 is not there"


def test_a_refresh_takes_nothing_but_what_the_run_has_made_itself():
    assert reason(site_with(result()), own_only=True) == "refresh asked"
    assert isinstance(find(site_with(result(run_id=RUN)), own_only=True), Reuse)


def test_what_the_run_has_made_itself_holds_for_the_whole_run():
    made = result(run_id=RUN, touched=Touched(files=(("x.csv", "d1"),)))
    assert isinstance(find(site_with(made), ttl_s=1.0), Reuse)


def test_an_item_without_key_says_what_is_wrong_with_it():
    site = site_with(result())
    shelves = Shelves(site.store.results, site.artifacts, site.sources)
    [answer] = Reuser(shelves, RUN).find(step("a"), [Keyed(problem="its code was not read")], NOW)
    assert answer == Missing("", "its code was not read")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, ""),
        ({"effect": True}, "effect"),
        ({"returns": False}, "returns nothing"),
        ({"cache": CacheRule(enabled=False)}, "cache off"),
    ],
)
def test_steps_that_are_never_reused_say_why(options: dict[str, object], words: str):
    assert why_never(step("a", **options)) == words
    assert step("a", **options).is_reusable is (words == "")


def test_a_file_that_cannot_be_read_any_more_is_no_reason_to_fail():
    class Unreadable(Sources):
        def digest_of(self, path: str) -> str:
            raise SourceError(f"{path}: permission denied")

    site = site_with(result(touched=Touched(files=(("data/x.csv", "d1"),))))
    site.sources = Unreadable()
    assert reason(site) == "what it read cannot be read now: data/x.csv: permission denied"
