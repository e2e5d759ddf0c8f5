"""Options of steps for one run: read from `STEP.OPTION=VALUE` and from a file, and set in a plan."""

import json
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

from msgspec.structs import replace

from headrace.app.projects.requests import read_parameters
from headrace.core.errors import UsageError
from headrace.definition.graph_json import graph_identity, graph_to_json
from headrace.plan.overrides import RESOURCE, Overrides, override
from headrace.plan.plan import Plan

_WORDS = {"true": True, "on": True, "yes": True, "false": False, "off": False, "no": False, "none": None}


def with_overrides(plan: Plan, overrides: Overrides) -> Plan:
    """The plan with these options set; raises UnknownNameError or OverrideError."""
    if not overrides:
        return plan
    graph = override(plan.graph, overrides)
    digest = graph_identity(graph)
    documents = {**plan.documents, digest: graph_to_json(graph)}
    return replace(plan, graph=graph, graph_digest=digest, documents=documents, options=overrides)


def read_overrides(texts: Sequence[str], file: Path | None) -> Overrides:
    """Options from `fit.timeout=60` texts, over those of a TOML or JSON file with a table for each step."""
    found = _of_file(file)
    for text in texts:
        place, equals, value = text.partition("=")
        step, dot, option = place.strip().partition(".")
        if not equals or not dot or not step or not option:
            raise UsageError(
                f"--option {text!r} does not say what to set; write STEP.OPTION=VALUE, such as fit.timeout=60."
            )
        found.setdefault(step, {})[option] = _value(value.strip())
    return found


def _value(text: str) -> object:
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    try:
        return cast("object", json.loads(text))
    except json.JSONDecodeError:
        return text


def _of_file(path: Path | None) -> dict[str, dict[str, object]]:
    if path is None:
        return {}
    text = read_parameters(path)
    try:
        data: object = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except (json.JSONDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"The options' file {path} cannot be read: {error}.") from error
    if not isinstance(data, dict) or not all(
        isinstance(table, dict) for table in cast("dict[str, object]", data).values()
    ):
        raise UsageError(
            f"The options' file {path} has to hold a table for each step, such as [fit] with timeout = 60."
        )
    return {step: _flat(options) for step, options in cast("dict[str, dict[str, object]]", data).items()}


def _flat(options: Mapping[str, object]) -> dict[str, object]:
    flat = {name: value for name, value in options.items() if name != "resources"}
    resources = cast("Mapping[str, object]", options.get("resources", {}))
    return flat | {RESOURCE + name: amount for name, amount in resources.items()}
