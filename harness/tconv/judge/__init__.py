"""The judgement of an outcome: its verdict, how large the error is and which fault explains it."""

from tconv.judge.judgement import Judgement
from tconv.judge.verdicts import judge

__all__ = ["Judgement", "judge"]
