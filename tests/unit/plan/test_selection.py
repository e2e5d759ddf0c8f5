"""Which steps a selection names, and where it contradicts itself."""

import pytest

from headrace.core.errors import UnknownNameError
from headrace.plan.errors import SelectionError
from headrace.plan.plan import Selection
from headrace.plan.selection import Chosen, choose
from unit.engine.worlds import graph, node, out

PIPELINE = graph(
    node("read"),
    node("features/clean", x=out("read")),
    node("features/join", x=out("features/clean")),
    node("fit", x=out("features/join")),
    node("fit-2", x=out("features/clean")),
    node("send", x=out("fit"), after=["read"]),
    node("report", after=["send"]),
)
EVERYTHING = frozenset(one.name for one in PIPELINE.nodes)


def chosen(**options: tuple[str, ...]) -> Chosen:
    return choose(PIPELINE, Selection(**options))


def test_without_a_selection_everything_takes_part():
    assert chosen() == Chosen(EVERYTHING)


def test_until_takes_a_step_and_all_it_needs():
    assert chosen(until=("fit",)).included == {"read", "features/clean", "features/join", "fit"}


def test_until_takes_what_has_to_happen_before_as_well():
    assert chosen(until=("report",)).included == EVERYTHING - {"fit-2"}


def test_from_computes_a_step_and_all_that_follows_again():
    found = chosen(from_=("features/join",))
    assert found.included == EVERYTHING
    assert found.refreshed == {"features/join", "fit", "send", "report"}


def test_from_and_until_meet_in_the_middle():
    found = chosen(from_=("features/join",), until=("fit",))
    assert found.included == {"read", "features/clean", "features/join", "fit"}
    assert found.refreshed == {"features/join", "fit"}


def test_refresh_computes_only_the_step_itself_again():
    assert chosen(refresh=("features/clean",)).refreshed == {"features/clean"}


def test_only_computes_a_step_and_takes_what_it_needs_from_the_store():
    found = chosen(only=("fit",))
    assert found.included == {"read", "features/clean", "features/join", "fit"}
    assert found.required == {"read", "features/clean", "features/join"}
    assert found.refreshed == frozenset()


def test_only_needs_no_order_without_data():
    assert chosen(only=("report",)).included == {"report"}


def test_several_steps_can_be_named():
    assert chosen(until=("features/clean", "fit-2")).included == {"read", "features/clean", "fit-2"}


@pytest.mark.parametrize("name", ["features", "features/"])
def test_the_name_of_a_group_means_everything_inside(name: str):
    assert chosen(refresh=(name,)).refreshed == {"features/clean", "features/join"}


def test_the_name_of_a_step_means_every_call_of_it_unless_one_has_exactly_that_name():
    assert chosen(refresh=("clean",)).refreshed == {"features/clean"}
    assert chosen(refresh=("fit",)).refreshed == {"fit"}


def test_a_name_that_nothing_has_is_answered_with_near_ones():
    with pytest.raises(UnknownNameError, match="no step 'featurs'; did you mean 'features'") as caught:
        chosen(until=("featurs",))
    assert caught.value.code == "usage.unknown-name"


def test_only_cannot_be_combined_with_until_or_from():
    for other in ({"until": ("fit",)}, {"from_": ("fit",)}):
        with pytest.raises(SelectionError, match="cannot be combined"):
            chosen(only=("fit",), **other)


def test_a_step_that_is_left_out_cannot_be_refreshed():
    with pytest.raises(SelectionError, match="`refresh` asks for 'send', but `until` 'fit' leaves it out"):
        chosen(until=("fit",), refresh=("send",))
    with pytest.raises(SelectionError, match="`from` asks for 'send'"):
        chosen(until=("fit",), from_=("send",))
    with pytest.raises(SelectionError, match="`refresh` asks for 'read', but `only` 'fit' leaves it out"):
        chosen(only=("fit",), refresh=("read",))
