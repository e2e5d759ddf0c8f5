"""Whatever a model was fitted with: it comes back, predicts the same to the last bit, and is written to the same bytes."""

from io import BytesIO
from typing import Any

import lightgbm
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure
from PIL import Image
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.ensemble import GradientBoostingRegressor, HistGradientBoostingRegressor
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from artifact_kit import read, round_trip, written

pytestmark = pytest.mark.slow

SEEDS = st.integers(0, 2**32 - 1)
DTYPES = st.sampled_from(["float32", "float64", "int16"])
LABELS = st.sampled_from([(0, 1), ("late", "on time"), (-1, 7), (False, True)])
WORDS = st.text("abcdé ß漢\u0301\n", min_size=1, max_size=12)

ESTIMATORS = st.one_of(
    st.builds(Ridge, alpha=st.floats(1e-3, 1e3), fit_intercept=st.booleans()),
    st.builds(DecisionTreeClassifier, max_depth=st.integers(1, 6), random_state=SEEDS),
    st.builds(
        GradientBoostingRegressor, n_estimators=st.integers(1, 5), subsample=st.floats(0.3, 1), random_state=SEEDS
    ),
    st.builds(HistGradientBoostingRegressor, max_iter=st.integers(1, 5), max_leaf_nodes=st.integers(2, 20)),
    st.builds(SVC, C=st.floats(0.01, 10), kernel=st.sampled_from(["rbf", "linear", "poly"])),
    st.builds(KNeighborsClassifier, n_neighbors=st.integers(1, 5), weights=st.sampled_from(["uniform", "distance"])),
    st.builds(GaussianNB),
    st.builds(lambda model: make_pipeline(StandardScaler(), model), st.builds(Ridge, alpha=st.floats(1e-3, 1e3))),
)


def table(seed: int, dtype: str, rows: int = 40) -> np.ndarray[Any, Any]:
    return (np.random.default_rng(seed).random((rows, 3)) * 100).astype(dtype)


def target(model: object, values: np.ndarray[Any, Any], labels: tuple[object, object]) -> np.ndarray[Any, Any]:
    is_high = values[:, 0] > np.median(values[:, 0])
    return (
        np.where(is_high, *labels) if hasattr(model, "classes_") or "Class" in type(model).__name__ else is_high * 1.0
    )


@settings(max_examples=25)
@given(ESTIMATORS, SEEDS, DTYPES, LABELS)
def test_an_estimator_predicts_the_same_and_is_written_alike(model, seed, dtype, labels):
    values = table(seed, dtype)
    model.fit(values, target(model, values, labels))
    content, value = written(model)
    back = read(content, value)
    assert repr(back.get_params()) == repr(model.get_params())
    np.testing.assert_array_equal(back.predict(values), model.predict(values))
    assert written(read(content, value))[0] == content  # anew: some count how often they were asked


@settings(max_examples=8)
@given(SEEDS, st.integers(1, 3), st.integers(1, 4))
def test_transformers_of_numbers_come_back(seed, parts, clusters):
    values = table(seed, "float64")
    for model in (PCA(parts), KMeans(clusters, n_init=1, random_state=0)):
        model.fit(values)
        np.testing.assert_array_equal(round_trip(model).transform(values), model.transform(values))


@settings(max_examples=12)
@given(st.lists(WORDS.filter(str.strip), min_size=1, max_size=8))
def test_transformers_of_texts_keep_their_vocabulary(texts):
    counted = CountVectorizer(analyzer="char").fit(texts)
    assert round_trip(counted).vocabulary_ == counted.vocabulary_
    letters = np.array(texts, dtype=object).reshape(-1, 1)
    ordered = OrdinalEncoder().fit(letters)
    np.testing.assert_array_equal(round_trip(ordered).transform(letters), ordered.transform(letters))


@settings(max_examples=25)
@given(
    st.fixed_dictionaries(
        {
            "objective": st.sampled_from(["binary", "regression", "poisson"]),
            "num_leaves": st.integers(2, 15),
            "learning_rate": st.floats(0.01, 0.5),
            "min_data_in_leaf": st.integers(1, 10),
        }
    ),
    st.integers(1, 6),
    SEEDS,
)
def test_a_booster_predicts_the_same_and_is_written_alike(parameters, rounds, seed):
    values = table(seed, "float64", rows=80)
    data = lightgbm.Dataset(values, (values[:, 0] > 50) * 1.0)
    options = {"verbose": -1, "num_threads": 1, "deterministic": True, "seed": 1}
    booster = lightgbm.train(parameters | options, data, num_boost_round=rounds)
    content, value = written(booster)
    back = read(content, value)
    np.testing.assert_array_equal(back.predict(values), booster.predict(values))
    assert written(read(content, value))[0] == content  # anew: some count how often they were asked


@settings(max_examples=8)
@given(st.lists(st.sampled_from(["a", "b", "é", "漢"]), min_size=20, max_size=40), SEEDS)
def test_a_booster_keeps_its_categories(letters, seed):
    numbers = np.random.default_rng(seed).random(len(letters))
    data = pd.DataFrame({"letter": pd.Categorical(letters), "number": numbers})
    model = lightgbm.LGBMRegressor(n_estimators=3, min_child_samples=2, verbose=-1, n_jobs=1).fit(data, numbers)
    np.testing.assert_array_equal(round_trip(model).predict(data), model.predict(data))


@settings(max_examples=8)
@given(
    st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20),
    st.tuples(st.floats(0.5, 4), st.floats(0.5, 4)),
    st.text("ab éß", max_size=10),
)
def test_a_figure_comes_back_as_the_picture_that_it_draws(points, inches, title):
    def drawn() -> Figure:
        figure = Figure(figsize=inches)
        axes = figure.subplots()
        axes.plot(points)
        axes.set_title(title)
        return figure

    content, value = written(drawn())
    assert read(content, value).png == content == written(drawn())[0]
    with Image.open(BytesIO(content)) as picture:
        picture.load()
        assert min(picture.size) > 1
