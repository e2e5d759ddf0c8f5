"""Metadata in SQL databases. Database rows never leave this room."""
