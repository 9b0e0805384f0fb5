"""Measures, from the rows of a run, the quantities in claims about targets."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tconv.analysis.claims.claim import Claim, MeasuredQuantity
from tconv.errors import ClaimError
from tconv.model.predicate.expression import Points
from tconv.model.window import Resolution

COLUMNS: Final = (
    "target", "i", "k", "s", "dilation", "p_begin", "p_end", "output_padding", "o", "padding",
    "observed_shape", "inferred_shape", "resolution", "resolutions", "verdict",
)  # fmt: skip
"""The columns of a row that measurements are made of."""

_LETTERS: Final = ("i", "k", "s", "d", "p_begin", "p_end", "op", "o")
_COLUMN_OF: Final = {"d": "dilation", "op": "output_padding"}
_COMPUTED: Final = frozenset({"match", "shape", "resolved", "unresolved"})

Point = tuple[tuple[str, int], ...]


def measured(
    claims: Iterable[Claim], rows: Iterable[Mapping[str, Any]]
) -> dict[str, tuple[Points, NDArray[np.int64]]]:
    """Return for each claim about a target the points at which it was measured, and the values.

    A point is one axis of one call, with the letters `i k s d p_begin p_end`, `p` where both sides
    agree on every axis, `op` where every call gave an output padding and `o` where each requested a
    size. A claim that speaks of `p` is measured only on axes whose two sides agree.

    Args:
        claims: claims; those about the arithmetic are ignored.
        rows: rows with the columns :data:`COLUMNS`, None where a value is absent.

    Raises:
        ClaimError: two calls of one target contradict each other at one point.
    """
    measurable = [claim for claim in claims if isinstance(claim.about, MeasuredQuantity)]
    values: dict[str, dict[Point, int]] = {claim.name: {} for claim in measurable}
    for row in rows:
        if row["verdict"] in _COMPUTED:
            for claim in measurable:
                assert isinstance(claim.about, MeasuredQuantity)
                if _answers(row, claim.about):
                    _add(values[claim.name], row, claim)
    return {name: _columns(points) for name, points in values.items() if points}


def _answers(row: Mapping[str, Any], about: MeasuredQuantity) -> bool:
    """Return whether a row is of the target and of the kind of call that a claim speaks of."""
    arguments = {
        "padding": row["padding"] or "none",
        "output_padding": "none" if row["output_padding"] is None else "given",
        "o": "none" if row["o"] is None else "given",
    }
    return row["target"].startswith(about.target) and all(
        arguments[name] == value for name, value in about.arguments.items()
    )


def _add(points: dict[Point, int], row: Mapping[str, Any], claim: Claim) -> None:
    assert isinstance(claim.about, MeasuredQuantity)
    for point, value in zip(_points_of(row), _values(row, claim.about.quantity), strict=True):
        sides = dict(point)
        if "p" in claim.formula.letters and sides["p_begin"] != sides["p_end"]:
            continue
        if value is not None and points.setdefault(point, value) != value:
            raise ClaimError(
                f"claim {claim.name}: {dict(point)} was measured as {points[point]} and as "
                f"{value}; name one target, as in keras-jax:layer@cpu"
            )


def _points_of(row: Mapping[str, Any]) -> Iterator[Point]:
    columns = ((name, row[_COLUMN_OF.get(name, name)]) for name in _LETTERS)
    present = {name: column for name, column in columns if column is not None}
    for values in zip(*present.values(), strict=True):
        yield tuple(zip(present, values, strict=True))


def _values(row: Mapping[str, Any], quantity: str) -> list[int | None]:
    """Return the quantity on each axis, None where it is not known."""
    axes = len(row["i"])
    if quantity == "size":
        return list((row["observed_shape"] or row["inferred_shape"])[2:])
    if row["resolutions"] != 1:
        return [None] * axes
    windows = Resolution.from_text(row["resolution"][0]).axes
    return [getattr(window, quantity) for window in windows]


def _columns(points: Mapping[Point, int]) -> tuple[Points, NDArray[np.int64]]:
    letters = [dict(point) for point in points]
    shared = [name for name in letters[0] if all(name in each for each in letters)]
    arrays = {name: np.array([each[name] for each in letters], dtype=np.int64) for name in shared}
    if (arrays["p_begin"] == arrays["p_end"]).all():
        arrays["p"] = arrays["p_begin"]
    return arrays, np.array(list(points.values()), dtype=np.int64)
