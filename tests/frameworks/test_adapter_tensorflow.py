"""The TensorFlow adapter: layouts, routes and the kernels it probes, against the oracle."""

import re
from contextlib import suppress
from dataclasses import replace
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from numpy.typing import NDArray

from tconv.adapters.tensorflow.adapter import TensorflowAdapter
from tconv.model.case import Case
from tconv.model.route import Composed, Native, Unsupported
from tconv.model.tensors import Tensors
from tconv.oracle.case_answer import parameters
from tconv.oracle.formulations import conv_transpose

tf = pytest.importorskip("tensorflow", reason="tensorflow is not installed")

pytestmark = pytest.mark.xdist_group("tensorflow")

# No two axes, sides or channel counts alike, so that whatever is swapped shows.
NATIVE = {
    "1d-i5-k3-s2-op1-n2-ci2-co3-f64": "tf.nn.conv1d_transpose(padding='VALID') + tf.nn.bias_add",
    "1d-i5-k4-s2-p1-ci2-co3-f64-nobias": "tf.nn.conv1d_transpose(padding='SAME')",
    "1d-i5-k3-s2-p2.0-n2-ci2-co3-f64-nobias":
        "tf.nn.conv2d_transpose(padding=[(begin, end), ...]) on a unit axis",
    "1d-i5-k3-p2-d2-n2-ci2-co3-f64-nobias":
        "tf.nn.atrous_conv2d_transpose(padding='SAME') on a unit axis",
    "2d-i5x4-k3x2-s2x3-op1x2-n2-ci2-co3-i32":
        "tf.nn.conv2d_transpose(padding='VALID') + tf.nn.bias_add",
    "2d-i5x4-k3x2-s2x3-p2.0x0.1-op1x2-n2-ci2-co3-bf16":
        "tf.nn.conv2d_transpose(padding=[(begin, end), ...]) + tf.nn.bias_add",
    "2d-i3x4-k3x2-d2x2-n2-ci2-co3-f16-nobias": "tf.nn.atrous_conv2d_transpose(padding='VALID')",
    "2d-i3x4-k1x2-s2x1-d3x1-ci2-co3-f64-nobias": "tf.nn.conv2d_transpose(padding='VALID')",
    "3d-i2x3x4-k3x2x1-s2x1x3-op1x0x2-n2-ci3-co2-f64":
        "tf.nn.conv3d_transpose(padding='VALID') + tf.nn.bias_add",
    "3d-i2x3x4-k4x2x5-s2x1x3-p1x0.1x1-ci3-co2-f64-nobias":
        "tf.nn.conv3d_transpose(padding='SAME')",
}  # fmt: skip
COMPOSED = {
    "3d-i4x3x2-k1x2x3-s3x2x1-p0x0x0.2-ci3-co1-f64-nobias": "crop the end",
    "3d-i4x3x2-k3x2x3-s3x2x1-p2.0x0x0-op1x1x0-ci3-co1-f16": "crop the begin",
    "3d-i4x3x2-k3x2x3-p2x0x0-n2-ci3-co1-f64": "crop the begin and end",
}
WITH_ONEDNN = {
    "1d-i5-k3-s2-d2-g2-n2-ci4-co6-f32": Native,
    "1d-i5-k3-s2-p3.1-op1-d2-g2-n2-ci4-co6-f32": Composed,
    "2d-i5x4-k3x2-s2x3-op1x2-d1x2-g2-n2-ci4-co6-f32": Native,
    "2d-i5x4-k3x2-s2x3-p2.0x0.1-op1x2-d1x2-g3-n2-ci3-co6-f32": Composed,
    "3d-i2x3x4-k3x2x1-s2x1x3-p0.1x0x0-op1x0x2-d1x3x1-n2-ci3-co2-f32": Native,
}
UNSUPPORTED = (
    "1d-i4-k3-ci2-co4-c64",
    "2d-i4x3-k3x3-s2x2-p1.0x1-g2-ci2-co4-i64",
    "3d-i4x3x2-k1x2x3-s3x2x1-ci2-co4-i32",
    "1d-i4-k3-g2-ci2-co4-f64",
    "2d-i4x3-k3x2-s2x1-p1.0x0-g2-ci2-co4-f16",
    "3d-i4x3x2-k1x2x3-s3x2x1-p0x1.0x1-g2-ci2-co4-f64",
    "3d-i4x3x2-k1x2x3-g2-ci2-co4-f32",
    "1d-i4-k3-s2-d2-ci2-co4-f64",
    "2d-i4x3-k3x3-d2x3-ci2-co4-i32",
    "1d-i4-k3-s2-opnone-d2-o40-ci2-co4-f64",
    "2d-i4x3-k3x3-s2x2-opnone-d2x2-padsame-o3x3-ci2-co4-f16",
    "3d-i4x3x2-k1x2x3-d1x1x2-ci2-co4-f16",
    "1d-i4-k3-opm1-ci2-co4-f32",
    "1d-i4-k3-g0-ci2-co4-f32",
    "1d-i4-k3-opm1-g0-ci2-co4-f32",
    "1d-i4-k3-opnone-ci2-co4-f32",
    "2d-i4x4-k3x3-opnone-padsame-ci2-co4-c64",
    "2d-i4x4-k3x3-padvalid-ci2-co4-f32",
    "2d-i4x4-k3x3-s2x2-opnone-padsamelower-o8x8-ci2-co4-f32",
    "2d-i4x4-k3x3-s2x2-opnone-padsamelower-o8x8-ci2-co4-c64",
    "1d-i5-k2-opnone-d2-padsamelower-o5-ci2-co2-f16",
    "3d-i4x4x4-k3x3x3-p1x1x1-opnone-o4x4x4-ci2-co4-f64",
    "3d-i4x4x4-k3x3x3-p1x1x1-opnone-o4x4x4-ci2-co4-c64",
    "2d-i4x4-k3x3-p1x1-opnone-d2x1-o6x4-ci2-co4-f64",
    "3d-i4x4x4-k3x3x3-p0xm1x0-ci2-co4-f32",
    "4d-i2x2x2x2-k1x1x1x1-ci2-co4-f32",
)
REFUSED = {
    "1d-i4-k3-s2-op2-ci2-co4-f64": "Size of out_backprop doesn't match",
    "2d-i4x4-k3x3-pm1x0-ci2-co4-f64": "must be nonnegative",
    "2d-i4x4-k3x3-s0x1-ci2-co4-f64": "strides should be larger than 0",
    "2d-i4x4-k3x3-s2x2-p1x1-opnone-o9x8-ci2-co4-f64": "Size of out_backprop doesn't match",
    "3d-i4x4x4-k3x3x3-s2x2x2-p0x0x1-op0x0x3-ci2-co4-f64": "Size of out_backprop doesn't match",
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
def adapter() -> TensorflowAdapter:
    return TensorflowAdapter()


def compute(adapter: TensorflowAdapter, case: Case, mode: str = "eager") -> NDArray[Any]:
    with adapter.session(mode, "cpu"):
        return adapter.compute(case, tensors(case), mode, "cpu")


@pytest.mark.parametrize(("case_id", "call"), NATIVE.items())
def test_a_native_case_gives_the_oracles_answer(
    adapter: TensorflowAdapter, case_id: str, call: str
) -> None:
    case = Case.from_id(case_id)

    y = compute(adapter, case)

    assert adapter.route(case, "eager", "cpu") == Native(call=call)
    assert y.flags.c_contiguous
    np.testing.assert_array_equal(y, expected(case, tensors(case)), strict=True)


@pytest.mark.parametrize(("case_id", "addition"), COMPOSED.items())
def test_a_composed_case_names_its_addition_and_gives_the_oracles_answer(
    adapter: TensorflowAdapter, case_id: str, addition: str
) -> None:
    case = Case.from_id(case_id)

    y = compute(adapter, case)

    route = adapter.route(case, "eager", "cpu")
    assert isinstance(route, Composed)
    assert route.addition == addition
    np.testing.assert_array_equal(y, expected(case, tensors(case)), strict=True)


@pytest.mark.parametrize(("case_id", "kind"), WITH_ONEDNN.items())
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_dilation_and_groups_are_computed_or_proved_to_be_missing(
    adapter: TensorflowAdapter, case_id: str, kind: type, dtype: str
) -> None:
    case = replace(Case.from_id(case_id), dtype=dtype)

    route = adapter.route(case, "eager", "cpu")
    with adapter.session("eager", "cpu"):
        y = adapter.attempt(case, tensors(case), "eager", "cpu")

    if isinstance(route, Unsupported):  # oneDNN is off, or has no such kernel for this processor
        assert re.search(route.error_pattern, f"{type(y).__name__}: {y}")
    else:
        assert isinstance(route, kind)
        np.testing.assert_array_equal(y, expected(case, tensors(case)), strict=True)


@pytest.mark.parametrize("case_id", UNSUPPORTED)
@pytest.mark.parametrize("mode", ["eager", "function"])
def test_an_unsupported_case_is_refused_with_the_expected_error(
    adapter: TensorflowAdapter, case_id: str, mode: str
) -> None:
    case = Case.from_id(case_id)

    route = adapter.route(case, mode, "cpu")
    refusal = adapter.attempt(case, tensors(case), mode, "cpu")

    assert isinstance(route, Unsupported)
    assert re.search(route.error_pattern, f"{type(refusal).__name__}: {refusal}")


@pytest.mark.parametrize(("case_id", "text"), REFUSED.items())
def test_what_tensorflow_refuses_is_its_own_error(
    adapter: TensorflowAdapter, case_id: str, text: str
) -> None:
    case = Case.from_id(case_id)

    route = adapter.route(case, "eager", "cpu")

    assert not isinstance(route, Unsupported)
    with pytest.raises(tf.errors.InvalidArgumentError, match=text):
        compute(adapter, case)


@pytest.mark.parametrize(
    "case_id",
    [
        "2d-i5x4-k3x2-s2x3-p2.0x0.1-op1x2-n2-ci2-co3-f32",
        "3d-i4x3x2-k3x2x3-s3x2x1-p2.0x0x0-op1x1x0-ci3-co1-f32",
    ],
)
def test_a_graph_gives_the_oracles_answer(adapter: TensorflowAdapter, case_id: str) -> None:
    case = Case.from_id(case_id)

    y = compute(adapter, case, "function")

    np.testing.assert_array_equal(y, expected(case, tensors(case)), strict=True)


@pytest.mark.parametrize(
    ("case_id", "kind"),
    [
        ("1d-i5-k3-s2-p1.0-op1-d2-n2-ci2-co3-f64", Native),
        ("2d-i5x4-k3x2-s2x3-p2.0x0.1-op1x2-d1x2-g2-n2-ci4-co6-f64", Native),
        ("3d-i2x3x4-k3x2x1-s2x1x3-p2.0x0x0-op1x0x2-d1x3x1-g3-n2-ci3-co6-f16", Composed),
    ],
)
def test_xla_takes_the_dilation_and_groups_that_other_kernels_lack(
    adapter: TensorflowAdapter, case_id: str, kind: type
) -> None:
    case = Case.from_id(case_id)

    y = compute(adapter, case, "xla")

    assert isinstance(adapter.route(case, "eager", "cpu"), Unsupported)
    assert isinstance(adapter.route(case, "xla", "cpu"), kind)
    np.testing.assert_array_equal(y, expected(case, tensors(case)), strict=True)


@pytest.mark.parametrize(
    ("case_id", "p"),
    [
        ("1d-i3-k4-s2-opnone-padsame-o6-ci2-co3-f64", ((1, 1),)),
        ("1d-i3-k4-s2-opnone-padsame-o5-ci2-co3-f64", ((1, 2),)),
        ("1d-i3-k3-s2-opnone-padvalid-o8-ci2-co3-f64", ((0, -1),)),
        ("2d-i3x2-k3x3-s2x2-p1x1-opnone-o6x4-ci2-co3-f64", ((1, 0), (1, 0))),
    ],
)
def test_a_wanted_size_is_asked_for_and_cropped_as_tensorflow_does(
    adapter: TensorflowAdapter, case_id: str, p: tuple[tuple[int, int], ...]
) -> None:
    case = Case.from_id(case_id)
    begin, end = zip(*p, strict=True)
    explicit = replace(
        case, o=None, padding=None, output_padding=(0,) * case.ndim, p_begin=begin, p_end=end
    )

    y = compute(adapter, case)

    assert isinstance(adapter.route(case, "eager", "cpu"), Native)
    np.testing.assert_array_equal(y, expected(explicit, tensors(case)), strict=True)


def test_an_axis_without_elements_is_asked_for_no_negative_size(adapter: TensorflowAdapter) -> None:
    case = Case.from_id("1d-i0-k1-s3-ci2-co3-f64")  # in float32 a negative size ends the process

    y = compute(adapter, case)

    assert y.shape == (1, 3, 0)


@pytest.mark.parametrize("case_id", ["1d-i4-k2-s2-ci1-co1-f64-nobias", *COMPOSED])
def test_a_result_stays_what_it_was_when_another_is_computed(
    adapter: TensorflowAdapter, case_id: str
) -> None:
    case = Case.from_id(case_id)
    first = compute(adapter, case)
    kept = first.copy()

    compute(adapter, case)[...] = 0

    np.testing.assert_array_equal(first, kept)


def test_the_session_turns_tf32_off_and_restores_it(adapter: TensorflowAdapter) -> None:
    before = tf.config.experimental.tensor_float_32_execution_enabled()
    tf.config.experimental.enable_tensor_float_32_execution(True)

    with suppress(KeyError), adapter.session("eager", "cpu"):
        held = adapter.settings("eager", "cpu")
        raise KeyError
    after = tf.config.experimental.tensor_float_32_execution_enabled()
    tf.config.experimental.enable_tensor_float_32_execution(before)

    assert held["tf32"] == "False"
    assert after


def test_settings_say_which_kernels_lack_what(adapter: TensorflowAdapter) -> None:
    lacking = adapter.settings("eager", "cpu")["eager_kernels_without"].split(", ")

    assert {"dilation 2d float64", "groups 3d float32"} <= set(lacking)


def test_versions_name_tensorflow(adapter: TensorflowAdapter) -> None:
    assert adapter.versions() == {"tensorflow": tf.__version__}


@pytest.mark.parametrize(
    "case_id",
    [
        "1d-i3-k3-s2-opnone-o8-ci2-co4-f32",
        "2d-i3x4-k3x2-s2x3-opnone-padsame-o6x12-n2-ci2-co4-f32-nobias",
        "1d-i3-k3-s2-p1.0-opnone-o6-ci2-co4-f32",
    ],
)
def test_shape_is_inferred_by_a_graph_that_never_runs(
    adapter: TensorflowAdapter, case_id: str
) -> None:
    case = Case.from_id(case_id)

    assert adapter.infer_shape(case, "eager", "cpu") == compute(adapter, case).shape
