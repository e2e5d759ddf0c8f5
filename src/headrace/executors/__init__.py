"""Where attempts run: on this machine, in the calling process and in warm worker processes."""
