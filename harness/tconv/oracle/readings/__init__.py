"""Candidate semantics with one fault each: what a wrong output may be the right answer to.

The inputs are drawn so that every reading differs from the right answer where it can; the judge
names those that reproduce an observed output.
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
from tconv.oracle.readings.others import OTHERS
from tconv.oracle.readings.parameters import PARAMETERS
from tconv.oracle.readings.results import RESULTS
from tconv.oracle.readings.weights import WEIGHTS
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

READINGS: Final[tuple[Reading, ...]] = (*WEIGHTS, *WINDOWS, *PARAMETERS, *RESULTS, *OTHERS)
"""Every reading, in the order in which they are tried; names are unique."""
