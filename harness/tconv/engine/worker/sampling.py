"""Decides which cases are in a sample, by a hash of the id: the same in every run and shard."""

import hashlib
from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tconv.grid import Cases
from tconv.model.case import Case


def is_drawn(case: Case, sample: int) -> bool:
    """Return whether the case is in the sample of one case in `sample`; 1 takes them all."""
    return _hash(case) % sample == 0


class Samples:
    """Samples of the same cases, whose hashes are computed once, when first asked for.

    Args:
        cases: the cases.
    """

    def __init__(self, cases: Sequence[Case]) -> None:
        self._cases = cases
        self._samples: dict[int, Sequence[Case]] = {1: cases}

    def of(self, sample: int) -> Sequence[Case]:
        """Return one case in `sample`, in their order; 1 takes them all."""
        if sample not in self._samples:
            self._samples[sample] = self._take(sample)
        return self._samples[sample]

    def _take(self, sample: int) -> Sequence[Case]:
        places = np.flatnonzero(self._hashes % sample == 0)
        if isinstance(self._cases, Cases):
            return self._cases.take(places)
        return tuple(self._cases[at] for at in places.tolist())

    @cached_property
    def _hashes(self) -> NDArray[np.uint64]:
        return np.fromiter(map(_hash, self._cases), dtype=np.uint64)


def _hash(case: Case) -> int:
    return int.from_bytes(hashlib.sha256(case.id.encode()).digest()[:8], "big")
