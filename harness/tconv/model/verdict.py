"""The verdicts that a judgement may give, and what each means for a run."""

from enum import StrEnum
from typing import Final


class Standpoint(StrEnum):
    """What a verdict means for a run: does it conform, and was it judged at all?"""

    CONFORMANT = "conformant"
    NEUTRAL = "neutral"
    INCOMPLETE = "incomplete"
    DEVIATION = "deviation"


class Verdict(StrEnum):
    """The result of judging one case on one target; all are counted, none are merged."""

    MATCH = "match"
    SHAPE = "shape"
    DTYPE = "dtype"
    NONFINITE = "nonfinite"
    VALUE = "value"
    REJECTED_LEGAL = "rejected_legal"
    REJECTED = "rejected"
    ACCEPTED_ILLEGAL = "accepted_illegal"
    RESOLVED = "resolved"
    UNRESOLVED = "unresolved"
    UNSUPPORTED = "unsupported"
    UNAVAILABLE = "unavailable"
    CRASHED = "crashed"
    TIMEOUT = "timeout"
    NOT_RUN = "not_run"
    NONDETERMINISTIC = "nondeterministic"
    ADAPTER_ERROR = "adapter_error"

    @property
    def standpoint(self) -> Standpoint:
        """What this verdict means for a run."""
        return _STANDPOINTS.get(self, Standpoint.DEVIATION)

    @classmethod
    def deviations(cls) -> list[str]:
        """Return every verdict that is a deviation, as it is stored."""
        return [verdict.value for verdict in cls if verdict.standpoint is Standpoint.DEVIATION]

    @property
    def meaning(self) -> str:
        """This verdict in one sentence."""
        return _MEANINGS[self]


_STANDPOINTS: Final = {
    Verdict.MATCH: Standpoint.CONFORMANT,
    Verdict.REJECTED: Standpoint.CONFORMANT,
    Verdict.RESOLVED: Standpoint.CONFORMANT,
    Verdict.UNSUPPORTED: Standpoint.NEUTRAL,
    Verdict.UNAVAILABLE: Standpoint.NEUTRAL,
    Verdict.NOT_RUN: Standpoint.INCOMPLETE,
}

_MEANINGS: Final = {
    Verdict.MATCH: "The result is the oracle's: shape, dtype, finiteness and values.",
    Verdict.SHAPE: "The result has another shape than the formula of the explicit size gives.",
    Verdict.DTYPE: "The shape is right, the dtype is not the case's.",
    Verdict.NONFINITE: "Shape and dtype are right; NaN or infinity stands where a number should.",
    Verdict.VALUE: "Shape, dtype and finiteness are right; a value lies outside its bound.",
    Verdict.REJECTED_LEGAL: "The framework refused a legal case, for no reason its route declares.",
    Verdict.REJECTED: "The framework refused a case that it may, or must, refuse.",
    Verdict.ACCEPTED_ILLEGAL: "The framework computed something for a case that has no answer.",
    Verdict.RESOLVED: "An open case: the window of the full result that was returned is known.",
    Verdict.UNRESOLVED: "An open case: no window of the full result explains what was returned.",
    Verdict.UNSUPPORTED: "The framework cannot express the case; a real call of this run shows it.",
    Verdict.UNAVAILABLE: "The backend cannot be used here: not installed, broken, or no device.",
    Verdict.CRASHED: "The worker process died.",
    Verdict.TIMEOUT: "The worker did not answer within the limit.",
    Verdict.NOT_RUN: "The case was planned and never started.",
    Verdict.NONDETERMINISTIC: "The same call gave different results.",
    Verdict.ADAPTER_ERROR: "The adapter broke its contract; this says nothing about its framework.",
}
