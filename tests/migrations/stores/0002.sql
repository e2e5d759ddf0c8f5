BEGIN TRANSACTION;
CREATE TABLE attempts (
    run_id TEXT NOT NULL,
    id TEXT NOT NULL,
    step_run_id TEXT NOT NULL,
    pipeline TEXT NOT NULL,
    node TEXT NOT NULL,
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
INSERT INTO "attempts" VALUES('0193a000000070008000000000000001','attempt-2','step-2','training','score',1,1,7,'failed',1731000001.25,1731000001.5,1731000031.5,'["laptop",321,1731000000.25]',30.0,29.5,123456789,0.5,0.25,'{"kind":"out_of_memory","message":"gr\u00f6\u00dfer als 4 GiB","remedy":"Give it more.","error_types":["builtins:MemoryError"],"traceback":"trace"}','logs/attempt-1.log');
INSERT INTO "attempts" VALUES('0193a000000070008000000000000001','attempt-1','step-1','training','fit',-1,1,7,'succeeded',1731000001.25,1731000001.5,1731000031.5,'["laptop",321,1731000000.25]',30.0,29.5,123456789,0.5,0.25,NULL,'logs/attempt-1.log');
CREATE TABLE claims (
    key TEXT PRIMARY KEY,
    run_id TEXT NOT NULL,
    holder TEXT NOT NULL
) WITHOUT ROWID;
INSERT INTO "claims" VALUES('key-1','0193a000000070008000000000000002','["laptop",321,1731000000.25]');
INSERT INTO "claims" VALUES('key-2','0193a000000070008000000000000002','["laptop",321,1731000000.25]');
CREATE TABLE documents (
    digest TEXT PRIMARY KEY,
    content TEXT NOT NULL
);
INSERT INTO "documents" VALUES('9999999999999999999999999999999999999999999999999999999999999999','graph');
INSERT INTO "documents" VALUES('cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc','manifest');
CREATE TABLE headrace_schema (version BIGINT NOT NULL);
INSERT INTO "headrace_schema" VALUES(2);
CREATE TABLE logged (
    id INTEGER PRIMARY KEY,
    run_id TEXT NOT NULL,
    attempt_id TEXT NOT NULL,
    node TEXT NOT NULL,
    item BIGINT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    at DOUBLE PRECISION NOT NULL
);
INSERT INTO "logged" VALUES(1,'0193a000000070008000000000000001','attempt-1','fit',-1,'figure','calibration','["o","arrow","abababababababababababababababababababababababababababababababab",12345,10,"polars:DataFrame",["flights.types:Row"]]',1731000022.0);
CREATE TABLE memos (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    size BIGINT NOT NULL,
    content TEXT NOT NULL
);
INSERT INTO "memos" VALUES(1,'memo',4,'text');
CREATE TABLE metrics (
    id INTEGER PRIMARY KEY,
    run_id TEXT NOT NULL,
    attempt_id TEXT NOT NULL,
    node TEXT NOT NULL,
    item BIGINT NOT NULL,
    name TEXT NOT NULL,
    value DOUBLE PRECISION,
    step DOUBLE PRECISION,
    at DOUBLE PRECISION NOT NULL
);
INSERT INTO "metrics" VALUES(1,'0193a000000070008000000000000001','attempt-1','fit',-1,'auc',0.875,NULL,1731000020.0);
INSERT INTO "metrics" VALUES(2,'0193a000000070008000000000000001','attempt-1','fit',-1,'loss',0.25,12.0,1731000021.0);
CREATE TABLE results (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL,
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
INSERT INTO "results" VALUES(1,'kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk','training','fit',-1,'0193a000000070008000000000000001','attempt-1','["c","record","flights.steps:Split",[["train",["o","arrow","abababababababababababababababababababababababababababababababab",12345,10,"polars:DataFrame",["flights.types:Row"]]],["rows",["i","10"]]]]','[[["data/flights.csv","1111111111111111111111111111111111111111111111111111111111111111"]],[["flights.extra","2222222222222222222222222222222222222222222222222222222222222222"]],[["alias:champion","3"]]]','["cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc","eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee",[["rows","aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"]],[["flights.types:Row","bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"]],[["salt","2"]]]',1731000031.0);
CREATE TABLE reuses (
    run_id TEXT NOT NULL,
    node TEXT NOT NULL,
    item BIGINT NOT NULL,
    made_by TEXT NOT NULL,
    made_in TEXT NOT NULL,
    PRIMARY KEY (run_id, node, item)
) WITHOUT ROWID;
INSERT INTO "reuses" VALUES('0193a000000070008000000000000002','fit',-1,'attempt-1','0193a000000070008000000000000001');
INSERT INTO "reuses" VALUES('0193a000000070008000000000000002','score',2,'attempt-1','0193a000000070008000000000000001');
CREATE TABLE run_events (
    run_id TEXT NOT NULL,
    sequence BIGINT NOT NULL,
    at DOUBLE PRECISION NOT NULL,
    type TEXT NOT NULL,
    node TEXT NOT NULL,
    data TEXT NOT NULL,
    PRIMARY KEY (run_id, sequence)
) WITHOUT ROWID;
INSERT INTO "run_events" VALUES('0193a000000070008000000000000001',1,1731000001.0,'run_started','','{}');
INSERT INTO "run_events" VALUES('0193a000000070008000000000000001',2,1731000031.0,'attempt_succeeded','fit','{"seconds":30.0,"items":[1,null]}');
CREATE TABLE run_facts (
    run_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    number DOUBLE PRECISION,
    word TEXT,
    at DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (run_id, kind, name)
) WITHOUT ROWID;
INSERT INTO "run_facts" VALUES('0193a000000070008000000000000001','metric','auc',0.875,NULL,1731000020.0);
INSERT INTO "run_facts" VALUES('0193a000000070008000000000000001','metric','loss',0.25,NULL,1731000021.0);
INSERT INTO "run_facts" VALUES('0193a000000070008000000000000001','parameter','depth',3.0,NULL,1.0e+18);
INSERT INTO "run_facts" VALUES('0193a000000070008000000000000001','parameter','rows',NULL,NULL,1.0e+18);
INSERT INTO "run_facts" VALUES('0193a000000070008000000000000002','metric','auc',0.875,NULL,1731000020.0);
INSERT INTO "run_facts" VALUES('0193a000000070008000000000000002','metric','loss',0.25,NULL,1731000021.0);
CREATE TABLE run_tags (
    tag TEXT NOT NULL,
    run_id TEXT NOT NULL,
    PRIMARY KEY (tag, run_id)
) WITHOUT ROWID;
INSERT INTO "run_tags" VALUES('eu','0193a000000070008000000000000001');
INSERT INTO "run_tags" VALUES('nightly','0193a000000070008000000000000001');
CREATE TABLE runs (
    id TEXT PRIMARY KEY,
    id_backwards TEXT NOT NULL,
    pipeline TEXT NOT NULL,
    name TEXT NOT NULL,
    state TEXT NOT NULL,
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
    note TEXT NOT NULL,
    tags TEXT NOT NULL,
    settings TEXT NOT NULL
);
INSERT INTO "runs" VALUES('0193a000000070008000000000000001','100000000000000800070000000a3910','training','tuesday','failed',1,2,'9999999999999999999999999999999999999999999999999999999999999999','{"depth":["i","3"],"rows":["c","record","flights.steps:Split",[["train",["o","arrow","abababababababababababababababababababababababababababababababab",12345,10,"polars:DataFrame",["flights.types:Row"]]],["rows",["i","10"]]]]}',1731000000.5,1731000001.0,1731000061.0,NULL,'["laptop",321,1731000000.25]','["c","record","flights.steps:Split",[["train",["o","arrow","abababababababababababababababababababababababababababababababab",12345,10,"polars:DataFrame",["flights.types:Row"]]],["rows",["i","10"]]]]','{"kind":"out_of_memory","message":"gr\u00f6\u00dfer als 4 GiB","remedy":"Give it more.","error_types":["builtins:MemoryError"],"traceback":"trace"}','x','["nightly","eu"]','{"refresh":["fit"],"workers":2}');
INSERT INTO "runs" VALUES('0193a000000070008000000000000002','200000000000000800070000000a3910','training','','running',1,0,'9999999999999999999999999999999999999999999999999999999999999999','{}',1731000100.0,NULL,NULL,NULL,NULL,NULL,NULL,'','[]','{}');
CREATE TABLE step_runs (
    run_id TEXT NOT NULL,
    node TEXT NOT NULL,
    id TEXT NOT NULL,
    pipeline TEXT NOT NULL,
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
INSERT INTO "step_runs" VALUES('0193a000000070008000000000000001','score','step-2','training',1,'failed','',NULL,NULL,'["sfu",[[1,{"kind":"out_of_memory","message":"gr\u00f6\u00dfer als 4 GiB","remedy":"Give it more.","error_types":["builtins:MemoryError"],"traceback":"trace"}]]]','','','{"kind":"out_of_memory","message":"gr\u00f6\u00dfer als 4 GiB","remedy":"Give it more.","error_types":["builtins:MemoryError"],"traceback":"trace"}','',NULL,NULL);
INSERT INTO "step_runs" VALUES('0193a000000070008000000000000001','fit','step-1','training',0,'succeeded','kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk','["cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc","eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee",[["rows","aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"]],[["flights.types:Row","bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"]],[["salt","2"]]]','["c","record","flights.steps:Split",[["train",["o","arrow","abababababababababababababababababababababababababababababababab",12345,10,"polars:DataFrame",["flights.types:Row"]]],["rows",["i","10"]]]]',NULL,'attempt-1','0193a000000070008000000000000001',NULL,'never run',1731000001.5,1731000031.5);
INSERT INTO "step_runs" VALUES('0193a000000070008000000000000002','fit','step-3','training',0,'reused','kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk','["cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc","eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee",[["rows","aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"]],[["flights.types:Row","bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"]],[["salt","2"]]]','["c","record","flights.steps:Split",[["train",["o","arrow","abababababababababababababababababababababababababababababababab",12345,10,"polars:DataFrame",["flights.types:Row"]]],["rows",["i","10"]]]]',NULL,'attempt-1','0193a000000070008000000000000001',NULL,'',NULL,NULL);
CREATE INDEX runs_backwards ON runs (id_backwards);
CREATE INDEX runs_by_name ON runs (name, id) WHERE name <> '';
CREATE INDEX runs_by_pipeline ON runs (pipeline, id, state);
CREATE INDEX runs_by_state ON runs (state, id, pipeline);
CREATE INDEX runs_in_order ON runs (id, state, pipeline, name, created_at, started_at, finished_at);
CREATE INDEX run_facts_by_name ON run_facts (kind, name, run_id, number, word);
CREATE INDEX step_runs_with_key ON step_runs (pipeline, node, run_id) WHERE parts IS NOT NULL;
CREATE INDEX attempts_succeeded ON attempts (pipeline, node, id, wall_s) WHERE state = 'succeeded';
CREATE INDEX results_by_key ON results (key, id);
CREATE INDEX metrics_by_attempt ON metrics (run_id, attempt_id);
CREATE INDEX logged_by_attempt ON logged (run_id, attempt_id);
CREATE INDEX memos_by_size ON memos (id, size);
CREATE INDEX results_by_run ON results (run_id);
COMMIT;
