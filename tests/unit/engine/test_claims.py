"""Single flight: who computes a key, who waits, and what becomes of the claims of the dead."""

from headrace.engine.claims import Claims
from unit.engine.fakes import ME, OTHER, Machines, Site

OURS, THEIRS = "a" * 32, "b" * 32


def claims(site: Site, run_id: str = OURS, who=ME, dead=()) -> Claims:
    return Claims(site.store.results, Machines(who, set(dead)), run_id)


def test_the_first_run_computes_and_the_second_waits():
    site = Site()
    assert claims(site).take([("k", ("a", -1))]) == {}
    assert claims(site, THEIRS, OTHER).take([("k", ("a", -1)), ("l", ("b", -1))]) == {("a", -1): OURS}


def test_a_claim_of_a_dead_process_is_taken_over():
    site = Site()
    claims(site, THEIRS, OTHER).take([("k", ("a", -1)), ("l", ("b", -1))])
    assert claims(site, dead=[OTHER]).take([("k", ("a", -1))]) == {}
    assert site.store.results.claim(["k", "l"], "c" * 32, ME) == {"k": (OURS, ME), "l": (THEIRS, OTHER)}


def test_the_same_key_twice_in_one_run_is_computed_once():
    ours = claims(Site())
    assert ours.take([("k", ("a", -1)), ("k", ("b", -1))]) == {("b", -1): OURS}
    assert ours.take([("k", ("c", 3))]) == {("c", 3): OURS}
    assert ours.give_back("k", ("a", -1)) == [("b", -1), ("c", 3)]


def test_only_the_holder_gives_a_claim_back():
    ours = claims(Site())
    ours.take([("k", ("a", -1)), ("k", ("b", -1))])
    assert ours.give_back("k", ("b", -1)) == []
    assert ours.give_back("other", ("a", -1)) == []


def test_a_key_given_back_is_free_for_others_after_the_release():
    site = Site()
    ours, theirs = claims(site), claims(site, THEIRS, OTHER)
    ours.take([("k", ("a", -1))])
    ours.give_back("k", ("a", -1))
    assert theirs.take([("k", ("a", -1))])
    ours.release()
    assert theirs.take([("k", ("a", -1))]) == {}


def test_at_the_end_every_claim_is_released():
    site = Site()
    ours = claims(site)
    ours.take([("k", ("a", -1)), ("l", ("b", -1))])
    ours.release(everything=True)
    assert site.store.results.claim(["k", "l"], THEIRS, OTHER) == {}


def test_a_key_held_elsewhere_is_held_elsewhere_for_all_items_of_this_run():
    site = Site()
    claims(site, THEIRS, OTHER).take([("k", ("a", -1))])
    ours = claims(site)
    assert ours.take([("k", ("a", -1)), ("k", ("b", -1))]) == {("a", -1): THEIRS, ("b", -1): THEIRS}
