"""What a pipeline's body may do while it is traced: the look at its bytecode refuses no more than it has to."""

import dis
import os
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import headrace as hr
from headrace.definition import outside
from headrace.definition.bytecode import loaded_locals, stored_local
from headrace.definition.errors import BodyError
from headrace.definition.tracing import trace

LIMIT: int | None = None
GENERATOR = random.Random(7)


@dataclass(frozen=True)
class Config:
    limit: int | None = None


CONFIG = Config()


@hr.step
def use(thing: Any) -> int: ...


def is_none(value: object) -> bool:
    return value is None


def first_working(name: str) -> str:
    try:
        return name.split(":")[1]
    except IndexError:
        return name


def reads_deeper() -> str:
    return reads()


def reads() -> str:
    return os.environ["HOME"]


def knows(limit: hr.Static[int | None] = None, *, mode: hr.Static[str] = "fast") -> None:
    if limit is None or mode is not None:
        use(limit)
    if limit is not None and LIMIT is None:
        use(1)
    use([number for number in range(3) if limit is None])
    hr.when(limit is None, lambda: use(limit is None))


def knows_globals() -> None:
    if LIMIT is None or CONFIG.limit is None or None is not None:
        use(1)


def calls_functions_that_look_at_constants() -> None:
    if is_none("a"):
        use(first_working("a:b"))
    use(first_working("a"))


def draws_with_a_seed() -> None:
    use(random.Random(3).random())


def joins_paths(folder: hr.Static[Path] = Path("data")) -> None:
    use(folder / "a.csv")
    use(Path("a") / "b")


def loops() -> None:
    number = 0
    while number < 3:
        number += 1
        if number == 2:
            continue
        use(number)
    for index in range(2):
        use({"index": index} | {"b": 1})


def imports() -> None:
    from math import pi

    use(pi)


def matches(mode: hr.Static[str] = "fast") -> None:
    match mode:
        case "fast":
            use(1)
        case _:
            use(2)


ALLOWED = [
    knows,
    knows_globals,
    calls_functions_that_look_at_constants,
    draws_with_a_seed,
    joins_paths,
    loops,
    imports,
    matches,
]


@pytest.mark.parametrize("body", ALLOWED, ids=[body.__name__ for body in ALLOWED])
def test_what_is_known_when_the_pipeline_is_defined_may_decide(body: Callable[..., None]):
    assert trace(hr.pipeline(body), allow_local=True).nodes


def asks_a_parameter(limit: int | None) -> None:
    if limit is None:
        use(1)


def asks_a_local() -> None:
    value = use(1)
    other = use(2)
    if value is other:
        use(3)


def asks_in_a_branch() -> None:
    value = use(1)
    hr.when_some(value, lambda some: use(some is not None))


def asks_in_a_comprehension() -> None:
    values = [use(1), use(2)]
    use([value for value in values if value is not None])


def cleans_up() -> None:
    try:
        use(1)
    finally:
        use(2)


def catches_everything() -> None:
    try:
        use(1)
    except:  # noqa: E722 - the mistake
        use(2)


def measures() -> None:
    with Stopwatch():
        use(1)


class Stopwatch:
    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...


def deletes_a_global() -> None:
    global DELETED
    del DELETED


def imports_the_clock() -> None:
    from time import time as now

    use(now())


def imports_the_environment() -> None:
    import os as system

    use(system.environ["HOME"])


def imports_a_path() -> None:
    import os.path

    use(os.path.exists("a"))  # noqa: PTH110 - the mistake


def draws_without_a_seed() -> None:
    use(random.Random().random())


def draws_from_the_module() -> None:
    use(GENERATOR.random())


def lists_files(folder: hr.Static[Path] = Path("data")) -> None:
    use([str(path) for path in folder.iterdir()])


def reads_through_two_functions() -> None:
    use(reads_deeper())


def reads_in_a_branch() -> None:
    hr.when(use(1) == 1, lambda: use(time.perf_counter()))  # type: ignore[comparison-overlap]


DECIDED = "it would be decided while the pipeline is defined"
REFUSED: list[tuple[Callable[..., None], str]] = [
    (asks_a_parameter, f"`is` in pipeline 'asks_a_parameter', line 1: {DECIDED}"),
    (asks_a_local, f"`is` in pipeline 'asks_a_local', line 3: {DECIDED}"),
    (asks_in_a_branch, f"`is` in pipeline 'asks_in_a_branch', line 2: {DECIDED}"),
    (asks_in_a_comprehension, f"`is` in pipeline 'asks_in_a_comprehension', line 2: {DECIDED}"),
    (cleans_up, "`try` in pipeline 'cleans_up'"),
    (catches_everything, "`try` in pipeline 'catches_everything'"),
    (measures, "`with` in pipeline 'measures', line 1: it would be entered and left"),
    (deletes_a_global, "`global` in pipeline 'deletes_a_global', line 2"),
    (imports_the_clock, "`time.time` in pipeline 'imports_the_clock', line 3: the time it is would be frozen"),
    (imports_the_environment, "`os.environ` in pipeline 'imports_the_environment', line 3: what the environment says"),
    (imports_a_path, "`os.path.exists` in pipeline 'imports_a_path', line 3: what a file holds would be frozen"),
    (draws_without_a_seed, "`random.Random` in pipeline 'draws_without_a_seed', line 1: a random number would"),
    (draws_from_the_module, "`GENERATOR` in pipeline 'draws_from_the_module', line 1: a random number would"),
    (lists_files, "`.iterdir` in pipeline 'lists_files', line 1: what a file holds would be frozen"),
    (
        reads_through_two_functions,
        "`os.environ`, through reads_deeper(), in pipeline 'reads_through_two_functions', line 1",
    ),
    (reads_in_a_branch, "`time.perf_counter` in pipeline 'reads_in_a_branch', line 1: the time it is"),
]


@pytest.mark.parametrize(("body", "text"), REFUSED, ids=[body.__name__ for body, _ in REFUSED])
def test_what_would_be_decided_or_frozen_too_early_is_refused(body: Callable[..., None], text: str):
    with pytest.raises(BodyError) as caught:
        trace(hr.pipeline(body), allow_local=True)
    first = body.__code__.co_firstlineno
    head, line, rest = str(caught.value).partition(", line ")
    number, _, end = rest.partition(":")
    assert f"{head}{line}{int(number) - first}:{end}".startswith(text)


def test_joined_instructions_of_later_pythons_are_read_too():
    load = next(entry for entry in dis.get_instructions(asks_a_parameter) if entry.opname == "LOAD_FAST")
    both = load._replace(opname="LOAD_FAST_LOAD_FAST", argval=("a", "b"))
    stored = load._replace(opname="STORE_FAST_LOAD_FAST", argval=("a", "b"))
    assert [loaded_locals(entry) for entry in (load, both, stored)] == [("limit",), ("a", "b"), ("b",)]
    assert [stored_local(entry) for entry in (load, both, stored)] == ["", "", "a"]


def test_a_body_is_looked_at_once():
    pipeline = hr.pipeline(loops)
    assert not pipeline.declared.is_sound
    trace(pipeline, allow_local=True)
    assert pipeline.declared.is_sound


def test_installed_code_and_the_standard_library_are_no_project_files():
    assert outside.is_project_file(__file__)
    assert outside.is_project_file("<ipython-input-3-abc>")
    assert not outside.is_project_file(dis.__file__)
    assert not outside.is_project_file(hr.__file__)
    assert not outside.is_project_file(pytest.__file__)
    assert not outside.is_project_file("")
