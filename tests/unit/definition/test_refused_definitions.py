"""What cannot be a step, a pipeline or an option, and what only a whole definition can get wrong."""

# ruff: noqa: B006, B008, ISC004, PLE0643 - the mistakes are the point, and texts stand as people read them

import functools
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest

import headrace as hr
from headrace.core.errors import DefinitionError
from headrace.definition import errors
from headrace.definition.tracing import trace


@hr.step
def fit(rows: Sequence[int], rate: float = 0.1) -> float: ...


@hr.step
def use(thing: Any) -> str: ...


@hr.step
def anything(x): ...


class Model:
    def fit(self) -> None: ...

    @staticmethod
    def score() -> None: ...


def rows():
    yield 1


async def fetch() -> int: ...


async def stream():
    yield 1


def variadic(*frames: int) -> None: ...


def keywords(**frames: int) -> None: ...


def shares_a_list(rows: list[int] = []) -> None: ...


def shares_a_set(*, rows: set[int] = set()) -> None: ...


def plain() -> None: ...


BUILTIN = "it is a builtin. Call it inside a function of your own: its annotations are the declaration."
METHOD = "it is a method. Make it a module-level function and pass the object as an argument."
NO_FUNCTIONS: dict[str, tuple[object, str]] = {
    "a method": (Model.fit, f"'Model.fit' cannot be a step: {METHOD}"),
    "a bound method": (Model().fit, f"'fit' cannot be a step: {METHOD}"),
    "a static method": (Model.__dict__["score"], f"'score' cannot be a step: {METHOD}"),
    "a generator": (
        rows,
        "'rows' cannot be a step: it is a generator. Return a list, or write a file and return its path.",
    ),
    "a coroutine": (fetch, "'fetch' cannot be a step: a step is no coroutine. Write def, and call asyncio.run inside."),
    "an async generator": (
        stream,
        "'stream' cannot be a step: a step is no coroutine. Write def, and call asyncio.run inside.",
    ),
    "a class": (
        Model,
        "'Model' cannot be a step: it is a class. Write a function that returns the object, and make that the step.",
    ),
    "a lambda": (lambda x: x, "'<lambda>' cannot be a step: it is a lambda. Write it with def."),
    "a builtin": (len, f"'len' cannot be a step: {BUILTIN}"),
    "a partial": (
        functools.partial(plain),
        "'partial' cannot be a step: it is a functools.partial. Write a function with def, and give fixed values as "
        "defaults.",
    ),
    "*args": (
        variadic,
        "'variadic' cannot be a step: it takes *args, so its inputs have no names. Give it one parameter that is a list "
        "or dict.",
    ),
    "**kwargs": (
        keywords,
        "'keywords' cannot be a step: it takes **kwargs, so its inputs have no names. Give it one parameter that is a "
        "list or dict.",
    ),
    "a step": (fit, "'fit' cannot be a step: it is a step already. Decorate it once."),
    "a number": (3, "'int' cannot be a step: it is an object of type int. Write a function with def."),
}


@pytest.mark.parametrize(("thing", "text"), NO_FUNCTIONS.values(), ids=NO_FUNCTIONS)
def test_only_functions_written_with_def_can_be_steps(thing: Any, text: str):
    with pytest.raises(errors.NotAFunctionError) as caught:
        hr.step(thing)
    assert str(caught.value) == text
    with pytest.raises(errors.NotAFunctionError, match="cannot be a pipeline"):
        hr.pipeline(thing)


@pytest.mark.parametrize(("function", "kind"), [(shares_a_list, "list"), (shares_a_set, "set")])
def test_defaults_that_calls_would_share_are_refused(function: Any, kind: str):
    with pytest.raises(errors.MutableDefaultError) as caught:
        hr.step(function)
    assert str(caught.value) == (
        f"Step {function.__name__!r}: the default of 'rows' is a {kind}, which all calls would share and any could "
        f"change. Use a tuple or None, and make the {kind} inside."
    )


POOLS = {"cpu": 1.5, "memory": "1.5GB", "gpu": 1, "database": 2}
OPTIONS: list[tuple[Callable[[], object], str]] = [
    (
        lambda: hr.step(retry=3),
        "A step has no option 'retry'; did you mean 'retries'.",
    ),
    (lambda: hr.pipeline(retries=3), "A pipeline has no option 'retries'; there is description, name, tags."),
    (lambda: hr.step(cache=3), "cache takes True, False or hr.Cache(…), not int 3."),
    (lambda: hr.step(effect="yes"), "effect takes True or False, not str 'yes'."),
    (lambda: hr.step(secrets="DB_URL"), "secrets takes a list of texts, not str 'DB_URL'."),
    (lambda: hr.step(tags=[1]), "tags takes a list of texts, not list [1]."),
    (lambda: hr.step(max_parallel=0), "max_parallel takes a whole number of at least 1, not int 0."),
    (lambda: hr.step(resources={"cpu": 1}), "resources takes hr.Resources(…), not dict {'cpu': 1}."),
    (
        lambda: fit.with_options(name="a b"),
        "'a b' is no name for a step: it must be text without spaces, slashes, brackets or quotes.",
    ),
    (
        lambda: fit.with_options(cache=hr.Cache(ignore=["row"])),
        "Cache(ignore=…) of step 'fit' names 'row', which is no input of it. It takes 'rows', 'rate'.",
    ),
    (lambda: hr.step(timeout=0), "timeout must be a positive number of seconds, not int 0."),
    (lambda: hr.step(timeout="1h"), "timeout must be seconds or a timedelta, not str '1h'."),
    (
        lambda: hr.Cache(ttl=timedelta(0)),
        "Cache(ttl=…) must be a positive number of seconds, not timedelta datetime.timedelta(0).",
    ),
    (lambda: hr.Cache(salt=1), "Cache takes enabled=True or False, and a text as salt."),
    (lambda: hr.Retry("2"), "Retry takes how often to try again, a whole number, not str '2'."),
    (lambda: hr.Retry(-1), "Retry takes how often to try again, a whole number, not int -1."),
    (lambda: hr.Retry(2, on="OSError"), "Retry(on=…) takes exception classes, not str 'OSError'."),
    (lambda: hr.Retry(2, on=(OSError, 3)), "Retry(on=…) takes exception classes, not int 3."),
    (lambda: hr.Retry(2, factor=0.5), "Retry(factor=…) must be a number of at least 1, not float 0.5."),
    (lambda: hr.Retry(2, jitter=2), "Retry(jitter=…) must be a share between 0 and 1, not int 2."),
    (
        lambda: hr.Retry(2, delay=float("inf")),
        "Retry(delay=…) must be a finite (at least 0) number of seconds, not float inf.",
    ),
    (lambda: hr.Resources(cpu=-1), "Resources(cpu=…) takes a number that is not negative, not int -1."),
    (lambda: hr.Resources(slots="many"), "Resources(slots=…) takes a number that is not negative, not str 'many'."),
    (
        lambda: hr.Resources(memory="4 gigs"),
        "Resources(memory=…) takes text such as '4GiB' or '512MB', or bytes, not str '4 gigs'.",
    ),
]


@pytest.mark.parametrize(("make", "text"), OPTIONS, ids=[text[:30] for _, text in OPTIONS])
def test_options_without_sense_are_refused_at_once(make: Callable[[], object], text: str):
    with pytest.raises(errors.OptionError) as caught:
        make()
    assert str(caught.value) == text


def test_a_fresh_function_has_to_be_found_again():
    with pytest.raises(errors.OptionError, match=r"^Cache\(fresh=…\) takes a module-level function"):
        hr.Cache(fresh=lambda: 1)
    assert hr.Cache(fresh=plain).fresh is plain


def test_all_resources_have_names_and_amounts():
    assert hr.Resources(**POOLS).amounts == POOLS


def test_a_retry_names_kinds_of_failure_and_classes():
    @hr.pipeline
    def retried() -> None:
        use.with_options(retries=3)(1)
        use.with_options(retries=hr.Retry(1, on=(OSError, hr.StepTimeoutError), delay=timedelta(minutes=1)))(2)
        use.with_options(retries=hr.Retry(1, on=Exception))(3)

    rules = [node.step.retry for node in trace(retried, allow_local=True).nodes]
    assert [rule.on for rule in rules] == [
        (),
        ("builtins:OSError", "timeout"),
        ("infrastructure", "timeout", "out_of_memory", "builtins:Exception"),
    ]
    assert [(rule.times, rule.delay_s) for rule in rules] == [(3, 1.0), (1, 60.0), (1, 1.0)]


def test_a_cache_rule_is_resolved():
    @hr.pipeline
    def cached() -> None:
        fit.with_options(cache=hr.Cache(salt="2", ignore=["rate"], ttl=timedelta(hours=1), fresh=plain))([1])

    rule = trace(cached, allow_local=True).nodes[0].step.cache
    assert (rule.salt, rule.ignore, rule.ttl_s, rule.fresh) == ("2", ("rate",), 3600.0, f"{__name__}:plain")


def test_every_kind_of_mistake_has_a_code_of_its_own():
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, DefinitionError)]
    codes = [kind.code for kind in kinds]
    assert len(codes) == len(set(codes))
    assert all(code == "definition" or code.startswith("definition.") for code in codes)


LEAKED: list[Any] = []


@hr.pipeline
def leaks() -> None:
    LEAKED.append(fit([1]))


@hr.pipeline
def uses_what_leaked() -> None:
    use(LEAKED[-1])


def test_a_value_of_another_definition_is_refused():
    trace(leaks)
    with pytest.raises(errors.StrayValueError) as caught:
        trace(uses_what_leaked)
    assert str(caught.value).partition(": ")[2] == (
        "The output of 'fit' belongs to another definition of a pipeline. Pass values as arguments, and keep none in a "
        "global variable or a cache."
    )


@hr.pipeline
def rec(number: int) -> None:
    rec_2(number)


@hr.pipeline
def rec_2(number: int) -> None:
    rec(number)


def test_a_pipeline_that_calls_itself_is_shown_with_the_way_back():
    with pytest.raises(errors.RecursivePipelineError) as caught:
        trace(rec)
    assert str(caught.value) == (
        "Pipeline 'rec' calls itself: rec → rec_2 → rec. A graph has to end: repeat inside a step, or write a loop over "
        "a hr.Static number."
    )


@hr.pipeline
def breaks() -> None:
    [][1]


def test_an_error_of_the_body_itself_gets_a_note_with_the_pipeline():
    with pytest.raises(IndexError) as caught:
        trace(breaks)
    assert caught.value.__notes__ == [
        "while pipeline 'breaks' was defined: its body runs once, with stand-ins for values, to find its steps"
    ]


@hr.step
def has_an_object(thing: Any = object()) -> None: ...


@hr.pipeline
def uses_a_default_object() -> None:
    has_an_object()


def test_a_default_without_canonical_bytes_is_refused_when_it_is_used():
    with pytest.raises(errors.ConstantError) as caught:
        trace(uses_a_default_object)
    assert str(caught.value) == (
        "Step 'has_an_object': the default of 'thing' is of type object, which has no canonical bytes. Use None and make "
        "the object inside."
    )


def test_local_functions_are_refused_where_a_worker_could_not_import_them():
    @hr.step
    def inner() -> int: ...

    @hr.pipeline
    def outer() -> int:
        return inner()

    with pytest.raises(errors.UnfindableError) as caught:
        trace(outer)
    here = f"{__name__}:test_local_functions_are_refused_where_a_worker_could_not_import_them.<locals>.outer"
    assert str(caught.value) == (
        f"Pipeline 'outer' is defined inside a function ({here}), where a worker could not import it. Move it to the top "
        f"level of its module."
    )


@hr.step
def again() -> int: ...


FIRST_AGAIN = again


@hr.step
def again() -> int: ...


@hr.pipeline
def uses_a_step_that_was_replaced() -> int:
    return FIRST_AGAIN()


def test_a_step_whose_name_stands_for_another_one_is_refused():
    with pytest.raises(errors.UnfindableError) as caught:
        trace(uses_a_step_that_was_replaced)
    assert str(caught.value) == (
        f"Step 'again' is not what {__name__}:again stands for any more, which is what a worker would import. Give one "
        f"of the two another name."
    )


@hr.pipeline
def loose() -> None:
    anything(1)


def test_strict_mode_refuses_what_has_no_annotation():
    trace(loose)
    with pytest.raises(errors.UnannotatedError) as caught:
        trace(loose, is_strict=True)
    assert str(caught.value) == "Input 'x' of step 'anything' has no annotation. Strict mode needs one."
