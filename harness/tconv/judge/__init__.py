"""The judgement of an outcome: its verdict, the size of the error, the fault that explains it."""

from tconv.judge.judgement import Judgement
from tconv.judge.verdicts import judge

__all__ = ["Judgement", "judge"]
