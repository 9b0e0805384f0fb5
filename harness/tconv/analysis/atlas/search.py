"""The smallest formula that holds exactly at every point, by least squares over few features.

Every choice of up to four features is tried, the small ones first. Least squares on normalised
columns, all choices at once, says which choices reproduce the values; their coefficients are
rounded, and whole-number arithmetic on all points decides.
"""

from collections.abc import Iterator
from functools import lru_cache
from itertools import chain, combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tconv.analysis.atlas.features import FEATURES
from tconv.analysis.atlas.formula import Formula
from tconv.analysis.atlas.observation_point import Letters
from tconv.model.predicate.expression import PreparedPoints

MOST: Final = 4
"""Terms that a formula may have."""

_DEPENDENT: Final = 1e-8  # squared distance of a normalised column from the span of the others
_EXPLAINED: Final = 1e-7  # squared residual of the normalised values; exactness is tested after
_WHOLE: Final = 1e-3  # distance of a coefficient from a whole number

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def smallest_formula(letters: Letters, values: Ints, *, most: int = MOST) -> Formula | None:
    """Return the formula of least cost that gives `values` at all points, None where none does.

    Args:
        letters: the quantities at each point.
        values: what the formula has to give, int64, shape (points,).
        most: number of terms that it may have at most, 0 to :data:`MOST`.
    """
    if not values.any():
        return Formula(())
    if most < 1:
        return None
    texts, columns = _distinct(letters)
    if not _is_in_span(columns, values):
        return None
    for terms in range(1, min(most, len(texts)) + 1):
        formulas = [
            Formula(tuple((texts[at], int(c)) for at, c in zip(chosen, coefficients, strict=True)))
            for chosen, coefficients in _exact(columns, values, terms)
        ]
        if formulas:
            return min(formulas, key=lambda formula: formula.cost)
    return None


def closest_formula(letters: Letters, values: Ints, *, most: int = 2) -> Formula:
    """Return the formula that gives most of `values` after rounding of the best real coefficients.

    Args:
        letters: the quantities at each point.
        values: what the formula should give, int64, shape (points,).
        most: number of terms that it may have at most.
    """
    texts, columns = _distinct(letters)
    tried = [(int((values == 0).sum()), Formula(()))]
    for terms in range(1, min(most, len(texts)) + 1):
        for chosen in _choices(len(texts), terms):
            solution = np.linalg.lstsq(columns[:, chosen], values, rcond=None)[0]
            whole = np.rint(solution).astype(np.int64)
            pairs = zip(chosen, whole, strict=True)
            formula = Formula(tuple((texts[at], int(c)) for at, c in pairs if c))
            tried.append((int((columns[:, chosen] @ whole == values).sum()), formula))
    return min(tried, key=lambda each: (-each[0], each[1].cost))[1]


def _distinct(letters: Letters) -> tuple[list[str], Ints]:
    """Return the features that differ at these points, and their columns (points, features)."""
    seen: dict[bytes, tuple[str, Ints]] = {}
    points = PreparedPoints(letters)
    for text, feature in FEATURES.items():
        if not feature.letters <= letters.keys():
            continue
        column = feature.values(points)
        is_constant = bool((column == column[0]).all())
        if (text == "1" or not is_constant) and column.any():
            earlier, _ = seen.setdefault(column.tobytes(), (text, column))
            if feature.weight < FEATURES[earlier].weight:
                seen[column.tobytes()] = text, column
    texts, columns = zip(*seen.values(), strict=True)
    return list(texts), np.stack(columns, axis=1)


def _is_in_span(columns: Ints, values: Ints) -> bool:
    """Return whether any real combination of all columns gives the values."""
    scaled = columns / np.linalg.norm(columns, axis=0)
    target = values / np.linalg.norm(values)
    solution = np.linalg.lstsq(scaled, target, rcond=None)[0]
    return float(np.square(scaled @ solution - target).sum()) < _EXPLAINED


def _exact(columns: Ints, values: Ints, terms: int) -> Iterator[tuple[Ints, Ints]]:
    """Yield features and whole coefficients of each choice that gives the values exactly."""
    norms, norm = np.linalg.norm(columns, axis=0), np.linalg.norm(values)
    scaled, target = columns / norms, values / norm
    gram, moments = scaled.T @ scaled, scaled.T @ target
    choices = _choices(columns.shape[1], terms)
    near = choices[_residuals(gram, moments, choices) < _EXPLAINED]
    if not len(near):
        return
    solved = np.linalg.solve(gram[near[:, :, None], near[:, None, :]], moments[near][..., None])
    coefficients = solved[..., 0] * norm / norms[near]
    whole = np.rint(coefficients)
    is_whole = (np.abs(coefficients - whole) < _WHOLE).all(axis=1) & (whole != 0).all(axis=1)
    for chosen, factors in zip(near[is_whole], whole[is_whole].astype(np.int64), strict=True):
        if np.array_equal(columns[:, chosen] @ factors, values):
            yield chosen, factors


@lru_cache(maxsize=256)
def _choices(features: int, terms: int) -> Ints:
    """Return every choice of `terms` features, one a row."""
    flat = chain.from_iterable(combinations(range(features), terms))
    return np.fromiter(flat, dtype=np.int64).reshape(-1, terms)


def _residuals(gram: Floats, moments: Floats, choices: Ints) -> Floats:
    """Return the squared residual of each choice, infinite where its columns are dependent.

    A Cholesky factorisation whose steps each work on all choices.
    """
    lower: list[list[Floats]] = []
    along: list[Floats] = []
    independent = np.ones(len(choices), dtype=np.bool_)
    for row in range(choices.shape[1]):
        entries: list[Floats] = []
        for column in range(row):
            shared = sum(a * b for a, b in zip(entries, lower[column], strict=False))
            cell = gram[choices[:, row], choices[:, column]]
            entries.append((cell - shared) / lower[column][column])
        left = 1.0 - sum(np.square(entry) for entry in entries)
        independent &= np.asarray(left) > _DEPENDENT
        entries.append(np.sqrt(np.where(independent, left, 1.0)))
        shared = sum(a * b for a, b in zip(entries, along, strict=False))
        along.append((moments[choices[:, row]] - shared) / entries[-1])
        lower.append(entries)
    residual = 1.0 - sum(np.square(each) for each in along)
    return np.where(independent, residual, np.inf)
