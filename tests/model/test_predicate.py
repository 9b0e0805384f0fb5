"""Predicates: a plain-Python reference says what each must be, for one case and for columns."""

import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tconv.errors import PredicateError
from tconv.model.case import Case
from tconv.model.predicate import Predicate, columns_of

CASE = Case.from_id("2d-i5x4-k3x2-s2x1-p1.0x0-op1x0-d1x3-n2-ci2-co4-f32-nobias")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("k == 3 and s == 2", True),
        ("k == 3 and s == 1", False),  # true of different axes, so of none
        ("all(k > 1)", True),
        ("all(k > 2)", False),
        ("not all(k > 2) and all(s >= 1)", True),
        ("1 < k < 3 <= i", True),
        ("k in (7, 2)", True),
        ("k not in [2, 3]", False),
        ("K == 4", True),
        ("o == 11", True),
        ("op == 1 and output_padding == 1", True),
        ("d == 3 and dilation == 3", True),
        ("p == 1 or p == 0 and k == 3", False),  # the first axis has two sides
        ("p_begin == 1 and p_end == 0", True),
        ("gcd(k, i) == 2", True),
        ("max(i, k, s) == 5 and min(i, k, s) == 2", True),
        ("abs(k - i) == 2", True),
        ("-7 // k == -3 and -7 % k == 2", True),  # Python's floor, not C's
        ("dtype == 'float32' and not bias", True),
        ("dtype in ('float16', 'bfloat16')", False),
        ("bias == False", True),
        ("padding == 'none'", True),
        ("values != 'normal'", True),
        ("ndim == 2 and n == 2 and groups == 1 and c_in == 2 and c_out == 4", True),
        ("i % (s - 1) == 0", True),  # on the first axis; on the second the remainder is absent
        ("i // (s - 1) != i // (s - 1) or s == 7", False),
        ("1 < 2", True),
    ],
)
def test_holds_of_worked_example(text: str, expected: bool) -> None:
    predicate = Predicate.from_text(text)

    assert predicate.holds(CASE) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("op >= 0", False),
        ("not op >= 0", True),
        ("padding == 'same'", True),
        ("p == 0", False),
        ("p_begin == 0", False),
        ("o > 0", False),
    ],
)
def test_comparison_with_what_is_absent_is_false(text: str, expected: bool) -> None:
    case = Case.from_id("1d-i3-k2-opnone-padsame-ci2-co4-f32")
    predicate = Predicate.from_text(text)

    assert predicate.holds(case) is expected


def test_requested_size_is_the_output_size() -> None:
    case = Case.from_id("1d-i3-k2-s2-opnone-padsame-o6-ci2-co4-f32")
    predicate = Predicate.from_text("o == 6")

    assert predicate.holds(case)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("k >", "should be a condition such as 'k > 1 or s > 1': invalid syntax"),
        ("", "should be a condition"),
        ("\0", "should be a condition"),
        ("kk > 1", "name='kk', but should be one of ndim, i, k,"),
        ("output_paddin > 1", "did you mean 'output_padding'?"),
        ("k.real > 1", "'k.real' is outside the language, which has comparisons"),
        ("__import__('os')", "call=\"__import__('os')\", but should be one of min max abs gcd all"),
        ("min(a=1) > 1", "without keywords"),
        ("[x for x in k]", "is outside the language"),
        ("k[0] > 1", "is outside the language"),
        ("(lambda: 1)() > 1", "should be one of min max"),
        ("k ** 2 > 1", "operator Pow"),
        ("k / 2 > 1", "operator Div"),
        ("k is s", "operator Is in 'k is s'"),
        ("k == 'a'", "compares a number with a text"),
        ("dtype < 'a'", "< has a text, but should have a number"),
        ("bias > 0", "> compares a truth with a number"),
        ("k and s", "and has a number, but should have a truth"),
        ("not k", "not has a number"),
        ("k + 1", "the whole has a number, but should have a truth"),
        ("all(k)", "all has a number"),
        ("all(k > 1, s > 1)", "all has 2 arguments, but should have 1"),
        ("min(k) > 1", "min has 1 arguments, but should have 2 or more"),
        ("k in 'abc'", "should have values in parentheses, as in k in (1, 3)"),
        ("k > 1.5", "literal=1.5, but should be a whole number"),
        ("k > 9223372036854775808", "should be a whole number below 2^63"),
        ("k * 9223372036854775807 * 3 > 1", "beyond 2^63"),
        ("k > 1" + " or k > 1" * 300, "length of predicate=2705, but should be 2000"),
    ],
    ids=lambda value: value[:20].replace("\0", "nul"),
)
def test_from_text_of_other_text_says_what_is_wrong(text: str, words: str) -> None:
    with pytest.raises(PredicateError, match=re.escape(words)):
        Predicate.from_text(text)


def test_product_beyond_integers_is_refused_not_wrapped() -> None:
    predicate = Predicate.from_text("i * i * i > 0")
    columns = {"i": np.full((1, 1), 2**31)}

    with pytest.raises(PredicateError, match="beyond 2\\^63"):
        predicate.holds_in(columns)


def test_missing_column_is_named() -> None:
    predicate = Predicate.from_text("k > 1")

    with pytest.raises(PredicateError, match="column='k', but should be one of those given: i"):
        predicate.holds_in({"i": np.ones((2, 1), dtype=np.int64)})


def test_further_text_columns_can_be_named() -> None:
    predicate = Predicate.from_text("backend == 'jax' and k > 1", texts=["backend"])
    columns = {"k": [(1, 2), (3,), (1,)], "backend": ["jax", "torch", "jax"]}

    assert predicate.holds_in(columns).tolist() == [True, False, False]


def test_columns_with_different_ranks_and_none_are_read() -> None:
    predicate = Predicate.from_text("op == 0 or all(k > 2)")
    columns = {
        "k": np.array([[3, 4], [1], [1, 2, 3]], dtype=object),
        "output_padding": [None, None, [1, 1, 0]],
    }

    assert predicate.holds_in(columns).tolist() == [True, False, True]


def test_predicate_without_rows_gives_none() -> None:
    held = Predicate.from_text("k > 1").holds_in({"k": np.empty((0, 2), dtype=np.int64)})

    assert held.shape == (0,)


# --- random predicates, with what they mean in plain Python ---

AXIS_NAMES = ("i", "k", "s", "p_begin", "p_end", "op", "d", "K", "o")
Meaning = Callable[[dict[str, int]], Any]
Term = tuple[str, Meaning]

ABSENT = None


def _name(name: str) -> Term:
    return name, lambda axis: axis[name]


def _constant(value: int) -> Term:
    return str(value), lambda _: value


def _binary(pair: tuple[str, Term, Term]) -> Term:
    sign, (left, a), (right, b) = pair

    def meaning(axis: dict[str, int]) -> int | None:
        x, y = a(axis), b(axis)
        if x is ABSENT or y is ABSENT or (sign in {"//", "%"} and y == 0):
            return ABSENT
        result: int = {"+": lambda: x + y, "-": lambda: x - y, "*": lambda: x * y,
                       "//": lambda: x // y, "%": lambda: x % y}[sign]()  # fmt: skip
        return result

    return f"({left} {sign} {right})", meaning


def _call(pair: tuple[str, Term, Term]) -> Term:
    name, (left, a), (right, b) = pair
    functions: dict[str, Callable[[int, int], int]] = {"min": min, "max": max, "gcd": math.gcd}

    def meaning(axis: dict[str, int]) -> int | None:
        x, y = a(axis), b(axis)
        return ABSENT if x is ABSENT or y is ABSENT else functions[name](x, y)

    return f"{name}({left}, {right})", meaning


def _comparison(parts: tuple[str, Term, Term]) -> Term:
    sign, (left, a), (right, b) = parts

    def meaning(axis: dict[str, int]) -> bool:
        x, y = a(axis), b(axis)
        if x is ABSENT or y is ABSENT:
            return False
        return bool({"==": x == y, "!=": x != y, "<": x < y, "<=": x <= y, ">": x > y}[sign])

    return f"{left} {sign} {right}", meaning


def _chain(parts: tuple[Term, Term, Term]) -> Term:
    (left, a), (middle, b), (right, c) = parts

    def meaning(axis: dict[str, int]) -> bool:
        x, y, z = a(axis), b(axis), c(axis)
        return ABSENT not in {x, y, z} and x < y <= z

    return f"{left} < {middle} <= {right}", meaning


def _membership(parts: tuple[Term, Term, Term]) -> Term:
    (left, a), (one, b), (other, c) = parts

    def meaning(axis: dict[str, int]) -> bool:
        x = a(axis)
        return x is not ABSENT and any(x == y for y in (b(axis), c(axis)) if y is not ABSENT)

    return f"{left} in ({one}, {other})", meaning


def _junction(parts: tuple[str, Term, Term]) -> Term:
    word, (left, a), (right, b) = parts
    if word == "and":
        return f"({left} and {right})", lambda axis: a(axis) and b(axis)
    return f"({left} or {right})", lambda axis: a(axis) or b(axis)


def _negation(part: Term) -> Term:
    return f"(not {part[0]})", lambda axis: not part[1](axis)


TERMS = st.recursive(
    st.sampled_from(AXIS_NAMES).map(_name) | st.integers(-3, 9).map(_constant),
    lambda inner: (
        st.tuples(st.sampled_from(["+", "-", "*", "//", "%"]), inner, inner).map(_binary)
        | st.tuples(st.sampled_from(["min", "max", "gcd"]), inner, inner).map(_call)
    ),
    max_leaves=4,
)
CONDITIONS = st.recursive(
    st.tuples(st.sampled_from(["==", "!=", "<", "<=", ">"]), TERMS, TERMS).map(_comparison)
    | st.tuples(TERMS, TERMS, TERMS).map(_chain)
    | st.tuples(TERMS, TERMS, TERMS).map(_membership),
    lambda inner: (
        st.tuples(st.sampled_from(["and", "or"]), inner, inner).map(_junction)
        | inner.map(_negation)
    ),
    max_leaves=4,
)


@st.composite
def small_case(draw: st.DrawFn) -> Case:
    ndim = draw(st.integers(1, 3))
    per_axis = st.tuples(*[st.integers(0, 4)] * ndim)
    names = ("i", "k", "s", "p_begin", "p_end", "output_padding", "dilation")
    return Case(ndim=ndim, c_in=2, c_out=4, **{name: draw(per_axis) for name in names})  # type: ignore[arg-type] # tuples by name


def axes_of(case: Case) -> list[dict[str, int]]:
    """Return what every name means on each axis of a case."""
    found = []
    for a in case.axes:
        extent = a.d * (a.k - 1) + 1
        o = a.s * (a.i - 1) + extent - a.p_begin - a.p_end + a.extra
        found.append({"i": a.i, "k": a.k, "s": a.s, "p_begin": a.p_begin, "p_end": a.p_end,
                      "op": a.extra, "d": a.d, "K": extent, "o": o})  # fmt: skip
    return found


@given(CONDITIONS, st.lists(small_case(), min_size=1, max_size=5))
@settings(max_examples=300)
def test_both_forms_agree_with_plain_python(condition: Term, cases: list[Case]) -> None:
    text, meaning = condition
    predicate = Predicate.from_text(text)
    expected = [any(meaning(axis) for axis in axes_of(case)) for case in cases]

    assert [predicate.holds(case) for case in cases] == expected
    assert predicate.holds_in(columns_of(cases)).tolist() == expected


@given(CONDITIONS, st.lists(small_case(), min_size=1, max_size=5))
def test_all_asks_every_axis(condition: Term, cases: list[Case]) -> None:
    text, meaning = condition
    expected = [all(meaning(axis) for axis in axes_of(case)) for case in cases]
    held = Predicate.from_text(f"all({text})").holds_in(columns_of(cases))

    assert held.tolist() == expected


@pytest.mark.parametrize(
    "text",
    ["-" * 1000 + "k > 1", "(" * 900 + "k > 1" + ")" * 900, "not " * 400 + "k > 1",
     " + ".join("k" * 400) + " > 1", "abs(" * 300 + "k" + ")" * 300 + " > 1",
     "[" * 1500, "k > 1" + " if k > 1 else k" * 100],
    ids=lambda text: text[:9],
)  # fmt: skip
def test_deep_predicate_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(PredicateError) as caught:
        Predicate.from_text(text)

    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 600


def test_long_condition_without_depth_is_read() -> None:
    assert Predicate.from_text(" or ".join(f"k == {n}" for n in range(150))).holds(
        Case.from_parameters(ndim=1, i=1, k=149)
    )
