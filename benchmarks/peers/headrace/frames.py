"""The hand-off of a large frame, as a user would write it."""

import headrace as hr
import pandas as pd
import work


@hr.step
def big() -> pd.DataFrame:
    return work.big()


@hr.step
def total(df: pd.DataFrame) -> float:
    return work.total(df)


@hr.pipeline
def handoff() -> float:
    return total(big())
