"""Inference of which calls are accepted, against conditions that are planted here."""

import random
from collections.abc import Callable, Sequence

import pytest

from tconv.analysis.atlas.condition import Calls, Clause, Condition, Domain
from tconv.analysis.atlas.condition_inference import infer_condition
from tconv.model.geometry import Axis

Axes = tuple[Axis, ...]


def drawn(seed: object, count: int, *, top: int = 8) -> list[Axes]:
    """Return distinct calls of one to three axes with an output padding and a requested size."""
    rng = random.Random(str(seed))  # noqa: S311 # no secret
    found: dict[Axes, None] = {}
    while len(found) < count:
        axes = []
        for _ in range(rng.choice([1, 1, 1, 1, 2, 3])):
            i, k, s = (rng.randint(1, top) for _ in range(3))
            d, op = rng.choice([1, 1, 2]), rng.choice([0, 0, 0, 1, 2, 3])
            p_begin = rng.choice([0, 0, 1])
            p_end = p_begin if rng.random() < 0.7 else rng.randint(0, 2)
            least = s * (i - 1) + d * (k - 1) + 1 - p_begin - p_end
            o = max(rng.choice([least, least, s * i, s * (i - 1) + 1]) + rng.randint(-1, s), 1)
            axes.append(Axis(i=i, k=k, s=s, d=d, p_begin=p_begin, p_end=p_end, op=op, o=o))
        found[tuple(axes)] = None
    return list(found)


def every(condition: Callable[[Axis], bool]) -> Callable[[Axes], bool]:
    """Return the condition that every axis of a call meets this one."""
    return lambda axes: all(map(condition, axes))


PLANTED: dict[str, Callable[[Axes], bool]] = {
    "op < s": every(lambda a: a.extra < a.s),
    "d == 1": every(lambda a: a.d == 1),
    "all(d == 1) or all(s == 1)": lambda axes: (
        all(a.d == 1 for a in axes) or all(a.s == 1 for a in axes)
    ),
    "d == 1 or s == 1": every(lambda a: a.d == 1 or a.s == 1),
    "o_requested <= s*i and o_requested > s*(i - 1)": every(
        lambda a: a.s * (a.i - 1) < (a.o or 0) <= a.s * a.i
    ),
    "p_begin == p_end": every(lambda a: a.p_begin == a.p_end),
    "ndim <= 2": lambda axes: len(axes) <= 2,
    "o_requested < s*(i - 1) + K + s": every(lambda a: (a.o or 0) < a.full + a.s),
    "p_begin == p_end and (d == 1 or s == 1)": every(
        lambda a: a.p_begin == a.p_end and (a.d == 1 or a.s == 1)
    ),
}


def inferred(calls: Sequence[Axes], condition: Callable[[Axes], bool]) -> Condition | None:
    """Return what is inferred where the calls that meet a condition are accepted."""
    refused = {axes: "because" for axes in calls if not condition(axes)}
    return infer_condition([axes for axes in calls if condition(axes)], refused)


@pytest.mark.parametrize("text", PLANTED)
@pytest.mark.parametrize("seed", range(2))
def test_planted_condition_is_found_and_holds_for_other_calls(text: str, seed: int) -> None:
    found = inferred(drawn(f"{text} {seed}", 1000), PLANTED[text])
    assert found

    others = drawn(f"others {seed}", 500, top=12)
    expected = [PLANTED[text](axes) for axes in others]
    assert found.of(Calls(others)).tolist() == expected
    assert sorted(str(found).split(" and ")) == sorted(
        text.replace(
            "(d == 1 or s == 1)", ("(d == 1 or s == 1)" if " and " in text else "d == 1 or s == 1")
        ).split(" and ")
    )


@pytest.mark.parametrize("seed", range(2))
def test_condition_that_no_comparison_makes_is_not_guessed(seed: int) -> None:
    calls = drawn(seed, 600)

    assert inferred(calls, lambda axes: hash(axes) % 3 > 0) is None


def test_calls_that_are_all_accepted_need_no_clause() -> None:
    found = inferred(drawn(1, 400), lambda _: True)

    assert found
    assert (str(found), found.refused, found.is_sufficient) == ("always", 0, True)


def test_calls_that_are_all_refused_are_never_accepted_for_their_common_reason() -> None:
    calls = drawn(2, 100)
    found = inferred(calls, lambda _: False)

    assert found
    assert (str(found), found.reason) == ("never", "because")
    assert not found.of(Calls(calls)).any()


def test_few_calls_are_not_enough() -> None:
    found = inferred(drawn(3, 12), lambda _: False)

    assert found
    assert found.shortfalls == ("only 12 calls were made; 20 are required",)


def test_clause_quotes_no_reason_that_only_some_calls_have() -> None:
    calls = drawn(4, 800)
    refused = {axes: f"d={axes[0].d}, s={axes[0].s}" for axes in calls if axes[0].d > 1}
    single: dict[Axes, str] = {axes: why for axes, why in refused.items() if len(axes) == 1}
    found = infer_condition([axes for axes in calls if len(axes) == 1 and axes not in refused],
                             single)  # fmt: skip

    assert found
    (clause,) = found.clauses
    assert (str(clause), clause.refused, clause.reason) == ("d == 1", len(single), "")


def test_calls_at_which_the_first_fit_fails_are_fitted_and_not_verified() -> None:
    calls = [(Axis(i=i, k=k, s=s),) for i in range(1, 13) for k in range(1, 7) for s in range(1, 7)]
    found = inferred(calls, every(lambda a: a.k <= 3))

    assert found  # the lower half has i <= 6, k <= 3 and s <= 3, so no refused call
    assert (str(found), found.fitted) == ("k <= 3", 6 * 3 * 3 + found.refused)
    assert found.verified == len(calls) - found.fitted


@pytest.mark.parametrize("text", PLANTED)
def test_source_in_python_says_the_same(text: str) -> None:
    found = inferred(drawn(text, 900), PLANTED[text])
    assert found
    scope: dict[str, Callable[..., bool]] = {}
    exec(found.source_lines(), {}, scope)  # noqa: S102 # that is what the source is for
    others = drawn("others", 300)
    parameters = [
        [(a.i, a.k, a.s, a.d, a.p_begin, a.p_end, a.op, a.o, a.o) for a in axes] for axes in others
    ]

    assert [scope["accepts"](axes) for axes in parameters] == found.of(Calls(others)).tolist()


@pytest.mark.parametrize("text", PLANTED)
def test_written_condition_reads_back(text: str) -> None:
    found = inferred(drawn(text, 900), PLANTED[text])

    assert found
    assert Condition.from_dict(found.to_dict()) == found


@pytest.mark.parametrize(
    ("texts", "numbers"),
    [
        (("o_requested < s*(i - 1) + K",), "9 < 9"),
        (("op < max(s, d)",), "2 < 2"),
        (("d >= d_max",), "1 >= 2"),
        (("s == 1",), ""),
        (("K <= 2 or d == 2", "op == 0"), ""),
    ],
)
def test_clause_gives_the_numbers_of_the_first_axis_that_breaks_it(
    texts: tuple[str, ...], numbers: str
) -> None:
    axes = (Axis(i=2, k=2, s=2, d=2, o=4, op=0), Axis(i=4, k=3, s=2, o=9, op=2))

    assert Clause(conditions=texts).numbers(Calls([axes])) == numbers
    assert not Clause(conditions=("K >= s",)).numbers(Calls([axes]))


def test_domain_names_what_lies_outside() -> None:
    domain = Domain.from_calls(
        [(Axis(i=1, k=2, s=1),), (Axis(i=4, k=2, s=3, d=2), Axis(i=2, k=2, d=2))]
    )

    assert domain.text == (
        "i 1..4, k 2, s 1..3; 1 axis: d 1, p_begin 0, p_end 0; 2 axes: d 2, p_begin 0, p_end 0"
    )
    assert not list(domain.outside((Axis(i=3, k=2, s=2),)))
    assert list(domain.outside((Axis(i=5, k=1, s=2),))) == [
        "i=5 was not measured; 1 to 4 were",
        "k=1 was not measured; only 2 was",
    ]
    assert list(domain.outside((Axis(i=3, k=2),) * 2)) == [
        "d=1 was not measured on 2 axes; only 2 was"
    ]
    assert list(domain.outside((Axis(i=3, k=2),) * 3)) == [
        "3 axes were not measured; only 1, 2 were"
    ]
    assert Domain.from_dict(domain.to_dict()) == domain
