"""Rules are solved for a size, held against trying every point; large numbers take no longer."""

import re
from itertools import islice, product
from math import prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tconv.analysis.atlas.features import CONDITIONS, FEATURES
from tconv.analysis.atlas.formula import Formula
from tconv.analysis.atlas.rule import Piecewise
from tconv.analysis.atlas.solver import Solution, solutions
from tconv.errors import PredicateError

LETTERS = {"i", "k", "s", "d", "K", "op", "p_begin", "p_end"}
TEXTS = sorted(text for text, each in FEATURES.items() if each.letters <= LETTERS)
PARTS = sorted(text for text, each in CONDITIONS.items() if each.letters <= LETTERS)
FORMULAS = st.dictionaries(
    st.sampled_from(TEXTS), st.integers(-2, 2).filter(bool), min_size=1, max_size=3
).map(Formula.from_mapping)
RULES = st.one_of(
    st.builds(Piecewise, formula=FORMULAS),
    st.builds(Piecewise, formula=FORMULAS, condition=st.sampled_from(PARTS), otherwise=FORMULAS),
).map(str)
SMALL = st.integers(1, 5)
UNKNOWNS = {"p_begin": (0, 2), "op": (0, 3), "i": (1, 7)}


def points(solution: Solution) -> set[tuple[int, ...]]:
    """Return every point of a solution."""
    return set(product(*(range(a, b + 1) for a, b in solution.unknowns.values())))


@given(rule=RULES, k=SMALL, s=SMALL, d=SMALL, size=st.integers(-3, 20))
def test_solutions_are_those_that_trying_finds_the_nearest_first(
    rule: str, k: int, s: int, d: int, size: int
) -> None:
    constants = {"k": k, "s": s, "d": d, "K": d * (k - 1) + 1, "p_end": 1}
    at = {
        point: eval(rule, {**constants, **dict(zip(UNKNOWNS, point, strict=True))})  # noqa: S307 # a formula of ours
        for point in product(*(range(a, b + 1) for a, b in UNKNOWNS.values()))
    }

    solved = list(solutions(rule, constants, UNKNOWNS, size))

    assert {point: each.size for each in solved for point in points(each)} == at
    assert sum(len(points(each)) for each in solved) == len(at)
    distances = [abs(each.size - size) for each in solved]
    assert distances == sorted(distances)


@pytest.mark.parametrize(
    "rule",
    [
        "s*(i - 1) + K - 2*p", "s*(i - 1) + K - 2*p + op", "min(s*i, s*(i - 1) + K + op)", "s*i",
        "op + min(s*i, s*(i - 1) + K)", "s*(i - 1) + op + K % 2", "0 if i < K else i + s - K",
    ],
)  # fmt: skip
@given(
    k=st.integers(1, 2**63), s=st.integers(1, 2**63), size=st.integers(1, 2**63), odd=st.booleans()
)
def test_large_numbers_are_solved_in_few_steps(
    rule: str, k: int, s: int, size: int, odd: bool
) -> None:
    size += (size - k + odd) % 2  # where s is even, sizes of one parity have no solution
    constants = {"k": k, "s": s, "d": 1, "K": k}
    ranges = {"p": (0, k - 1), "op": (0, s - 1), "i": (1, size + 2 * k + s)}
    letters = re.findall(r"\w+", rule)
    unknowns = {name: ends for name, ends in ranges.items() if name in letters}

    first, second = islice(solutions(rule, constants, unknowns, size), 2)

    for each in (first, second):
        corner = {name: low for name, (low, _) in each.unknowns.items()}
        assert eval(rule, {**constants, **corner}) == each.size  # noqa: S307 # as above
        assert prod(b - a + 1 for a, b in each.unknowns.values()) >= 1


@pytest.mark.parametrize(
    ("rule", "message"),
    [("i**2", r"'i \*\* 2' cannot be solved"), ("7 // i", "a divisor of a rule is from 1 to 9")],
)
def test_rule_of_another_language_is_refused(rule: str, message: str) -> None:
    with pytest.raises(PredicateError, match=message):
        list(solutions(rule, {}, {"i": (1, 9)}, 3))


def test_rule_that_takes_too_many_steps_is_refused() -> None:
    with pytest.raises(PredicateError, match="is not solved for 4 in 20000 steps"):
        list(solutions("2*(i // 2) + 2*(i % 2) + i % 2", {}, {"i": (1, 2**40)}, 4))
