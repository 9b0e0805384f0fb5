"""Readings: semantics with one deliberate fault each, which explain wrong outputs.

"Kernel flipped" or "bias twice", for example. Inputs are drawn such that every reading differs from
the right answer where it can; the judge names those that reproduce an observed output.
"""

from typing import Final

from tconv.oracle.readings.evaluate import evaluate
from tconv.oracle.readings.kinds import (
    OfArguments,
    OfBias,
    OfInput,
    OfResult,
    OfTensors,
    OfWeight,
    OfWindow,
    Reading,
    Sum,
)
from tconv.oracle.readings.operands import OTHERS, STEPS, WEIGHTS
from tconv.oracle.readings.results import RESULTS
from tconv.oracle.readings.windows import WINDOWS

__all__ = [
    "READINGS",
    "OfArguments",
    "OfBias",
    "OfInput",
    "OfResult",
    "OfTensors",
    "OfWeight",
    "OfWindow",
    "Reading",
    "Sum",
    "evaluate",
]

READINGS: Final[tuple[Reading, ...]] = (*WEIGHTS, *WINDOWS, *STEPS, *RESULTS, *OTHERS)
"""Every reading, in the order in which they are tried; their names are unique."""
