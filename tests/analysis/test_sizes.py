"""Wanted sizes: by counting over everything legal, and by rules."""

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from tconv.analysis.atlas.atlas import Atlas, MeasuredRun
from tconv.analysis.atlas.condition import Clause, Condition, Domain
from tconv.analysis.atlas.entry import Entry
from tconv.analysis.atlas.evidence import Evidence
from tconv.analysis.atlas.formula import Formula
from tconv.analysis.atlas.observation import NATIVE
from tconv.analysis.atlas.question import Question
from tconv.analysis.atlas.request import SizeRequest
from tconv.analysis.atlas.rule import Piecewise, Rule
from tconv.analysis.atlas.sizes import ExplicitChoice, ExplicitChoices, TargetSizes, target_sizes
from tconv.cli import cli
from tconv.errors import AtlasError
from tconv.model.geometry import Axis, output_size
from tconv.model.legality import axis_legality

SMALL = st.integers(1, 4)
MAYBE = st.none() | st.integers(0, 4)
FULL = {"s*(i - 1) + K": 1, "p_begin": -1, "p_end": -1}


def wish(text: str) -> SizeRequest:
    return SizeRequest.from_texts(text.split())


def words(**values: int | None) -> str:
    return " ".join(f"{name}={value}" for name, value in values.items() if value is not None)


@given(o=st.integers(1, 9), k=SMALL, s=SMALL, d=SMALL, i=MAYBE.filter(lambda i: i != 0), p=MAYBE,
       op=MAYBE)  # fmt: skip
def test_choices_are_all_legal_ones_that_give_the_size(
    o: int, k: int, s: int, d: int, i: int | None, p: int | None, op: int | None
) -> None:
    axes = (
        Axis(i=i_, k=k, s=s, p_begin=p_, p_end=p_, op=op_, d=d)
        for i_ in range(1, 26) for p_ in range(14) for op_ in range(4)
        if (i is None or i_ == i) and (p is None or p_ == p) and (op is None or op_ == op)
    )  # fmt: skip
    expected = [
        ExplicitChoice(i=axis.i, p=axis.p_begin, op=axis.extra)
        for axis in axes
        if output_size(axis) == o and axis_legality(axis)[0] == "legal"
    ]

    choices = ExplicitChoices.from_request(wish(words(o=o, k=k, s=s, d=d, i=i, p=p, op=op)))

    assert choices.first_ones(1000) == sorted(expected)
    assert choices.count == len(expected)
    assert set(choices.usual()) <= set(expected)


@given(
    o=st.integers(1, 2**63 - 1), k=st.integers(1, 2**63 - 1), s=st.integers(1, 2**63 - 1),
    d=st.integers(1, 2**63 - 1),
)  # fmt: skip
def test_choices_of_any_numbers_give_the_size(o: int, k: int, s: int, d: int) -> None:
    choices = ExplicitChoices.from_request(wish(words(o=o, k=k, s=s, d=d)))
    last = [choices[choices.count - 1]] if choices.count else []

    for each in [*choices.usual(), *last]:
        axis = Axis(i=each.i, k=k, s=s, d=d, p_begin=each.p, p_end=each.p, op=each.op)
        assert output_size(axis) == o
        assert axis_legality(axis)[0] == "legal"
    assert choices[choices.count].p >= d * (k - 1) + 1 or not choices.count


def test_usual_choices_have_the_smallest_p_and_op_and_the_input_times_the_stride() -> None:
    choices = ExplicitChoices.from_request(wish("o=100 k=13 s=5"))

    assert choices.usual() == [
        ExplicitChoice(p=0, op=2, i=18), ExplicitChoice(p=1, op=4, i=18),
        ExplicitChoice(p=2, op=1, i=19), ExplicitChoice(p=4, op=0, i=20),
    ]  # fmt: skip


def test_unequal_crops_are_one_choice() -> None:
    choices = ExplicitChoices.from_request(wish("o=14 k=3 s=2 p=1:0"))

    assert choices.first_ones(9) == [ExplicitChoice(p=1, op=0, i=7)]


def accepted(*clauses: str, calls: int = 30) -> Condition:
    """Return that calls are accepted where all these conditions hold."""
    parts = tuple(Clause(conditions=tuple(each.split(" or "))) for each in clauses)
    return Condition(clauses=parts, accepted=calls, refused=30, fitted=30, verified=30)


def entry(padding: str, terms: dict[str, int], *, op: bool = False, o: bool = False,
          failing: int = 0, target: str = "") -> Entry:  # fmt: skip
    """Return an entry whose size has these terms, measured for i up to 4."""
    seen = Evidence(points=30, holding=30 - failing, fitted=30,
                    fitted_range={"i": (1, 4), "p_begin": (0, 2), "p_end": (0, 2)},
                    verified=0, verified_range={}, counterexample=None, shortfalls=())  # fmt: skip
    return Entry(
        question=Question(target=target or f"fake:{padding}@cpu", padding=padding, op=op, o=o),
        verdicts={"resolved": 30},
        rule=Rule(size=Piecewise(formula=Formula.from_mapping(terms))),
        evidence=seen,
        domain=Domain(calls=30, sizes={"i": (1, 4)}, options={1: {}}),
        acceptance=accepted(),
    )


def sizes_of(of: Entry, text: str) -> TargetSizes:
    (only,) = target_sizes([of], wish(text))
    return only


def test_policy_reaches_what_its_rule_says() -> None:
    (choice,) = sizes_of(entry("same", {"s*i": 1}), "o=8 k=3 s=2").choices

    assert (choice.i, choice.p, choice.op, choice.is_known) == ((4, 4), None, None, True)


def test_size_beyond_what_was_measured_is_marked() -> None:
    (choice,) = sizes_of(entry("same", {"s*i": 1}), "o=10 k=3 s=2").choices

    assert (choice.i, choice.is_known) == ((5, 5), False)


def test_output_paddings_are_tried_below_the_stride() -> None:
    found = sizes_of(entry("valid", {"s*i": 1, "op": 1}, op=True), "o=7 k=3 s=3")

    assert [(each.i, each.op) for each in found.choices] == [((2, 2), (1, 1))]


def test_output_paddings_without_an_effect_are_a_range() -> None:
    (choice,) = sizes_of(entry("same", {"s*i": 1}, op=True), "o=8 k=3 s=4").choices

    assert choice.op == (0, 3)


def test_explicit_crops_are_tried_below_the_kernel() -> None:
    found = sizes_of(entry("explicit", FULL), "o=5 k=3 s=2")

    assert [(each.i[0], each.p) for each in found.choices] == [
        (2, (0, 0)),
        (3, (1, 1)),
        (4, (2, 2)),
    ]


def test_target_that_computed_no_crop_in_numbers_has_no_padding_in_numbers() -> None:
    only = entry("explicit", FULL)
    assert only.evidence is not None
    seen = replace(only.evidence, fitted_range={"i": (1, 4), "p_begin": (0, 0), "p_end": (0, 0)})

    found = sizes_of(replace(only, evidence=seen), "o=5 k=3 s=2")

    assert (found.choices, found.reason) == ((), "no argument for a padding in numbers")


def test_only_accepted_calls_are_listed_wherever_they_were_measured() -> None:
    even = replace(
        entry("explicit", FULL), acceptance=accepted("p_begin == p_end", "i <= 2 or p_end == 2")
    )

    found = sizes_of(even, "o=5 k=3 s=2")
    beyond = sizes_of(even, "o=5 k=3 s=2 i=40 p=37")

    assert [(each.i[0], each.p) for each in found.choices] == [(2, (0, 0)), (4, (2, 2))]
    assert not beyond.choices


def test_call_of_which_acceptance_is_not_known_is_marked() -> None:
    for unknown in (None, replace(accepted(), shortfalls=("few calls",))):
        (choice,) = sizes_of(
            replace(entry("same", {"s*i": 1}), acceptance=unknown), "o=8 k=3 s=2"
        ).choices

        assert not choice.is_known


def test_target_that_refuses_every_call_says_why() -> None:
    never = replace(accepted(calls=0), reason="no padding policy")
    found = sizes_of(replace(entry("same", {"s*i": 1}), acceptance=never), "o=8 k=3 s=2")

    assert (found.choices, found.reason) == ((), "no padding policy")


def test_explicit_calls_are_those_of_one_call_of_the_framework() -> None:
    explicit = replace(
        entry("explicit", FULL, op=True), rule=None, evidence=None, verdicts={"match": 30},
        routes={NATIVE: accepted("p_begin == 1"), "crop the end": accepted()},
    )  # fmt: skip
    numbers = entry("explicit", FULL, target=explicit.question.target)

    _, found = target_sizes([numbers, explicit], wish("o=8 k=3 s=2"))

    assert [(e.i[0], e.p, e.op, e.is_known) for e in found.choices] == [(4, (1, 1), (1, 1), True)]


def test_requested_sizes_are_solved_by_what_is_accepted_if_there_is_no_other_call() -> None:
    requested = replace(
        entry("same", {"o_requested": 1}, o=True),
        acceptance=accepted("o_requested <= s*i", "o_requested > s*(i - 1)"),
    )
    (choice,) = sizes_of(requested, f"o={10**18} k=3 s=7").choices
    other = entry("same", {"s*i": 1})

    assert choice.i == (142857142857142858,) * 2
    assert [e.question.o for e in target_sizes([requested, other], wish("o=8 k=3 s=2"))] == [False]
    assert len(list(target_sizes([requested, other], wish("o=8 k=3 s=2 i=4")))) == 2


def test_size_that_is_never_given_gets_the_nearest_ones() -> None:
    found = sizes_of(entry("same", {"s*i": 1}), "o=13 k=3 s=5")

    assert not found.choices
    assert [(each.size, each.i) for each in found.nearest] == [(10, (2, 2)), (15, (3, 3))]


@pytest.mark.parametrize(
    ("text", "count"),
    [("i=4", 1), ("i=5", 0), ("padding=same", 1), ("padding=valid", None), ("p=0", None),
     ("op=none", 1), ("op=0", None)],
)  # fmt: skip
def test_decided_parameters_are_kept(text: str, count: int | None) -> None:
    found = list(target_sizes([entry("same", {"s*i": 1})], wish(f"o=8 k=3 s=2 {text}")))

    assert [len(each.choices) for each in found] == ([] if count is None else [count])


def test_rule_with_a_counterexample_is_not_used() -> None:
    found = sizes_of(entry("same", {"s*i": 1}, failing=1), "o=8 k=3 s=2")

    assert (found.choices, found.reason) == ((), "no rule holds for its sizes")


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["o=8", "k=3", "ndim=2"], "one of o, k, s, dilation, i, p, output_padding, padding (got"),
        (["o=8"], "k is missing"),
        (["o=8x9", "k=3"], "o must be one number from 1, for one axis (got '8x9')"),
        (["o=0", "k=3"], "o must be one number from 1, for one axis (got '0')"),
        (["o=none", "k=3"], "o must be one number from 1, for one axis (got 'none')"),
        (["o=8", "k=0"], "k must be 1 or more (got 0)"),
        (["o=8", "k=3", f"s={2**63}"], "s must be below 2^63"),
        (["o=8", "k=3", "padding=FULL"], "padding=full is a call with p and op in numbers"),
    ],
)  # fmt: skip
def test_wish_that_cannot_be_read_is_refused(texts: list[str], message: str) -> None:
    with pytest.raises(AtlasError) as error:
        SizeRequest.from_texts(texts)

    assert message in str(error.value)


def write(folder: Path, entries: Iterable[Entry]) -> Path:
    source = MeasuredRun(run="map", digest="d1", started="2026-11-23", tconv="0", versions={})
    path = folder / "atlas.json"
    path.write_text(Atlas(source=source, entries=tuple(entries)).to_json())
    return path


@pytest.fixture
def written(tmp_path: Path) -> Path:
    entries = (
        entry("same", {"s*i": 1}, target="fake:call@cpu"),
        entry("same", {"s*i": 1}, target="fake:layer@cpu"),
        entry("valid", FULL, target="fake:layer@cpu"),
        replace(entry("same", {"s*i": 1}, target="other:call@cpu"),
                acceptance=None),
        entry("explicit", FULL, target="third:call@cpu"),
    )  # fmt: skip
    return write(tmp_path, entries)


def printed(written: Path, text: str) -> Result:
    return CliRunner().invoke(cli, ["sizes", *text.split(), "--atlas", str(written)])


def test_command_prints_legal_choices_and_one_line_per_answer(written: Path) -> None:
    done = printed(written, "o=8 k=3 s=2")

    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines() == [
        "3 legal choices of i, p and op with o = 8",
        "  i=3  p=0  op=1",
        "  i=4  p=1  op=1",
        "  i=5  p=2  op=1",
        "",
        "call with     gives it where  targets",
        "padding=same  i=4             fake, other?",
        "?: beyond what was measured, or it is not known whether the call is accepted",
    ]


def test_command_says_what_a_target_gives_instead(written: Path) -> None:
    done = printed(written, "o=8 k=3 s=2 --target third --target fake")

    assert done.stdout.splitlines()[-5:] == [
        "call with     gives it where  targets",
        "padding=same  i=4             fake",
        "third does not give o=8; the nearest:",
        "  o=7 with p where i=3 p=0",
        "  o=9 with p where i=4 p=0",
    ]
    assert done.exit_code == 0
    assert printed(written, "o=8 k=3 s=2 --target third").exit_code == 3


def test_command_says_of_each_kind_of_call_why_it_does_not_give_the_size(tmp_path: Path) -> None:
    entries = (
        replace(
            entry("same", {"s*i": 1}), acceptance=accepted("s == 1 or K == k", "o > s*(i - 1)")
        ),
        replace(entry("valid", FULL), rule=None, reason="no such policy"),
    )
    done = printed(write(tmp_path, entries), "o=15 k=3 s=2 d=2 --target fake")

    assert done.stdout.splitlines()[-3:] == [
        "fake does not give o=15:",
        "  padding=same   accepted only where s == 1 or K == k",
        "  padding=valid  no such policy",
    ]


def test_command_counts_no_legal_choices_beside_a_policy(written: Path) -> None:
    done = printed(written, "o=8 k=3 s=2 padding=same")

    assert done.stdout.splitlines()[:2] == [
        "call with     gives it where  targets",
        "padding=same  i=4             fake, other?",
    ]


@pytest.mark.parametrize("numbers", ["o=400 k=10 s=5", "o=123456 k=77 s=9", "o=9 k=3 s=1 d=3"])
def test_lines_fit_into_a_hundred_columns(tmp_path: Path, numbers: str) -> None:
    backends = ["keras-one", "keras-two", "a-framework", "another-one", "of-a-long-name", "last"]
    entries = [
        entry(padding, rule, op=op, target=f"{backend}:mode{mode}@cpu")
        for backend in backends for mode in "abc"
        for padding, rule in (("explicit", FULL), ("same_lower", {"s*i": 1 + (mode == "a")}))
        for op in (False, True)
    ]  # fmt: skip
    path = write(tmp_path, entries)
    few, full = (printed(path, f"{numbers}{more}").stdout for more in ("", " --all"))

    assert max(map(len, few.splitlines())) <= 100
    assert "keras-*" in few
    assert all(name in full for name in backends)


def test_command_prints_every_choice_on_request(written: Path) -> None:
    some, every = (printed(written, f"o=99 k=9 s=1{more}").stdout for more in ("", " --all"))

    assert some.startswith(
        "9 legal choices of i, p and op with o = 99, such as\n  i=91  p=0  op=0\n"
    )
    assert "..." in some
    assert every.count("\n  i=") == 9
    assert "  i=107  p=8  op=0" in every
    assert "..." not in every


def test_command_prints_json(written: Path) -> None:
    content = json.loads(printed(written, "o=8 k=3 s=2 --json").stdout)

    assert {"i": 4, "p": 1, "op": 1} in content["explicit"]
    assert content["legal_choices"] == 3
    (choice,) = content["targets"][0]["choices"]
    assert (choice["i"], choice["is_known"]) == ([4, 4], True)
