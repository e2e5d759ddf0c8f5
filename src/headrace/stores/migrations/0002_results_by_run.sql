-- The results of a run go with it.
CREATE INDEX results_by_run ON results (run_id);
