"""What the readings of the weight do to weights of one shape: where each reads its elements."""

from dataclasses import dataclass
from functools import lru_cache
from math import prod
from typing import Final

import numpy as np

from tconv.inputs.probe import CHANNELS
from tconv.model.case import Case
from tconv.oracle.readings import READINGS, OfWeight
from tconv.oracle.readings.kinds import Array, Ints

_WEIGHTS: Final = tuple(reading for reading in READINGS if isinstance(reading, OfWeight))

_SMALL: Final = 2**12
"""Elements of a weight up to which it is kept how the readings move them."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Moves:
    """What the readings of the weight do to weights of one shape.

    Attributes:
        same: readings that leave it as it is.
        changed: readings that do not.
        sources: for each of those and each of the first output channels the flat place it reads,
            (readings, c_in, channels, taps).
    """

    same: tuple[OfWeight, ...]
    changed: tuple[OfWeight, ...]
    sources: Array


def moves(case: Case) -> Moves:
    """Return what the readings of the weight do to that of a case."""
    make = _moves if prod(case.w_shape) <= _SMALL else _moves.__wrapped__
    return make(case.k, case.c_in, case.c_out, case.groups)


@lru_cache(maxsize=2**8)
def _moves(k: Ints, c_in: int, c_out: int, groups: int) -> Moves:
    case = Case.from_parameters(ndim=len(k), i=1, k=k, c_in=c_in, c_out=c_out, groups=groups)
    own = np.arange(prod(case.w_shape)).reshape(case.w_shape)
    moved = [(reading, reading.change(case, own)) for reading in _WEIGHTS]
    changed = [(reading, w) for reading, w in moved if w is not None and w is not own]
    sources = [w[:, :CHANNELS].reshape(c_in, -1, prod(k)) for _, w in changed]
    return Moves(
        same=tuple(reading for reading, w in moved if w is own),
        changed=tuple(reading for reading, _ in changed),
        sources=np.stack(sources) if sources else np.empty(0),
    )
