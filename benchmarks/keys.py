"""What code keys cost: a generated project of 201 modules and some 38,000 lines, four steps, whole processes.

Run as `python benchmarks/keys.py [--rounds N]`. Three states are measured, each in processes of their own: nothing
known yet, one file edited, nothing changed (with the memo of a finished plan).
"""

import argparse
import json
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

MODULES = 200
FUNCTIONS = 8
CLASSES = 2
STEPS = 4

READ_KEYS = """
import sys
from headrace.code.stamps import ClosureMemo
from headrace.stores.opening import open_store
root = sys.argv[1]
memos = open_store(__import__("pathlib").Path(root) / ".headrace").memos
memo = ClosureMemo(root, memos)
found = memo.recall("keys")
if found is None:
    from headrace.code.reader import StaticCodeReader
    from headrace.core.symbols import Symbol
    reader = StaticCodeReader(root, memos, path=[root])
    codes = [reader.code_of(Symbol("pipeline", f"step_{n}")) for n in range(int(sys.argv[2]))]
    found = " ".join(code.digest for code in codes)
    print(len(codes[0].rows), "rows", len(reader.files_of("pipeline")), "files", file=sys.stderr)
    memo.keep("keys", reader.files_of("pipeline"), found)
print(found)
"""


def function(rng: random.Random, name: str, others: list[str]) -> Iterator[str]:
    yield f"def {name}(values, factor={rng.randint(1, 9)}):"
    yield f'    """What {name} does with its values, in a few words."""'
    yield "    total = 0.0"
    yield "    for position, value in enumerate(values):"
    yield f"        if value > {rng.random():.3f} and position % {rng.randint(2, 5)}:"
    yield f"            total += np.sqrt(value) * factor  # {rng.randint(1, 999)}"
    yield "        else:"
    yield (
        f"            total -= {others[0] if others else 'abs'}([value])"
        if others
        else "            total -= abs(value)"
    )
    yield "    kept = [one for one in values if one is not None]"
    yield f"    table = {{'name': {name!r}, 'count': len(kept), 'limit': LIMIT_{rng.randint(0, 3)}}}"
    for other in others[1:]:
        yield f"    total += {other}(kept)"
    yield "    return total + table['count']"
    yield ""
    yield ""


def class_(rng: random.Random, number: int) -> Iterator[str]:
    yield f"class Model{number}:"
    yield f'    """A model of kind {number}."""'
    yield ""
    yield f"    rate: float = {rng.random():.4f}"
    for method in range(4):
        yield ""
        yield f"    def method_{method}(self, rows, weight=1.0):"
        yield "        scored = []"
        yield "        for row in rows:"
        yield f"            score = row * self.rate + weight * {rng.random():.4f}"
        yield f"            if score < {rng.random():.3f}:"
        yield f"                score = function_{rng.randrange(FUNCTIONS)}([score])"
        yield "            scored.append(max(score, 0.0))"
        yield "        return scored"
    yield ""
    yield ""


def module(rng: random.Random, number: int) -> str:
    lines = ['"""A module of a generated project."""', "", "import numpy as np", "import polars as pl"]
    imported: list[str] = []
    for other in sorted(rng.sample(range(number), k=min(number, 3))):
        lines.append(f"from project.part_{other // 20}.module_{other} import function_0 as from_{other}")
        imported.append(f"from_{other}")
    lines += ["", *(f"LIMIT_{n} = {rng.randint(1, 99)}" for n in range(4)), "", ""]
    for one in range(FUNCTIONS):
        others = [f"function_{one + 1}"] if one + 1 < FUNCTIONS else imported
        lines += function(rng, f"function_{one}", others)
    for one in range(CLASSES):
        lines += class_(rng, one)
    return "\n".join(lines)


def generate(root: Path) -> int:
    """Write the project; how many lines it has."""
    rng = random.Random(7)
    (root / "pyproject.toml").write_text("[project]\nname = 'generated'\n")
    texts = {f"project/part_{n // 20}/module_{n}.py": module(rng, n) for n in range(MODULES)}
    head = "".join(
        f"from project.part_{n // 20}.module_{n} import function_0 as run_{n}, Model0 as Model_{n}\n"
        for n in range(MODULES)
    )
    steps = "".join(
        f"@hr.step\ndef step_{n}(rows: list[float]) -> float:\n    return sum(("
        + ", ".join(f"run_{m}(rows), Model_{m}().method_0(rows)[0]" for m in range(n, MODULES, STEPS))
        + "))\n\n\n"
        for n in range(STEPS)
    )
    texts["pipeline.py"] = f"import headrace as hr\n{head}\n\n{steps}"
    texts["project/__init__.py"] = ""
    for part in range((MODULES + 19) // 20):
        texts[f"project/part_{part}/__init__.py"] = ""
    for name, text in texts.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return sum(text.count("\n") for text in texts.values())


def timed(code: str, *arguments: str) -> tuple[float, float]:
    """Wall and CPU seconds of a process."""
    used, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, "-c", code, *arguments], check=True, capture_output=True)
    wall, now = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime


def measure(rounds: int) -> dict[str, dict[str, float]]:
    """Least wall and CPU seconds of whole processes by state."""
    times: dict[str, list[tuple[float, float]]] = {"bare Python": [timed("pass") for _ in range(5)]}
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        lines = generate(root)
        print(f"{MODULES + 1} modules, {lines} lines, {STEPS} keys", file=sys.stderr)
        one = root / "project" / "part_3" / "module_77.py"
        for number in range(rounds):
            shutil.rmtree(root / ".headrace", ignore_errors=True)
            times.setdefault("cold", []).append(timed(READ_KEYS, folder, str(STEPS)))
            one.write_text(one.read_text() + f"\nADDED_{number} = {number}\n")
            times.setdefault("one file edited", []).append(timed(READ_KEYS, folder, str(STEPS)))
            times.setdefault("nothing changed", []).extend(timed(READ_KEYS, folder, str(STEPS)) for _ in range(3))
    return {
        state: {"wall_s": round(min(wall for wall, _ in some), 4), "cpu_s": round(min(cpu for _, cpu in some), 4)}
        for state, some in times.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    print(json.dumps(measure(parser.parse_args().rounds), indent=2))


if __name__ == "__main__":
    main()
