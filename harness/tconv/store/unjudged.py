"""Rows of cases that no framework answered, for whatever reason."""

from collections.abc import Sequence

from tconv.judge import judge
from tconv.model.case import Case
from tconv.model.outcome import Outcome
from tconv.model.target import Target
from tconv.store.rows import Columns, columns, row


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
                judgement=judge(case, outcome),
            )
            for case in cases
        ]
    )
