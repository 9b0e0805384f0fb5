"""Verdicts: what became of a case on a target, by how much it is wrong, and as what it reads."""

from tconv.judge.judgement import Judgement
from tconv.judge.returned import outcome_from
from tconv.judge.verdicts import judge

__all__ = ["Judgement", "judge", "outcome_from"]
