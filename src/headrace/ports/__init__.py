"""Ports.

The protocols between the rooms, the messages that cross them, and the records that the stores keep. No code that does
anything.
"""
