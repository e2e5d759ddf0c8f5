"""What plotting calls give stands for the figure that it is part of."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

import headrace as hr
import sample_steps
from headrace.core.values import NONE
from headrace.tracking.buffer import TrackingBuffer
from headrace.tracking.current import enter_attempt, leave_attempt
from headrace.tracking.errors import BadLoggedValueError
from headrace.tracking.figures import figures_of
from worker_kit import spec_of

mpl.use("agg")

import matplotlib.pyplot as plt
from matplotlib.figure import Figure


class Grid:
    """As seaborn's: it can be saved, and has a figure that it draws on."""

    def __init__(self, figure):
        self.figure = figure

    def savefig(self): ...


@pytest.fixture
def figure():
    return Figure()


def test_parts_of_a_figure_mean_the_figure(figure):
    pair = figure.subplots(1, 2)
    lines = pair[0].plot([1, 2])
    series, alone = pd.Series(list(pair), index=["a", "b"]), np.array(pair[0], dtype=object)
    for part in (figure, pair, pair[0], list(pair), lines, lines[0], {"left": pair[0]}, Grid(figure), [list(pair)]):
        assert figures_of(part) == [figure]
    for part in (series, alone, figure.subplots(2, 2)):
        assert figures_of(part) == [figure]


def test_parts_of_a_figure_in_a_figure_mean_the_whole(figure):
    inner = figure.subfigures(1, 2)
    assert figures_of(inner) == figures_of(inner[0].subplots()) == [figure]


def test_the_figure_itself_is_stored(figure):
    stored = []

    def put(value, owner):
        stored.append(value)
        return NONE

    enter_attempt(TrackingBuffer(spec_of(sample_steps.nothing), put=put, wake=list, flush_now=list))
    try:
        hr.log_figure("pair", figure.subplots(1, 2))
        hr.log_figure("one", figure.axes[0])
    finally:
        leave_attempt()
    assert stored == [figure, figure]


def test_what_is_in_no_figure_is_itself():
    thing = object()
    assert figures_of(thing) == [thing]
    assert figures_of(plt) == [plt]


@pytest.mark.parametrize("value", [[], {}, [1, 2], {"a": 1}, ()])
def test_containers_of_something_else_are_no_figure(value):
    assert figures_of(value) == []
    with pytest.raises(BadLoggedValueError, match="Pass a figure"):
        hr.log_figure("f", value)


def test_the_plotting_module_is_no_figure():
    with pytest.raises(BadLoggedValueError, match=r"plt\.gcf\(\)"):
        hr.log_figure("f", plt)


def test_parts_of_several_figures_are_refused(figure):
    with pytest.raises(BadLoggedValueError, match="belong to 2 figures: log each by a name of its own"):
        hr.log_figure("f", [figure.subplots(), Figure().subplots()])
