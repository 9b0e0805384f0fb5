"""Rows of cases that no framework answered, for whatever reason."""

from collections.abc import Sequence

from harness.case import Case
from harness.judge import judge
from harness.outcome import Outcome
from harness.rows import Columns, columns, row
from harness.target import Target


def unjudged(
    cases: Sequence[Case], target: Target, version: str | None, outcome: Outcome
) -> Columns:
    """Return rows for cases of a target, each with the same outcome."""
    return columns(
        [
            row(
                case=case,
                target=target,
                version=version,
                route=None,
                outcome=outcome,
                judgement=judge(case, None, None, outcome),
            )
            for case in cases
        ]
    )
