"""Formulas as people read them."""

import pytest

from tconv.analysis.atlas.formula import Formula
from tconv.analysis.atlas.rule import Piecewise
from tconv.errors import AtlasError


@pytest.mark.parametrize(
    ("terms", "text"),
    [
        ({}, "0"),
        ({"1": -3}, "-3"),
        ({"s*i": 1, "s": -1, "K": 1}, "s*(i - 1) + K"),
        ({"s*(i - 1) + K": 1, "s": -1}, "s*(i - 2) + K"),
        ({"s*i": 2, "s": 2}, "2*s*(i + 1)"),
        ({"s*i": 2, "s": 1}, "2*s*i + s"),
        ({"s*(i - 1)": 1, "s": 1}, "s*i"),
        ({"p_begin": -1, "p_end": -1, "s*(i - 1) + K": 1}, "s*(i - 1) + K - p_begin - p_end"),
        ({"K//2": -2, "K": 1}, "K - 2*(K//2)"),
        ({"i % s": 3, "1": 1}, "3*(i % s) + 1"),
        ({"max(K - s, 0)": -1}, "-max(K - s, 0)"),
        ({"op//2": -1, "i % s": -1}, "-(op//2) - (i % s)"),
    ],
)
def test_formula_is_written_as_people_do(terms: dict[str, int], text: str) -> None:
    assert str(Formula.from_mapping(terms)) == text


def test_unknown_feature_lists_the_known_ones() -> None:
    with pytest.raises(AtlasError, match=r"feature='i\*\*2', but should be one of s\*\(i - 1\)"):
        Formula.from_mapping({"i**2": 1})


def test_unknown_condition_lists_the_known_ones() -> None:
    zero = Formula(())
    with pytest.raises(AtlasError, match="condition='i > 9', but should be one of K < s"):
        Piecewise(formula=zero, condition="i > 9", otherwise=zero)


def test_condition_without_its_other_half_is_refused() -> None:
    with pytest.raises(AtlasError, match="given together"):
        Piecewise(formula=Formula(()), condition="K < s")
