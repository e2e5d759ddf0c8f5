"""What user code calls inside a step.

Metrics, parameters, figures, texts, tables, progress, and what is known of the current run.
"""
