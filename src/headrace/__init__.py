"""Headrace: machine-learning pipelines defined like functions."""

__version__ = "0.1.0"
