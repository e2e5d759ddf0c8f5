"""Filters of runs as SQL that is answered from indexes."""

# ruff: noqa: S608 - every text is put together from constants of this file; what a user gives is always a parameter

from collections.abc import Iterable, Sequence

from headrace.core.errors import UnknownNameError
from headrace.ports.records import RUN_FIELDS, Condition, RunFilter
from headrace.stores.errors import FIELD_WORDS, ConditionError
from headrace.stores.sessions import Parameter, Session
from headrace.stores.statements import FACT_NAMES, HAS_FACT, marks

_COLUMNS = {
    "id": "r.id",
    "name": "r.name",
    "pipeline": "r.pipeline",
    "state": "r.state",
    "note": "r.note",
    "created": "r.created_at",
    "started": "r.started_at",
    "finished": "r.finished_at",
    "duration": "(r.finished_at - r.started_at)",
}
_OPERATORS = {"=": "=", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_MANY = 1000
_KINDS = {"metrics.": "metric", "parameters.": "parameter"}


class _Where:
    """Conditions on `runs r`, with their parameters."""

    __slots__ = ("parameters", "texts")

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.parameters: list[Parameter] = []

    def add(self, text: str, *parameters: Parameter) -> None:
        self.texts.append(text)
        self.parameters.extend(parameters)


class _Link:
    """A table that has to hold a row for the run: `condition` on its alias `x`, with its parameters."""

    __slots__ = ("condition", "parameters", "table")

    def __init__(self, table: str, condition: str, *parameters: Parameter) -> None:
        self.table, self.condition, self.parameters = table, condition, parameters


def ids_of(session: Session, which: RunFilter) -> list[str]:
    """The ids of a page of runs, newest first; raises UnknownNameError and ConditionError."""
    where, links = _Where(), [_Link("run_tags", "x.tag = ?", tag) for tag in which.tags]
    if which.pipeline:
        where.add("r.pipeline = ?", which.pipeline)
    if which.before:
        where.add("r.id < ?", which.before)
    for condition in which.conditions:
        kind, name = _resolve(session, condition.name)
        if kind == "field":
            _add_field(where, condition)
        else:
            links.append(_fact_link(kind, name, condition))
    if len(links) > 1:
        links.sort(key=lambda link: _rows_of(session, link))
    sql, parameters = _statement(which, where, links)
    return [row[0] for row in session.execute(sql, parameters).fetchall()]


def _resolve(session: Session, name: str) -> tuple[str, str]:
    prefix = next((prefix for prefix in _KINDS if name.startswith(prefix)), "")
    if not prefix and name in RUN_FIELDS:
        return "field", name
    kinds, plain = ((_KINDS[prefix],) if prefix else tuple(_KINDS.values())), name.removeprefix(prefix)
    for kind in kinds:
        if session.execute(HAS_FACT, (kind, plain)).fetchone():
            return kind, plain
    what = kinds[0] if prefix else "metric, parameter or field"
    raise UnknownNameError(what, plain, known=_known_names(session, kinds, () if prefix else RUN_FIELDS))


def _known_names(session: Session, kinds: Iterable[str], fields: Iterable[str]) -> list[str]:
    names = set(fields)
    for kind in kinds:
        names.update(row[0] for row in session.execute(FACT_NAMES, (kind, kind)).fetchall())
    return sorted(names)


def _rows_of(session: Session, link: _Link) -> int:
    """How many rows a link has, up to where it does not matter: the rarest has to lead."""
    sql = f"SELECT COUNT(*) FROM (SELECT 1 FROM {link.table} x WHERE {link.condition} LIMIT {_MANY}) AS counted"
    return int(session.execute(sql, link.parameters).fetchone()[0])


def _add_field(where: _Where, condition: Condition) -> None:
    kind, operand = RUN_FIELDS[condition.name], condition.operand
    if kind == "text":
        operand = operand if isinstance(operand, str) else f"{operand:g}"
    elif isinstance(operand, str):
        raise ConditionError(condition.name, operand, FIELD_WORDS[kind])
    where.add(f"{_COLUMNS[condition.name]} {_OPERATORS[condition.operator]} ?", operand)


def _fact_link(kind: str, name: str, condition: Condition) -> _Link:
    if kind == "metric" and isinstance(condition.operand, str):
        raise ConditionError(condition.name, condition.operand, FIELD_WORDS["metric"])
    column = "word" if isinstance(condition.operand, str) else "number"
    text = f"x.kind = ? AND x.name = ? AND x.{column} {_OPERATORS[condition.operator]} ?"
    return _Link("run_facts", text, kind, name, condition.operand)


def _statement(which: RunFilter, where: _Where, links: Sequence[_Link]) -> tuple[str, list[Parameter]]:
    """The first link leads: it is read in the order of runs, the others are looked up.

    Without links each state is read in order from its own index.
    """
    states = [state.value for state in which.states]
    if not links and len(states) > 1:
        return _merged(where, states, which.limit)
    if states:
        where.add(f"r.state IN ({marks(len(states))})", *states)
    for link in links[1:]:
        where.add(f"EXISTS (SELECT 1 FROM {link.table} x WHERE x.run_id = r.id AND {link.condition})", *link.parameters)
    if links:
        return _led(links[0], where, which.limit)
    return f"{_plain(where)} LIMIT ?", [*where.parameters, which.limit]


def _plain(where: _Where) -> str:
    texts = f"WHERE {' AND '.join(where.texts)} " if where.texts else ""
    return f"SELECT r.id FROM runs r {texts}ORDER BY r.id DESC"


def _led(link: _Link, where: _Where, limit: int) -> tuple[str, list[Parameter]]:
    texts = "".join(f" AND {text}" for text in where.texts)
    # CROSS JOIN keeps the order of the tables in SQLite and means the same as JOIN elsewhere
    sql = (
        f"SELECT x.run_id FROM {link.table} x CROSS JOIN runs r WHERE {link.condition} AND r.id = x.run_id{texts} "
        f"ORDER BY x.run_id DESC LIMIT ?"
    )
    return sql, [*link.parameters, *where.parameters, limit]


def _merged(where: _Where, states: Sequence[str], limit: int) -> tuple[str, list[Parameter]]:
    texts = " AND ".join([*where.texts, "r.state = ?"])
    arm = f"SELECT id FROM (SELECT r.id FROM runs r WHERE {texts} ORDER BY r.id DESC LIMIT ?) AS arm"
    parameters: list[Parameter] = []
    for state in states:
        parameters += (*where.parameters, state, limit)
    arms = " UNION ALL ".join([arm] * len(states))
    return f"SELECT id FROM ({arms}) AS merged ORDER BY id DESC LIMIT ?", [*parameters, limit]
