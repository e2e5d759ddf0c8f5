"""The step runs that a new run begins with."""

from headrace.core.states import State
from headrace.definition.graph import Graph
from headrace.engine.identities import step_run_id
from headrace.ports.records import StepRunRecord


def pending_steps(graph: Graph, run_id: str) -> list[StepRunRecord]:
    """A pending step run for each node, to be stored when the run is created."""
    return [
        StepRunRecord(step_run_id(run_id, node.name), run_id, node.name, State.PENDING, position)
        for position, node in enumerate(graph.nodes)
    ]
