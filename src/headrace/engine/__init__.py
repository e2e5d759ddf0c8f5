"""The run machine without I/O, and the conductor that carries its commands out."""
