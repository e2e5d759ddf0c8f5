"""What ships to users for their tests.

`strict` runs a pipeline as its worst run could be. Beside it: fakes that pass the same contracts as the real parts,
and the contract suites themselves.
"""

from headrace.testing.stored import StoredCase, stored_case
from headrace.testing.strict import NotStrictError, Strict, strict

__all__ = ["NotStrictError", "StoredCase", "Strict", "stored_case", "strict"]
