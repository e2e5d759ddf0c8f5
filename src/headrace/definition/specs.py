"""What a step is, as data of the graph: its options resolved, its signature and annotations as text."""

from collections.abc import Callable
from typing import Any, cast

from headrace.core.canonical import NotCanonicalError, canonical, restore
from headrace.core.symbols import Symbol
from headrace.core.values import InlineValue
from headrace.definition.annotations import describe, fields_of, is_static, returns_nothing, strip_static
from headrace.definition.errors import ConstantError, OptionError
from headrace.definition.functions import Declared, Input
from headrace.definition.graph import (
    Binding,
    CacheRule,
    Constant,
    InputSpec,
    ParameterOf,
    ParameterSpec,
    RetryRule,
    StepSpec,
)
from headrace.definition.modes import place
from headrace.definition.options import (
    Cache,
    Resources,
    Retry,
    StepOptions,
    failure_names,
    refuse_amount,
    seconds,
)
from headrace.definition.references import Reference, is_reference


def spec_of(step: Any, admit: Callable[[Reference], Any]) -> StepSpec:
    """The spec of a step; `admit` says what a reference among its resources stands for. Kept where there is none."""
    if step.spec is not None:
        return cast("StepSpec", step.spec)
    options = cast("StepOptions", step.options)
    declared = cast("Declared", step.declared)
    resources = options.get("resources")
    timeout = options.get("timeout")
    spec = StepSpec(
        name=step.name,
        symbol=declared.symbol,
        inputs=tuple(_input_spec(declared, entry) for entry in declared.inputs),
        output=describe(declared.output) if declared.is_output_annotated else "Any",
        fields=fields_of(declared.output),
        returns=not returns_nothing(declared.output),
        description=options.get("description") or declared.description,
        tags=tuple(options.get("tags", ())),
        retry=_retry_rule(options.get("retries", 0)),
        cache=_cache_rule(options.get("cache", True)),
        timeout_s=None if timeout is None else seconds(timeout, "timeout"),
        resources=_resources(step.name, resources, admit),
        secrets=tuple(options.get("secrets", ())),
        effect=options.get("effect", False),
        max_parallel=options.get("max_parallel"),
    )
    if all(isinstance(binding, Constant) for _, binding in spec.resources) and not _depends(resources):
        step.spec = spec
    return spec


def default_of(declared: Declared, entry: Input) -> InlineValue | None:
    """The default of a parameter as a value; None if it has none. Raises ConstantError."""
    if entry.value is not None or not entry.has_default:
        return cast("InlineValue | None", entry.value)
    try:
        entry.value = InlineValue(canonical(entry.default))
    except NotCanonicalError as error:
        kind = error.python_type.__qualname__
        raise ConstantError(
            f"{declared.title}: the default of {entry.name!r} is of type {kind}, which has no canonical bytes. Use "
            f"None and make the {kind} inside."
        ) from None
    return cast("InlineValue | None", entry.value)


def parameter_specs(declared: Declared) -> tuple[ParameterSpec, ...]:
    """The parameters of a pipeline."""
    about = descriptions(declared.function.__doc__)
    return tuple(
        ParameterSpec(
            entry.name,
            describe(strip_static(entry.annotation)) if entry.is_annotated else "Any",
            default_of(declared, entry),
            is_static(entry.annotation),
            about.get(entry.name, ""),
        )
        for entry in declared.inputs
    )


def _input_spec(declared: Declared, entry: Input) -> InputSpec:
    annotation = describe(entry.annotation) if entry.is_annotated else "Any"
    return InputSpec(entry.name, annotation, default_of(declared, entry))


def _retry_rule(retries: Retry | int) -> RetryRule:
    retry = retries if isinstance(retries, Retry) else Retry(retries)
    return RetryRule(
        retry.times,
        failure_names(retry.on),
        seconds(retry.delay, "delay"),
        float(retry.factor),
        seconds(retry.max_delay, "max_delay"),
        float(retry.jitter),
    )


def _cache_rule(cache: Cache | bool) -> CacheRule:
    if isinstance(cache, bool):
        return CacheRule(cache)
    ttl = None if cache.ttl is None else seconds(cache.ttl, "Cache(ttl=…)")
    fresh: Any = cache.fresh
    name = "" if fresh is None else str(Symbol(fresh.__module__, fresh.__qualname__))
    return CacheRule(cache.enabled, cache.salt, tuple(cache.ignore), ttl, name)


def _depends(resources: Resources | None) -> bool:
    return resources is not None and any(is_reference(amount) for amount in resources.amounts.values())


def _resources(
    step: str, resources: Resources | None, admit: Callable[[Reference], Any]
) -> tuple[tuple[str, Binding], ...]:
    if resources is None:
        return ()
    return tuple((name, _amount(step, name, amount, admit=admit)) for name, amount in resources.amounts.items())


def _amount(step: str, name: str, amount: object, *, admit: Callable[[Reference], Any]) -> Binding:
    if not is_reference(amount):
        return Constant(InlineValue(canonical(amount)))
    source = admit(cast("Reference", amount))
    binding: Binding = source.binding
    match binding:
        case Constant(InlineValue(text)):
            refuse_amount(name, restore(text))
        case ParameterOf():
            pass
        case _:
            raise OptionError(
                f"{place()}Resources({name}=…) of step {step!r} depends on {source.label}. "
                f"Resources are needed before a step runs: they may depend on parameters of the pipeline only."
            )
    return binding


def descriptions(text: str | None) -> dict[str, str]:
    """What a docstring says about parameters, in the styles `:param name: text`, `name: text` and `- name: text`."""
    found: dict[str, str] = {}
    for line in (text or "").splitlines():
        head, colon, rest = line.strip().removeprefix(":param ").lstrip("-* ").partition(":")
        name = head.strip("` ").split("(")[0].strip()
        if colon and rest.strip() and name.isidentifier():
            found.setdefault(name, rest.strip())
    return found
