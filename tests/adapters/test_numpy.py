"""The NumPy adapter: every formulation is a mode that gives the oracle's answer."""

import re
from dataclasses import replace
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from numpy.typing import NDArray

from tconv.adapters.numpy import NumpyAdapter
from tconv.errors import CaseError
from tconv.model.case import Case
from tconv.model.parameters import DTYPES
from tconv.model.route import Native, Unsupported
from tconv.model.tensors import Tensors
from tconv.oracle.case_answer import parameters
from tconv.oracle.formulations import FORMULATIONS, conv_transpose

MODES = tuple(mode.name for mode in NumpyAdapter.modes)
CASE = Case.from_id("2d-i3x2-k2x3-s2x1-p1.0x1-op1x0-d1x2-g2-n2-ci4-co6-f32")


def read_only(values: NDArray[Any], dtype: Any) -> NDArray[Any]:
    array = values.astype(dtype)
    array.flags.writeable = False
    return array


def tensors(case: Case) -> Tensors:
    """Return small integers, which every dtype and every sum of products holds exactly."""
    dtype = np.dtype(ml_dtypes.bfloat16 if case.dtype == "bfloat16" else case.dtype)
    random = np.random.default_rng(list(case.id.encode()))
    x, w, b = (
        random.integers(-2, 3, shape) for shape in (case.x_shape, case.w_shape, case.b_shape)
    )
    return Tensors(
        x=read_only(x, dtype), w=read_only(w, dtype), b=read_only(b, dtype) if case.bias else None
    )


def expected(case: Case, given: Tensors) -> NDArray[Any]:
    wide = np.complex128 if given.x.dtype.kind == "c" else np.float64
    return conv_transpose(
        given.x.astype(wide),
        given.w.astype(wide),
        None if given.b is None else given.b.astype(wide),
        **parameters(case),
    )


def test_modes_are_the_formulations() -> None:
    assert tuple(FORMULATIONS) == MODES


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_compute_gives_the_oracles_answer_in_the_cases_dtype(mode: str, dtype: str) -> None:
    case = replace(CASE, dtype=dtype)
    given = tensors(case)

    y = NumpyAdapter().compute(case, given, mode, "cpu")

    assert y.dtype == given.x.dtype
    assert y.flags.c_contiguous
    np.testing.assert_array_equal(y, expected(case, given).astype(y.dtype), strict=True)


@pytest.mark.parametrize(("dtype", "large"), [("float16", 2048), ("bfloat16", 256)])
def test_a_sum_in_low_precision_is_rounded_once(dtype: str, large: int) -> None:
    case = Case.from_parameters(ndim=1, i=1, k=1, c_in=3, c_out=1, dtype=dtype, bias=False)
    narrow = np.dtype(ml_dtypes.bfloat16 if dtype == "bfloat16" else dtype)
    x, w = np.array([[[large], [1], [1]]]), np.ones((3, 1, 1))  # large + 1 rounds to large

    y = NumpyAdapter().compute(
        case, Tensors(x=read_only(x, narrow), w=read_only(w, narrow), b=None), "scatter", "cpu"
    )

    assert float(y[0, 0, 0]) == large + 2


@pytest.mark.parametrize("mode", MODES)
def test_route_is_native_where_the_size_is_explicit(mode: str) -> None:
    route = NumpyAdapter().route(CASE, mode, "cpu")

    assert route == Native(call=f"tconv.oracle.formulations.FORMULATIONS[{mode!r}]")


@pytest.mark.parametrize(
    "case_id", ["1d-i3-k2-opnone-padsame-ci1-co1-f32", "1d-i3-k2-s2-opnone-o6-ci1-co1-f32"]
)
def test_a_policy_or_a_wanted_size_is_refused_as_the_route_says(case_id: str) -> None:
    case, adapter = Case.from_id(case_id), NumpyAdapter()

    route = adapter.route(case, "scatter", "cpu")
    refusal = adapter.attempt(case, tensors(case), "scatter", "cpu")

    assert isinstance(route, Unsupported)
    assert re.search(route.error_pattern, f"{type(refusal).__name__}: {refusal}")


def test_an_illegal_case_is_refused() -> None:
    case = Case.from_id("1d-i1-k1-p1-ci1-co1-f32")

    with pytest.raises(CaseError, match="output size"):
        NumpyAdapter().compute(case, tensors(case), "scatter", "cpu")


@pytest.mark.parametrize("bias", ["", "-nobias"])
def test_groups_that_do_not_divide_the_output_channels_are_refused(bias: str) -> None:
    case = Case.from_id(f"1d-i3-k3-g3-ci3-co4-f32{bias}")

    with pytest.raises(CaseError, match=r"should be \(3,\)"):
        NumpyAdapter().compute(case, tensors(case), "scatter", "cpu")


@pytest.mark.parametrize("mode", MODES)
def test_a_result_stays_what_it_was_when_another_case_is_computed(mode: str) -> None:
    adapter, given = NumpyAdapter(), tensors(CASE)
    first = adapter.compute(CASE, given, mode, "cpu")
    kept = first.copy()

    other = adapter.compute(CASE, given, mode, "cpu")
    other[...] = 0

    np.testing.assert_array_equal(first, kept)


def test_versions_name_numpy() -> None:
    assert NumpyAdapter().versions() == {"numpy": np.__version__}
