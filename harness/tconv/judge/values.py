"""Compares a result with the right answer: first its shape, then dtype, finiteness and values.

Where values differ, a small map shows where and by how much: text with one character per cell and
`/` between lines, such as `0012/0900`, which fits into a column and into a terminal.
"""

from functools import lru_cache
from math import prod
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tconv.judge.error_bound import MeasuredError
from tconv.judge.expected import Expected
from tconv.judge.explain import readings_of
from tconv.judge.judgement import Judgement
from tconv.model.dtypes import FORMATS, name_of
from tconv.model.verdict import Verdict

MAP_SIDE: Final = 16
"""Most cells of a map along each of two axes."""
MAP_LINE: Final = 64
"""Most cells of a map of one axis."""


def compare(expected: Expected, y: NDArray[Any], declared: frozenset[str]) -> Judgement:
    """Return the judgement of a result of any shape and dtype; stop at the first difference.

    Comparison is by `==`: the sign of a zero is no difference, and NaN never equals anything.
    """
    right, precision = expected.y, expected.precision
    assert right is not None
    if y.shape != right.shape:
        is_readable = y.dtype == precision.dtype and bool(
            np.isfinite(y.astype(precision.work)).all()
        )
        reading = _readings(expected, y.astype(precision.work)) if is_readable else None
        return _judgement(Verdict.SHAPE, y, expected, reading=reading)
    if y.dtype != precision.dtype:
        return _judgement(Verdict.DTYPE, y, expected)
    wide = y.astype(precision.work)
    if not np.count_nonzero(wide != right):
        return _equal(y.shape, y.dtype)
    finite = np.isfinite(wide)
    if not finite.all():
        return _differing(Verdict.NONFINITE, y, expected, ~finite)
    if precision.is_integer:
        return _differing(
            Verdict.VALUE, y, expected, wide != right, reading=_readings(expected, wide),
            error_class="wrong",
        )  # fmt: skip
    return _by_value(y, MeasuredError(expected=expected, wide=wide), declared)


@lru_cache(maxsize=2**12)
def _equal(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Judgement:
    """Return the judgement of every result that is the right answer of this shape and dtype."""
    return Judgement(
        verdict=Verdict.MATCH, observed_shape=shape, expected_shape=shape,
        observed_dtype=name_of(dtype), expected_dtype=name_of(dtype), compared=prod(shape),
        bad_count=0, error_class="exact", error_units=0.0,
    )  # fmt: skip


def _by_value(y: NDArray[Any], measured: MeasuredError, declared: frozenset[str]) -> Judgement:
    """Return the judgement of a finite result that differs from the reference somewhere."""
    expected = measured.expected
    assert expected.y is not None
    units, is_exact = float(measured.units.max()), expected.draw.is_exact
    if not is_exact and units <= 1:
        rounded = bool((y == expected.y.astype(y.dtype)).all())
        return _matching(y, expected, "exact" if rounded else "within", units)
    bad = measured.error > 0 if is_exact else measured.units > 1
    reading = _readings(expected, measured.wide)
    if reading:
        return _differing(
            Verdict.VALUE, y, expected, bad, reading=reading, error_class="wrong",
            error_units=units,
        )  # fmt: skip
    explanations = measured.explanations()
    allowed = [name for name in explanations if _is_declared(name, declared)]
    if allowed:
        return _matching(y, expected, _class(allowed[0]), units, reason=_reason(allowed[0]))
    return _differing(
        Verdict.VALUE, y, expected, bad, error_units=units,
        error_class=_class(explanations[0]) if explanations else "wrong",
        reason=_reason(explanations[0]) if explanations else None,
    )  # fmt: skip


def _is_declared(name: str, declared: frozenset[str]) -> bool:
    return name in declared or (name in FORMATS and "reduced" in declared)


def _class(name: str) -> str:
    return "reduced" if name in FORMATS else name


def _reason(name: str) -> str:
    if name in FORMATS:
        return f"explained by inputs rounded to {name}"
    return "explained by a transform: the error is small relative to the largest sum"


def _readings(expected: Expected, y: NDArray[Any]) -> str | None:
    return " | ".join(readings_of(expected, y)) or None


def _matching(
    y: NDArray[Any], expected: Expected, error_class: str, units: float, reason: str | None = None
) -> Judgement:
    return _judgement(
        Verdict.MATCH, y, expected, compared=y.size, bad_count=0, error_class=error_class,
        error_units=units, reason=reason,
    )  # fmt: skip


def _differing(
    verdict: Verdict,
    y: NDArray[Any],
    expected: Expected,
    bad: NDArray[np.bool],
    **evidence: Any,  # noqa: ANN401 # fields of Judgement
) -> Judgement:
    """Return a judgement with the first of the elements that differ, and their number."""
    assert expected.y is not None
    first = tuple(int(place) for place in np.unravel_index(int(bad.argmax()), bad.shape))
    with np.errstate(invalid="ignore", over="ignore"):
        error = np.abs(y.astype(expected.precision.work) - expected.y)
    return _judgement(
        verdict, y, expected, compared=y.size, bad_count=int(bad.sum()), first_bad_index=first,
        observed_value=str(y[first]), expected_value=str(expected.y[first].astype(y.dtype)),
        difference=difference_map(error, bad, first), **evidence,
    )  # fmt: skip


def _judgement(
    verdict: Verdict,
    y: NDArray[Any],
    expected: Expected,
    **evidence: Any,  # noqa: ANN401 # fields of Judgement
) -> Judgement:
    assert expected.y is not None
    return Judgement(
        verdict=verdict,
        observed_shape=y.shape,
        expected_shape=expected.y.shape,
        observed_dtype=name_of(y.dtype),
        expected_dtype=name_of(expected.precision.dtype),
        **evidence,
    )


def difference_map(error: NDArray[Any], bad: NDArray[np.bool], first: tuple[int, ...]) -> str:
    """Return the map of the image and channel in which the first difference lies.

    A cell shows the worst of its elements: `0` none differs; `1` to `9` the largest error, in
    ninths of the largest of the map, rounded up; `x` one is not finite. With more than two axes,
    the map shows the plane of the last two in which the first difference lies.

    Args:
        error: |y - ref|, (n, c_out, *o), any real dtype.
        bad: which elements differ, of the same shape.
        first: index of the first of them.
    """
    ndim = error.ndim - 2
    plane = first[: 2 + max(0, ndim - 2)]
    levels = _levels(error[plane].astype(np.float64), bad[plane])
    for axis, size in enumerate(levels.shape):
        cells = min(size, MAP_LINE if ndim == 1 else MAP_SIDE)
        levels = np.maximum.reduceat(levels, np.arange(cells) * size // cells, axis=axis)
    lines = np.atleast_2d(levels)
    return "/".join("".join("0123456789x"[cell] for cell in line) for line in lines.tolist())


def _levels(error: NDArray[np.float64], bad: NDArray[np.bool]) -> NDArray[np.int64]:
    finite = np.isfinite(error)
    peak = error[finite & bad].max(initial=0.0)
    ninths = np.ones(error.shape, dtype=np.int64)
    if peak > 0:
        ninths[finite] = np.clip(np.ceil(error[finite] / peak * 9), 1, 9).astype(np.int64)
    return np.where(bad, np.where(finite, ninths, 10), 0)
