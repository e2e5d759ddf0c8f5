"""Training, as a user would write it."""

from typing import NamedTuple

import headrace as hr
import pandas as pd
import work
from sklearn.ensemble import HistGradientBoostingClassifier


class Split(NamedTuple):
    train: pd.DataFrame
    test: pd.DataFrame


@hr.step
def load() -> pd.DataFrame:
    return work.load()


@hr.step
def split(df: pd.DataFrame) -> Split:
    return Split(*work.split(df))


@hr.step
def fit(train: pd.DataFrame) -> HistGradientBoostingClassifier:
    return work.fit(train)


@hr.step
def evaluate(model: HistGradientBoostingClassifier, test: pd.DataFrame) -> float:
    return work.evaluate(model, test)


@hr.pipeline
def train() -> float:
    parts = split(load())
    return evaluate(fit(parts.train), parts.test)
