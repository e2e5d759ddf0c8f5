"""What a simulation raises: a rule that did not hold, and the death of a simulated process."""

from enum import StrEnum


class Rule(StrEnum):
    """What holds in every history."""

    COMPLETED_ONCE = "no item of a step completes twice"
    NOTHING_LOST = "no completed result is lost"
    RUNS_END = "every run ends, soon after the last fault"
    STORY = "the events tell the whole story"
    FINAL = "a final state stays final"
    CLOSED = "every attempt that was opened is closed in the end"
    CLAIMS = "the claims of final runs are free"
    VERSIONS = "versions only grow"
    REPLACED = "a conductor that was replaced writes nothing"
    LAUNCHES = "an attempt is launched once it is written, and no other one of its item is open"
    SINGLE_FLIGHT = "two runs do not compute the same at once"
    LIMITS = "no attempt is ended for its time limit before that is over"
    MEANING = "a run gives what a plain reading of its graph gives"
    ERRORS = "no conductor ends with an error but those of its stores"


class ViolationError(AssertionError):
    """A rule did not hold."""

    def __init__(self, rule: Rule, what: str) -> None:
        self.rule, self.what = rule, what
        super().__init__(f"{rule}: {what}")


class Killed(BaseException):
    """A simulated process has died; nothing in it may catch this."""
