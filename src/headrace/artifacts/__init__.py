"""Stored values: the content-addressed object store and the formats that write and read Python objects."""
