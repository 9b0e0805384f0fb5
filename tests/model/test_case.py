"""Cases: ids that never change, round trips, and refusals that say what was expected."""

import pickle
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tconv.errors import CaseError
from tconv.model.case import Case
from tconv.model.malformed import MALFORMED, MALFORMED_BIAS
from tconv.model.parameters import DTYPES, POLICIES, VALUES
from tconv.model.policies import DEFINED, InputPadding

GOLDEN: list[tuple[str, dict[str, Any]]] = [
    ("1d-i1-k1-ci2-co4-f32", {"ndim": 1, "i": 1, "k": 1}),
    ("1d-i5-k3-s2-p1-op1-ci2-co4-f32",
     {"ndim": 1, "i": 5, "k": 3, "s": 2, "p": 1, "output_padding": 1}),
    ("2d-i5x4-k3x3-s2x1-p1.0x0-op1x0-ci2-co3-f32",
     {"ndim": 2, "i": (5, 4), "k": 3, "s": (2, 1), "p": ((1, 0), 0), "output_padding": (1, 0),
      "c_out": 3}),
    ("2d-i4x4-k2x2-d3x1-g2-n2-ci4-co8-bf16-nobias",
     {"ndim": 2, "i": 4, "k": 2, "dilation": (3, 1), "groups": 2, "n": 2, "c_in": 4, "c_out": 8,
      "dtype": "bfloat16", "bias": False}),
    ("3d-i2x3x4-k1x2x3-s1x2x3-ci2-co4-f64-normal",
     {"ndim": 3, "i": (2, 3, 4), "k": (1, 2, 3), "s": (1, 2, 3), "dtype": "float64",
      "values": "normal"}),
    ("1d-i3-k2-pm1-opm1-ci2-co4-f16",
     {"ndim": 1, "i": 3, "k": 2, "p": -1, "output_padding": -1, "dtype": "float16"}),
    ("1d-i3-k2-s2-opnone-padsame-ci2-co4-c64",
     {"ndim": 1, "i": 3, "k": 2, "s": 2, "output_padding": None, "padding": "same",
      "dtype": "complex64"}),
    ("2d-i3x3-k2x2-s2x2-padsamelower-o6x5-ci1-co1-i32",
     {"ndim": 2, "i": 3, "k": 2, "s": 2, "padding": "same_lower", "o": (6, 5), "c_in": 1,
      "c_out": 1, "dtype": "int32"}),
    ("1d-i1-k2-s9223372036854775807-pm2147483649-ci2-co4-f32-wchannels",
     {"ndim": 1, "i": 1, "k": 2, "s": 2**63 - 1, "p": -(2**31) - 1,
      "malformed": "weight_channels"}),
    ("2d-i5x4-k4x3-s2x2-padcausal-ci2-co4-f32",
     {"ndim": 2, "i": (5, 4), "k": (4, 3), "s": 2, "padding": "causal"}),
    ("1d-i5-k4-s2-padfull-ci2-co4-f32",
     {"ndim": 1, "i": 5, "k": 4, "s": 2, "padding": "full"}),
    ("1d-i5-k4-s2-padcircular-ci2-co4-f32",
     {"ndim": 1, "i": 5, "k": 4, "s": 2, "padding": "circular"}),
    ("1d-i5-k4-s2-padreflect-ci2-co4-f32",
     {"ndim": 1, "i": 5, "k": 4, "s": 2, "padding": "reflect"}),
    ("1d-i64-k3-ci2-co4-i32",
     {"ndim": 1, "i": 64, "k": 3, "dtype": "int32"}),
]  # fmt: skip
"""Ids that are in use. A line here never changes; new parameters add lines."""


@pytest.mark.parametrize(("case_id", "parameters"), GOLDEN, ids=[line[0] for line in GOLDEN])
def test_id_of_known_case_never_changes(case_id: str, parameters: dict[str, Any]) -> None:
    case = Case.from_parameters(**parameters)

    assert case.id == case_id


@pytest.mark.parametrize(("case_id", "parameters"), GOLDEN, ids=[line[0] for line in GOLDEN])
def test_from_id_of_known_id_gives_its_case(case_id: str, parameters: dict[str, Any]) -> None:
    case = Case.from_id(case_id)

    assert case == Case.from_parameters(**parameters)


@st.composite
def any_case(draw: st.DrawFn) -> Case:
    ndim = draw(st.integers(1, 4))
    numbers = st.integers(-3, 12)
    per_axis = st.tuples(*[numbers] * ndim)
    sizes = st.integers(0, 12)
    size_per_axis = st.tuples(*[sizes] * ndim)
    policy = draw(st.none() | st.sampled_from(sorted(POLICIES)))
    nothing = (0,) * ndim
    has_bias = draw(st.booleans())
    possible = MALFORMED if has_bias else MALFORMED.keys() - MALFORMED_BIAS
    return Case(
        ndim=ndim,
        i=draw(size_per_axis),
        k=draw(size_per_axis),
        c_in=draw(sizes),
        c_out=draw(sizes),
        s=draw(per_axis),
        p_begin=nothing if policy else draw(per_axis),
        p_end=nothing if policy else draw(per_axis),
        output_padding=nothing if policy in DEFINED else draw(st.none() | per_axis),
        dilation=draw(per_axis),
        groups=draw(numbers),
        padding=policy,
        o=None if policy in DEFINED else draw(st.none() | per_axis),
        n=draw(sizes),
        dtype=draw(st.sampled_from(sorted(DTYPES))),
        bias=has_bias,
        values=draw(st.sampled_from(VALUES)),
        malformed=draw(st.none() | st.sampled_from(sorted(possible))),
    )


@given(any_case())
def test_from_id_undoes_id(case: Case) -> None:
    again = Case.from_id(case.id)

    assert again == case


@given(any_case())
def test_id_uses_its_few_characters(case: Case) -> None:
    assert re.fullmatch(r"[a-z0-9.x-]+", case.id)


@given(any_case(), any_case())
def test_id_of_different_cases_differs(one: Case, other: Case) -> None:
    assert (one.id == other.id) == (one == other)


@pytest.mark.parametrize(
    ("case_id", "words"),
    [
        ("", "part '' of case id '' is not understood"),
        ("2d-i5x4-k3x3-q7-ci2-co4-f32", "part 'q7'"),
        ("2d-i5x4-k3x3-f32", "should give c_in, c_out as well"),
        ("2d-i5-k3x3-ci2-co4-f32", "a tuple of 2 integers"),
        ("1d-i5.1-k3-ci2-co4-f32", "part 'i5.1'"),
        ("1d-i5-k3-p1.2.3-ci2-co4-f32", "should be '1d-i5-k3-p1.3-ci2-co4-f32'"),
        ("1d-i5-i6-k3-ci2-co4-f32", "should be '1d-i6-k3-ci2-co4-f32'"),
        ("1d-i5-k3-s1-ci2-co4-f32", "should be '1d-i5-k3-ci2-co4-f32'"),
    ],
    ids=["empty", "unknown", "short", "rank", "number", "sides", "twice", "default"],
)
def test_from_id_of_other_text_says_what_is_wrong(case_id: str, words: str) -> None:
    with pytest.raises(CaseError, match=re.escape(words)):
        Case.from_id(case_id)


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"ndim": 0}, "ndim=0, but should be 1 or more"),
        ({"i": (1, 2)}, "i=(1, 2), but should be a tuple of 1 integers"),
        ({"k": (1.5,)}, "k=(1.5,), but should be a tuple of 1 integers"),
        ({"dtype": "float8"}, "dtype='float8', but should be one of float16, bfloat16"),
        ({"values": "odd"}, "values='odd', but should be one of exact, normal"),
        ({"padding": "Full"}, "padding='Full', but should be one of same"),
        ({"padding": "same", "p": 1}, "p=(1, 1), but should be absent"),
        ({"padding": "full", "p": 1}, "p=(1, 1), but should be absent"),
        ({"padding": "causal", "o": 5}, "o=(5,), but should be absent: padding 'causal' defines"),
        (
            {"padding": "reflect", "output_padding": 1},
            "output_padding=(1,), but should be 0 where padding is 'reflect'",
        ),
        ({"padding": "circular", "output_padding": None}, "output_padding=None, but should be 0"),
    ],
    ids=lambda value: "" if isinstance(value, str) else "-".join(value),
)
def test_case_that_no_case_can_be_is_refused(parameters: dict[str, Any], words: str) -> None:
    base: dict[str, Any] = {"ndim": 1, "i": 3, "k": 3}
    with pytest.raises(CaseError, match=re.escape(words)):
        Case.from_parameters(**(base | parameters))


@pytest.mark.parametrize(
    ("parameters", "legality", "suite", "reason"),
    [
        ({}, "legal", "explicit", ""),
        ({"output_padding": 1}, "extended", "extended", "op=1 is not below s=1"),
        ({"i": 6, "p": 3}, "extended", "extended", "p=3 is above K-1=2"),
        ({"p": (0, (-1, 0))}, "extended", "extended", "p=-1 is negative"),
        ({"i": 0}, "extended", "extended", "i=0 leaves an empty input"),
        ({"n": 0}, "extended", "extended", "n=0 leaves an empty batch"),
        ({"s": (1, 0)}, "illegal", "illegal", "s=0 is below 1"),
        ({"groups": 3}, "illegal", "illegal", "groups=3 does not divide c_in=2"),
        ({"c_in": 3, "groups": 3}, "illegal", "illegal", "groups=3 does not divide c_out=4"),
        ({"groups": 0}, "illegal", "illegal", "groups=0 is below 1"),
        ({"i": 1, "p": (1, 2)}, "illegal", "illegal", "o=-1 is below 1"),
        ({"n": 0, "dilation": 0}, "illegal", "illegal", "d=0 is below 1"),
        ({"output_padding": None}, "legal", "open", ""),
        ({"padding": "same"}, "legal", "open", ""),
        ({"padding": "same", "s": 0}, "illegal", "illegal", "s=0 is below 1"),
        ({"padding": "full"}, "legal", "explicit", ""),
        ({"padding": "causal", "i": 1}, "legal", "explicit", ""),
        ({"padding": "circular", "i": 1}, "legal", "explicit", ""),
        (
            {"padding": "circular", "i": 1, "k": 6},
            "extended",
            "extended",
            "the policy pads the input by 3 elements, above the 1 that it has to copy",
        ),
        (
            {"padding": "reflect", "i": (1, 4)},
            "extended",
            "extended",
            "the policy pads the input by 1 elements, above the 0 that it has to copy",
        ),
        ({"padding": "reflect", "i": 2, "s": 2, "k": 5}, "legal", "explicit", ""),
        ({"padding": "reflect", "i": 0}, "extended", "extended", "i=0 leaves an empty input"),
        ({"padding": "circular", "s": (1, 0)}, "illegal", "illegal", "s=0 is below 1"),
        ({"padding": "causal", "k": 0}, "illegal", "illegal", "k=0 is below 1"),
        (
            {"padding": "reflect", "groups": 3},
            "illegal",
            "illegal",
            "groups=3 does not divide c_in=2",
        ),
        ({"o": 50}, "legal", "open", ""),
        ({"o": (9, 0)}, "illegal", "illegal", "o=0 is below 1"),
        ({"o": 3, "i": 1, "p": 2, "s": 2}, "legal", "open", ""),
        ({"padding": "same", "output_padding": 1}, "extended", "open", "op=1 is not below s=1"),
    ],
)
def test_legality_follows_the_rules(
    parameters: dict[str, Any], legality: str, suite: str, reason: str
) -> None:
    base: dict[str, Any] = {"ndim": 2, "i": 4, "k": 3}
    case = Case.from_parameters(**(base | parameters))

    assert (case.legality, case.suite) == ((legality, reason), suite)


def test_shapes_follow_the_canonical_layout() -> None:
    case = Case.from_id("2d-i5x4-k3x2-s2x1-p1.0x0-op1x0-g2-n3-ci4-co6-f32")

    assert case.x_shape == (3, 4, 5, 4)
    assert case.w_shape == (4, 3, 3, 2)
    assert case.b_shape == (6,)
    assert case.y_shape == (3, 6, 11, 5)


@pytest.mark.parametrize(
    ("case_id", "lowered", "sides", "size"),
    [
        ("1d-i7-k4-s2-padfull-ci2-co4-f32", "1d-i7-k4-s2-ci2-co4-f32", None, 16),
        ("1d-i7-k4-s2-padcausal-ci2-co4-f32", "1d-i7-k4-s2-p0.2-ci2-co4-f32", None, 14),
        ("1d-i7-k2-s5-padcausal-ci2-co4-f32", "1d-i7-k2-s5-op3-ci2-co4-f32", None, 35),
        # start = 1, as in SAME; one element before, so that element 1 has its four taps, one after.
        ("1d-i7-k4-s2-padcircular-ci2-co4-f32", "1d-i9-k4-s2-p3-ci2-co4-f32", (1, 1), 14),
        ("1d-i7-k5-s2-padreflect-ci2-co4-f32", "1d-i9-k5-s2-p3.4-ci2-co4-f32", (1, 1), 14),
        ("1d-i7-k3-padreflect-ci2-co4-f32", "1d-i9-k3-p2-ci2-co4-f32", (1, 1), 7),
        ("1d-i7-k3-s2-padcircular-ci2-co4-f32", "1d-i8-k3-s2-p2.1-ci2-co4-f32", (1, 0), 14),
        ("1d-i7-k2-s3-padcircular-ci2-co4-f32", "1d-i7-k2-s3-op1-ci2-co4-f32", None, 21),
        ("1d-i0-k4-s2-padcircular-ci2-co4-f32", "1d-i0-k4-s2-p1-ci2-co4-f32", None, 0),
    ],
)
def test_defined_policy_is_an_explicit_case_of_the_padded_input(
    case_id: str, lowered: str, sides: tuple[int, int] | None, size: int
) -> None:
    case = Case.from_id(case_id)
    padding = case.input_padding

    assert case.lowered.id == lowered
    assert (padding and padding.sides) == (sides and (sides,))
    assert case.y_shape == case.lowered.y_shape == (1, 4, size)


def test_padding_of_the_input_names_its_fill_and_malformed_tensors_have_none() -> None:
    case = Case.from_parameters(ndim=2, i=5, k=(2, 4), s=2, padding="circular")
    malformed = replace(case, malformed="input_lacks_axis")

    assert case.input_padding == InputPadding(fill="wrap", sides=((0, 0), (1, 1)))
    assert case.lowered.i == (5, 7)
    assert malformed.input_padding is None


@given(any_case())
def test_case_of_no_defined_policy_is_its_own_lowered_case(case: Case) -> None:
    assert (case.lowered is case) == (case.padding not in DEFINED)
    assert case.lowered.padding == (None if case.padding in DEFINED else case.padding)


def test_open_case_has_the_shape_that_is_requested_and_the_full_result_has_no_crop() -> None:
    case = Case.from_id("2d-i5x4-k3x2-s2x1-p1.0x0-opnone-o9x7-ci4-co6-f32")

    assert case.y_shape == (1, 6, 9, 7)
    assert case.uncropped.id == "2d-i5x4-k3x2-s2x1-ci4-co6-f32"
    assert case.uncropped.y_shape == (1, 6, 11, 5)


@pytest.mark.parametrize("name", ["i", "k", "n", "c_in", "c_out"])
def test_negative_size_is_refused_as_no_array_has_one(name: str) -> None:
    with pytest.raises(CaseError, match=rf"{name}=.*-1.*, but should be 0 or more"):
        Case.from_parameters(**({"ndim": 1, "i": 3, "k": 2} | {name: -1}))


@pytest.mark.parametrize("name", MALFORMED)
def test_case_whose_tensors_do_not_fit_is_illegal_and_says_how(name: str) -> None:
    case = Case.from_parameters(ndim=1, i=3, k=2, malformed=name)

    assert case.suite == "illegal"
    assert case.legality == ("illegal", MALFORMED[name].words)


@pytest.mark.parametrize("name", sorted(MALFORMED_BIAS))
def test_fault_of_a_bias_is_refused_where_there_is_none(name: str) -> None:
    with pytest.raises(CaseError, match=f"malformed='{name}', but should be one of x or w, as"):
        Case.from_parameters(ndim=1, i=3, k=2, malformed=name, bias=False)


def test_unknown_malformation_is_refused_with_the_known_ones() -> None:
    with pytest.raises(CaseError, match="malformed='rank', but should be one of weight_channels,"):
        Case.from_parameters(ndim=1, i=3, k=2, malformed="rank")


@pytest.mark.parametrize(
    ("given", "suite"),
    [
        ({"i": 1, "k": 2, "s": 2**63 - 1}, "explicit"),
        ({"i": 3, "k": 1, "dilation": 2**63 - 1}, "explicit"),
        ({"i": 2, "k": 1, "s": 2**31 - 2, "c_out": 1}, "explicit"),
        ({"i": 2, "k": 1, "s": 2**31 - 1, "c_out": 1}, "illegal"),
        ({"i": 2, "k": 1, "s": 2**30, "c_out": 2}, "illegal"),
        ({"i": 1, "k": 2, "output_padding": 2**31}, "illegal"),
        ({"i": 1, "k": 2, "p": -(2**31)}, "illegal"),
        ({"i": 1, "k": 2, "output_padding": None, "o": 2**31}, "illegal"),
        ({"i": 3, "k": 3, "p": 2**63 - 1}, "illegal"),
        ({"i": 0, "k": 3, "s": 2**63 - 1}, "extended"),
    ],
    ids=str,
)
def test_result_of_more_elements_than_32_bits_count_is_illegal(
    given: dict[str, Any], suite: str
) -> None:
    assert Case.from_parameters(ndim=1, **given).suite == suite


@pytest.mark.parametrize("name", ["s", "p", "dilation", "output_padding", "o"])
def test_parameter_beyond_32_bits_makes_a_case_huge(name: str) -> None:
    assert Case.from_parameters(ndim=2, i=1, k=1, **{name: 2**31}).is_huge
    assert not Case.from_parameters(ndim=2, i=1, k=1, **{name: 2**31 - 1}).is_huge


def test_pickled_case_lacks_cached_values() -> None:
    case = Case.from_parameters(ndim=2, i=3, k=2, padding="circular")
    known = case.id, case.axes, case.uncropped, case.lowered

    sent = pickle.loads(pickle.dumps(case))  # noqa: S301 # as between processes

    assert vars(sent).keys() >= {"id"}
    assert not vars(sent).keys() & {"axes", "uncropped", "_lowered"}
    assert (sent, (sent.id, sent.axes, sent.uncropped, sent.lowered)) == (case, known)


def test_parameters_that_are_equal_share_their_axes() -> None:
    """What follows from an axis is cached by axis, because a grid has few distinct ones."""
    first = Case.from_parameters(ndim=2, i=[5, 4], k=3, o=[7, 6])
    other = Case.from_parameters(ndim=2, i=[4, 5], k=3, o=[6, 7], n=2)

    assert first.axes[0] is other.axes[1]
    assert first.axes[1] is other.axes[0]


@pytest.mark.parametrize(
    "case_id",
    ["x" * 200_000, f"1d-i{'9' * 5000}-k3-ci2-co4-f32", "1d-" + "i2-" * 50_000, "9" * 900 + "d-i1"],
    ids=lambda text: text[:6],
)
def test_case_id_without_end_is_refused_in_one_line(case_id: str) -> None:
    with pytest.raises(CaseError) as caught:
        Case.from_id(case_id)

    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 700
