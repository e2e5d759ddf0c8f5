"""A run under way: its process, its lanes, what signals and deaths mean to it."""
