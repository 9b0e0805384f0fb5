"""Verdicts: what became of a case on a target, by how much it is wrong, and as what it reads."""

from harness.judge.judgement import Judgement
from harness.judge.returned import outcome_from
from harness.judge.table import judge

__all__ = ["Judgement", "judge", "outcome_from"]
