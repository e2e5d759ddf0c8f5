"""Whoever watches a run live on this machine: a terminal that redraws, a pipe that gets plain lines."""
