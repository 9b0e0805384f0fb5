"""Results of different cases in one memory: the later has overwritten the earlier.

Results that come one by one are copied one by one, so a framework may use its memory again. Those
that come together in a list are all that is left of their computation.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from tconv.model.outcome import Faulty

OVERWRITTEN = Faulty(
    offence="compute_many gave a list with two results in one memory; copy each, or yield them"
)
"""What becomes of a case whose result lies where another's does."""


def overwritten(results: Sequence[object]) -> frozenset[int]:
    """Return the places of the results that begin in memory where another begins."""
    begins = {
        at: result.__array_interface__["data"][0]
        for at, result in enumerate(results)
        if isinstance(result, np.ndarray) and result.size
    }
    counts = Counter(begins.values())
    return frozenset(at for at, begin in begins.items() if counts[begin] > 1)
