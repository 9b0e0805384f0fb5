"""The table of verdicts: outcome against standing."""

from collections.abc import Collection

from harness.case import Case
from harness.errors import CaseError
from harness.expected import Expected
from harness.inputs import Draw
from harness.judge.comparison import compared
from harness.judge.judgement import Judgement
from harness.outcome import (
    Computed,
    Crashed,
    Faulty,
    NotRun,
    Outcome,
    Refused,
    TimedOut,
    Unavailable,
    Unsupported,
)
from harness.verdict import Verdict


def judge(
    case: Case, draw: Draw, expected: Expected, outcome: Outcome, *, declared: Collection[str] = ()
) -> Judgement:
    """Return the verdict on one outcome, with its evidence.

    Raises:
        CaseError: the case is open; resolutions are found elsewhere.
    """
    del draw, declared
    match outcome:
        case Computed(y=y):
            if case.suite == "illegal":
                return Judgement(
                    verdict=Verdict.ACCEPTED_ILLEGAL, observed_shape=y.shape,
                    observed_dtype=str(y.dtype), reason=case.standing[1],
                )  # fmt: skip
            if case.suite == "open":
                raise CaseError(f"case {case.id} is open, but should be explicit to be judged")
            return compared(y, expected)
        case Refused(error_type=kind, error_text=text):
            verdict = Verdict.REJECTED_LEGAL if case.suite == "explicit" else Verdict.REJECTED
            return Judgement(
                verdict=verdict, error_type=kind, error_text=text, reason=case.standing[1] or None
            )
        case Unsupported(reason=reason, error_type=kind, error_text=text):
            return Judgement(
                verdict=Verdict.UNSUPPORTED, error_type=kind, error_text=text, reason=reason
            )
        case Faulty(offence=offence, error_type=kind, error_text=text):
            return Judgement(
                verdict=Verdict.ADAPTER_ERROR, error_type=kind or None, error_text=text or None,
                reason=offence,
            )  # fmt: skip
        case Crashed(exit_code=code, stderr=text):
            return Judgement(verdict=Verdict.CRASHED, error_text=text, reason=f"exit code {code}")
        case TimedOut(limit=limit):
            return Judgement(verdict=Verdict.TIMEOUT, reason=f"no answer within {limit:g} s")
        case Unavailable(reason=reason):
            return Judgement(verdict=Verdict.UNAVAILABLE, reason=reason)
        case NotRun(reason=reason):
            return Judgement(verdict=Verdict.NOT_RUN, reason=reason)
