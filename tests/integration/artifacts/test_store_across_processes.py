"""One store, several processes: equal bytes from each, writers of one object at once, and death in the middle."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from headrace.artifacts.store import LocalArtifactStore
from headrace.core.values import load_value, objects_in

HERE = Path(__file__).parent
DIGESTS = """
import dataclasses, sys, warnings
import numpy as np, pandas as pd, polars as pl, pyarrow as pa, lightgbm
from matplotlib.figure import Figure
from pathlib import Path
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.feature_extraction import DictVectorizer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from headrace.artifacts.store import LocalArtifactStore
from headrace.core.values import value_digest

random = np.random.default_rng(0)
frame = pd.DataFrame({"a": random.random(200), "b": random.random(200), "c": pd.Categorical(list("abcd") * 50),
                      "s": pd.Series(list("wxyz") * 50, dtype=object), "n": pd.array([1, None] * 100, dtype="Int64"),
                      "t": pd.date_range("2013", periods=200, tz="UTC")})
target = (frame["a"] > 0.5).astype(int)
numbers = frame[["a", "b"]]
figure = Figure(figsize=(2, 2)); figure.subplots().plot([1, 3, 2])
folder = Path(sys.argv[1]) / "in"
(folder / "x").mkdir(parents=True, exist_ok=True)
for name in ("b", "a", "x/c"): (folder / name).write_text(name)
values = {
    "inline": {"k": {"x", "y", "z"}}, "json": {str(i): {"u", "v", "w"} for i in range(2000)}, "text": "x" * 9000,
    "bytes": b"y" * 9000, "npy": random.random((5, 3)), "frame": frame, "series": frame["c"],
    "index": pd.Index(list("ab")),
    "polars": pl.from_pandas(frame[["a", "b", "s"]]), "arrow": pa.Table.from_pandas(frame), "folder": folder,
    "tuple": (np.arange(3), frame[["a"]]), "figure": figure,
    "logistic": make_pipeline(StandardScaler(), LogisticRegression()).fit(numbers, target),
    "forest": RandomForestClassifier(5, random_state=0).fit(numbers, target),
    "boosting": HistGradientBoostingClassifier(max_iter=3, random_state=0).fit(numbers, target),
    "words": TfidfVectorizer(stop_words=["the", "a"]).fit(["the cat", "a dog", "one bird"]),
    "dicts": DictVectorizer().fit([{"x": 1, "y": "u"}, {"z": 2}]),
    "booster": lightgbm.train({"verbose": -1, "num_threads": 1}, lightgbm.Dataset(numbers, target), 3),
    "wrapper": lightgbm.LGBMClassifier(n_estimators=3, verbose=-1, n_jobs=1).fit(numbers, target),
    "refs": [np.array([i % 3]) for i in range(1200)],
}
store = LocalArtifactStore(sys.argv[1] + "/objects", pickles="forbid")
for name, value in values.items():
    print(name, value_digest(store.put(value)))
"""
PUT = """
import sys, numpy as np
from headrace.artifacts.store import LocalArtifactStore
from headrace.core.values import dump_value
store = LocalArtifactStore(sys.argv[1])
array = np.arange(3_000_000.0)
print("ready", flush=True)
sys.stdin.readline()
print(dump_value(store.put(array)), flush=True)
"""
FOREVER = """
import sys, numpy as np
from headrace.artifacts.store import LocalArtifactStore
from headrace.core.values import dump_value
store = LocalArtifactStore(sys.argv[1])
print("ready", flush=True)
for seed in range(10_000):
    print(dump_value(store.put(np.random.default_rng(seed).random(400_000))), flush=True)
"""


def start(program: str, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )


@pytest.mark.slow
def test_equal_values_have_equal_digests_in_processes_with_other_hash_seeds(tmp_path):
    processes = [start(DIGESTS, str(tmp_path / seed), PYTHONHASHSEED=seed) for seed in ("1", "2")]
    answers = [process.communicate(timeout=120)[0].split("\n") for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert len(answers[0]) > 20
    assert answers[0] == answers[1]


def test_two_processes_store_the_same_object_at_once(tmp_path):
    processes = [start(PUT, str(tmp_path)) for _ in range(2)]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    values = [load_value(process.communicate(timeout=60)[0]) for process in processes]
    assert values[0] == values[1]
    store = LocalArtifactStore(tmp_path)
    assert store.get(values[0]).sum() == sum(range(3_000_000))
    assert list((tmp_path / "incoming").iterdir()) == []


def test_a_store_is_whole_after_its_writer_was_killed(tmp_path):
    for delay_s in (0.02, 0.05):
        process = start(FOREVER, str(tmp_path))
        assert process.stdout.readline() == "ready\n"
        time.sleep(delay_s)
        process.send_signal(signal.SIGKILL)
        said = process.communicate(timeout=30)[0].splitlines()
        store = LocalArtifactStore(tmp_path)
        for line in said:
            if line.endswith("]"):
                store.check(load_value(line))
        for path in tmp_path.glob("??/*"):
            assert path.stat().st_size == 3_200_128
    value = LocalArtifactStore(tmp_path).put("x" * 9000)
    assert list(objects_in(value)) == [value]


def test_what_one_process_has_stored_another_reads(tmp_path):
    process = start(PUT, str(tmp_path))
    value = load_value(process.communicate("go\n", timeout=60)[0].splitlines()[-1])
    assert LocalArtifactStore(tmp_path).get(value)[5] == 5.0


def test_the_store_and_its_formats_load_no_library_before_they_need_it():
    heavy = (
        "numpy",
        "pandas",
        "polars",
        "pyarrow",
        "sklearn",
        "torch",
        "cloudpickle",
        "obstore",
        "shutil",
        "tempfile",
        "importlib.metadata",
    )
    program = (
        "import sys, pathlib; from headrace.artifacts.store import LocalArtifactStore as Store\n"
        "store = Store('/nowhere/at/all'); store.get(store.put({'a': [1, 2.5, 'x', None]}))\n"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "[]\n"
