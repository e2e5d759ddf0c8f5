"""The process that runs attempts: resolves inputs, calls the step, stores outputs, captures logs, measures use."""
