"""What a step gets: its guards and arguments, from parameters and the outputs of steps that are final."""

from headrace.core.failures import Failure
from headrace.core.parts import NeedsContentError
from headrace.core.states import FailureKind, State
from headrace.core.values import ObjectValue, Value
from headrace.definition.graph import Binding, Node
from headrace.engine.board import Board
from headrace.plan.bindings import Known, MapItems, UnequalLengthsError, evaluate, is_guarded_out, map_items, needs_in


class HinderedError(Exception):
    """A value is needed from a step that has none; `root` is the step where it began, `reason` the words for it."""

    def __init__(self, root: str, reason: str) -> None:
        self.root, self.reason = root, reason
        super().__init__(reason)


class UnfitError(Exception):
    """A binding has no value although all it needs is there; `failure` says why."""

    def __init__(self, failure: Failure) -> None:
        self.failure = failure
        super().__init__(failure.message)


class Values:
    """Evaluates bindings on a board. What lies in an object's bytes raises NeedsContentError first, and is there when
    the answer has been put into the board's expansions."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self.known = Known(board.parameters, self._output, self._succeeded, self._expand)

    def arguments_of(self, node: Node) -> MapItems | None:
        """The arguments of a node's items; None if its branch was not taken.

        Raises HinderedError, UnfitError and NeedsContentError.
        """
        try:
            if is_guarded_out(node.guards, self.known):
                return None
        except (KeyError, TypeError) as error:
            raise UnfitError(_failure(node, error)) from error
        for name in node.after:
            self._output(name)
        try:
            return map_items(node, self.known)
        except (KeyError, TypeError, UnequalLengthsError) as error:
            raise UnfitError(_failure(node, error)) from error

    def find_taken(self, node: Node) -> None:
        """Find out anew of which maps a step has taken the items that succeeded: another machine has run it.

        Objects are not opened for that: where one stands between, every list counts that may be meant.
        """
        for binding in (*(binding for _, binding in node.arguments), *(guard.condition for guard in node.guards)):
            try:
                evaluate(binding, self.known)
            except NeedsContentError:
                self._board.taken |= {name for name, is_lenient in needs_in(binding) if is_lenient}
            except (HinderedError, KeyError, TypeError):
                continue

    def output_of_run(self, binding: Binding) -> Value:
        """The value of the pipeline's output; raises as `arguments_of` does."""
        try:
            return evaluate(binding, self.known)
        except (KeyError, TypeError) as error:
            raise UnfitError(Failure(FailureKind.USER_ERROR, f"The pipeline's output has no value: {error}")) from error

    def _output(self, name: str) -> Value:
        step = self._board.by_name[name]
        value = self._board.value_of(step)
        if value is None:
            root = step.root or name
            raise HinderedError(root, self._why_hindered(root))
        return value

    def _why_hindered(self, root: str) -> str:
        if root not in self._board.chosen.included:
            return f"upstream {root} was not selected"
        state = self._board.by_name[root].state
        return f"upstream {root} failed" if state is State.FAILED else f"upstream {root} was {state.value}"

    def _succeeded(self, name: str) -> Value:
        partial = self._board.by_name[name].partial
        if partial is None:
            return self._output(name)
        self._board.taken.add(name)
        return partial

    def _expand(self, value: Value) -> Value:
        if not isinstance(value, ObjectValue):
            return value
        found = self._board.expansions.get(value.digest)
        if found is None:
            raise NeedsContentError(value)
        if isinstance(found, Failure):
            raise UnfitError(found)
        return found


def _failure(node: Node, error: Exception) -> Failure:
    match error:
        case UnequalLengthsError():
            lengths = ", ".join(f"{name!r} has {length}" for name, length in error.lengths)
            return Failure(
                FailureKind.USER_ERROR,
                f"Lists that `each` takes in step must be equally long in {node.name!r}, but {lengths}.",
                "Give lists of one length, or cross them with hr.product.",
            )
        case KeyError():
            message = f"{node.name!r} needs a part {error.args[0]!r} of a value that does not have it."
            return Failure(FailureKind.USER_ERROR, message)
        case _:
            return Failure(FailureKind.USER_ERROR, f"{node.name!r} cannot be started: {error}.")
