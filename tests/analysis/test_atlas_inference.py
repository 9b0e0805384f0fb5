"""Inference against rules planted here: it must find them from their values alone."""

import random
from collections.abc import Callable, Iterable
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tconv.analysis.atlas.evidence import evidence, holding
from tconv.analysis.atlas.features import CONDITIONS, FEATURES
from tconv.analysis.atlas.formula import Formula
from tconv.analysis.atlas.inference import fit, infer, split
from tconv.analysis.atlas.observation_point import Point
from tconv.analysis.atlas.piecewise import LEAST
from tconv.analysis.atlas.rule import Piecewise, Rule
from tconv.model.geometry import Axis

LETTERS = {"i", "k", "s", "d", "K", "p_begin", "p_end", "op", "o_requested"}
SIZES = [text for text, feature in FEATURES.items() if feature.letters <= LETTERS]
Window = tuple[int, int]


def drawn(rng: random.Random, top: int, count: int = 600) -> list[Axis]:
    """Return distinct parameters with i, k and s up to `top`."""
    found: dict[Axis, None] = {}
    while len(found) < count:
        i, k, s = (rng.randint(1, top) for _ in range(3))
        d, p_begin, p_end, op = (rng.randint(low, 3) for low in (1, 0, 0, 0))
        o = rng.randint(1, 3 * top)
        found[Axis(i=i, k=k, s=s, d=d, p_begin=p_begin, p_end=p_end, op=op, o=o)] = None
    return list(found)


def planted(rng: random.Random, texts: list[str], letters: set[str]) -> Piecewise:
    """Return up to four features with small coefficients; every other time, two such sums."""
    formulas = [
        Formula.from_mapping({
            text: rng.choice([-2, -1, 1, 2, 3]) for text in rng.sample(texts, rng.randint(1, 4))
        })
        for _ in range(2)
    ]  # fmt: skip
    if rng.random() < 0.5:
        return Piecewise(formula=formulas[0])
    known = [text for text, condition in CONDITIONS.items() if condition.letters <= letters]
    return Piecewise(formula=formulas[0], condition=rng.choice(known), otherwise=formulas[1])


def planted_rule(rng: random.Random) -> Rule:
    """Return a rule of size and begin crop."""
    return Rule(
        size=planted(rng, SIZES, LETTERS),
        begin=planted(rng, list(FEATURES), LETTERS | {"o"}),
    )


def observed(rule: Rule, asked: Iterable[Axis]) -> list[Point]:
    """Return what a framework that follows `rule` shows."""
    listed = list(asked)
    sizes, begins = rule.of(listed)
    assert begins is not None
    return [
        Point(axis=each, size=int(size), begins=(int(begin),), case=f"case {at}")
        for at, (each, size, begin) in enumerate(zip(listed, sizes, begins, strict=True))
    ]


def swept(
    window: Callable[[Axis], Window], i: int = 8, k: int = 6, s: int = 6, d: int = 2
) -> list[Point]:
    """Return the points of a framework that returns `window(asked)`, size and begin, everywhere."""
    axes = (range(1, top + 1) for top in (i, k, s, d))
    asked = [Axis(i=a, k=b, s=c, d=e) for a, b, c, e in product(*axes)]
    told = ((each, *window(each)) for each in asked)
    return [Point(axis=each, size=size, begins=(begin,)) for each, size, begin in told]


def has_regimes_of_some_size(rule: Rule, points: list[Point]) -> bool:
    """Return whether each regime has the points that a regime needs to be seen."""
    return "seen at" not in "".join(evidence(rule, points, ()).shortfalls)


@pytest.mark.parametrize("number", range(50))
def test_planted_rule_is_inferred(number: int) -> None:
    rng = random.Random(number)  # noqa: S311 # no secret
    asked, rule = drawn(rng, 7), planted_rule(rng)
    while not has_regimes_of_some_size(rule, observed(rule, asked)):
        rule = planted_rule(rng)

    found = fit(observed(rule, asked))

    told = f"seed {number}, planted:\n{rule}\nfound:\n{found}"
    assert holding(found, observed(rule, drawn(rng, 14))).all(), told
    assert found.begin is not None
    assert rule.begin is not None
    assert found.size.cost[0] <= rule.size.cost[0], told
    assert found.begin.cost[0] <= rule.begin.cost[0], told


def halves(asked: Axis) -> Window:
    """Crop what exceeds s*i, the smaller half at the start."""
    size = asked.s * asked.i
    return size, max(asked.full - size, 0) // 2


def test_inferred_rule_is_written_in_letters() -> None:
    rule, _ = infer(swept(halves))

    assert str(rule) == "o = s*i\nbegin = max(K - s, 0)//2"


def test_two_pieces_are_separated_by_a_condition() -> None:
    points = swept(lambda a: (a.full + a.i if a.i < a.s else 3 * a.k - a.s, 0), k=10)
    rule, told = infer(points)

    assert str(rule.size) == "s*(i - 1) + i + K if i < s else 3*k - s"
    assert told.is_sufficient


def test_rule_is_fitted_to_the_lower_half_and_verified_on_the_rest() -> None:
    points = swept(halves)
    _, told = infer(points)

    assert told.fitted_range["i"] == (1, 4)
    assert told.verified_range["i"] == (1, 8)
    assert (told.fitted, told.verified) == (4 * 3 * 3 * 2, len(points) - 4 * 3 * 3 * 2)
    assert told.is_sufficient


def test_rule_that_holds_for_small_values_only_is_unverified() -> None:
    points = swept(lambda a: (a.s * a.i + (a.i > 4), 0))
    _, told = infer(points)

    assert not told.is_sufficient
    assert "not checked outside the fitted range" in told.shortfalls


def test_few_points_outside_of_the_fitted_range_verify_nothing() -> None:
    points = [point for point in swept(halves) if point.axis.i <= 4 or point.axis.k > 5]
    rule, _ = infer(swept(halves))
    told = evidence(rule, points[:-3], points[-3:])

    assert "checked at 3 points outside the fitted range; 20 are required" in (told.shortfalls)


def test_fault_in_one_regime_is_shown_by_a_counterexample() -> None:
    zero, one = Formula(()), Formula((("1", 1),))
    size = Piecewise(formula=Formula((("s*i", 1),)))
    right = Rule(size=size, begin=Piecewise(formula=zero, condition="K < s", otherwise=zero))
    faulty = Rule(size=size, begin=Piecewise(formula=one, condition="K < s", otherwise=zero))
    points = swept(lambda a: (a.s * a.i, 0))

    assert evidence(right, points, ()).counterexample is None
    told = evidence(faulty, points, ())
    failing = sum(p.axis.full - p.axis.s * p.axis.i < 0 for p in points)  # K < s
    assert str(told.counterexample) == (
        "i=1 k=1 s=2: the rule says o=2 begin=1, what came back has o=2 begin=0"
    )
    assert (told.holding, told.points) == (len(points) - failing, len(points))


@settings(max_examples=12)  # each infers twice
@given(at=st.integers(0, 575), by=st.integers(-9, 9).filter(bool), is_size=st.booleans())
def test_one_wrong_point_is_the_counterexample(at: int, by: int, is_size: bool) -> None:
    points = swept(halves)
    asked, (size, begin) = points[at].axis, halves(points[at].axis)
    points[at] = Point(axis=asked, size=size + by * is_size, begins=(begin + by * (not is_size),))
    rule, told = infer(points)

    assert str(rule.size) == "s*i"
    assert (told.holding, told.points) == (len(points) - 1, len(points))
    assert told.counterexample is not None
    assert told.counterexample.asked == asked


def test_values_without_a_formula_are_covered_in_part() -> None:
    points = swept(lambda a: (a.s * a.i + 7 * (a.i * a.i % 5), 0))
    _, told = infer(points)

    assert 0 < told.coverage < 1
    assert told.counterexample is not None


def test_ambiguous_points_are_not_fitted_but_have_to_agree() -> None:
    points = swept(halves)
    beside = Point(axis=Axis(i=1, k=9, s=1), size=1, begins=(3, 4))
    against = Point(axis=Axis(i=1, k=9, s=1), size=1, begins=(5, 6))

    rule, agreed = infer([*points, beside])
    _, failed = infer([*points, against])

    assert str(rule.begin) == "max(K - s, 0)//2"
    assert agreed.is_sufficient
    assert failed.counterexample is not None
    assert failed.counterexample.begins == (5, 6)


def test_sizes_alone_give_a_rule_of_sizes() -> None:
    points = [Point(axis=point.axis, size=point.size) for point in swept(halves)]
    rule, told = infer(points)

    assert str(rule) == "o = s*i"
    assert told.is_sufficient


def test_constant_is_no_rule_unless_it_is_zero() -> None:
    _, constant = infer(swept(lambda a: (a.s * a.i, 1)))
    _, zero = infer(swept(lambda a: (a.s * a.i, 0)))

    assert constant.shortfalls == ("begin = 1: a constant is no rule",)
    assert zero.is_sufficient


def test_few_points_are_no_rule() -> None:
    _, told = infer(swept(halves, i=3, k=3, s=2, d=1))

    assert f"o = s*i: seen at 18 points; {LEAST} are required" in told.shortfalls


def test_points_that_vary_in_one_parameter_are_no_rule() -> None:
    _, told = infer(swept(halves, i=60, k=1, s=1, d=1))

    assert any("fewer than two of i, k and s vary" in shortfall for shortfall in told.shortfalls)


def test_split_keeps_every_point() -> None:
    points = swept(halves)
    inner, outer = split(points)

    assert sorted(map(str, [*inner, *outer])) == sorted(map(str, points))


@pytest.mark.parametrize("number", range(10))
def test_rule_as_source_gives_the_same(number: int) -> None:
    rng = random.Random(number)  # noqa: S311 # no secret
    rule = planted_rule(rng)
    asked = drawn(rng, 14)
    scope: dict[str, Callable[..., Window]] = {}
    exec(rule.source(), {}, scope)  # noqa: S102 # that is what the source is for
    parameters = (each.to_dict() for each in asked)
    pasted = [scope["resolve"](o_requested=given.pop("o"), **given) for given in parameters]

    assert np.array_equal(np.array(pasted).T, np.array(rule.of(asked)))


@pytest.mark.parametrize("number", range(10))
def test_rule_survives_json_form(number: int) -> None:
    rng = random.Random(number)  # noqa: S311 # no secret
    rule = planted_rule(rng)

    assert Rule.from_dict(rule.to_dict()) == rule
