"""A plain call and a run of the same pipeline mean the same, in value and in failure (SEMANTICS rule 1)."""

from pathlib import Path

import pytest

import headrace as hr
from acceptance import agreeing_pipelines
from acceptance.agreeing_pipelines import CASES, FAILING


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> hr.Session:
    monkeypatch.setenv("HEADRACE_HOME", str(tmp_path / "store"))
    return hr.Session(project=Path(agreeing_pipelines.__file__).parents[1], quiet=True, check=False)


def named(case) -> str:
    pipeline, arguments = case
    return f"{pipeline.name}-{'-'.join(f'{name}={value}' for name, value in arguments.items())}".rstrip("-")


@pytest.mark.parametrize("case", CASES, ids=named)
def test_a_run_gives_what_a_plain_call_gives(session: hr.Session, case):
    pipeline, arguments = case
    run = session.run(pipeline, **arguments)
    assert run.state == "succeeded", run.failure
    assert run.output == pipeline(**arguments)


@pytest.mark.parametrize("case", CASES, ids=named)
def test_a_second_run_reuses_every_value_and_gives_the_same(session: hr.Session, case):
    pipeline, arguments = case
    first, second = (session.run(pipeline, **arguments) for _ in range(2))
    assert second.output == first.output
    computed = {step.name for step in second.steps if step.state == "succeeded" and step.output() != []}
    assert computed <= {"note", "odd_only"}, "only effects and failed items are computed again"


@pytest.mark.parametrize(("pipeline", "cause"), FAILING, ids=lambda one: getattr(one, "name", ""))
def test_what_raises_in_a_plain_call_fails_in_a_run_for_the_same_reason(session: hr.Session, pipeline, cause):
    with pytest.raises(Exception, match=cause):
        pipeline()
    run = session.run(pipeline)
    assert run.state == "failed"
    assert cause in " ".join(step.failure.message for step in run.steps if step.failure is not None)
