"""Grids: the product of the values without the dropped cases, against plain loops."""

import pickle
import re
from collections import Counter
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tconv.errors import ConfigError
from tconv.grid import Budget, Grid, PaddingPair, Sweep, expand
from tconv.grid.config import load_config
from tconv.model.case import Case, Suite
from tconv.model.predicate import Columns, Predicate, columns_of

SMOKE = Path(__file__).parents[2] / "configs" / "smoke.toml"

HUGE = st.sampled_from([2**31 - 1, 2**31, 2**62, 2**63 - 1, -(2**63) + 1])
SIZES = st.integers(-1, 4) | HUGE
CROPS = st.integers(-1, 3) | HUGE
SIDES = st.builds(PaddingPair, begin=CROPS, end=CROPS)


def lists(values: st.SearchStrategy[int]) -> st.SearchStrategy[tuple[object, ...]]:
    """Return sweeps of one to three values, some of them per axis."""
    per_axis = st.tuples(values, values)
    return st.lists(values | per_axis, min_size=1, max_size=3).map(tuple)


@st.composite
def any_sweep(draw: st.DrawFn) -> Sweep:
    few = st.lists(st.integers(0, 3), min_size=1, max_size=2).map(tuple)
    suites: list[Suite] = ["explicit", "extended", "illegal"]
    return Sweep.from_options(
        suite=draw(st.sampled_from(suites)),
        ndim=draw(st.sampled_from([(1,), (2,), (1, 2), (2, 1), (3, 2), (1, 1, 2)])),
        i=draw(lists(st.integers(0, 4))),
        k=draw(lists(st.integers(0, 4))),
        s=draw(lists(SIZES)),
        p=tuple(draw(st.lists(SIDES | st.tuples(SIDES, SIDES), min_size=1, max_size=2))),
        output_padding=draw(lists(SIZES)),
        groups=draw(few),
        n=draw(few),
        c_in=draw(few),
        dtype=draw(st.sampled_from([("float32",), ("float16", "float64")])),
        bias=draw(st.sampled_from([(True,), (False, True)])),
        padding=draw(st.sampled_from([(None,), ("circular", None, "reflect"), ("full", "causal")])),
        malformed=draw(st.sampled_from([(None,), ("weight_dtype", None), ("bias_dtype",)])),
        where=draw(st.sampled_from([(), (Predicate.from_text("k > 1 or dtype == 'float16'"),)])),
    )


def plain_expansion(sweep: Sweep, values: tuple[str, ...]) -> tuple[int, set[Case]]:
    """Return the points made and the cases kept, one point at a time."""
    made, kept = 0, set()
    names = ("i", "k", "s", "p", "output_padding", "groups", "n", "c_in", "dtype", "bias",
             "padding", "malformed")  # fmt: skip
    for ndim, kind, *point in product(
        sweep.options["ndim"], values, *(sweep.options[n] for n in names)
    ):
        made += 1
        given_values = dict(zip(names, point, strict=True))
        tuples = [value for value in given_values.values() if isinstance(value, tuple)]
        if any(len(value) != ndim for value in tuples):
            continue
        p = given_values.pop("p")
        if given_values["malformed"] == "bias_dtype" and not given_values["bias"]:
            continue
        sides = p if isinstance(p, tuple) else (p,) * ndim
        pairs = [(side.begin, side.end) for side in sides]
        op = given_values["output_padding"]
        others = [*pairs, op if isinstance(op, tuple) else (op,)]
        if given_values["padding"] and any(map(any, others)):
            continue
        case = Case.from_parameters(ndim=ndim, p=pairs, values=kind, **given_values)
        if case.suite == sweep.suite and all(where.holds(case) for where in sweep.where):
            kept.add(case)
    return made, kept


@given(any_sweep(), st.sampled_from([("exact",), ("normal", "exact")]))
@settings(max_examples=150)
def test_expansion_is_the_plain_product(sweep: Sweep, values: tuple[str, ...]) -> None:
    made, kept = plain_expansion(sweep, values)
    if not kept:
        with pytest.raises(ConfigError, match="cases kept=0"):
            expand([sweep], values)
        return
    grid = expand([sweep], values)

    assert set(grid.cases) == kept
    assert len(grid.cases) == len(grid) == len(kept) == grid.statistics.kept
    assert grid.statistics.made == made
    assert made == grid.statistics.kept + sum(grid.statistics.dropped.values())


def test_cases_are_sorted_whatever_the_order_of_the_values() -> None:
    one = expand([Sweep.from_options(ndim=(1, 2), i=(1, 2, 10), k=(1, 2), bias=(True, False))])
    other = expand([Sweep.from_options(ndim=(2, 1), i=(10, 2, 1), k=(2, 1), bias=(False, True))])

    assert [*one.cases] == [*other.cases]
    assert [case.i[0] for case in one.cases if case.ndim == 1] == [1] * 4 + [2] * 4 + [10] * 4


def test_every_dropped_point_has_its_reason_in_words() -> None:
    sweep = Sweep.from_options(
        ndim=(1, 2),
        i=(2, (3, 4)),
        k=(1, 2),
        s=(1, 2),
        p=(PaddingPair(begin=0, end=0), PaddingPair(begin=1, end=1)),
        output_padding=(0, 1),
        groups=(1, 3),
        where=(Predicate.from_text("k > 1"), Predicate.from_text("s > 1")),
    )
    dropped = expand([sweep, sweep]).statistics.dropped

    assert dropped == {
        "illegal, so not in suite explicit: groups do not divide c_in": 96,
        "per-axis list of 2 entries on 1 axis": 64,
        "extended, so not in suite explicit: op not below s": 24,
        "where: k > 1": 18,
        "extended, so not in suite explicit: p above K-1": 14,
        "where: s > 1": 12,
        "duplicate": 12,
        "illegal, so not in suite explicit: o below 1": 4,
    }


def test_same_case_written_twice_is_kept_once() -> None:
    grid = expand(
        [
            Sweep.from_options(ndim=(2,), i=(3, (3, 3), 3), k=(2,)),
            Sweep.from_options(ndim=(2,), i=(3,), k=(2,)),
        ]
    )

    assert [case.id for case in grid.cases] == ["2d-i3x3-k2x2-ci2-co4-f32"]
    assert grid.statistics.dropped == {"duplicate": 3}


def test_grid_that_keeps_nothing_says_why() -> None:
    sweep = Sweep.from_options(ndim=(1,), i=(3, (1, 2)), k=(2,), output_padding=(1, 2),
                  path="a.toml", number=2)  # fmt: skip
    with pytest.raises(ConfigError) as caught:
        expand([Sweep.from_options(ndim=(1,), i=(3,), k=(2,)), sweep])

    assert str(caught.value) == (
        "a.toml: [[grid]] 2: cases kept=0, but should be 1 or more (2 dropped: per-axis list of 2 "
        "entries on 1 axis; 2 dropped: extended, so not in suite explicit: op not below s); change "
        "the values that these reasons name, or the suite"
    )


def test_grid_beyond_all_bounds_is_refused_before_it_is_made() -> None:
    sweep = Sweep.from_options(ndim=(1,), i=tuple(range(1, 10_001)), k=tuple(range(1, 10_001)))

    with pytest.raises(ConfigError, match=r"points=100,000,000, but should be 10,000,000"):
        expand([sweep])


def test_marginals_count_cases_per_value() -> None:
    sweep = Sweep.from_options(ndim=(1, 2), i=(3, (3, 4)), k=(3,),
                  p=(PaddingPair(begin=1, end=1), PaddingPair(begin=1, end=0)),
                  dtype=("float64", "float32"))  # fmt: skip
    marginals = expand([sweep], ("exact", "normal")).statistics.marginals

    assert marginals["ndim"] == {"1": 8, "2": 16}
    assert marginals["i"] == {"3": 24, "4": 8}
    assert marginals["p"] == {"1:0": 12, "1": 12}
    assert marginals["dtype"] == {"float32": 12, "float64": 12}
    assert marginals["bias"] == {"yes": 24}
    assert marginals["values"] == {"exact": 12, "normal": 12}


def test_lines_give_every_count() -> None:
    sweep = Sweep.from_options(ndim=(1,), i=(1, 2, 3), k=(1, 2), budget=Budget(cases=4))
    lines = expand([sweep]).statistics.lines()

    assert lines[:3] == (
        "6 points made, 4 cases kept",
        "  2 dropped: budget",
        "  [[grid]] 1: pairwise, budget 4: 4 cases reach 4 of 6 achievable pairs of values (66.7 %)",  # noqa: E501 # a line as printed
    )


@pytest.mark.parametrize("n", [1, 2, 3, 7, 100])
def test_shards_are_disjoint_complete_and_similar(n: int) -> None:
    grid = expand([Sweep.from_options(ndim=(1, 2, 3), i=(1, 2, 3), k=(1, 2, 3, (2, 1)))])
    shards = [grid.shard(k, n) for k in range(1, n + 1)]
    sizes = [len(shard) for shard in shards]

    assert Counter(case for shard in shards for case in shard) == Counter(grid.cases)
    assert max(sizes) - min(sizes) <= 1


@pytest.mark.parametrize(("k", "n"), [(0, 2), (3, 2), (-1, 2), (1, 0)])
def test_shard_outside_its_range_is_refused(k: int, n: int) -> None:
    grid = expand([Sweep.from_options(ndim=(1,), i=(1,), k=(1,))])

    with pytest.raises(ConfigError, match=re.escape(f"shard={k}/{n}, but should be k/n")):
        grid.shard(k, n)


@pytest.mark.parametrize("strategy", ["pairwise", "random"])
def test_budget_is_kept_and_covered(strategy: str) -> None:
    sweep = Sweep.from_options(
        ndim=(1, 2), i=(1, 2, 3, (2, 3)), k=(1, 2, 3), s=(1, 2, 3), output_padding=(0, 1, 2),
        where=(Predicate.from_text("k > 1 or s > 1"),),
        budget=Budget(cases=60, strategy=strategy),  # type: ignore[arg-type] # both are strategies
    )  # fmt: skip
    grid = expand([sweep])
    (coverage,) = grid.statistics.coverage

    assert len(grid) == coverage.rows == 60
    assert coverage.reached <= coverage.achievable
    assert (coverage.reached == coverage.achievable) or strategy == "random"
    assert all(case.suite == "explicit" and (case.k != (1,) or case.s != (1,)) for case in grid)


@pytest.fixture(scope="module")
def smoke() -> Grid:
    config = load_config(SMOKE)
    return expand(config.grids, config.values)


@pytest.fixture(scope="module")
def smoke_columns(smoke: Grid) -> Columns:
    return columns_of(smoke.cases)


def test_smoke_judges_enough_cases_in_its_minute(smoke: Grid) -> None:
    assert 1_500 <= len(smoke) <= 2_000
    assert len({case.id for case in smoke}) == len(smoke)


@pytest.mark.parametrize(
    "feature",
    [
        "s > K",
        "k % 2 == 0",
        "op > 0",
        "d > 1",
        "gcd(d, s) > 1 and k > 1",
        "p_begin > p_end",
        "p_begin < p_end",
        "groups > 1",
        "groups > 1 and groups == c_in",
        "p == K - 1 and p > 0",
        "ndim == 1",
        "ndim == 2",
        "ndim == 3",
        "dtype == 'float16'",
        "dtype == 'bfloat16'",
        "dtype == 'float64'",
        "bias",
        "not bias",
        "n == 1",
        "n == 2",
    ],
)
def test_smoke_contains_each_feature(smoke_columns: Columns, feature: str) -> None:
    assert Predicate.from_text(feature).holds_in(smoke_columns).sum() >= 20


@pytest.mark.parametrize("name", ["i", "k", "s", "p_begin", "output_padding", "dilation"])
def test_smoke_has_axes_that_differ(smoke: Grid, name: str) -> None:
    assert sum(len(set(getattr(case, name))) > 1 for case in smoke) >= 20


def test_smoke_is_mostly_what_every_framework_computes(smoke_columns: Columns) -> None:
    plain = Predicate.from_text("dtype == 'float32' and groups == 1 and all(d == 1)")
    share = float(np.mean(plain.holds_in(smoke_columns)))

    assert share >= 0.75


def test_smoke_reaches_every_achievable_pair(smoke: Grid) -> None:
    assert all(entry.reached == entry.achievable for entry in smoke.statistics.coverage)
    assert len(smoke.statistics.coverage) >= 5


def _open(**values: Any) -> list[Case]:
    sweep = Sweep.from_options(suite="open", ndim=(1,), output_padding=(None,), **values)
    return list(expand([sweep]))


@pytest.mark.parametrize(
    ("padding", "sizes"),
    [(None, (7, 8)), ("valid", (7, 8)), ("same", (5, 6)), ("same_lower", (5, 6))],
)
def test_candidates_are_the_sizes_that_a_direct_convolution_maps_to_i(
    padding: str | None, sizes: tuple[int, ...]
) -> None:
    cases = _open(i=(3,), k=(3,), s=(2,), padding=(padding,), o=("candidates",))

    assert tuple(case.o for case in cases) == tuple((size,) for size in sizes)


def test_sizes_outside_the_candidates_are_next_to_them_or_far() -> None:
    cases = _open(i=(3,), k=(3,), s=(2,), o=("below", "above", "far", 20, None))

    assert [case.o for case in cases] == [None, (6,), (9,), (16,), (20,)]


def test_words_stand_for_other_sizes_on_each_axis() -> None:
    sweep = Sweep.from_options(suite="open", ndim=(2,), i=((2, 3),), k=(2,), s=((2, 1),),
                  output_padding=(None,), o=(("candidates", "above"),))  # fmt: skip

    assert [case.o for case in expand([sweep])] == [(4, 5), (5, 5)]


def test_every_combination_of_candidates_is_made() -> None:
    sweep = Sweep.from_options(suite="open", ndim=(2,), i=(1,), k=(1,), s=((2, 3),),
                  output_padding=(None,), o=("candidates",))  # fmt: skip

    assert [case.o for case in expand([sweep])] == [*product((1, 2), (1, 2, 3))]


def test_point_without_candidates_is_counted() -> None:
    sweep = Sweep.from_options(suite="open", ndim=(1,), i=(1, 4), k=(1,),
                               p=(PaddingPair(begin=1, end=1),),
                  o=("candidates",))  # fmt: skip
    statistics = expand([sweep]).statistics

    assert (statistics.made, statistics.kept) == (2, 1)
    assert statistics.dropped == {"no size is a candidate for o": 1}


def test_requested_size_below_one_is_illegal() -> None:
    sweep = Sweep.from_options(suite="illegal", ndim=(1,), i=(1,), k=(1,), o=("below", 1))

    assert [case.id for case in expand([sweep])] == ["1d-i1-k1-o0-ci2-co4-f32"]


@pytest.mark.parametrize(
    ("values", "suite", "reason"),
    [
        ({}, "open", "explicit, so not in suite open"),
        ({"o": (4,)}, "explicit", "open, so not in suite explicit"),
        ({"padding": ("same",)}, "explicit", "open, so not in suite explicit"),
        ({"output_padding": (None,)}, "explicit", "open, so not in suite explicit"),
        ({"padding": ("same",), "p": (PaddingPair(begin=1, end=0),)}, "open", "p beside a padding"),
    ],
    ids=["explicit", "size", "policy", "op", "policy and p"],
)
def test_case_of_another_suite_is_dropped(values: Any, suite: Suite, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        expand([Sweep.from_options(suite=suite, ndim=(1,), i=(3,), k=(2,), **values)])


def test_condition_finds_what_is_not_given_absent() -> None:
    cases = _open(
        i=(3,), k=(2,), o=("candidates", None), padding=("same", None),
        where=(Predicate.from_text("padding == 'same' and not o > 0 or o == 4"),),
    )  # fmt: skip

    assert [case.id for case in cases] == [
        "1d-i3-k2-opnone-o4-ci2-co4-f32",
        "1d-i3-k2-opnone-padsame-ci2-co4-f32",
    ]


def test_marginals_count_policies_and_sizes_where_there_are_any() -> None:
    sweep = Sweep.from_options(suite="open", ndim=(1,), i=(3,), k=(2,), padding=("same", None),
                               o=(None, 4),
                  output_padding=(None,))  # fmt: skip
    found = expand([sweep]).statistics.marginals

    assert (found["padding"], found["o"]) == ({"none": 2, "same": 2}, {"none": 2, "4": 2})


def test_every_open_case_has_the_legality_that_the_columns_gave_it() -> None:
    sweep = Sweep.from_options(suite="open", ndim=(1, 2), i=(0, 1, 3), k=(1, 2), s=(1, 2),
                  p=(PaddingPair(begin=0, end=0), PaddingPair(begin=2, end=0)),
                  padding=(None, "same"),
                  output_padding=(None, 0, 3), o=(None, 0, "candidates"))  # fmt: skip

    assert {case.suite for case in expand([sweep])} == {"open"}


def test_candidates_of_a_huge_stride_are_refused_before_they_are_made() -> None:
    sweep = Sweep.from_options(
        suite="open", ndim=(1,), i=(1,), k=(1,), s=(2**40,), o=("candidates",)
    )

    with pytest.raises(ConfigError, match="points=1,099,511,627,776, but should be"):
        expand([sweep])


def test_result_that_cannot_be_computed_is_illegal() -> None:
    sweep = Sweep.from_options(ndim=(2,), i=(2,), k=(1,), s=(2**15, 2**16), c_out=(1,))
    grid = expand([sweep])

    assert [case.s for case in grid.cases] == [(2**15,) * 2]
    assert grid.statistics.dropped == {
        "illegal, so not in suite explicit: result beyond 2^31-1 elements": 1
    }


def test_budget_covers_candidates_with_the_other_parameters() -> None:
    sweep = Sweep.from_options(suite="open", ndim=(1,), i=(2, 3, 4), k=(2, 3), s=(3,),
                               output_padding=(None,),
                  o=("candidates",), budget=Budget(cases=12))  # fmt: skip
    found = expand([sweep])

    assert found.statistics.coverage[0].reached == found.statistics.coverage[0].achievable


def test_cases_are_a_sequence_across_numbers_of_axes() -> None:
    cases = expand([Sweep.from_options(ndim=(1, 2), i=(1, 2, 3), k=(1, 2), s=(1, 2))]).cases
    made = list(cases)

    assert [each.ndim for each in made] == [1] * 12 + [2] * 12
    assert [cases[at] for at in range(-24, 24)] == made * 2
    assert list(cases[9:15]) == made[9:15]
    assert list(cases[20:2:-5][1:]) == made[20:2:-5][1:]
    assert list(cases[1::2].take(np.array([0, 6, 11]))) == [made[1], made[13], made[23]]
    assert cases[3:] == cases[1:][2:]
    assert cases != cases[:-1]
    with pytest.raises(IndexError):
        cases[24]


def test_no_case_is_made_before_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tconv.grid.case_table.Case", None)

    grid = expand([Sweep.from_options(ndim=(1,), i=(1, 2, 3), k=(1, 2))])

    assert len(grid.cases[1:]) == len(grid.shard(1, 1)) - 1 == 5


def test_pickled_cases_are_equal_and_carry_no_others_of_their_grid() -> None:
    cases = expand([Sweep.from_options(ndim=(1, 2), i=tuple(range(1, 50)), k=(1, 2))]).cases
    some = cases[90:110]

    sent = pickle.dumps(some)

    assert pickle.loads(sent) == some  # noqa: S301 # our own
    assert pickle.loads(pickle.dumps(cases[:0])) == cases[:0]  # noqa: S301 # our own
    assert 4 * len(sent) < len(pickle.dumps(cases))
