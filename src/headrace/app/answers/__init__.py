"""What can be asked of runs that are stored: as objects, as plain data, in words."""
