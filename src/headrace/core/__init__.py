"""Ids, states, values and errors: the ground floor, on the standard library, blake3 and uuid-utils only."""
