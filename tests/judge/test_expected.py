"""The reference is exact where values are, and more precise than the dtype where they are not."""

from fractions import Fraction

import numpy as np
import pytest

from tconv.inputs.draw import draw
from tconv.judge.expected import expect
from tconv.model.case import Case
from tconv.model.dtypes import PRECISIONS
from tconv.model.parameters import DTYPES
from tconv.oracle.case_answer import most_products
from tconv.oracle.formulations import conv_transpose
from tconv.oracle.high_precision import IS_WIDE, in_fractions, in_longdouble

ID = "2d-i3x2-k2x3-s2x1-p1.0x0-op1x0-g2-ci4-co2"


@pytest.mark.parametrize("dtype", ["f64", "c128"])
@pytest.mark.skipif(not IS_WIDE, reason="longdouble is float64 on this machine")
def test_both_ways_to_higher_precision_agree(dtype: str) -> None:
    case = Case.from_id(f"{ID}-{dtype}-normal")
    work = draw(case).work

    high, rest = in_longdouble(case, work)
    exact_high, exact_rest = in_fractions(case, work)

    # A part beyond 64 bits is lost in longdouble: twelve products lose 2^-60 of their sum at most.
    assert np.abs((high - exact_high) + (rest - exact_rest)).max() < 2.0**-58


def test_fractions_give_the_exact_answer() -> None:
    case = Case.from_id("1d-i1-k1-ci3-co1-f64-normal")
    work = draw(case).work
    assert work.b is not None
    right = sum(
        (Fraction(x) * Fraction(w) for x, w in zip(work.x.ravel(), work.w.ravel(), strict=True)),
        Fraction(float(work.b[0])),
    )

    high, rest = in_fractions(case, work)

    assert high.item() == float(right)
    assert rest.item() == float(right - Fraction(high.item()))


@pytest.mark.parametrize("dtype", DTYPES)
def test_number_of_products_and_bound_are_those_of_the_worked_example(dtype: str) -> None:
    # Stride 2, kernel 3: positions 0 1 2 3 4 get 1 1 2 1 1 taps; two channels; one position more.
    case = Case.from_parameters(ndim=1, i=2, k=3, s=2, output_padding=1, c_out=1, dtype=dtype)
    drawn = draw(case)
    expected = expect(case, drawn)
    twice = 2 if PRECISIONS[dtype].is_complex else 1

    assert expected.products.ravel().tolist() == [twice * n for n in (2, 2, 4, 2, 2, 0)]
    assert drawn.work.b is not None
    assert expected.bound[0, 0, -1] == np.abs(drawn.work.b)[0]
    assert expected.bound[0, 0, 0] == pytest.approx(
        (np.abs(drawn.work.x[0, :, 0]) * np.abs(drawn.work.w[:, 0, 0])).sum()
        + expected.bound[0, 0, -1]
    )


@pytest.mark.parametrize(
    "case_id",
    [
        "1d-i4-k3-s3-d2-ci2-co1-f32",
        "2d-i3x4-k4x2-s2x3-ci2-co1-f32",
        "1d-i2-k5-ci2-co1-f32",
        "1d-i4-k4-s6-d4-ci2-co1-f32",
    ],
)
def test_most_products_is_never_passed(case_id: str) -> None:
    case = Case.from_id(case_id)

    assert expect(case, draw(case)).products.max() <= most_products(case)


@pytest.mark.parametrize("case_id", ["1d-i4-k3-g3-ci2-co4-f32", "1d-i4-k3-padsame-ci2-co4-f32"])
def test_case_without_a_single_right_answer_expects_none(case_id: str) -> None:
    case = Case.from_id(case_id)

    assert expect(case, draw(case)).y is None


def test_shapes_of_the_evidence_agree_with_the_geometry() -> None:
    case = Case.from_id(f"{ID}-f32-normal")
    expected = expect(case, draw(case))

    assert expected.y is not None
    assert expected.y.shape == expected.bound.shape == case.y_shape
    assert expected.products.shape == (1, 1, *case.y_shape[2:])


@pytest.mark.parametrize(
    ("dtype", "u", "subnormal"),
    [
        ("float16", np.finfo(np.float16).epsneg, np.finfo(np.float16).smallest_subnormal),
        ("float32", np.finfo(np.float32).epsneg, np.finfo(np.float32).smallest_subnormal),
        ("float64", np.finfo(np.float64).epsneg, np.finfo(np.float64).smallest_subnormal),
        ("bfloat16", 2.0**-8, 2.0**-133),
        ("complex64", 2.0**-24, 2.0**-149),
    ],
)
def test_precision_agrees_with_what_numpy_says(dtype: str, u: float, subnormal: float) -> None:
    precision = PRECISIONS[dtype]

    assert (precision.u, precision.subnormal) == (float(u), float(subnormal))


@pytest.mark.parametrize("dtype", ["f32", "f16", "c64", "i32", "f32-nobias", "f32-normal"])
def test_open_case_expects_windows_of_the_full_result(dtype: str) -> None:
    case = Case.from_id(f"2d-i3x2-k3x2-s2x3-p1x0-opnone-d1x2-g2-ci2-co4-{dtype}")
    drawn = draw(case)
    expected = expect(case, drawn)
    work = drawn.work

    assert expected.y is None
    assert np.array_equal(
        expected.full, conv_transpose(work.x, work.w, stride=(2, 3), dilation=(1, 2), groups=2)
    )
    assert expected.bound.shape == expected.full.shape


def test_empty_input_has_a_full_result_of_zeros() -> None:
    case = Case.from_id("1d-i0-k5-s2-opnone-ci1-co2-f32")

    assert np.array_equal(expect(case, draw(case)).full, np.zeros((1, 2, 3)))
