"""Every SQL statement of the stores but the lists of runs (`filters.py`), in words that SQLite and PostgreSQL both
know. `?` stands for a parameter."""

# ruff: noqa: S608 - texts are put together from constants of this file and counted question marks

from collections.abc import Iterable, Iterator

_CHUNK = 500


def marks(count: int) -> str:
    """`?, ?, ?` for a list of parameters."""
    return ", ".join("?" * count)


def chunks(keys: Iterable[str]) -> Iterator[list[str]]:
    """Different keys in portions, as a statement takes only so many parameters."""
    unique = list(dict.fromkeys(keys))
    for start in range(0, len(unique), _CHUNK):
        yield unique[start : start + _CHUNK]


def _insert(table: str, columns: str) -> str:
    return f"INSERT INTO {table} ({columns}) VALUES ({marks(columns.count(',') + 1)})"


def _upsert(table: str, columns: str, keys: str) -> str:
    kept = {name.strip() for name in keys.split(",")}
    changed = ", ".join(
        f"{name} = excluded.{name}" for name in (part.strip() for part in columns.split(",")) if name not in kept
    )
    return f"{_insert(table, columns)} ON CONFLICT ({keys}) DO UPDATE SET {changed}"


RUN_COLUMNS = (
    "id, pipeline, state, version, graph_digest, parameters, created_at, name, started_at, finished_at, runner, "
    "output, failure, cancel_requested_at, note, tags, settings"
)
INSERT_RUN = _insert("runs", RUN_COLUMNS + ", id_backwards, last_event")
STAND_OF_RUN = "SELECT version, last_event, tags FROM runs WHERE id = ?"
FINAL_STATES = "('succeeded', 'failed', 'cancelled', 'skipped', 'reused')"
UPDATE_RUN = f"""
UPDATE runs SET version = version + 1, last_event = ?, state = ?, graph_digest = ?, name = ?, started_at = ?,
    finished_at = ?, output = ?, failure = ?, note = ?, tags = ?, settings = ?, runner = ?,
    cancel_requested_at = CASE WHEN state IN {FINAL_STATES} OR runner <> ? THEN ?
                               ELSE COALESCE(?, cancel_requested_at) END
WHERE id = ? AND version = ?
"""
REQUEST_CANCEL = f"""
UPDATE runs SET cancel_requested_at = COALESCE(cancel_requested_at, ?) WHERE id = ? AND state NOT IN {FINAL_STATES}
"""
GET_RUN = f"SELECT {RUN_COLUMNS} FROM runs WHERE id = ?"
GET_RUNS = f"SELECT {RUN_COLUMNS} FROM runs WHERE id IN ({{marks}}) ORDER BY id DESC"
HAS_RUN = "SELECT 1 FROM runs WHERE id = ?"
WRITTEN_OF_RUN = (
    "SELECT state, graph_digest, name, started_at, finished_at, output, failure, note, tags, settings, runner "
    "FROM runs WHERE id = ? AND version = ?"
)
LAST_RUN = f"SELECT {RUN_COLUMNS} FROM runs ORDER BY id DESC LIMIT 1"
FIND_BY_START = "SELECT id FROM runs WHERE id >= ? AND id < ? ORDER BY id DESC LIMIT ?"
FIND_BY_END = "SELECT id FROM runs WHERE id_backwards >= ? AND id_backwards < ? ORDER BY id DESC LIMIT ?"
FIND_BY_NAME = "SELECT id FROM runs WHERE name = ? AND name <> '' ORDER BY id DESC LIMIT ?"

INSERT_TAG = "INSERT INTO run_tags (tag, run_id) VALUES (?, ?) ON CONFLICT (tag, run_id) DO NOTHING"
DELETE_TAG = "DELETE FROM run_tags WHERE tag = ? AND run_id = ?"

NOTE_FACT = (
    _insert("run_facts", "run_id, kind, name, number, word, at")
    + " ON CONFLICT (run_id, kind, name) DO UPDATE SET number = excluded.number, word = excluded.word,"
    " at = excluded.at WHERE excluded.at >= run_facts.at"
)
LAST_METRICS_OF_ATTEMPTS = """
SELECT name, value, at FROM (
    SELECT name, value, at, ROW_NUMBER() OVER (PARTITION BY name ORDER BY at DESC, id DESC) AS place
    FROM metrics WHERE run_id = ? AND attempt_id IN ({marks})) AS ordered
WHERE place = 1
"""
MEANS_OF_MAP = """
WITH points AS (
    SELECT item, name, value, at, id FROM metrics WHERE run_id = ? AND node = ? AND item >= 0
    UNION ALL
    SELECT u.item, m.name, m.value, m.at, m.id
    FROM reuses u JOIN metrics m ON m.run_id = u.made_in AND m.attempt_id = u.made_by
    WHERE u.run_id = ? AND u.node = ? AND u.item >= 0),
ordered AS (
    SELECT name, value, at, ROW_NUMBER() OVER (PARTITION BY item, name ORDER BY at DESC, id DESC) AS place FROM points)
SELECT name, CASE WHEN COUNT(value) = COUNT(*) THEN AVG(value) END, MAX(at) FROM ordered WHERE place = 1 GROUP BY name
"""
PARAMETERS_OF_ATTEMPTS = """
SELECT name, value, at FROM logged WHERE run_id = ? AND attempt_id IN ({marks}) AND kind = 'parameter' ORDER BY at, id
"""
HAS_FACT = "SELECT 1 FROM run_facts WHERE kind = ? AND name = ? LIMIT 1"
# hops from name to name through the index: as many steps as there are names, not as there are rows
FACT_NAMES = """
WITH RECURSIVE known (name) AS (
    SELECT MIN(name) FROM run_facts WHERE kind = ?
    UNION ALL
    SELECT (SELECT MIN(f.name) FROM run_facts f WHERE f.kind = ? AND f.name > known.name)
    FROM known WHERE known.name IS NOT NULL)
SELECT name FROM known WHERE name IS NOT NULL LIMIT 1000
"""
LATEST = (
    "SELECT run_id, name, number FROM run_facts WHERE run_id IN ({marks}) AND kind = 'metric' ORDER BY run_id, name"
)

STEP_COLUMNS = (
    "id, run_id, node, state, position, key, parts, output, items, made_by, made_in, failure, reason, started_at, "
    "finished_at"
)
PUT_STEP = _upsert("step_runs", STEP_COLUMNS + ", pipeline", "run_id, node")
STEPS = f"SELECT {STEP_COLUMNS} FROM step_runs WHERE run_id = ? ORDER BY position, node"
EARLIER_STEPS = f"""
SELECT {STEP_COLUMNS} FROM step_runs
WHERE pipeline = ? AND node = ? AND run_id < ? AND parts IS NOT NULL {{state}}ORDER BY run_id DESC LIMIT ?
"""
WITH_VALUE = "AND state IN ('succeeded', 'reused') "
FORGET_REUSES = "DELETE FROM reuses WHERE run_id = ? AND node = ?"
PUT_REUSE = _upsert("reuses", "run_id, node, item, made_by, made_in", "run_id, node, item")

ATTEMPT_COLUMNS = (
    "id, run_id, step_run_id, node, item, number, fence, state, created_at, worker, started_at, finished_at, wall_s, "
    "cpu_s, peak_memory_bytes, import_s, store_s, failure, log_path"
)
PUT_ATTEMPT = _upsert("attempts", ATTEMPT_COLUMNS + ", pipeline", "run_id, id")
ATTEMPTS = f"SELECT {ATTEMPT_COLUMNS} FROM attempts WHERE run_id = ? ORDER BY created_at, id"
_OF_MAKER = ", ".join(f"{'u' if name in ('node', 'item') else 'a'}.{name}" for name in ATTEMPT_COLUMNS.split(", "))
MAKERS = f"""
SELECT {_OF_MAKER} FROM reuses u JOIN attempts a ON a.run_id = u.made_in AND a.id = u.made_by
WHERE u.run_id = ? AND (? = '' OR u.node = ?) ORDER BY u.node, u.item
"""
# asked for by hand, of one step: not worth an index
ITEM_OUTPUTS = """
SELECT made.item, r.output FROM (
    SELECT id, item FROM attempts WHERE run_id = ? AND node = ? AND state = 'succeeded'
    UNION ALL
    SELECT made_by, item FROM reuses WHERE run_id = ? AND node = ?) AS made
JOIN results r ON r.attempt_id = made.id WHERE made.item >= 0 ORDER BY made.item, r.id
"""
ATTEMPTS_OF_NODE = f"SELECT {ATTEMPT_COLUMNS} FROM attempts WHERE run_id = ? AND node = ? ORDER BY created_at, id"
TIMED_NODES = """
WITH RECURSIVE known (node) AS (
    SELECT MIN(node) FROM attempts WHERE pipeline = ? AND state = 'succeeded'
    UNION ALL
    SELECT (SELECT MIN(a.node) FROM attempts a
            WHERE a.pipeline = ? AND a.node > known.node AND a.state = 'succeeded')
    FROM known WHERE known.node IS NOT NULL)
SELECT node FROM known WHERE node IS NOT NULL
"""
LAST_DURATIONS = """
SELECT wall_s - import_s FROM attempts WHERE pipeline = ? AND node = ? AND state = 'succeeded' ORDER BY id DESC LIMIT ?
"""

INSERT_EVENT = _insert("run_events", "run_id, sequence, at, type, node, data")
EVENTS = """
SELECT run_id, sequence, at, type, node, data FROM run_events WHERE run_id = ? AND sequence > ? ORDER BY sequence
"""

INSERT_DOCUMENT = "INSERT INTO documents (digest, content) VALUES (?, ?) ON CONFLICT (digest) DO NOTHING"
DOCUMENT = "SELECT content FROM documents WHERE digest = ?"

RESULT_COLUMNS = "key, pipeline, node, item, run_id, attempt_id, output, touched, parts, created_at"
INSERT_RESULT = _insert("results", RESULT_COLUMNS)
# the places are counted in the index alone, so that a key with a thousand results costs no more than its newest
RESULTS = f"""
SELECT {RESULT_COLUMNS} FROM results WHERE id IN (
    SELECT id FROM (
        SELECT id, ROW_NUMBER() OVER (PARTITION BY key ORDER BY id DESC) AS place
        FROM results WHERE key IN ({{marks}})) AS ordered
    WHERE place <= ?)
ORDER BY id DESC
"""

# a run that is final computes nothing: what it left claimed, if anything, is free
CLAIM = (
    _insert("claims", "key, run_id, holder")
    + " ON CONFLICT (key) DO UPDATE SET run_id = excluded.run_id, holder = excluded.holder"
    " WHERE claims.run_id = excluded.run_id OR EXISTS ("
    f"SELECT 1 FROM runs WHERE runs.id = claims.run_id AND runs.state IN {FINAL_STATES})"
)
CLAIMED_BY_OTHERS = "SELECT key, run_id, holder FROM claims WHERE key IN ({marks}) AND run_id <> ?"
RELEASE = "DELETE FROM claims WHERE key = ? AND run_id = ?"
RELEASE_ALL = "DELETE FROM claims WHERE run_id = ?"

# references to objects begin with this in the texts of values
_HAS_OBJECT = """LIKE '%["o",%'"""
# every value that some row names, page by page, so that memory does not grow with the store
VALUES_OF_STEPS = f"""
SELECT run_id, node, output FROM step_runs WHERE (run_id, node) > (?, ?) AND output {_HAS_OBJECT}
ORDER BY run_id, node LIMIT {{limit}}
"""
VALUES_OF_RESULTS = f"""
SELECT id, run_id, output FROM results WHERE id > ? AND output {_HAS_OBJECT} ORDER BY id LIMIT {{limit}}
"""
VALUES_LOGGED = f"SELECT id, run_id, value FROM logged WHERE id > ? AND value {_HAS_OBJECT} ORDER BY id LIMIT {{limit}}"
VALUES_OF_RUNS = f"""
SELECT id, parameters, output FROM runs WHERE id > ? AND (parameters {_HAS_OBJECT} OR output {_HAS_OBJECT})
ORDER BY id LIMIT {{limit}}
"""
# who names an object: asked of the few that are damaged
NAMED_AS_OUTPUT = """
SELECT 'output', pipeline, node, MAX(run_id), COUNT(*) FROM step_runs WHERE output LIKE ? GROUP BY pipeline, node
UNION ALL
SELECT 'output', pipeline, node, MAX(run_id), COUNT(*) FROM results WHERE output LIKE ? GROUP BY pipeline, node
"""
NAMED_AS_LOGGED = """
SELECT l.kind, l.name, r.pipeline, l.node, MAX(l.run_id), COUNT(*) FROM logged l JOIN runs r ON r.id = l.run_id
WHERE l.value LIKE ? GROUP BY l.kind, l.name, r.pipeline, l.node
"""
NAMED_BY_RUNS = """
SELECT parameters, pipeline, MAX(id), COUNT(*) FROM runs WHERE parameters LIKE ? OR output LIKE ?
GROUP BY parameters, pipeline
"""

CLAIMED = """
SELECT c.run_id, c.holder, COUNT(*), MIN(r.state) FROM claims c LEFT JOIN runs r ON r.id = c.run_id
GROUP BY c.run_id, c.holder
"""

INSERT_METRIC = _insert("metrics", "run_id, node, item, attempt_id, name, value, step, at")
METRICS = """
SELECT run_id, node, item, attempt_id, name, value, step, at FROM (
    SELECT run_id, node, item, attempt_id, name, value, step, at, id FROM metrics WHERE run_id = ?
    UNION ALL
    SELECT m.run_id, u.node, u.item, m.attempt_id, m.name, m.value, m.step, m.at, m.id
    FROM reuses u JOIN metrics m ON m.run_id = u.made_in AND m.attempt_id = u.made_by WHERE u.run_id = ?) AS shown
{condition}ORDER BY at, id
"""
INSERT_LOGGED = _insert("logged", "run_id, node, item, attempt_id, kind, name, value, at")
LOGGED = """
SELECT run_id, node, item, attempt_id, kind, name, value, at FROM (
    SELECT run_id, node, item, attempt_id, kind, name, value, at, id FROM logged WHERE run_id = ?
    UNION ALL
    SELECT l.run_id, u.node, u.item, l.attempt_id, l.kind, l.name, l.value, l.at, l.id
    FROM reuses u JOIN logged l ON l.run_id = u.made_in AND l.attempt_id = u.made_by WHERE u.run_id = ?) AS shown
ORDER BY at, id
"""

RECALL = "SELECT content FROM memos WHERE key = ?"
FORGET = "DELETE FROM memos WHERE key = ?"
# another process may have kept the same since: then that is as good
KEEP = _insert("memos", "key, size, content") + " ON CONFLICT (key) DO NOTHING"
FORGET_BY_COUNT = "DELETE FROM memos WHERE id <= (SELECT MAX(id) FROM memos) - ?"
FORGET_BY_SIZE = """
DELETE FROM memos WHERE id <= (
    SELECT MAX(id) FROM (SELECT id, SUM(size) OVER (ORDER BY id DESC) AS total FROM memos) AS summed WHERE total > ?)
"""

_FOUND_AT_MOST = 20
FAULTS = {
    "has a {what} whose run is gone": {
        table: f"""SELECT t.run_id, '{word}', COUNT(*) FROM {table} t LEFT JOIN runs r ON r.id = t.run_id
                   WHERE r.id IS NULL GROUP BY t.run_id ORDER BY t.run_id LIMIT {_FOUND_AT_MOST}"""
        for table, word in (
            ("step_runs", "step"),
            ("attempts", "attempt"),
            ("run_events", "event"),
            ("results", "result"),
            ("metrics", "metric"),
            ("logged", "logged value"),
            ("reuses", "reused step"),
            ("run_tags", "tag"),
            ("run_facts", "fact"),
        )
    },
    "names the attempt of a {what} that is gone": {
        table: f"""SELECT t.run_id, t.node, COUNT(*) FROM {table} t
                   LEFT JOIN attempts a ON a.run_id = t.{run} AND a.id = t.{attempt}
                   WHERE t.{attempt} <> '' AND a.id IS NULL GROUP BY t.run_id, t.node LIMIT {_FOUND_AT_MOST}"""
        for table, run, attempt in (
            ("step_runs", "made_in", "made_by"),
            ("reuses", "made_in", "made_by"),
            ("results", "run_id", "attempt_id"),
            ("metrics", "run_id", "attempt_id"),
            ("logged", "run_id", "attempt_id"),
        )
    },
    "lacks the document of {what}": {
        "runs": f"""SELECT r.id, 'its graph', 1 FROM runs r LEFT JOIN documents d ON d.digest = r.graph_digest
                    WHERE d.digest IS NULL ORDER BY r.id LIMIT {_FOUND_AT_MOST}""",
        # key parts begin with the digests of code and environment, 64 digits each
        **{
            what: f"""SELECT s.run_id, '{what} ' || s.node, 1 FROM step_runs s
                      LEFT JOIN documents d ON d.digest = SUBSTR(s.parts, {place}, 64)
                      WHERE s.parts IS NOT NULL AND d.digest IS NULL ORDER BY s.run_id LIMIT {_FOUND_AT_MOST}"""
            for what, place in (("the code of step", 3), ("the environment of step", 70))
        },
    },
    "has a gap in its {what}": {
        "run_events": f"""SELECT r.id, 'events', r.last_event - COALESCE(e.many, 0) FROM runs r LEFT JOIN
            (SELECT run_id, COUNT(*) AS many, MAX(sequence) AS last FROM run_events GROUP BY run_id) e
            ON e.run_id = r.id
            WHERE COALESCE(e.many, 0) <> r.last_event OR COALESCE(e.last, 0) <> r.last_event
            ORDER BY r.id LIMIT {_FOUND_AT_MOST}""",
    },
    "is over, but not its {what}": {
        "step_runs": f"""SELECT r.id, 'step ' || MIN(s.node), COUNT(*) FROM runs r JOIN step_runs s ON s.run_id = r.id
            WHERE r.state IN {FINAL_STATES} AND s.state NOT IN {FINAL_STATES} GROUP BY r.id LIMIT {_FOUND_AT_MOST}""",
        "attempts": f"""SELECT r.id, 'attempt of ' || MIN(s.node), COUNT(*) FROM runs r JOIN attempts s
            ON s.run_id = r.id WHERE r.state IN {FINAL_STATES} AND s.state NOT IN {FINAL_STATES}
            GROUP BY r.id LIMIT {_FOUND_AT_MOST}""",
        "runs": f"""SELECT id, 'time of its end', 1 FROM runs WHERE state IN {FINAL_STATES} AND finished_at IS NULL
            ORDER BY id LIMIT {_FOUND_AT_MOST}""",
    },
}
"""What must not be in the tables, each by its sentence about a run: statements that give run, what, and how many."""

# what runs are kept for how long; a database that lets several write at once locks the table first
HOLD_RUNS = "SELECT 1 AS held"
OUTLINES = "SELECT id, pipeline, state, created_at, tags FROM runs WHERE id < ? ORDER BY id DESC LIMIT {limit}"
LINKS = """
SELECT DISTINCT run_id, made_in FROM reuses WHERE run_id > ? AND run_id <= ? AND made_in <> run_id
"""
NEXT_RUNS = "SELECT id FROM runs WHERE id > ? ORDER BY id LIMIT {limit}"
SETTINGS_OF = "SELECT id, settings FROM runs WHERE id IN ({marks})"
OPEN_RUNS = "SELECT id FROM runs WHERE state IN ('pending', 'queued', 'running')"
FINAL_AMONG = f"SELECT id, tags FROM runs WHERE id IN ({{marks}}) AND state IN {FINAL_STATES}"
FORGET_RUNS = tuple(
    f"DELETE FROM {table} WHERE {column} IN ({{marks}})"
    for table, column in (
        *(("runs", "id"), ("run_facts", "run_id"), ("step_runs", "run_id"), ("reuses", "run_id")),
        *(("attempts", "run_id"), ("run_events", "run_id"), ("results", "run_id"), ("metrics", "run_id")),
        ("logged", "run_id"),
    )
)
ALL_DOCUMENTS = "SELECT digest FROM documents WHERE digest > ? ORDER BY digest LIMIT {limit}"
NAMED_DOCUMENTS = """
SELECT s.run_id, s.node, SUBSTR(s.parts, 3, 64), SUBSTR(s.parts, 70, 64) FROM step_runs s
WHERE (s.run_id, s.node) > (?, ?) AND s.parts IS NOT NULL ORDER BY s.run_id, s.node LIMIT {limit}
"""
GRAPHS_AND_SETTINGS = "SELECT id, graph_digest, settings FROM runs WHERE id > ? ORDER BY id LIMIT {limit}"
PARTS_OF_RESULTS = """
SELECT id, run_id, SUBSTR(parts, 3, 64), SUBSTR(parts, 70, 64) FROM results WHERE id > ? ORDER BY id LIMIT {limit}
"""
HAS_NEWER = "SELECT 1 FROM runs WHERE id > ? LIMIT 1"
FORGET_DOCUMENTS = "DELETE FROM documents WHERE digest IN ({marks})"
