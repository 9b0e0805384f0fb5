"""Resolves an open case: finds the windows, and if needed the reading, that explain its result.

The plain semantics comes first; where no window of it gives the result, bias and weight are read in
other ways. A result that holds no product, because it is empty or its window lies outside the full
result, is explained by every window of that kind: the resolution is that set.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tconv.judge.expected import Expected
from tconv.judge.explain import reading_tolerance
from tconv.judge.judgement import WINDOWS, Judgement
from tconv.model.case import Case
from tconv.model.dtypes import name_of
from tconv.model.verdict import Verdict
from tconv.model.window import Resolution, find_windows
from tconv.oracle.readings import OfWeight, evaluate
from tconv.oracle.readings.evaluate import bias_column
from tconv.oracle.readings.operands import WEIGHTS

Array = NDArray[Any]

_FLIP: Final = next(reading for reading in WEIGHTS if reading.name == "kernel flipped")
_NO_BIAS_OUTSIDE: Final = "no bias past the full result"
_SHOWN: Final = 8
"""How many values are shown where nothing explains a result."""


def resolve(expected: Expected, y: Array) -> Judgement:
    """Return the judgement of what was computed for an open case.

    Args:
        expected: what :func:`tconv.judge.expected.expect` returns for it.
        y: the result, of any shape and dtype.
    """
    case = expected.case
    if y.ndim != case.ndim + 2 or y.shape[:2] != (case.n, case.c_out):
        return _unresolved(y, f"its shape should be ({case.n}, {case.c_out}, *o)")
    if y.dtype != expected.precision.dtype:
        return replace(
            _unresolved(y, None),
            verdict=Verdict.DTYPE,
            expected_dtype=name_of(expected.precision.dtype),
        )
    wide = y.astype(expected.precision.work)
    if not np.isfinite(wide).all():
        return _unresolved(y, "it has values that are not finite")
    return _resolved(_Candidate(expected=expected, y=wide), y) or _unresolved(
        y, "no window of the full result has it"
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Candidate:
    """A result `y` to explain, in the dtype of the reference; its case has no crop."""

    expected: Expected
    y: Array

    def plain(self) -> Array:
        """Return the windows that explain it without any other reading, by their start crops."""
        return find_windows(self.expected.full, self.y - self._bias, self._tolerance(None))

    def readings(self) -> Iterator[tuple[str, Array]]:
        """Yield the name of each further reading, and the windows by which it explains `y`."""
        if self.expected.draw.work.b is not None:
            tolerance = self._tolerance(None)
            yield _NO_BIAS_OUTSIDE, find_windows(self.expected.full + self._bias, self.y, tolerance)
        for reading in WEIGHTS:
            yield reading.name, self.by_weight(reading)
        for reading in WEIGHTS:
            if reading is not _FLIP:
                yield f"{_FLIP.name}, {reading.name}", self.by_weight(_both(_FLIP, reading))

    def by_weight(self, reading: OfWeight) -> Array:
        """Return the windows by which a reading of the weight explains `y`, if it changes it."""
        case, work = self.expected.case, self.expected.draw.work
        changed = reading.change(case, work.w)
        if changed is None or changed is work.w or 0 in case.x_shape:
            return np.empty((0, case.ndim), dtype=np.int64)
        full = evaluate(reading, case, replace(work, b=None))
        assert full is not None
        return find_windows(full, self.y - self._bias, self._tolerance(reading))

    @property
    def _bias(self) -> Array:
        return bias_column(self.expected.draw.work.b, self.expected.case.ndim, self.y)

    def _tolerance(self, reading: OfWeight | None) -> NDArray[np.float64] | None:
        """Return the error bound of each element, or None where values are exact."""
        expected = self.expected
        if expected.draw.is_exact or 0 in expected.case.x_shape:
            return None
        return reading_tolerance(reading, expected)


def _resolved(candidate: _Candidate, y: Array) -> Judgement | None:
    """Return the judgement of a result that something explains, or None."""
    case, plain = candidate.expected.case, candidate.plain()
    if len(plain):
        coinciding = (_FLIP.name,) if len(candidate.by_weight(_FLIP)) else ()
        return _judgement(case, y, plain, reading=None, coinciding=coinciding)
    by_reading = {name: windows for name, windows in candidate.readings() if len(windows)}
    if not by_reading:
        return None
    return _judgement(
        case, y, np.unique(np.concatenate(list(by_reading.values())), axis=0),
        reading=" | ".join(sorted(by_reading)),
    )  # fmt: skip


def _judgement(
    case: Case, y: Array, windows: Array, *, reading: str | None, coinciding: tuple[str, ...] = ()
) -> Judgement:
    full = [axis.full for axis in case.axes]
    texts = (
        Resolution.from_begins(begins, full, y.shape[2:]).to_text()
        for begins in windows[:WINDOWS].tolist()
    )
    return Judgement(
        verdict=Verdict.RESOLVED, reading=reading, observed_shape=y.shape, compared=y.size,
        observed_dtype=name_of(y.dtype), resolution=tuple(texts), resolutions=len(windows),
        coinciding=coinciding,
    )  # fmt: skip


def _unresolved(y: Array, why: str | None) -> Judgement:
    """Return the judgement of a result that nothing explains, with its first values."""
    shown = ", ".join(map(str, y.reshape(-1)[:_SHOWN].tolist()))
    return Judgement(
        verdict=Verdict.UNRESOLVED, observed_shape=y.shape, observed_dtype=name_of(y.dtype),
        compared=y.size, reason=why, observed_value=shown,
    )  # fmt: skip


def _both(first: OfWeight, second: OfWeight) -> OfWeight:
    """Return the reading that applies both to the weight, with a meaning where each changes it."""

    def change(case: Case, w: Array) -> Array | None:
        once = first.change(case, w)
        if once is None or once is w:
            return None
        twice = second.change(case, once)
        return None if twice is once else twice

    return OfWeight(name=f"{first.name}, {second.name}", change=change)
