"""The plan of one run: the checked graph with keys, selection and reasons. Pure: no files, no clock, no store."""
