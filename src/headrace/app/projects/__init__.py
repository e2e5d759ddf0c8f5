"""The project as it lies there: its settings, files, pipelines by name, and importing them."""
