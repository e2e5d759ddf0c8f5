"""The methods that compete, each on the same matrix: a linear model, a forest, boosted trees."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import lightgbm as lgb
import numpy as np
import polars as pl
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import QuantileTransformer
from threadpoolctl import threadpool_limits

import headrace as hr
from flights.features import feature_columns

Matrix = NDArray[np.float32]
Labels = NDArray[np.bool_]
Probabilities = NDArray[np.float64]
Estimator: TypeAlias = Pipeline | RandomForestClassifier | lgb.Booster

ALGORITHMS = ("logistic", "forest", "boosting")
ENOUGH_ROWS = 50_000
THREADS = 1
"""Each method has one core: they are fitted side by side."""


@dataclass(frozen=True)
class LateFlightModel:
    """A fitted method with the columns it looks at, in the order of its matrix."""

    algorithm: str
    columns: tuple[str, ...]
    estimator: Estimator


@hr.step(resources=hr.Resources(cpu=THREADS))
def fit(train: pl.DataFrame, algorithm: str, seed: int = 0) -> LateFlightModel:
    """Learn from rows whose answer is known; raises KeyError for a method that is not in `METHODS`."""
    columns = tuple(feature_columns(train))
    with threadpool_limits(THREADS):
        estimator = METHODS[algorithm](matrix(train, columns), train["late"].to_numpy(), seed)
    return LateFlightModel(algorithm, columns, estimator)


def predict(model: LateFlightModel, rows: pl.DataFrame) -> Probabilities:
    """The probability that each flight comes late."""
    inputs = matrix(rows, model.columns)
    if isinstance(model.estimator, lgb.Booster):
        return np.asarray(model.estimator.predict(inputs, num_threads=THREADS), dtype=np.float64)
    return np.asarray(model.estimator.predict_proba(inputs), dtype=np.float64)[:, 1]


def matrix(rows: pl.DataFrame, columns: tuple[str, ...]) -> Matrix:
    """Rows by columns; a missing value is NaN."""
    return rows.select(columns).to_numpy(order="c").astype(np.float32, copy=False)


def logistic(inputs: Matrix, late: Labels, seed: int) -> Estimator:
    """Logistic regression on ranks: delays have tails that no linear term survives."""
    ranks = QuantileTransformer(n_quantiles=200, subsample=20_000, output_distribution="normal", random_state=seed)
    missing = SimpleImputer(strategy="constant", fill_value=0.0, add_indicator=True)
    method = make_pipeline(ranks, missing, LogisticRegression(C=0.01, tol=1e-3))
    return method.fit(*some_rows(inputs, late, seed))


def forest(inputs: Matrix, late: Labels, seed: int) -> Estimator:
    """Random forest (Breiman 2001); a tree sees at most 15,000 flights, missing values go their own way in it."""
    rows, answers = some_rows(inputs, late, seed)
    trees = RandomForestClassifier(
        n_estimators=50,
        max_samples=min(15_000, len(answers)),
        min_samples_leaf=10,
        n_jobs=THREADS,
        random_state=seed,
    )
    return trees.fit(rows, answers)


def some_rows(inputs: Matrix, late: Labels, seed: int) -> tuple[Matrix, Labels]:
    """At most `ENOUGH_ROWS` flights, drawn at random: more change neither a linear model nor a small forest."""
    if len(late) <= ENOUGH_ROWS:
        return inputs, late
    chosen = np.sort(np.random.default_rng(seed).choice(len(late), ENOUGH_ROWS, replace=False))
    return inputs[chosen], late[chosen]


def boosting(inputs: Matrix, late: Labels, seed: int) -> Estimator:
    """Gradient-boosted trees (LightGBM), small steps and large leaves: a day's flights are no independent rows."""
    parameters = {
        "objective": "binary",
        "learning_rate": 0.05,
        "num_leaves": 31,
        "min_data_in_leaf": 200,
        "lambda_l2": 10.0,
        "feature_fraction": 0.5,
        "bagging_fraction": 0.8,
        "bagging_freq": 1,
        "seed": seed,
        "deterministic": True,
        "force_col_wise": True,
        "num_threads": THREADS,
        "verbose": -1,
    }
    return lgb.train(parameters, lgb.Dataset(inputs, late.astype(np.int8)), num_boost_round=150)


METHODS: dict[str, Callable[[Matrix, Labels, int], Estimator]] = {
    "logistic": logistic,
    "forest": forest,
    "boosting": boosting,
}
