"""The smallest condition that says where something holds."""

from collections.abc import Iterator
from itertools import combinations, permutations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tconv.model.predicate.expression import Expression, Points

_TERMS: Final = {
    "(i + 2*p - k) % s": ("i", "p", "k", "s"),
    "i % s": ("i", "s"),
    "(K - s) % 2": ("k", "s"),
}
"""Remainders that conditions may ask to be 0, and the letters that they need."""


def smallest_condition(points: Points, holds: NDArray[np.bool_]) -> str | None:
    """Return the shortest condition that is true exactly where `holds` is, or None: none is known.

    Candidates are comparisons of two letters, of a letter with 0 or 1, parities, the remainders of
    a stated list, and two of these joined by `and` or `or`.
    """
    atoms = {text: Expression.from_text(text).holds(points) for text in _atoms(points)}
    # One text per truth is enough: joined, texts of equal truth are equally true.
    distinct = {truth.tobytes(): text for text, truth in reversed(atoms.items())}
    texts = sorted(distinct.values(), key=lambda text: (len(text), text))
    if text := next((text for text in texts if (atoms[text] == holds).all()), None):
        return text
    for first, second in combinations(texts, 2):
        if ((atoms[first] & atoms[second]) == holds).all():
            return f"{first} and {second}"
        if ((atoms[first] | atoms[second]) == holds).all():
            return f"{first} or {second}"
    return None


def _atoms(points: Points) -> Iterator[str]:
    letters = [*points, *(["K"] if "k" in points and "d" in points else [])]
    for name in letters:
        yield from (f"{name} == 0", f"{name} == 1", f"{name} > 0", f"{name} > 1")
        yield from (f"{name} % 2 == 0", f"{name} % 2 == 1")
    for first, second in permutations(letters, 2):
        yield from (f"{first} < {second}", f"{first} <= {second}")
        if first < second:
            yield f"{first} == {second}"
    for term, needed in _TERMS.items():
        if set(needed) <= set(points):
            yield f"{term} == 0"
