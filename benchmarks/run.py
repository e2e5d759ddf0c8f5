"""`make bench`: Headrace and its peers side by side in one run, written to docs/benchmarks.md.

By hand, on a quiet machine.

make bench                                   everything (about an hour)
make bench ARGS="--measures C,D --go-on"     these anew, the others as they were measured last
make bench ARGS="--measures C,G --peers headrace,floor"   a part: printed, not written
make bench ARGS="--measures S --histories 100000 --seed 8"   the simulator of runs, see docs/reliability.md: printed
"""

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "headrace-peers"
MEASURES = "Bi,Bc,Bv,C1,C,D,E,F,G"
GOALS = [
    ("C", "50 no-op steps in a chain, durable and tracked", 0.4, "s"),
    ("D", "200 mapped no-op steps and a join", 0.8, "s"),
    ("E", "load, split, fit, evaluate 200,000 × 20 as four steps", 1.15, "x"),
    ("F", "500 MB frame from step to step, durable", 1.8, "x"),
    ("G", "fully reused re-run of that training, digests checked", 0.3, "s"),
    ("Bi", "`import headrace` with its decorators", 0.050, "ms"),
    ("Bc", "`headrace --help`", 0.150, "ms"),
    ("Bv", "`headrace --version`", 0.150, "ms"),
]
"""Work, and its most in seconds; with the unit x as a multiple of the plain script's time."""
READING_S = 0.25
"""The most that a reading command may take on a store with 10,000 runs."""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--measures", default=MEASURES)
    options.add_argument("--peers", default="")
    options.add_argument("--skip-install", action="store_true")
    options.add_argument("--go-on", action="store_true", help="keep what other measures have given, on this machine")
    options.add_argument("--histories", type=int, default=100_000, help="of measure S, which stands alone")
    options.add_argument("--seed", type=int, default=0, help="of measure S")
    chosen = options.parse_args()
    if chosen.measures == "S":
        sys.exit(simulate(chosen.histories, chosen.seed))
    measures = chosen.measures.split(",")
    folder = prepare(measures, install_peers=not chosen.skip_install and not chosen.peers, goes_on=chosen.go_on)
    for measure in measures:
        if measure in ("E", "F"):
            (folder / "results" / f"imports-{measure}.json").write_text(json.dumps(own_imports_s(folder, measure)))
        only = ["-p", chosen.peers] if chosen.peers else []
        shell(folder, "python3 bench.py -m " + " ".join([measure, *only]))
    own = measure_reading()
    text = page(folder, own)
    if (chosen.measures == MEASURES or chosen.go_on) and not chosen.peers:
        (ROOT / "docs" / "benchmarks.md").write_text(text)
    else:
        print(text)


def simulate(histories: int, seed: int) -> int:
    """Histories of runs with faults; the status says whether every rule held."""
    command = [sys.executable, "-m", "headrace.testing.simulation", "--histories", str(histories), "--seed", str(seed)]
    return subprocess.run(command, check=False).returncode


def prepare(measures: list[str], *, install_peers: bool, goes_on: bool) -> Path:
    """A copy of the peers' folder in the cache, and an environment with Headrace's wheel in it.

    Results of the measures to come are cleared (all, unless it goes on): a peer that fails now must not show an earlier
    figure.
    """
    folder = CACHE / "bench"
    shutil.copytree(ROOT / "benchmarks" / "peers", folder, dirs_exist_ok=True)
    if install_peers:
        shell(folder, "./install.sh")
    environment = CACHE / "venvs" / "headrace"
    uv = ROOT / ".venv" / "bin" / "uv"
    with tempfile.TemporaryDirectory() as place:
        run([uv, "build", "-q", "--wheel", "--no-build-isolation", "--python", sys.executable, "-o", place], cwd=ROOT)
        wheel = next(Path(place).glob("*.whl"))
        if not environment.exists():
            run([uv, "venv", "-q", "--python", sys.executable, environment])
        packages = ["pandas", "scikit-learn", "pyarrow", "skops", "joblib"]
        run([uv, "pip", "install", "-q", "--compile-bytecode", "--python", environment / "bin" / "python", *packages])
        run([uv, "pip", "install", "-q", "--compile-bytecode", "--reinstall-package", "headrace", "--python",
             environment / "bin" / "python", wheel])  # fmt: skip
    (folder / "results").mkdir(exist_ok=True)
    for path in (folder / "results").iterdir():
        if not goes_on or set(path.stem.split("-")[:2]) & set(measures):
            path.unlink()
    (folder / "logs").mkdir(exist_ok=True)
    return folder


def own_imports_s(folder: Path, measure: str) -> dict[str, float]:
    """Seconds that Headrace's programs spend on importing what the plain script does not import, by program."""
    found: dict[str, dict[str, float]] = {}
    for peer in ("floor", "headrace", "headrace-cli"):
        shell(folder, f"PYTHONPROFILEIMPORTTIME=1 python3 bench.py -m {measure} -p {peer} -r 1")
        lines = (folder / "logs" / f"{measure}-{peer}.log").read_text(errors="replace").splitlines()
        parts = [line.removeprefix("import time:").split("|") for line in lines if line.startswith("import time:")]
        found[peer] = {name.strip(): float(own) / 1e6 for own, _, name in parts if own.strip().isdigit()}
    floor = found.pop("floor")
    return {peer: sum(s for name, s in seen_.items() if name not in floor) for peer, seen_ in found.items()}


def shell(folder: Path, command: str) -> None:
    run(["bash", "-c", f". ./env.sh && mkdir -p $WORK && {command}"], cwd=folder, env=environment_of(folder))


def environment_of(folder: Path) -> dict[str, str]:
    path = f"{ROOT / '.venv' / 'bin'}:{os.environ['PATH']}"
    own = {"PERF": str(folder), "VENVS": str(CACHE / "venvs"), "WORK": str(CACHE / "work"), "PATH": path}
    # without it every run would compile the modules of the project anew
    return {**{name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}, **own}


def run(command: list[object], **options: object) -> None:
    environment = {**os.environ, "UV_HTTP_TIMEOUT": "180", "UV_COMPILE_BYTECODE": "1"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    subprocess.run([str(part) for part in command], check=True, timeout=7200, **{"env": environment, **options})


def measure_reading() -> dict[str, float]:
    """Median whole-process seconds of the reading commands on a store with 10,000 runs."""
    place = CACHE / "work" / "reading"
    headrace = CACHE / "venvs" / "headrace" / "bin" / "headrace"
    if not (place / ".headrace" / "headrace.db").exists():
        shutil.copytree(ROOT / "examples" / "starter", place, dirs_exist_ok=True)
        run([ROOT / ".venv/bin/python", ROOT / "benchmarks" / "stores.py", "10000", "--keep", place / ".headrace"])
        run([headrace, "run", "-q", "training"], cwd=place)
    with (place / "starter" / "methods.py").open("a") as file:
        file.write("METHODS |= {}\n")  # a change for `why` to find
    run([headrace, "run", "-q", "training"], cwd=place)
    commands = {
        "runs": ["runs"],
        "runs --where 'error < 5'": ["runs", "--where", "error < 5"],
        "show last": ["show", "last"],
        "why last fit": ["why", "last", "fit"],
    }
    return {name: median_s([headrace, *words], place) for name, words in commands.items()}


def median_s(command: list[object], cwd: Path, runs: int = 7) -> float:
    times = []
    for _ in range(runs + 1):
        began = time.perf_counter()
        subprocess.run([str(part) for part in command], cwd=cwd, check=True, stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - began)
    return statistics.median(times[1:])


def page(folder: Path, own: dict[str, float]) -> str:
    results = {path.stem: json.loads(path.read_text()) for path in (folder / "results").glob("*-*.json")}
    imports = {name.removeprefix("imports-"): found for name, found in results.items() if name.startswith("imports-")}
    lines = [
        "# Benchmarks",
        "",
        *machine(),
        "",
        "## Goals and what was seen",
        "",
        "| work | goal | seen | |",
        "|---|---|---|---|",
    ]
    for measure, work, most, unit in GOALS:
        parts, fits = seen(results, measure, most, unit=unit, imports=imports.get(measure, {}))
        lines.append(f"| {work} | {goal_text(most, unit)} | {parts} | {verdict(fits)} |")
    for name, value in own.items():
        work = f"`headrace {name}` on a store with 10,000 runs, whole process"
        goal = goal_text(READING_S, "ms")
        lines.append(f"| {work} | {goal} | {value * 1000:.0f} ms | {verdict([value <= READING_S])} |")
    lines += ["", cost_per_step(results), "", *failures(results), report(folder)]
    return "\n".join(lines) + "\n"


def goal_text(most: float, unit: str) -> str:
    return {"s": f"≤ {most:g} s", "ms": f"≤ {most * 1000:g} ms", "x": f"≤ {most:g} × plain script"}[unit]


def verdict(fits: list[bool]) -> str:
    return "" if not fits else "met" if all(fits) else "met by one" if any(fits) else "falls short"


def seen(
    results: dict[str, dict[str, Any]], measure: str, most: float, *, unit: str, imports: dict[str, float]
) -> tuple[str, list[bool]]:
    """Script and command line, and whether each keeps to the goal.

    Where that is a multiple of the plain script, imports of our own are reported apart and do not count.
    """
    parts, fits = [], []
    for peer, name in (("headrace", "script"), ("headrace-cli", "command line")):
        one, floor = results.get(f"{measure}-{peer}"), results.get(f"{measure}-floor")
        if one is None:
            continue
        wall = one["wall"]
        text = f"{wall * 1000:.0f} ms" if unit == "ms" else f"{wall:.2f} s"
        if unit == "x" and floor is not None:
            bare = (wall - imports.get(peer, 0.0)) / floor["wall"]
            text = f"{bare:.2f} × ({wall / floor['wall']:.2f} × with {imports.get(peer, 0.0):.2f} s for imports of its own; {text})"
            fits.append(bare <= most)
        else:
            fits.append(wall <= most)
        parts.append(text if measure in ("Bi", "Bc", "Bv") else f"{text} {name}")
    return ", ".join(parts) or "not measured", fits


def cost_per_step(results: dict[str, dict[str, Any]]) -> str:
    one, many = results.get("C1-headrace-cli"), results.get("C-headrace-cli")
    if one is None or many is None:
        return ""
    each = (many["wall"] - one["wall"]) / 49 * 1000
    return (
        f"Fixed cost of a run (one no-op step, `headrace run`): {one['wall']:.2f} s; each further step: {each:.1f} ms."
    )


def failures(results: dict[str, dict[str, Any]]) -> list[str]:
    """Which tools did not bring which work to its end: these have no row below."""
    ends = [
        f"{one['peer']} ({one['measure']}: {one['end']})" for name, one in results.items() if name.startswith("failed-")
    ]
    return [f"Without a result: {', '.join(sorted(ends))}.", ""] if ends else []


def machine() -> list[str]:
    cpu = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        "",
    )
    load = os.getloadavg()[0]
    return [
        f"Measured {time.strftime('%d %B %Y')} by `make bench` on {os.cpu_count()} cores ({cpu or platform.machine()}), "
        f"Python {platform.python_version()}, {platform.system()}; load before the last measure {load:.1f}.",
        "Whole processes timed from outside, medians; for each work all tools one after the other, telemetry off, default local settings.",
        'Headrace with its default durability ("normal": what is finished survives the death of any process).',
        "The speed of the machine drifts while they run; the spans (min-max) say by how much.",
    ]


def report(folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "report.py"],
        cwd=folder,
        env=environment_of(folder),
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


if __name__ == "__main__":
    main()
