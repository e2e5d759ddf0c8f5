"""Installed distributions and lock files, as keys see them."""
