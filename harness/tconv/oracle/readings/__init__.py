"""Readings: semantics with one deliberate fault each, which explain wrong outputs.

"Kernel flipped" or "bias twice", for example. Inputs are drawn so that every reading that can
differ from the right answer does; the judge names those that reproduce an observed output.
"""

from typing import Final

from tconv.oracle.readings.evaluate import evaluate
from tconv.oracle.readings.kinds import OfWeight, Reading
from tconv.oracle.readings.operands import OTHERS, PADDINGS, STEPS, WEIGHTS
from tconv.oracle.readings.partial import PARTIAL
from tconv.oracle.readings.results import RESULTS
from tconv.oracle.readings.windows import WINDOWS

__all__ = [
    "PARTIAL",
    "READINGS",
    "OfWeight",
    "Reading",
    "evaluate",
]

READINGS: Final[tuple[Reading, ...]] = (
    *WEIGHTS, *WINDOWS, *STEPS, *RESULTS, *OTHERS, *PADDINGS
)  # fmt: skip
"""Every reading that inputs are drawn for; their names are unique."""
