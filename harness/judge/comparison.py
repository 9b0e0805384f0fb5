"""A computed result against the right answer: shape, dtype, finiteness, values, in this order."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.expected import Expected
from harness.judge.judgement import Judgement
from harness.verdict import Verdict


def compared(y: NDArray[Any], expected: Expected) -> Judgement:
    """Return the judgement of a result (n, c_out, *o); stop at the first thing that differs."""
    right, precision = expected.y, expected.precision
    assert right is not None
    if y.shape != right.shape:
        return _judgement(Verdict.SHAPE, y, expected)
    if y.dtype != precision.dtype:
        return _judgement(Verdict.DTYPE, y, expected)
    wide = y.astype(precision.work)
    good = wide == right
    if good.all():
        return _judgement(Verdict.MATCH, y, expected, compared=y.size, error_class="exact",
                          error_units=0.0, bad_count=0)  # fmt: skip
    finite = np.isfinite(wide)
    bad, verdict = (~good, Verdict.VALUE) if finite.all() else (~finite, Verdict.NONFINITE)
    first = tuple(int(place) for place in np.argwhere(bad)[0])
    return _judgement(
        verdict, y, expected, compared=y.size, first_bad_index=first,
        observed_value=str(y[first]), expected_value=str(right[first]),
        bad_count=int(bad.sum()),
        error_class="wrong" if verdict is Verdict.VALUE else None,
    )  # fmt: skip


def _judgement(
    verdict: Verdict,
    y: NDArray[Any],
    expected: Expected,
    **evidence: Any,  # noqa: ANN401 # fields of Judgement
) -> Judgement:
    assert expected.y is not None
    return Judgement(
        verdict=verdict, observed_shape=y.shape, expected_shape=expected.y.shape,
        observed_dtype=y.dtype.name, expected_dtype=expected.precision.dtype.name, **evidence,
    )  # fmt: skip
