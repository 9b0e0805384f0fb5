"""Gives every outcome its verdict, by the legality of the case."""

from collections.abc import Collection

from tconv.judge.expected import Expected
from tconv.judge.judgement import Judgement
from tconv.judge.open_cases import resolve
from tconv.judge.values import compare
from tconv.model.case import Case
from tconv.model.outcome import (
    Computed,
    ConfirmedUnsupported,
    Crashed,
    Faulty,
    InferredShape,
    NotRun,
    Outcome,
    Refused,
    TimedOut,
    Unavailable,
)
from tconv.model.verdict import Verdict


def judge(
    case: Case,
    outcome: Outcome,
    expected: Expected | None = None,
    *,
    declared: Collection[str] = (),
) -> Judgement:
    """Return the verdict on one outcome, with its evidence.

    Args:
        case: of any suite; where it is open, the result is resolved.
        outcome: what the target did with it.
        expected: what is right for its draw; None only where nothing was computed or inferred.
        declared: the arithmetic that the target's mode declares: `transformed`, `reduced` (to
            any format) or a name of :data:`tconv.model.dtypes.FORMATS`.
    """
    match outcome:
        case Computed():
            assert expected is not None
            return _of_computed(case, outcome, expected, declared)
        case InferredShape(shape=shape):
            assert expected is not None
            return _of_inferred(case, expected, shape)
        case Refused(error_type=kind, error_text=text):
            verdict = Verdict.REJECTED_LEGAL if case.suite == "explicit" else Verdict.REJECTED
            return Judgement(
                verdict=verdict, error_type=kind, error_text=text, reason=case.legality[1] or None
            )
        case _:
            return _without_answer(outcome)


def _of_computed(
    case: Case, outcome: Computed, expected: Expected, declared: Collection[str]
) -> Judgement:
    if expected.y is not None:
        return compare(expected, outcome.y, frozenset(declared))
    if case.suite == "open":
        return resolve(expected, outcome.y)
    return Judgement(
        verdict=Verdict.ACCEPTED_ILLEGAL,
        observed_shape=outcome.y.shape,
        observed_dtype=outcome.y.dtype.name,
        reason=case.legality[1],
    )


def _of_inferred(case: Case, expected: Expected, shape: tuple[int, ...]) -> Judgement:
    """Return the judgement of an inferred shape: there are no values to judge.

    An open case is resolved if rank, n and c_out are right; its window stays unknown.
    """
    right = None if expected.y is None else expected.y.shape
    reason = case.legality[1] or "a shape was inferred, nothing computed"
    if case.suite == "illegal":
        verdict = Verdict.ACCEPTED_ILLEGAL
    elif case.suite != "open":
        verdict = Verdict.MATCH if shape == right else Verdict.SHAPE
    elif (len(shape), *shape[:2]) == (case.ndim + 2, case.n, case.c_out):
        verdict = Verdict.RESOLVED
    else:
        verdict, reason = Verdict.UNRESOLVED, f"its shape should be ({case.n}, {case.c_out}, *o)"
    return Judgement(verdict=verdict, observed_shape=shape, expected_shape=right, reason=reason)


def _without_answer(
    outcome: ConfirmedUnsupported | Faulty | Crashed | TimedOut | Unavailable | NotRun,
) -> Judgement:
    """Return the judgement where the framework neither computed nor refused the case."""
    match outcome:
        case ConfirmedUnsupported(reason=reason, error_type=kind, error_text=text):
            verdict = Verdict.UNSUPPORTED
        case Faulty(offence=reason, error_type=kind, error_text=text):
            verdict = Verdict.ADAPTER_ERROR
        case Crashed(stderr=text):
            verdict, kind, reason = Verdict.CRASHED, "", f"the worker ended with {outcome.manner}"
            if not outcome.is_reproduced:
                reason += ", not reproduced: the case did not crash when it was run again"
        case TimedOut(limit=limit):
            verdict, kind, text = Verdict.TIMEOUT, "", ""
            reason = f"no answer within {limit:g} s"
        case Unavailable(reason=reason):
            verdict, kind, text = Verdict.UNAVAILABLE, "", ""
        case NotRun(reason=reason):
            verdict, kind, text = Verdict.NOT_RUN, "", ""
    return Judgement(
        verdict=verdict, error_type=kind or None, error_text=text or None,
        reason=reason,
    )  # fmt: skip
