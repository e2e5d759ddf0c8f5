"""What ships to users for their tests.

Fakes that pass the same contracts as the real parts, and the contract suites themselves.
"""
