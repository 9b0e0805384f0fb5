"""Candidate semantics with one fault each: what a wrong output may be the right answer to.

The inputs are drawn so that every reading differs from the right answer where it can; the judge
names those that reproduce an observed output.
"""

from typing import Final

from harness.readings.evaluation import evaluate
from harness.readings.kinds import (
    OfArguments,
    OfBias,
    OfInput,
    OfMirroredWindow,
    OfResult,
    OfTensors,
    OfWeight,
    OfWindow,
    Reading,
    Sum,
)
from harness.readings.others import OTHERS
from harness.readings.parameters import PARAMETERS
from harness.readings.results import RESULTS
from harness.readings.weights import WEIGHTS
from harness.readings.windows import WINDOWS

__all__ = [
    "READINGS",
    "OfArguments",
    "OfBias",
    "OfInput",
    "OfMirroredWindow",
    "OfResult",
    "OfTensors",
    "OfWeight",
    "OfWindow",
    "Reading",
    "Sum",
    "evaluate",
]

READINGS: Final[tuple[Reading, ...]] = (*WEIGHTS, *WINDOWS, *PARAMETERS, *RESULTS, *OTHERS)
"""Every reading, in the order in which they are tried; names are unique."""
