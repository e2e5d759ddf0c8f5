"""The command line: requests into use cases, answers into text or JSON."""
