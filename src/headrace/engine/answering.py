"""Answers to the machine's questions, from the stores: members of objects, lists over items, results to reuse."""

from collections.abc import Sequence

from msgspec.structs import replace

from headrace.core.errors import ArtifactError
from headrace.core.failures import Failure
from headrace.core.states import FailureKind
from headrace.core.symbols import qualified_name
from headrace.core.values import Value, objects_in
from headrace.definition.graph import Graph, Node
from headrace.engine.claims import Claims, Unit
from headrace.engine.commands import Expand, Gather, LookUp, Questions, Verify
from headrace.engine.events import Answer, Expanded, Gathered, Held, LookedUp, Missing, Reuse, Verified
from headrace.engine.inheriting import Inheritance
from headrace.engine.keying import Keyed, Keys, private_key
from headrace.engine.reuse import Reuser, why_never
from headrace.plan.keys import KeyParts
from headrace.ports.artifacts import ArtifactStore
from headrace.ports.executors import NO_ITEM


class Answerer:
    """Answers questions, and remembers the keys of items that are to be computed until they are final.

    `inheritance` is there where a run goes on that another conductor has begun, and in a retry.
    """

    def __init__(self, graph: Graph, run_id: str, *, keys: Keys, reuser: Reuser, claims: Claims) -> None:
        self._graph, self._run_id = graph, run_id
        self._keys, self._reuser, self._claims = keys, reuser, claims
        self._computing: dict[Unit, Keyed] = {}
        self._freed: list[Unit] = []
        self.inheritance: Inheritance | None = None

    def answer(
        self, question: Questions, artifacts: ArtifactStore, now: float
    ) -> Expanded | Gathered | LookedUp | Verified:
        """The one event that answers a question."""
        match question:
            case Expand():
                outcome = _expanded(question, artifacts)
                self._reuser.is_wary = self._reuser.is_wary or isinstance(outcome, Failure)
                return Expanded(now, question.node, question.value.digest, outcome)
            case Gather():
                return Gathered(now, question.node, _gathered(question, artifacts))
            case LookUp():
                return self._look_up(question, now)
            case Verify():
                damaged = _damaged(question, artifacts)
                self._reuser.is_wary = self._reuser.is_wary or bool(damaged)
                return Verified(now, question.node, question.index, tuple(damaged), next(iter(damaged.values()), ""))

    def _look_up(self, question: LookUp, now: float) -> LookedUp:
        node = self._graph.node(question.node)
        batch = tuple(arguments for _, arguments in question.items)
        units = [(node.name, item) for item, _ in question.items]
        keyed = self._keys.of_batch(node, batch)
        if why_never(node.step):
            answers = self._unshared(question, units, keyed)
        else:
            answers = self._shared(question, units, keyed, now=now)
        for unit, item, answer in zip(units, keyed, answers, strict=True):
            before = self._computing.get(unit)
            if before is not None and before.key != item.key:
                self._freed += self._claims.give_back(before.key, unit)
            if not isinstance(answer, Reuse):
                self._computing[unit] = item
        pairs = tuple((item, answer) for (_, item), answer in zip(units, answers, strict=True))
        return LookedUp(now, node.name, pairs, self._parts(question, node, keyed))

    def _unshared(self, question: LookUp, units: Sequence[Unit], keyed: list[Keyed]) -> list[Answer]:
        """Only results of this run and its kin count, found under keys that no other run has."""
        spec = self._graph.node(question.node).step
        reason = why_never(spec)
        for place, unit in enumerate(units):
            # a step run that is no map has its output in its own record
            own = "" if unit[1] == NO_ITEM else private_key(self._run_id, *unit)
            keyed[place] = replace(keyed[place], stored_under=own)
        made = {}
        if self.inheritance is not None:
            made = self.inheritance.find(list(zip(units, keyed, strict=True)), is_wary=self._reuser.is_wary)
        return [made.get(unit, Missing(item.key, reason)) for unit, item in zip(units, keyed, strict=True)]

    def _shared(self, question: LookUp, units: Sequence[Unit], keyed: list[Keyed], *, now: float) -> list[Answer]:
        spec = self._graph.node(question.node).step
        if question.refresh:
            return list(self._reuser.find(spec, keyed, now, own_only=True))
        answers: list[Answer] = list(self._reuser.find(spec, keyed, now))
        missing = [place for place, answer in enumerate(answers) if isinstance(answer, Missing) and answer.key]
        if not missing:
            return answers
        waiting = self._claims.take([(keyed[place].key, units[place]) for place in missing])
        # somebody may have finished between the look and the claim
        again = self._reuser.find(spec, [keyed[place] for place in missing], now)
        for place, answer in zip(missing, again, strict=True):
            if isinstance(answer, Reuse):
                self._claims.give_back(answer.key, units[place])
                answers[place] = answer
            elif units[place] in waiting:
                answers[place] = Held(answer.key, waiting[units[place]])
        return answers

    def _parts(self, question: LookUp, node: Node, keyed: Sequence[Keyed]) -> KeyParts | None:
        if not node.is_map:
            return keyed[0].parts if keyed else None
        if not question.whole:
            return None
        return self._keys.of_batch(node, (question.whole,))[0].parts

    def key_of(self, unit: Unit) -> Keyed | None:
        """The key under which an item is being computed."""
        return self._computing.get(unit)

    def take_freed(self) -> list[Unit]:
        """This run's items that waited for a key whose item has another one by now; told once."""
        freed, self._freed = self._freed, []
        return freed

    def forget(self, unit: Unit) -> list[Unit]:
        """An item is final; returns this run's items that waited for its key."""
        keyed = self._computing.pop(unit, None)
        return self._claims.give_back(keyed.key, unit) if keyed is not None else []


def _expanded(question: Expand, artifacts: ArtifactStore) -> Value | Failure:
    try:
        return artifacts.expand(question.value)
    except TypeError:
        message = f"A value of format {question.value.format} has no parts that the pipeline could take."
        return Failure(FailureKind.USER_ERROR, message, "Return a list, tuple, named tuple or dataclass.")
    except ArtifactError as error:
        return Failure(FailureKind.INFRASTRUCTURE, str(error), error_types=(qualified_name(ArtifactError),))


def _damaged(question: Verify, artifacts: ArtifactStore) -> dict[str, str]:
    """The digests of the objects that cannot be had whole, each with what is wrong."""
    found: dict[str, str] = {}
    for value in question.values:
        for one in objects_in(value):
            try:
                artifacts.check(one)
            except ArtifactError as error:
                found.setdefault(one.digest, str(error))
    return found


def _gathered(question: Gather, artifacts: ArtifactStore) -> Value | Failure:
    try:
        return artifacts.gather("list", question.members)
    except ArtifactError as error:
        return Failure(FailureKind.INFRASTRUCTURE, str(error))
