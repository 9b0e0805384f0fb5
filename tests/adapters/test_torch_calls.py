"""The planning of PyTorch's calls, which needs no PyTorch."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tconv.adapters.crop import crop_of, route_with
from tconv.adapters.torch.calls import Function, Module, call_for, route
from tconv.model.case import Case
from tconv.model.geometry import full_size, output_size
from tconv.model.route import Native, Unsupported
from tconv.model.window import Window


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Return an explicit case of one axis with an output and any output padding."""
    i, k, s, d = (draw(st.integers(1, 4)) for _ in range(4))
    p = draw(st.tuples(st.integers(0, 5), st.integers(0, 5)))
    smallest = max(0, 1 - (full_size(i, k, s, d) - sum(p)))
    op = draw(st.integers(smallest, smallest + 4))
    return Case.from_parameters(ndim=1, i=i, k=k, s=s, p=[p], output_padding=op, dilation=d)


@given(case=cases())
def test_the_call_and_its_crop_leave_the_window_of_the_case(case: Case) -> None:
    (axis,) = case.axes

    call = call_for(case)

    assert isinstance(call, Function)
    (p,), (op,) = call.padding, call.output_padding
    (cut,) = call.crop or (Window(begin=0, end=0),)
    assert p + cut.begin == axis.p_begin
    full = full_size(axis.i, axis.k, axis.s, axis.d)
    assert full - 2 * p + op - cut.begin - cut.end == output_size(axis)


@given(case=cases())
def test_the_call_takes_what_a_framework_may_take_and_crops_one_side_at_most(case: Case) -> None:
    (axis,) = case.axes

    call = call_for(case)

    assert isinstance(call, Function)
    assert min(call.output_padding) >= 0
    assert call.output_padding[0] <= max(axis.extra, max(axis.s, axis.d) - 1)
    assert not any(cut.begin and cut.end for cut in call.crop)


def test_a_wanted_size_is_an_argument_of_the_module() -> None:
    case = Case.from_id("2d-i4x4-k3x3-s2x2-p1x1-opnone-o7x8-ci2-co4-f32")

    call = call_for(case)

    assert call == Module(padding=(1, 1), output_padding=(0, 0), output_size=(7, 8))


@pytest.mark.parametrize(
    ("case_id", "reason"),
    [
        ("1d-i4-k3-padsame-ci2-co4-f32", "no padding policy"),
        (
            "1d-i4-k3-s2-p1.0-opnone-g2-o8-ci3-co4-f32",
            "no separate padding for start and end where output_size is given",
        ),
        (
            "4d-i2x2x2x2-k1x1x1x1-padsame-ci2-co4-f32",
            "no transposed convolution of more than 3 axes",
        ),
        ("1d-i4-k3-ci2-co4-i32", "no int32 kernel on the CPU"),
    ],
)
def test_what_no_call_says_has_a_reason(case_id: str, reason: str) -> None:
    found = route(Case.from_id(case_id), "cpu")

    assert isinstance(found, Unsupported)
    assert found.reason == reason


@pytest.mark.parametrize(
    "case_id", ["1d-i4-k3-s2-opnone-o12-ci2-co4-i32", "1d-i4-k3-s2-op2-ci2-co4-i32"]
)
def test_a_fault_that_pytorch_sees_before_the_dtype_is_left_to_it(case_id: str) -> None:
    assert not isinstance(route(Case.from_id(case_id), "cpu"), Unsupported)


def test_int32_is_native_on_the_gpu() -> None:
    case = Case.from_id("1d-i4-k3-ci2-co4-i32")

    assert route(case, "gpu") == Native(call="torch.nn.functional.conv_transpose1d")


def test_a_crop_without_positions_adds_nothing() -> None:
    assert route_with(crop_of((0, 0), (0, 0)), "f") == Native(call="f")
