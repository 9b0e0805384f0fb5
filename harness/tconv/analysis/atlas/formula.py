"""A sum of features with whole coefficients, as a value: computed, weighed and printed."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from tconv.analysis.atlas.features import EXPANSIONS, FEATURES, MONOMIALS
from tconv.analysis.atlas.observation_point import Letters
from tconv.errors import AtlasError

Cost = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Formula:
    """An integer-affine formula.

    Attributes:
        terms: coefficient (not zero) of each feature, by the feature's text; no terms: zero.
    """

    terms: tuple[tuple[str, int], ...]

    @classmethod
    def from_mapping(cls, terms: Mapping[str, int]) -> Self:
        """Return the formula with these coefficients by feature.

        Raises:
            AtlasError: a feature is unknown.
        """
        for text in terms:
            if text not in FEATURES:
                raise AtlasError(
                    f"feature={text!r}, but should be one of {', '.join(FEATURES)}; infer the "
                    "rules again with this version"
                )
        return cls(tuple((text, coefficient) for text, coefficient in terms.items() if coefficient))

    @property
    def cost(self) -> Cost:
        """Description length: number of terms, then size of coefficients, then signs to read."""
        return (
            len(self.terms),
            sum(abs(coefficient) for _, coefficient in self.terms),
            sum(FEATURES[text].weight + (coefficient < 0) for text, coefficient in self.terms),
        )

    @property
    def is_constant(self) -> bool:
        """Whether it depends on no letter."""
        return all(text == "1" for text, _ in self.terms)

    def of(self, letters: Letters) -> NDArray[np.int64]:
        """Return the value at each point, shape (points,)."""
        total = np.zeros(len(letters["i"]), dtype=np.int64)
        for text, coefficient in self.terms:
            total += coefficient * FEATURES[text].values(letters)
        return total

    def __str__(self) -> str:
        """Write the formula as people do; it is valid Python as well."""
        parts = sorted(_parts(_expanded(self.terms)), key=lambda part: part[1] < 0)
        if not parts:
            return "0"
        first, *more = (_product(*part) for part in parts)
        return first + "".join(
            f" - {term.removeprefix('-')}" if term.startswith("-") else f" + {term}"
            for term in more
        )


def _expanded(terms: tuple[tuple[str, int], ...]) -> Counter[str]:
    total: Counter[str] = Counter()
    for text, coefficient in terms:
        for monomial, count in EXPANSIONS.get(text, {text: 1}).items():
            total[monomial] += coefficient * count
    return total


def _parts(total: Counter[str]) -> Iterator[tuple[str, int]]:
    """Yield text and coefficient of each printed term: s*i and s share a factor where they can."""
    slope, level = total["s*i"], total["s"]
    if slope and level and level % slope == 0:
        shift = level // slope
        yield f"s*(i {'-' if shift < 0 else '+'} {abs(shift)})", slope
        total = Counter({text: total[text] for text in total if text not in {"s*i", "s"}})
    order = [*MONOMIALS[:-1], *(text for text in total if text not in MONOMIALS), "1"]
    yield from ((text, total[text]) for text in order if total[text])


def _product(text: str, coefficient: int) -> str:
    """Return the term with its sign; remainders and quotients bind no tighter than a product."""
    if text == "1":
        return str(coefficient)
    if coefficient == 1:
        return text
    factor = f"({text})" if any(sign in text for sign in (" % ", "//")) else text
    return f"-{factor}" if coefficient == -1 else f"{coefficient}*{factor}"
