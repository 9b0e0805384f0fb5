"""The planning of TensorFlow's calls and its reasons, which need no TensorFlow."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tconv.adapters.tensorflow.calls import TensorflowCall, call_for, why_unsupported
from tconv.model.case import Case
from tconv.model.geometry import Axis, full_size
from tconv.model.window import Window

FEATURES = ("dilation", "groups", "explicit dilation", "explicit groups")
NOTHING: frozenset[str] = frozenset()


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Return a legal explicit case of one or three axes."""
    ndim = draw(st.sampled_from([1, 3]))
    axes = [draw(st.tuples(*[st.integers(1, 3)] * 4)) for _ in range(ndim)]
    i, k, s, d = zip(*axes, strict=True)
    p = [draw(st.tuples(*[st.integers(0, d * (k - 1))] * 2)) for _, k, _, d in axes]
    op = [draw(st.integers(0, s - 1)) for _, _, s, _ in axes]
    g = draw(st.integers(1, 2))
    return Case.from_parameters(
        ndim=ndim, i=i, k=k, s=s, p=p, output_padding=op, dilation=d, groups=g, c_in=2 * g
    )


def begin_of(call: TensorflowCall, index: int, axis: Axis) -> int:
    """Return what the kind of padding crops off the begin: by TensorFlow's definition of each."""
    assert call.size is not None
    if not isinstance(call.padding, str):
        return call.padding[index][0]
    if call.padding == "VALID":
        return 0
    return max(full_size(axis.i, axis.k, axis.s, axis.d) - call.size[index], 0) // 2


@given(
    case=cases().filter(lambda case: case.legality[0] == "legal"),
    lacking=st.frozensets(st.sampled_from(FEATURES)),
)
def test_the_call_and_its_crop_leave_the_window_of_the_case(
    case: Case, lacking: frozenset[str]
) -> None:
    call = call_for(case, lacking)

    assert call.size is not None
    crop = call.crop or (Window(begin=0, end=0),) * case.ndim
    assert case.y_shape[2:] == tuple(
        n - cut.begin - cut.end for n, cut in zip(call.size, crop, strict=True)
    )
    assert case.p_begin == tuple(
        begin_of(call, index, axis) + crop[index].begin for index, axis in enumerate(case.axes)
    )


@pytest.mark.parametrize(
    ("case_id", "lacking", "text"),
    [
        ("1d-i5-k3-p2-d2-ci2-co3-f64", NOTHING, "conv1d_transpose(padding='SAME')"),
        (
            "1d-i5-k3-p2-d2-ci2-co3-f64",
            {"dilation"},
            "atrous_conv2d_transpose(padding='SAME') on a unit axis",
        ),
        (
            "2d-i5x4-k3x2-p2.0x0-g2-ci2-co4-f32",
            NOTHING,
            "conv2d_transpose(padding=[(begin, end), ...])",
        ),
        ("2d-i5x4-k3x2-p2.0x0-g2-ci2-co4-f32", {"explicit groups"}, "crop the start"),
    ],
)
def test_the_call_depends_on_what_the_kernel_lacks(
    case_id: str, lacking: frozenset[str], text: str
) -> None:
    case = Case.from_id(case_id)

    found = call_for(case, frozenset(lacking)).route(case)

    assert text in str(found)


@pytest.mark.parametrize(
    ("case_id", "reason"),
    [
        ("1d-i4-k3-opm1-g0-ci2-co4-f32", "no groups argument"),
        ("2d-i4x4-k3x3-padvalid-ci2-co4-f32", "no output_padding argument"),
        ("1d-i4-k3-opnone-ci2-co4-f32", "no default for the output size"),
        ("4d-i2x2x2x2-k1x1x1x1-ci2-co4-f32", "no transposed convolution of more than 3 axes"),
        ("3d-i4x3x2-k1x2x3-ci2-co4-i32", "no kernel of this dtype"),
        ("3d-i4x4x4-k3x3x3-p0xm1x0-ci2-co4-f32", "no explicit padding in 3 dimensions"),
        ("2d-i4x4-k3x3-opnone-padsamelower-o4x4-ci2-co4-f32", "no padding policy same_lower"),
        ("1d-i4-k3-s2-d2-ci2-co4-f64", "no dilation in this dtype's kernel"),
        ("1d-i4-k3-g2-ci2-co4-f64", "no groups in this dtype's kernel"),
    ],
)
def test_what_no_call_says_has_a_reason(case_id: str, reason: str) -> None:
    case, lacking = Case.from_id(case_id), frozenset(FEATURES)

    found = why_unsupported(case, call_for(case, lacking), lacking)

    assert found is not None
    assert found.reason == reason


@pytest.mark.parametrize("change", [{"s": (0,)}, {"o": (9,), "output_padding": None}])
def test_a_fault_that_tensorflow_sees_before_its_kernel_is_left_to_it(
    change: dict[str, tuple[int, ...] | None],
) -> None:
    case = replace(Case.from_id("1d-i4-k3-g2-ci2-co4-f64"), **change)  # type: ignore[arg-type] # typed by its keys
    lacking = frozenset({"groups", "explicit groups"})

    assert why_unsupported(case, call_for(case, lacking), lacking) is None


def test_refused_groups_are_passed_ahead_of_a_refused_output_padding() -> None:
    case = Case.from_id("1d-i4-k3-opm1-g0-ci2-co4-f32")

    arguments = call_for(case, NOTHING).arguments(case)

    assert list(arguments)[-4:] == ["groups", "output_padding", "strides", "dilations"]
