-- Runs and their story, results, what steps have logged, documents, memos.
-- Booleans and enums are texts, times unix seconds, small structures JSON texts; ids are 32 hex digits that sort by
-- time. There are no foreign keys: rows are written in one transaction and never removed one by one.

CREATE TABLE runs (
    id {key} PRIMARY KEY,
    id_backwards {key} NOT NULL,
    pipeline {key} NOT NULL,
    name {key} NOT NULL,
    state {key} NOT NULL,
    version BIGINT NOT NULL,
    last_event BIGINT NOT NULL,
    graph_digest TEXT NOT NULL,
    parameters TEXT NOT NULL,
    created_at DOUBLE PRECISION NOT NULL,
    started_at DOUBLE PRECISION,
    finished_at DOUBLE PRECISION,
    cancel_requested_at DOUBLE PRECISION,
    runner TEXT,
    output TEXT,
    failure TEXT,
    note {key} NOT NULL,
    tags TEXT NOT NULL,
    settings TEXT NOT NULL
);
-- People type the end of an id.
CREATE INDEX runs_backwards ON runs (id_backwards);
CREATE INDEX runs_by_name ON runs (name, id) WHERE name <> '';
-- Lists are read newest first from one of these, without touching the rows that a filter leaves out.
CREATE INDEX runs_by_pipeline ON runs (pipeline, id, state);
CREATE INDEX runs_by_state ON runs (state, id, pipeline);
CREATE INDEX runs_in_order ON runs (id, state, pipeline, name, created_at, started_at, finished_at);

CREATE TABLE run_tags (
    tag {key} NOT NULL,
    run_id {key} NOT NULL,
    PRIMARY KEY (tag, run_id)
){clustered};

-- The numbers and texts by which runs are found: each run's last value of a metric (those of reused steps included)
-- and its parameters. `word` is the text of what is no number. Not a number is NULL. The row with the latest `at` holds.
CREATE TABLE run_facts (
    run_id {key} NOT NULL,
    kind {key} NOT NULL,
    name {key} NOT NULL,
    number DOUBLE PRECISION,
    word {key},
    at DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (run_id, kind, name)
){clustered};
CREATE INDEX run_facts_by_name ON run_facts (kind, name, run_id, number{and_word});

CREATE TABLE step_runs (
    run_id {key} NOT NULL,
    node {key} NOT NULL,
    id TEXT NOT NULL,
    pipeline {key} NOT NULL,
    position BIGINT NOT NULL,
    state TEXT NOT NULL,
    key TEXT NOT NULL,
    parts TEXT,
    output TEXT,
    items TEXT,
    made_by TEXT NOT NULL,
    made_in TEXT NOT NULL,
    failure TEXT,
    reason TEXT NOT NULL,
    started_at DOUBLE PRECISION,
    finished_at DOUBLE PRECISION,
    PRIMARY KEY (run_id, node)
);
CREATE INDEX step_runs_with_key ON step_runs (pipeline, node, run_id) WHERE parts IS NOT NULL;

-- Which attempt made the value of a reused step (item -1) or item, where that is no attempt of the run itself.
CREATE TABLE reuses (
    run_id {key} NOT NULL,
    node {key} NOT NULL,
    item BIGINT NOT NULL,
    made_by {key} NOT NULL,
    made_in {key} NOT NULL,
    PRIMARY KEY (run_id, node, item)
){clustered};

CREATE TABLE attempts (
    run_id {key} NOT NULL,
    id {key} NOT NULL,
    step_run_id TEXT NOT NULL,
    pipeline {key} NOT NULL,
    node {key} NOT NULL,
    item BIGINT NOT NULL,
    number BIGINT NOT NULL,
    fence BIGINT NOT NULL,
    state TEXT NOT NULL,
    created_at DOUBLE PRECISION NOT NULL,
    started_at DOUBLE PRECISION,
    finished_at DOUBLE PRECISION,
    worker TEXT,
    wall_s DOUBLE PRECISION NOT NULL,
    cpu_s DOUBLE PRECISION NOT NULL,
    peak_memory_bytes BIGINT NOT NULL,
    import_s DOUBLE PRECISION NOT NULL,
    store_s DOUBLE PRECISION NOT NULL,
    failure TEXT,
    log_path TEXT NOT NULL,
    PRIMARY KEY (run_id, id)
);
-- How long a step takes: its last succeeded attempts.
CREATE INDEX attempts_succeeded ON attempts (pipeline, node, id, wall_s) WHERE state = 'succeeded';

CREATE TABLE run_events (
    run_id {key} NOT NULL,
    sequence BIGINT NOT NULL,
    at DOUBLE PRECISION NOT NULL,
    type TEXT NOT NULL,
    node TEXT NOT NULL,
    data TEXT NOT NULL,
    PRIMARY KEY (run_id, sequence)
){clustered};

CREATE TABLE results (
    id {serial},
    key {key} NOT NULL,
    pipeline TEXT NOT NULL,
    node TEXT NOT NULL,
    item BIGINT NOT NULL,
    run_id TEXT NOT NULL,
    attempt_id TEXT NOT NULL,
    output TEXT NOT NULL,
    touched TEXT NOT NULL,
    parts TEXT NOT NULL,
    created_at DOUBLE PRECISION NOT NULL
);
CREATE INDEX results_by_key ON results (key, id);

-- Who computes a key right now.
CREATE TABLE claims (
    key {key} PRIMARY KEY,
    run_id {key} NOT NULL,
    holder TEXT NOT NULL
){clustered};

CREATE TABLE metrics (
    id {serial},
    run_id {key} NOT NULL,
    attempt_id {key} NOT NULL,
    node TEXT NOT NULL,
    item BIGINT NOT NULL,
    name {key} NOT NULL,
    value DOUBLE PRECISION,
    step DOUBLE PRECISION,
    at DOUBLE PRECISION NOT NULL
);
CREATE INDEX metrics_by_attempt ON metrics (run_id, attempt_id);

CREATE TABLE logged (
    id {serial},
    run_id {key} NOT NULL,
    attempt_id {key} NOT NULL,
    node TEXT NOT NULL,
    item BIGINT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    at DOUBLE PRECISION NOT NULL
);
CREATE INDEX logged_by_attempt ON logged (run_id, attempt_id);

-- Graphs and code manifests by the digest of their text.
CREATE TABLE documents (
    digest {key} PRIMARY KEY,
    content TEXT NOT NULL
);

CREATE TABLE memos (
    id {serial},
    key {key} NOT NULL UNIQUE,
    size BIGINT NOT NULL,
    content TEXT NOT NULL
);
CREATE INDEX memos_by_size ON memos (id, size);
