"""What storing and reading a value costs, by format, beside the plain script and beside pickle files.

    .venv/bin/python benchmarks/artifacts.py [--rows 6250000] [--rounds 5] [--only pandas,npy] [--durability full]

Rounds are taken in turn (each format once, then again), so that a drift of the machine hits all alike; medians are
shown. `get` is the first read in a fresh store object, as in another process (verifies the content); `again` is a later
one. `mutable` says what a consumer gets.
"""

import argparse
import pickle
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import lightgbm
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier

from headrace.artifacts.store import LocalArtifactStore
from headrace.core.values import size_of


def values(rows: int) -> Iterator[tuple[str, Callable[[int], object]]]:
    """A name and what makes a new value from a seed."""
    short = rows // 10
    words = np.array([f"flight {number}" for number in range(1000)], dtype=object)

    def block(seed: int) -> np.ndarray:
        return np.random.default_rng(seed).random((rows, 10))

    def mixed(seed: int) -> pd.DataFrame:
        random = np.random.default_rng(seed)
        return pd.DataFrame(
            {
                "real": random.random(short),
                "whole": random.integers(0, 100, short),
                "truth": random.random(short) > 0.5,
                "time": pd.date_range("2013", periods=short, freq="s"),
                "category": pd.Categorical(words[random.integers(0, 1000, short)]),
                "text": words[random.integers(0, 1000, short)],
            }
        )

    def model(cls: type, seed: int, **options: object) -> object:
        random = np.random.default_rng(seed)
        return cls(**options).fit(random.random((5000, 20)), random.integers(0, 2, 5000))

    yield "pandas: 10 float columns", lambda seed: pd.DataFrame(block(seed))
    yield "pandas: the same, by rows", lambda seed: pd.DataFrame(block(seed), copy=False)
    yield "npy: 10 float columns", block
    yield "polars: 10 float columns", lambda seed: pl.DataFrame(block(seed))
    yield (
        "arrow: 10 float columns",
        lambda seed: pa.table({f"c{i}": column for i, column in enumerate(block(seed).T.copy())}),
    )
    yield "pandas: six types, a tenth", mixed
    yield "polars: six types, a tenth", lambda seed: pl.from_pandas(mixed(seed))
    yield "json: a list of numbers, a tenth", lambda seed: np.random.default_rng(seed).random(short).tolist()
    yield "skops: forest of 100", lambda seed: model(RandomForestClassifier, seed, random_state=0, max_depth=8)
    yield "skops: boosting of 50", lambda seed: model(HistGradientBoostingClassifier, seed, max_iter=50, random_state=0)
    yield "lightgbm: 100 trees", lambda seed: model(lightgbm.LGBMClassifier, seed, verbose=-1, n_jobs=1)
    yield "npy: 100 numbers", lambda seed: np.random.default_rng(seed).random(100)
    yield "inline: a dict", lambda seed: {"auc": seed / 7, "name": "x"}


def timed(call: Callable[[], object]) -> tuple[float, object]:
    """Seconds, and what the call gave."""
    start = time.perf_counter()
    result = call()
    return time.perf_counter() - start, result


def one_round(make: Callable[[int], object], seed: int, arguments: argparse.Namespace) -> dict[str, float]:
    """Seconds for making, storing and reading one value, and for pickling it to a file and back."""
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        store = LocalArtifactStore(folder, durability=arguments.durability)
        made_s, value = timed(lambda: make(seed))
        put_s, stored = timed(lambda: store.put(value))
        again_s, _ = timed(lambda: store.get(stored))
        get_s, _ = timed(lambda: LocalArtifactStore(folder).get(stored))
        path = Path(folder) / "pickle"
        pickled_s, _ = timed(lambda: path.write_bytes(pickle.dumps(value, protocol=5)))
        loaded_s, _ = timed(lambda: pickle.loads(path.read_bytes()))
        size = float(size_of(stored))
    return {
        "made": made_s,
        "put": put_s,
        "get": get_s,
        "again": again_s,
        "pickle": pickled_s + loaded_s,
        "size": size,
    }


def handed_over(seed: int, arguments: argparse.Namespace) -> dict[str, float]:
    """Seconds for a frame made and summed: plainly, by way of the store, by way of a pickle."""

    def make() -> pd.DataFrame:
        return pd.DataFrame(np.random.default_rng(seed).random((arguments.rows, 10)))

    def plain() -> float:
        return float(make().to_numpy().sum())

    def stored(folder: str) -> float:
        store = LocalArtifactStore(folder, durability=arguments.durability)
        value = store.put(make())
        return float(store.get(value).to_numpy().sum())  # type: ignore[attr-defined]

    def pickled(folder: str) -> float:
        path = Path(folder) / "frame.pkl"
        with path.open("wb") as file:
            pickle.dump(make(), file, protocol=5)
        with path.open("rb") as file:
            return float(pickle.load(file).to_numpy().sum())

    found, totals = {}, set()
    found["plain"], total = timed(plain)
    totals.add(total)
    for way in (stored, pickled):
        folder = tempfile.mkdtemp(dir=arguments.folder)
        found[way.__name__], total = timed(lambda way=way, folder=folder: way(folder))
        totals.add(total)
        shutil.rmtree(folder)
    assert len(totals) == 1
    return found


def medians(rounds: list[dict[str, float]]) -> dict[str, float]:
    """The median of each column."""
    return {name: statistics.median(one[name] for one in rounds) for name in rounds[0]}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=6_250_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="")
    parser.add_argument("--folder", default=None)
    parser.add_argument("--durability", choices=("normal", "full"), default="normal")
    arguments = parser.parse_args()
    chosen = [one for one in values(arguments.rows) if any(part in one[0] for part in arguments.only.split(","))]
    seen: dict[str, list[dict[str, float]]] = {name: [] for name, _ in chosen}
    whole: list[dict[str, float]] = []
    for seed in range(arguments.rounds + 1):
        for name, make in chosen:
            seen[name].append(one_round(make, seed, arguments))
        whole.append(handed_over(seed, arguments))
    print(f"durability {arguments.durability}, {arguments.rows:,} rows, median of {arguments.rounds}, milliseconds")
    print(f"{'':34}{'size MB':>9}{'made':>9}{'put':>9}{'get':>9}{'again':>9}{'pickle':>9}")
    for name, rounds in seen.items():
        row = medians(rounds[1:])
        columns = "".join(f"{row[key] * 1000:9.2f}" for key in ("made", "put", "get", "again", "pickle"))
        print(f"{name:34}{row['size'] / 1e6:9.2f}{columns}")
    row = medians(whole[1:])
    print(
        "A frame made and summed: "
        + ", ".join(f"{name} {seconds:.3f} s ({seconds / row['plain']:.2f} x)" for name, seconds in row.items())
    )


if __name__ == "__main__":
    main()
