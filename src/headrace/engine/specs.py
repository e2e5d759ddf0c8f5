"""From a launched item to the complete description that a worker runs it by."""

from typing import NoReturn

from headrace.core.canonical import restore
from headrace.core.sizes import bytes_of
from headrace.core.values import InlineValue, Value
from headrace.definition.graph import Graph, Node
from headrace.engine.commands import LaunchAttempt
from headrace.engine.identities import idempotency_key, log_path, step_run_id
from headrace.plan.bindings import Known, evaluate
from headrace.plan.plan import Plan
from headrace.ports.executors import AttemptSpec


class Specs:
    """Describes attempts of one run. What is the same for all items of a node is found once."""

    def __init__(self, plan: Plan, run_id: str) -> None:
        self._plan, self._run_id = plan, run_id
        self._memory: dict[str, int | None] = {}
        self._step_runs: dict[str, str] = {}

    def of(self, launch: LaunchAttempt) -> AttemptSpec:
        """The attempt to run; raises ValueError for a memory size that is none."""
        graph: Graph = self._plan.graph
        node = graph.node(launch.node)
        step = node.step
        memory = self._memory_of(node)
        basis = self._plan.bases.get(node.name)
        return AttemptSpec(
            attempt_id=launch.attempt_id,
            run_id=self._run_id,
            node=node.name,
            item=launch.item,
            number=launch.number,
            fence=launch.fence,
            symbol=step.symbol,
            arguments=launch.arguments,
            log_path=log_path(self._run_id, launch.attempt_id),
            idempotency_key=idempotency_key(self._step_run_of(node.name), launch.item),
            timeout_s=step.timeout_s,
            memory_bytes=memory,
            secrets=step.secrets,
            track_reads=step.is_reusable,
            closure=basis.closure if basis is not None else (),
            # the calling process can be neither limited nor killed, and should not die of what killed another
            needs_worker=step.timeout_s is not None or memory is not None or launch.is_wary,
            annotation=step.output,
            pipeline=graph.pipeline,
            first=basis.first if basis is not None else (),
            paths=basis.paths if basis is not None else (),
        )

    def _step_run_of(self, node: str) -> str:
        if node not in self._step_runs:
            self._step_runs[node] = step_run_id(self._run_id, node)
        return self._step_runs[node]

    def _memory_of(self, node: Node) -> int | None:
        if node.name not in self._memory:
            bindings = dict(node.step.resources)
            binding = bindings.get("memory")
            known = Known(self._plan.parameters, _never, _never, _as_it_is)
            self._memory[node.name] = None if binding is None else _bytes(evaluate(binding, known))
        return self._memory[node.name]


def _bytes(value: Value) -> int | None:
    size = restore(value.text) if isinstance(value, InlineValue) else value
    return None if size is None else bytes_of(size)


def _never(name: str) -> NoReturn:
    raise ValueError(f"resources depend on parameters only, not on the output of {name!r}")


def _as_it_is(value: Value) -> Value:
    return value
