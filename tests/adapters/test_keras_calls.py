"""The planning of Keras's calls and its reasons, which need no Keras."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tconv.adapters.keras.calls import KerasCall, call_for, why_unsupported
from tconv.model.case import Case
from tconv.model.geometry import Axis, effective_kernel, full_size
from tconv.model.window import Window


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Return a legal explicit case of one or two axes."""
    ndim = draw(st.integers(1, 2))
    axes = [draw(st.tuples(*[st.integers(1, 4)] * 4)) for _ in range(ndim)]
    i, k, s, d = zip(*axes, strict=True)
    p = [draw(st.tuples(*[st.integers(0, d * (k - 1))] * 2)) for _, k, _, d in axes]
    op = [draw(st.integers(0, s - 1)) for _, _, s, _ in axes]
    return Case.from_parameters(ndim=ndim, i=i, k=k, s=s, p=p, output_padding=op, dilation=d)


def window(call: KerasCall, index: int, axis: Axis) -> tuple[int, int]:
    """Return begin and size of what the call itself returns of an axis.

    Written after Keras's own arithmetic, which pads an input of s-1 zeros between its elements
    (`_convert_conv_transpose_padding_args_from_keras_to_jax`), not after what is tested here.
    """
    extent = effective_kernel(axis.k, axis.d)
    given = None if call.output_padding is None else call.output_padding[index]
    if call.padding == "valid":
        given = max(extent, axis.s) - extent if given is None else given
        left, right = extent - 1, extent - 1 + given
    else:
        total = axis.s + extent - 2 if given is None else extent + extent % 2 - 2 + given
        left = min(total // 2 + total % 2, extent - 1)
        right = total - left
    return extent - 1 - left, axis.s * (axis.i - 1) - extent + 2 + left + right


@given(case=cases().filter(lambda case: case.legality[0] == "legal"), inverts=st.booleans())
def test_the_call_and_its_crop_leave_the_window_of_the_case(case: Case, inverts: bool) -> None:
    call = call_for(case, inverts=inverts)

    crop = call.crop or (Window(begin=0, end=0),) * case.ndim
    windows = [window(call, index, axis) for index, axis in enumerate(case.axes)]
    pairs = list(zip(windows, crop, strict=True))
    assert tuple(begin + cut.begin for (begin, _), cut in pairs) == case.p_begin
    assert tuple(size - cut.begin - cut.end for (_, size), cut in pairs) == case.y_shape[2:]


@given(case=cases().filter(lambda case: case.legality[0] == "legal"), inverts=st.booleans())
def test_the_output_padding_of_a_legal_case_is_one_that_layers_take(
    case: Case, inverts: bool
) -> None:
    given_extra = call_for(case, inverts=inverts).output_padding or (0,) * case.ndim

    assert all(0 <= op < s for op, s in zip(given_extra, case.s, strict=True))


@given(case=cases().filter(lambda case: case.legality[0] == "legal"))
def test_a_backend_that_inverts_is_asked_for_sizes_that_a_convolution_takes_to_i(
    case: Case,
) -> None:
    call = call_for(case, inverts=True)

    for index, axis in enumerate(case.axes):
        size = window(call, index, axis)[1]
        extent = effective_kernel(axis.k, axis.d) if call.padding == "valid" else 1
        assert -(-(size - extent + 1) // axis.s) == axis.i


@pytest.mark.parametrize(
    ("case_id", "call"),
    [
        ("1d-i5-k3-s2-op1-ci2-co3-f32", KerasCall(output_padding=(1,))),
        ("1d-i5-k3-s2-p0.1-op1-ci2-co3-f32", KerasCall(output_padding=(0,))),
        ("1d-i5-k4-s2-p1-ci2-co3-f32", KerasCall(padding="same")),
        ("2d-i5x4-k3x4-s2x2-p0.1x1-ci2-co3-f32", KerasCall(padding="same")),
        ("1d-i5-k3-s2-p1-ci2-co3-f32", KerasCall(padding="same", output_padding=(0,))),
        ("1d-i5-k3-s2-opnone-padvalid-ci2-co3-f32", KerasCall()),
        ("1d-i5-k3-s2-padsame-ci2-co3-f32", KerasCall(padding="same", output_padding=(0,))),
        ("1d-i5-k3-s2-opnone-ci2-co3-f32", KerasCall()),
    ],
)
def test_what_a_kind_of_padding_says_is_asked_of_it(case_id: str, call: KerasCall) -> None:
    assert call_for(Case.from_id(case_id), inverts=True) == call


def test_an_even_kernel_without_output_padding_is_same_only_where_the_backend_computes_it() -> None:
    case = Case.from_id("1d-i5-k4-s3-p2-ci2-co3-f32")
    size = full_size(5, 4, 3) - 4

    assert call_for(case, inverts=False) == KerasCall(padding="same", output_padding=(0,))
    assert call_for(case, inverts=True).crop
    assert -(-size // 3) != 5


@pytest.mark.parametrize(
    ("case_id", "is_layer", "reason"),
    [
        ("1d-i4-k3-g2-ci2-co4-f32", True, "no groups argument"),
        ("1d-i4-k3-opnone-g2-padsame-o4-ci2-co4-f32", False, "no groups argument"),
        ("1d-i4-k3-opnone-o6-ci2-co4-f32", False, "no argument for the output size"),
        ("1d-i4-k3-s0-opnone-o6-ci2-co4-f32", True, "no argument for the output size"),
        ("4d-i2x2x2x2-k1x1x1x1-g2-ci2-co4-f32", True, "no layer of more than 3 axes"),
        ("1d-i4-k3-p1-opnone-ci2-co4-f32", True, "no explicit padding"),
        ("1d-i4-k3-pm1.0-ci2-co4-f32", False, "no explicit padding"),
        ("1d-i4-k3-s0-p1-opnone-ci2-co4-f32", False, "no explicit padding"),
        ("1d-i1-k3-p1.2-ci2-co4-f32", True, "no explicit padding"),
        ("1d-i4-k3-opnone-padsamelower-ci2-co4-f32", True, "no padding policy same_lower"),
        ("1d-i4-k3-s2-d2-ci2-co4-f32", True, "no dilation beside a stride in layers"),
        ("2d-i4x4-k3x3-s2x1-p1x0-opnone-d1x2-ci2-co4-f32", True,
         "no dilation beside a stride in layers"),
    ],
)  # fmt: skip
def test_what_no_call_says_has_a_reason(case_id: str, is_layer: bool, reason: str) -> None:
    case = Case.from_id(case_id)

    found = why_unsupported(case, call_for(case, inverts=False), is_layer=is_layer)

    assert found is not None
    assert found.reason == reason


@pytest.mark.parametrize(
    "case_id",
    [
        "1d-i4-k3-s0-p1-opnone-ci2-co4-f32",
        "1d-i4-k3-s0-opnone-padsamelower-ci2-co4-f32",
        "1d-i4-k3-s2-op2-d2-ci2-co4-f32",
        "1d-i4-k3-s2-opm1-d2-ci2-co4-f32",
        "1d-i4-k3-p1-opnone-d0-ci2-co4-f32",
    ],
)
def test_what_a_layer_refuses_first_is_left_to_it(case_id: str) -> None:
    case = Case.from_id(case_id)

    assert why_unsupported(case, call_for(case, inverts=False), is_layer=True) is None


def test_a_negative_output_padding_is_passed_for_keras_to_refuse() -> None:
    case = Case.from_id("1d-i4-k3-p1-opm1-ci2-co4-f32")

    assert call_for(case, inverts=False) == KerasCall(output_padding=(-1,))
