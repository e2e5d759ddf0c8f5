# The verbs of this repository; every one sets up what it needs. CI calls the same ones.
PY ?= python3
BIN := .venv/bin
SETUP := .venv/.ready
.PHONY: setup demo test check bench docs release

setup: $(SETUP)

$(SETUP): requirements/uv.txt requirements/dev.txt pyproject.toml
	@scripts/setup $(PY)

demo: setup  ## set up, then run the flights example from data to comparison, twice, and explain the difference
	@$(BIN)/headrace demo

test: setup  ## the quick suite (ARGS="-m slow" for the slow tests, ARGS="tests/unit/engine" for a part)
	@$(BIN)/python -m pytest -n 2 --dist worksteal -m "not slow" $(ARGS)

check: setup  ## formatting, lint, types, floors
	@scripts/check

bench: setup  ## the speed table beside the peers, written to docs/benchmarks.md (by hand, on a quiet machine)
	@$(BIN)/python benchmarks/run.py $(ARGS)

docs: setup  ## the documentation site, into site/
	@$(BIN)/zensical build --clean

release: check test docs  ## wheel and sdist, into dist/
	@$(BIN)/uv build --no-build-isolation
