"""Use cases and wiring: the one place that knows which adapter fills which port."""
