"""Rows of cases that no framework answered, for whatever reason."""

from collections.abc import Sequence

from harness.case import Case
from harness.engine.orders import Order
from harness.engine.plan import Planned
from harness.judge import judge
from harness.outcome import Outcome
from harness.rows import Columns, columns, row


def unjudged(cases: Sequence[Case], asked: Planned | Order, outcome: Outcome) -> Columns:
    """Return rows for cases of a target, each with the same outcome."""
    return columns(
        [
            row(
                case=case,
                target=asked.target,
                version=asked.version,
                route=None,
                outcome=outcome,
                judgement=judge(case, None, None, outcome),
            )
            for case in cases
        ]
    )
