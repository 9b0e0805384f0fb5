"""The PyTorch adapter: layouts, routes and settings, against the oracle."""

import re
import warnings
from contextlib import suppress
from dataclasses import replace
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tconv.adapters.torch.adapter import TorchAdapter
from tconv.model.case import Case
from tconv.model.parameters import DTYPES
from tconv.model.route import Composed, Native, Unsupported
from tconv.model.tensors import Tensors
from tconv.oracle.case_answer import parameters
from tconv.oracle.formulations import conv_transpose

torch = pytest.importorskip("torch", reason="torch is not installed")

MODES = tuple(mode.name for mode in TorchAdapter.modes)

# No two axes, sides or channel counts alike, so that whatever is swapped shows.
NATIVE = (
    "1d-i5-k3-s2-p1-op1-d2-n2-ci2-co3-f32",
    "1d-i5-k3-s2-p1.0-n2-ci2-co3-f32",
    "1d-i4-k4-s3-p0.2-op2-ci3-co2-f32-nobias",
    "2d-i5x4-k3x2-s2x3-p1x0-op1x2-d1x2-g2-n2-ci4-co6-f32",
    "2d-i3x4-k2x4-s1x3-p1x2.1-op0x1-ci3-co2-f32",
    "3d-i2x3x4-k3x2x1-s2x1x3-p2x0x0-op1x0x2-d1x3x1-g3-n2-ci3-co6-f32",
)
COMPOSED = {
    "1d-i5-k3-p2.0-n2-ci2-co3-f32": "crop the begin",
    "1d-i5-k3-s2-p0.2-op1-ci2-co3-f32": "crop the end",
    "2d-i3x4-k2x4-p1.0x1.3-g2-ci4-co2-f32": "crop the begin and end",
    "3d-i4x3x2-k1x2x3-s3x2x1-p0x0x0.2-ci3-co1-f32-nobias": "crop the end",
}
UNSUPPORTED = (
    "1d-i4-k3-ci2-co4-i32",
    "2d-i4x3-k3x3-s2x2-p1.0x1-g2-ci2-co4-i32",
    "3d-i4x3x2-k1x2x3-s3x2x1-ci2-co4-i32",
    "1d-i4-k3-opnone-padsame-ci2-co4-f32",
    "2d-i4x4-k3x3-s2x2-opnone-padsamelower-o8x8-ci2-co4-i32",
    "3d-i4x4x4-k3x3x3-padvalid-ci2-co4-f32",
    "1d-i4-k3-s2-p1.0-opnone-o8-ci2-co4-f32",
    "1d-i4-k3-s2-p1.0-opnone-g2-o8-ci3-co4-f32",
    "4d-i2x2x2x2-k1x1x1x1-ci2-co4-f32",
    "4d-i2x2x2x2-k1x1x1x1-padsame-ci2-co4-f32",
    "4d-i2x2x2x2-k1x1x1x1-opnone-o2x2x2x2-ci2-co4-f32",
)
REFUSED = {
    "1d-i4-k3-s2-op2-ci2-co4-f32": "output padding must be smaller",
    "1d-i4-k3-pm1-ci2-co4-f32": "negative padding",
    "1d-i4-k3-pm1.1-ci2-co4-f32": "negative padding",
    "1d-i1-k2-p2.1-ci2-co4-f32": "Output size is too small",
    "2d-i4x4-k3x3-p1.0x0-opm1x0-ci2-co4-f32": "negative output_padding",
    "1d-i4-k3-s0-ci2-co4-f32": "non-positive stride",
    "1d-i4-k3-g2-ci3-co4-f32": "in_channels must be divisible by groups",
    "1d-i4-k3-g2-ci2-co3-f32": "out_channels must be divisible by groups",
    "1d-i4-k3-g0-ci2-co4-f32": "groups must be a positive integer",
    "1d-i4-k3-s2-opnone-o12-ci2-co4-f32": "valid sizes range from",
}


def read_only(values: NDArray[Any], dtype: Any) -> NDArray[Any]:
    array = values.astype(dtype)
    array.flags.writeable = False
    return array


def tensors(case: Case) -> Tensors:
    """Return small integers, which every dtype and every sum of products holds exactly."""
    dtype = np.dtype(ml_dtypes.bfloat16 if case.dtype == "bfloat16" else case.dtype)
    random = np.random.default_rng(list(case.id.encode()))
    x, w, b = (random.integers(-2, 3, s) for s in (case.x_shape, case.w_shape, case.b_shape))
    return Tensors(
        x=read_only(x, dtype), w=read_only(w, dtype), b=read_only(b, dtype) if case.bias else None
    )


def expected(case: Case, given: Tensors) -> NDArray[Any]:
    """Return the oracle's answer in the case's dtype; exact, as the values are small integers."""
    wide = np.complex128 if given.x.dtype.kind == "c" else np.float64
    b = None if given.b is None else given.b.astype(wide)
    y = conv_transpose(given.x.astype(wide), given.w.astype(wide), b, **parameters(case))
    return y.astype(given.x.dtype)


@pytest.fixture(scope="module")
def adapter() -> TorchAdapter:
    return TorchAdapter()


def compute(adapter: TorchAdapter, case: Case, mode: str = "eager") -> NDArray[Any]:
    with adapter.session(mode, "cpu"):
        return adapter.compute(case, tensors(case), mode, "cpu")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("case_id", NATIVE)
def test_a_native_case_gives_the_oracles_answer(
    adapter: TorchAdapter, case_id: str, mode: str
) -> None:
    case = Case.from_id(case_id)

    y = compute(adapter, case, mode)

    call = f"torch.nn.functional.conv_transpose{case.ndim}d"
    assert adapter.route(case, mode, "cpu") == Native(call=call)
    np.testing.assert_array_equal(y, expected(case, tensors(case)), strict=True)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("case_id", "addition"), COMPOSED.items())
def test_a_composed_case_names_its_addition_and_gives_the_oracles_answer(
    adapter: TorchAdapter, case_id: str, addition: str, mode: str
) -> None:
    case = Case.from_id(case_id)

    y = compute(adapter, case, mode)

    call = f"torch.nn.functional.conv_transpose{case.ndim}d"
    assert adapter.route(case, mode, "cpu") == Composed(call=call, addition=addition)
    np.testing.assert_array_equal(y, expected(case, tensors(case)), strict=True)


@pytest.mark.parametrize("case_id", UNSUPPORTED)
def test_an_unsupported_case_is_refused_with_the_expected_error(
    adapter: TorchAdapter, case_id: str
) -> None:
    case = Case.from_id(case_id)

    route = adapter.route(case, "eager", "cpu")
    refusal = adapter.attempt(case, tensors(case), "eager", "cpu")

    assert isinstance(route, Unsupported)
    assert re.search(route.error_pattern, f"{type(refusal).__name__}: {refusal}")


@pytest.mark.parametrize(("case_id", "text"), REFUSED.items())
def test_what_pytorch_refuses_is_its_own_error(
    adapter: TorchAdapter, case_id: str, text: str
) -> None:
    case = Case.from_id(case_id)

    route = adapter.route(case, "eager", "cpu")

    assert not isinstance(route, Unsupported)
    with pytest.raises((RuntimeError, ValueError), match=text):
        compute(adapter, case)


@pytest.mark.parametrize("o", [6, 7])
def test_a_wanted_size_is_passed_to_the_module(adapter: TorchAdapter, o: int) -> None:
    case = Case.from_parameters(ndim=1, i=3, k=3, s=2, p=[1], output_padding=None, o=o - 1)
    explicit = replace(case, o=None, output_padding=(o - 6,))

    y = compute(adapter, case)

    route = adapter.route(case, "eager", "cpu")
    assert route == Native(call="torch.nn.ConvTranspose1d(...)(x, output_size=o)")
    np.testing.assert_array_equal(y, expected(explicit, tensors(case)), strict=True)


def test_a_module_takes_integers_and_draws_no_random_numbers(adapter: TorchAdapter) -> None:
    case = Case.from_id("1d-i3-k3-s2-opnone-o8-ci2-co3-i64")
    torch.manual_seed(1)
    untouched = torch.get_rng_state()

    y = compute(adapter, case)

    assert y.dtype == np.int64
    assert torch.equal(torch.get_rng_state(), untouched)


@pytest.mark.parametrize("dtype", [name for name in DTYPES if name != "int32"])
@pytest.mark.parametrize("mode", MODES)
def test_every_dtype_comes_back_as_it_went(adapter: TorchAdapter, dtype: str, mode: str) -> None:
    case = replace(Case.from_id(NATIVE[3]), dtype=dtype)

    y = compute(adapter, case, mode)

    assert y.flags.c_contiguous
    np.testing.assert_array_equal(y, expected(case, tensors(case)), strict=True)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Return a legal explicit case of at most two axes."""
    ndim = draw(st.integers(1, 2))
    axes = [draw(st.tuples(*[st.integers(1, 3)] * 4)) for _ in range(ndim)]
    i, k, s, d = zip(*axes, strict=True)
    p = [draw(st.tuples(*[st.integers(0, d * (k - 1))] * 2)) for _, k, _, d in axes]
    op = [draw(st.integers(0, s - 1)) for _, _, s, _ in axes]
    g = draw(st.integers(1, 2))
    case = Case.from_parameters(
        ndim=ndim, i=i, k=k, s=s, p=p, output_padding=op, dilation=d, groups=g, c_in=g, c_out=2 * g
    )
    assume(case.legality[0] == "legal")
    return case


@settings(max_examples=60)
@given(case=cases())
def test_every_legal_case_is_reached_and_gives_the_oracles_answer(case: Case) -> None:
    adapter = TorchAdapter()

    y = compute(adapter, case)

    assert not isinstance(adapter.route(case, "eager", "cpu"), Unsupported)
    np.testing.assert_array_equal(y, expected(case, tensors(case)), strict=True)


def test_read_only_inputs_give_no_warning_and_stay_as_they_are(adapter: TorchAdapter) -> None:
    case = Case.from_id(NATIVE[3])
    given = tensors(case)
    before = given.x.copy()

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        adapter.compute(case, given, "eager", "cpu")

    np.testing.assert_array_equal(given.x, before)


@pytest.mark.parametrize("case_id", [NATIVE[1], *COMPOSED])
def test_a_result_stays_what_it_was_when_another_is_computed(
    adapter: TorchAdapter, case_id: str
) -> None:
    case = Case.from_id(case_id)
    first = compute(adapter, case)
    kept = first.copy()

    compute(adapter, case)[...] = 0

    np.testing.assert_array_equal(first, kept)


@pytest.mark.parametrize("mode", MODES)
def test_the_session_sets_threads_and_onednn_and_restores_them(
    adapter: TorchAdapter, mode: str
) -> None:
    before = torch.get_num_threads(), torch.backends.mkldnn.enabled
    torch.set_num_threads(2)

    with suppress(KeyError), adapter.session(mode, "cpu"):
        held = adapter.settings(mode, "cpu")
        raise KeyError
    after = torch.get_num_threads(), torch.backends.mkldnn.enabled
    torch.set_num_threads(before[0])

    assert held["threads"] == "1"
    assert held["onednn"] == str(torch.backends.mkldnn.is_available() and "no_onednn" not in mode)
    assert after == (2, before[1])


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("case_id", [*NATIVE, *COMPOSED])
def test_the_gpu_gives_the_oracles_answer(adapter: TorchAdapter, case_id: str) -> None:
    case = Case.from_id(case_id)

    with adapter.session("eager", "gpu"):
        y = adapter.compute(case, tensors(case), "eager", "gpu")

    np.testing.assert_array_equal(y, expected(case, tensors(case)), strict=True)


def test_versions_name_torch(adapter: TorchAdapter) -> None:
    assert adapter.versions()["torch"] == torch.__version__


@pytest.mark.parametrize(
    "case_id",
    [
        "1d-i3-k3-s2-opnone-ci2-co4-f32",
        "2d-i3x4-k3x2-s2x3-opnone-o8x12-n2-ci2-co4-bf16-nobias",
        "3d-i2x3x2-k3x2x1-opnone-d2x1x1-ci2-co4-f64",
    ],
)
def test_shape_is_inferred_on_the_meta_device(adapter: TorchAdapter, case_id: str) -> None:
    case = Case.from_id(case_id)

    assert adapter.infer_shape(case, "eager", "cpu") == compute(adapter, case).shape


def test_size_that_pytorch_refuses_is_not_inferred(adapter: TorchAdapter) -> None:
    with pytest.raises(ValueError, match="requested an output size of"):
        adapter.infer_shape(Case.from_id("1d-i3-k3-s2-opnone-o20-ci2-co4-f32"), "eager", "cpu")
