"""What a pipeline's body can get wrong, each with the whole text that people read."""

# ruff: noqa: B007, B015, DTZ005, E721, F841, PTH123, SIM105, SIM115 - the mistakes are the point

import datetime as dt
import functools
import os
import random
import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import headrace as hr
from headrace.core.errors import DefinitionError
from headrace.definition import errors
from headrace.definition.tracing import trace

MISTAKES: list[tuple[Callable[..., Any], type[DefinitionError], str]] = []


def mistake(error: type[DefinitionError], text: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A pipeline's body with the error it gives; in the text, the pipeline is 'p' and lines are N."""

    def keep(body: Callable[..., Any]) -> Callable[..., Any]:
        MISTAKES.append((body, error, text))
        return body

    return keep


class Split(NamedTuple):
    train: list[int]
    test: list[int]


@hr.step
def load(count: int = 3) -> list[int]: ...


@hr.step
def split(rows: Sequence[int]) -> Split: ...


@hr.step
def fit(rows: Sequence[int], rate: float = 0.1) -> float: ...


@hr.step
def is_good(model: float) -> bool: ...


@hr.step
def search(rows: Sequence[int]) -> float | None: ...


@hr.step
def use(thing: Any) -> str: ...


@hr.step
def anything(x): ...


@hr.pipeline
def folds(k: hr.Static[int]) -> None: ...


def clock() -> float:
    return time.time()


@mistake(
    errors.UnknownValueError,
    "In pipeline 'p', line N: the truth of the output of 'is_good': its value is not known while the "
    "pipeline is defined, only when it runs. Use hr.when to branch on it, or decide inside a step.",
)
def asks_for_the_truth() -> None:
    if is_good(1.0):
        fit([1])


@mistake(
    errors.UnknownValueError,
    "In pipeline 'p', line N: `>` with the output of 'fit': its value is not known while the pipeline is "
    "defined, only when it runs. Compare inside a step; hr.when takes its output as a condition.",
)
def compares() -> None:
    if fit([1]) > 0.5:
        pass


@mistake(
    errors.UnknownValueError,
    "In pipeline 'p', line N: counting with parameter 'k': its value is not known while the pipeline is defined, only "
    "when it runs. Use hr.each with .map to work on every element, or count inside a step. Declared as hr.Static[…], a "
    "parameter is a plain value in the body: it is fixed by the plan.",
)
def counts_with_a_parameter(k: int = 3) -> None:
    for _ in range(k):
        load()


@mistake(
    errors.UnknownValueError,
    "In pipeline 'p', line N: `>` with parameter 'k': its value is not known while the pipeline is defined, only when "
    "it runs. Compare inside a step; hr.when takes its output as a condition. Declared as hr.Static[…], a parameter is "
    "a plain value in the body: it is fixed by the plan.",
)
def branches_on_a_parameter(k: int = 3) -> None:
    if k > 2:
        load()


@mistake(
    errors.UnknownValueError,
    "In pipeline 'p', line N: `+` with the output of 'fit': its value is not known while the pipeline is "
    "defined, only when it runs. Do it inside a step.",
)
def adds() -> None:
    fit([1]) + 1


@mistake(
    errors.UnknownValueError,
    "In pipeline 'p', line N: `len` of the output of 'load': its value is not known while the pipeline is "
    "defined, only when it runs. Use hr.each with .map to work on every element, or count inside a step.",
)
def asks_for_the_length() -> None:
    len(load())


@mistake(
    errors.UnknownValueError,
    "In pipeline 'p', line N: iterating over the output of 'load': its value is not known while the "
    "pipeline is defined, only when it runs. Use hr.each with .map to work on every element, or iterate "
    "inside a step.",
)
def iterates() -> None:
    for r in load():
        pass


@mistake(
    errors.UnknownValueError,
    "In pipeline 'p', line N: indexing the output of 'load': its value is not known while the pipeline is "
    "defined, only when it runs. Take the element inside a step, or return a NamedTuple, whose fields are "
    "values of their own.",
)
def indexes() -> None:
    load()[0]


@mistake(
    errors.UnknownValueError,
    "In pipeline 'p', line N: formatting the output of 'fit': its value is not known while the pipeline "
    "is defined, only when it runs. Make the text inside a step.",
)
def formats() -> None:
    use(f"{fit([1])}")


@mistake(
    errors.ConstantError,
    "In pipeline 'p', line N: Step 'use' gets a text that contains the repr of a value that is not known "
    "while the pipeline is defined. Make the text inside a step.",
)
def keeps_a_repr() -> None:
    use(f"{fit([1])!r}")


@mistake(
    errors.UnknownValueError,
    "In pipeline 'p', line N: isinstance of the output of 'fit': its value is not known while the "
    "pipeline is defined, only when it runs. Decide inside a step, or use hr.when_some if it may be None.",
)
def asks_for_the_class() -> None:
    isinstance(fit([1]), float)


@mistake(
    errors.UnknownValueError,
    "In pipeline 'p', line N: hashing the output of 'fit': its value is not known while the pipeline is "
    "defined, only when it runs. Use lists, tuples and dict values to hold values of steps, not sets and "
    "dict keys, and put @hr.step on top of @functools.cache.",
)
def makes_a_set() -> None:
    {fit([1])}


@mistake(
    errors.UnknownFieldError,
    "In pipeline 'p', line N: No field 'sort' in the output of 'load': it is declared list[int]. Use its "
    "attributes and methods inside a step.",
)
def calls_a_method() -> None:
    load().sort()


@mistake(
    errors.UnknownFieldError,
    "In pipeline 'p', line N: No field 'trian' in the output of 'split': Split declares train, test; did "
    "you mean 'train'.",
)
def misspells_a_field() -> None:
    split([1]).trian


@mistake(
    errors.UnknownFieldError,
    "In pipeline 'p', line N: No field 'x' in the output of 'anything': it has no annotation. Declare a "
    "NamedTuple or dataclass to name its parts, or take it inside a step.",
)
def asks_any_for_a_field() -> None:
    anything(1).x


@mistake(
    errors.BodyError,
    "`is` in pipeline 'p', line N: it would be decided while the pipeline is defined, not when it runs. "
    "Use hr.when or hr.when_some, or do it inside a step.",
)
def asks_whether_it_is_none() -> None:
    m = search([1])
    if m is None:
        pass


@mistake(
    errors.BodyError,
    "`try` in pipeline 'p', line N: steps run later, so that no exception of theirs arrives here. Catch "
    "it inside the step, or give the step retries.",
)
def catches() -> None:
    try:
        fit([1])
    except ValueError:
        pass


@mistake(
    errors.BodyError,
    "`open` in pipeline 'p', line N: what a file holds would be frozen into the graph when the pipeline "
    "is defined. Do it inside a step, or make it a parameter.",
)
def opens_in_a_with() -> None:
    with open("x"):
        fit([1])


@mistake(
    errors.BodyError,
    "`global` in pipeline 'p', line N: a step would not see it in another process. Pass the value as an argument.",
)
def writes_a_global() -> None:
    global G
    G = fit([1])


@mistake(
    errors.BodyError,
    "`match` in pipeline 'p', line N: it would be decided while the pipeline is defined, not when it "
    "runs. Use hr.when or hr.when_some, or do it inside a step.",
)
def matches() -> None:
    match load():
        case [a, b]:
            pass


@mistake(
    errors.BodyError,
    "`type(…)` in pipeline 'p', line N: it would be decided while the pipeline is defined, not when it "
    "runs. Use hr.when or hr.when_some, or do it inside a step.",
)
def asks_for_the_type() -> None:
    type(load()) == list


@mistake(
    errors.BodyError,
    "`datetime.datetime.now` in pipeline 'p', line N: the time it is would be frozen into the graph when "
    "the pipeline is defined. Do it inside a step, or make it a parameter.",
)
def reads_the_clock() -> None:
    use(dt.datetime.now())


@mistake(
    errors.BodyError,
    "`random.random` in pipeline 'p', line N: a random number would be frozen into the graph when the "
    "pipeline is defined. Do it inside a step, or make it a parameter.",
)
def draws_a_random_number() -> None:
    use(random.random())


@mistake(
    errors.BodyError,
    "`os.environ` in pipeline 'p', line N: what the environment says would be frozen into the graph when "
    "the pipeline is defined. Do it inside a step, or make it a parameter.",
)
def reads_the_environment() -> None:
    use(os.environ["HOME"])


@mistake(
    errors.BodyError,
    "`open` in pipeline 'p', line N: what a file holds would be frozen into the graph when the pipeline "
    "is defined. Do it inside a step, or make it a parameter.",
)
def opens_a_file() -> None:
    use(open("x"))


@mistake(
    errors.BodyError,
    "`.read_text` in pipeline 'p', line N: what a file holds would be frozen into the graph when the "
    "pipeline is defined. Do it inside a step, or make it a parameter.",
)
def reads_a_path() -> None:
    use(Path("x").read_text())


@mistake(
    errors.BodyError,
    "`time.time`, through clock(), in pipeline 'p', line N: the time it is would be frozen into the graph "
    "when the pipeline is defined. Do it inside a step, or make it a parameter.",
)
def reads_the_clock_in_a_function() -> None:
    use(clock())


@mistake(
    errors.ArgumentsError,
    "In pipeline 'p', line N: Step 'fit' is called without its input 'rows'. Give a value, or a default "
    "in its signature.",
)
def forgets_an_input() -> None:
    fit()


@mistake(
    errors.ArgumentsError,
    "In pipeline 'p', line N: Step 'fit' has no input 'rat'; did you mean 'rate'.",
)
def misspells_an_input() -> None:
    fit([1], rat=3)


@mistake(
    errors.ArgumentsError,
    "In pipeline 'p', line N: Step 'fit' takes 2 arguments by position and gets 3.",
)
def gives_too_many() -> None:
    fit([1], 2.0, 3)


@mistake(
    errors.ArgumentsError,
    "In pipeline 'p', line N: Step 'fit' gets its input 'rows' twice: by position and by name.",
)
def gives_an_input_twice() -> None:
    fit([1], rows=[2])


@mistake(
    errors.EdgeTypeError,
    "In pipeline 'p', line N: Input 'rows' of step 'fit' is declared Sequence[int], but it gets the "
    "output of 'is_good', declared bool. Change one of the two annotations, or convert the value in a "
    "step between.",
)
def connects_other_types() -> None:
    fit(is_good(1.0))


@mistake(
    errors.EdgeTypeError,
    "In pipeline 'p', line N: Input 'rate' of step 'fit' is declared float, but it gets 'train' of the "
    "output of 'split', declared list[int]. Change one of the two annotations, or convert the value in a "
    "step between.",
)
def connects_a_part_of_another_type() -> None:
    fit([1], rate=split([1]).train)


@mistake(
    errors.EdgeTypeError,
    "In pipeline 'p', line N: Input 'model' of step 'is_good' is declared float, but it gets the output "
    "of 'search', declared float | None: it may be None, which float does not take. Change one of the two "
    "annotations, or convert the value in a step between.",
)
def connects_what_may_be_none() -> None:
    is_good(search([1]))


@mistake(
    errors.EdgeTypeError,
    "In pipeline 'p', line N: Input 'rate' of step 'fit' is declared float, but it gets the constant "
    "'fast'. Constants are not converted: write a value of that type.",
)
def writes_a_constant_of_another_type() -> None:
    fit([1], rate="fast")


@mistake(
    errors.ConstantError,
    "In pipeline 'p', line N: Step 'use' gets a constant of type functools.partial, which has no "
    "canonical bytes and may hide a step's result. Make it a parameter of the pipeline, or make it inside "
    "a step.",
)
def hides_values_in_a_partial() -> None:
    use(functools.partial(fit, 1))


@mistake(
    errors.ConstantError,
    "In pipeline 'p', line N: Step 'use' gets a step itself. Call it, and pass what it gives.",
)
def passes_a_step() -> None:
    use(fit)


@mistake(
    errors.ConstantError,
    "In pipeline 'p', line N: Step 'use' gets a constant of 2,000,002 bytes, which would be copied into "
    "every stored graph. Make it a parameter of the pipeline, or make it inside a step.",
)
def writes_a_large_constant() -> None:
    use("x" * 2_000_000)


@mistake(
    errors.EdgeTypeError,
    "In pipeline 'p', line N: Input 'model' of step 'is_good' is declared float, but it gets one element "
    "of the outputs of 'split', declared Split. Change one of the two annotations, or convert the value "
    "in a step between.",
)
def maps_over_elements_of_another_type() -> None:
    is_good.map(hr.each(split.map(hr.each([[1]]))))


@mistake(
    errors.MapError,
    "In pipeline 'p', line N: hr.each takes a list, tuple or other sequence, but the output of 'fit' is "
    "float. Texts, sets, dicts and tables have no elements in order: return a list from a step.",
)
def takes_elements_of_a_number() -> None:
    fit.map(hr.each(fit([1])))


@mistake(
    errors.EdgeTypeError,
    "In pipeline 'p', line N: Input 'rows' of step 'fit' gets hr.each(…). An element exists only as an "
    "argument of .map: write it as an argument of its own, not inside a list, and give the whole list "
    "everywhere else.",
)
def puts_an_element_into_a_list() -> None:
    fit.map([hr.each([1, 2])], rate=hr.each([1.0]))


@mistake(
    errors.MapError,
    "In pipeline 'p', line N: fit(…) gets hr.each(…): only .map takes elements. Write fit.map(…), or pass "
    "the whole list.",
)
def takes_elements_without_map() -> None:
    fit(hr.each([[1]]))


@mistake(
    errors.MapError,
    "In pipeline 'p', line N: fit.map(…) runs over nothing: mark what it runs over, as in "
    "fit.map(hr.each(xs)), or call fit(…).",
)
def maps_over_nothing() -> None:
    fit.map([1])


@mistake(
    errors.MapError,
    "In pipeline 'p', line N: hr.succeeded takes the output of a .map of the same pipeline, but it gets "
    "the output of 'load'. Only a map has items that succeed or fail by themselves.",
)
def asks_for_the_items_of_a_list() -> None:
    use(hr.succeeded(load()))


@mistake(
    errors.MapError,
    "In pipeline 'p', line N: The inputs of fit.map(…) run in step but differ in length: 'rows' has 1, "
    "'rate' has 2. Use hr.product to cross them.",
)
def zips_unequal_lists() -> None:
    fit.map(hr.each([[1]]), hr.each([1.0, 2.0]))


@mistake(
    errors.BranchError,
    "In pipeline 'p', line N: hr.when(…) takes a function as 'then', to be called only if it is taken. "
    "Write `lambda: promote(model)` instead of `promote(model)`.",
)
def calls_the_branch() -> None:
    hr.when(is_good(1.0), use(1))


@mistake(
    errors.BranchError,
    "In pipeline 'p', line N: hr.when needs a bool, but the output of 'fit' is declared float. Compare it "
    "in a step that returns bool, or use hr.when_some to ask whether it is None.",
)
def branches_on_a_number() -> None:
    hr.when(fit([1]), lambda: use(1))


@mistake(
    errors.BranchError,
    "In pipeline 'p', line N: The output of 'fit' is made inside a branch of hr.when, which may not be "
    "taken, and used outside. Use the value that hr.when returns.",
)
def uses_a_branch_outside() -> None:
    out = []
    hr.when(is_good(1.0), lambda: out.append(fit([1])))
    use(out[0])


@mistake(
    errors.DuplicateNameError,
    "In pipeline 'p', line N: The name 'a' is given twice. Names given with with_options(name=…) have to "
    "differ; without one, further calls are numbered.",
)
def gives_a_name_twice() -> None:
    fit.with_options(name="a")([1])
    fit.with_options(name="a")([1])


@mistake(
    errors.OrderError,
    "In pipeline 'p', line N: fit.after(…) takes values of earlier steps, and gets a str. Give it what "
    "the earlier step returned, also if that is nothing.",
)
def waits_for_a_text() -> None:
    fit.after("x")([1])


@mistake(
    errors.StaticValueError,
    "Parameter 'k' of pipeline 'p' is hr.Static: its value becomes part of the graph and has to be known "
    "when the run is planned. Give it, or a default.",
)
def leaves_a_static_parameter_open(k: hr.Static[int]) -> None: ...


@mistake(
    errors.StaticValueError,
    "In pipeline 'p', line N: Parameter 'k' of pipeline 'folds' is hr.Static, but its value is known only "
    "when the pipeline runs. Pass a constant or another hr.Static parameter.",
)
def fixes_what_is_not_known() -> None:
    folds(load())


@mistake(
    errors.OptionError,
    "In pipeline 'p', line N: Resources(cpu=…) of step 'fit' depends on the output of 'fit'. Resources "
    "are needed before a step runs: they may depend on parameters of the pipeline only.",
)
def sizes_a_step_by_an_output() -> None:
    fit.with_options(resources=hr.Resources(cpu=fit([1])))([1])


@mistake(
    errors.EdgeTypeError,
    "The output of pipeline 'p' is declared str, but it gets the output of 'load', declared list[int]. "
    "Change one of the two annotations, or convert the value in a step between.",
)
def gives_back_another_type() -> str:
    return load()


@mistake(
    errors.EdgeTypeError,
    "The output of pipeline 'p' is declared list[int], but its body returns nothing. Return what a step has given, or "
    "declare `-> None`.",
)
def forgets_to_return() -> list[int]:
    load()


@pytest.mark.parametrize(("body", "error", "text"), MISTAKES, ids=[body.__name__ for body, _, _ in MISTAKES])
def test_a_mistake_is_refused_with_words_that_help(body: Callable[..., Any], error: type[DefinitionError], text: str):
    with pytest.raises(error) as caught:
        trace(hr.pipeline(body), allow_local=True)
    message = str(caught.value).replace(f"pipeline {body.__name__!r}", "pipeline 'p'")
    assert re.sub(r"line \d+", "line N", message) == text
    inside = {line for _, _, line in body.__code__.co_lines() if line}
    assert inside.issuperset(int(number) for number in re.findall(r"line (\d+)", str(caught.value)))
