"""What holds for every adapter: its results are the oracle's, its refusals are the framework's."""

import re
import warnings
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import Any, Final

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.packages import require

from tconv.adapters import registry
from tconv.adapters.base import Adapter
from tconv.inputs.draw import draw
from tconv.judge.expected import expect
from tconv.model.case import Case
from tconv.model.outcome import InferredShape
from tconv.model.parameters import DTYPES
from tconv.model.route import Composed, Native, Unsupported

TORCH_CALL: Final = "torch.nn.functional.conv_transpose{}d"
EVALUATOR: Final = "onnx.reference.ReferenceEvaluator(model).run"
SESSION: Final = "onnxruntime.InferenceSession(model).run"
NO_KERNEL: Final = "no CPU kernel of this dtype"
NOT_LISTED: Final = "not a dtype that ONNX lists for ConvTranspose"

# No two axes, sides or channel counts alike, so that whatever is swapped shows.
TORCH_NATIVE = (
    "1d-i5-k3-s2-p1-op1-d2-n2-ci2-co3-f32",
    "1d-i5-k3-s2-p1.0-n2-ci2-co3-f32",
    "1d-i4-k4-s3-p0.2-op2-ci3-co2-f32-nobias",
    "2d-i5x4-k3x2-s2x3-p1x0-op1x2-d1x2-g2-n2-ci4-co6-f32",
    "2d-i3x4-k2x4-s1x3-p1x2.1-op0x1-ci3-co2-f32",
    "3d-i2x3x4-k3x2x1-s2x1x3-p2x0x0-op1x0x2-d1x3x1-g3-n2-ci3-co6-f32",
    *(
        f"2d-i5x4-k3x2-s2x3-p1x0-op1x2-d1x2-g2-n2-ci4-co6-{token}"
        for dtype, token in DTYPES.items()
        if dtype not in {"float32", "int32"}
    ),
)
TENSORFLOW_NATIVE = {
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
ONNX_NATIVE = (
    "1d-i5-k3-s2-p1-op1-d2-n2-ci2-co3-f32",
    "1d-i4-k4-s3-p0.2-op2-ci3-co2-f32-nobias",
    "2d-i5x4-k3x2-s2x3-p1x2.0-op1x2-d1x2-n2-ci4-co6-f32",
    "2d-i3x4-k3x3-g3-ci3-co3-f32-nobias",
    "3d-i2x3x4-k3x2x1-s2x1x3-p2.0x0.1x0-op1x0x2-d1x3x1-n2-ci3-co6-f32",
    "4d-i2x3x1x2-k2x1x3x2-s1x2x1x3-p0x0x1.0x0-ci2-co4-f32",
    "1d-i4-k3-pm1-ci2-co4-f32",
    *(f"1d-i5-k3-s2-p1.0-n2-ci2-co3-{token}" for token in DTYPES.values()),
)
ONNXRUNTIME_NATIVE = (
    "1d-i5-k3-s2-p1-op1-d2-n2-ci2-co3-f32",
    "1d-i5-k3-p2.0-n2-ci2-co3-f16",
    "1d-i4-k4-s3-p0.2-op2-ci3-co2-f32-nobias",
    "2d-i5x4-k3x2-s2x3-p1x2.0-op1x2-d1x2-g2-n2-ci4-co6-f32",
    "2d-i3x4-k3x3-g3-ci3-co3-f16",
    "3d-i2x3x4-k3x2x1-s2x1x3-p2.0x0.1x0-op1x0x2-d1x3x1-g3-n2-ci3-co6-f32",
    "4d-i2x3x1x2-k2x1x3x2-s1x2x1x3-p0x0x1.0x0-ci2-co4-f32",
)
NATIVE: Final[Mapping[str, Mapping[str, str]]] = {
    "torch": {case_id: TORCH_CALL.format(case_id[0]) for case_id in TORCH_NATIVE},
    "tensorflow": TENSORFLOW_NATIVE,
    "onnx": dict.fromkeys(ONNX_NATIVE, EVALUATOR),
    "onnxruntime": dict.fromkeys(ONNXRUNTIME_NATIVE, SESSION),
}
"""The call of each case by backend."""

COMPOSED: Final = {
    "torch": {
        "1d-i5-k3-p2.0-n2-ci2-co3-f32": "crop the start",
        "1d-i5-k3-s2-p0.2-op1-ci2-co3-f32": "crop the end",
        "2d-i3x4-k2x4-p1.0x1.3-g2-ci4-co2-f32": "crop the start and end",
        "3d-i4x3x2-k1x2x3-s3x2x1-p0x0x0.2-ci3-co1-f32-nobias": "crop the end",
    },
    "tensorflow": {
        "3d-i4x3x2-k1x2x3-s3x2x1-p0x0x0.2-ci3-co1-f64-nobias": "crop the end",
        "3d-i4x3x2-k3x2x3-s3x2x1-p2.0x0x0-op1x1x0-ci3-co1-f16": "crop the start",
        "3d-i4x3x2-k3x2x3-p2x0x0-n2-ci3-co1-f64": "crop the start and end",
    },
}
"""What is added to the call, of each case by backend."""

UNSUPPORTED: Final = {
    "torch": (
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
    ),
    "tensorflow": (
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
    ),
    "onnxruntime": (
        "1d-i4-k3-ci2-co4-f64",
        "2d-i4x3-k3x3-s2x2-p5x0-g2-ci2-co4-bf16",
        "1d-i4-k3-s2-op3-ci2-co4-f64",
        "1d-i4-k3-opnone-padsame-o99-ci2-co4-f64",
        "1d-i4-k3-ci2-co4-i32",
        "1d-i4-k3-s0-ci2-co4-i64",
        "1d-i4-k3-g2-ci3-co4-c64",
    ),
}

REFUSED: Final = {
    "torch": {
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
    },
    "tensorflow": {
        "1d-i4-k3-s2-op2-ci2-co4-f64": "Size of out_backprop doesn't match",
        "2d-i4x4-k3x3-pm1x0-ci2-co4-f64": "must be nonnegative",
        "2d-i4x4-k3x3-s0x1-ci2-co4-f64": "strides should be larger than 0",
        "2d-i4x4-k3x3-s2x2-p1x1-opnone-o9x8-ci2-co4-f64": "Size of out_backprop doesn't match",
        "3d-i4x4x4-k3x3x3-s2x2x2-p0x0x1-op0x0x3-ci2-co4-f64": "Size of out_backprop doesn't match",
    },
    "onnxruntime": {
        "1d-i4-k3-pm1-ci2-co4-f32": "pads must not contain negative values",
        "1d-i4-k3-pm1-ci2-co4-f64": "pads must not contain negative values",
        "1d-i4-k3-opm1-ci2-co4-bf16": "output_padding must not contain negative values",
        "1d-i4-k3-g2-ci3-co4-f64": "must be divisible by group",
        "1d-i4-k3-s2-op2-ci2-co4-f32": "must be less than max",
        "1d-i1-k1-p1-ci2-co4-f32": "output dimension is <= 0",
        "1d-i4-k3-s2-opnone-o12-ci2-co4-f32": "output_shape is inconsistent",
    },
}
"""What the framework says of each case by backend; no route declares it."""

ONNX_WINDOWS: Final = {
    "1d-i4-k3-s2-opnone-ci2-co4-f32": (0, 0),
    "1d-i4-k3-s2-opnone-padvalid-ci2-co4-f32": (0, 0),
    "1d-i4-k3-s2-opnone-padsame-ci2-co4-f32": (0, 1),
    "1d-i4-k3-s2-opnone-padsamelower-ci2-co4-f32": (1, 0),
    "1d-i4-k3-s2-opnone-padsame-o7-ci2-co4-f32": (1, 1),
}
WINDOWS: Final = {
    "onnx": ONNX_WINDOWS,
    "onnxruntime": {**ONNX_WINDOWS, "1d-i4-k3-s2-opnone-o8-ci2-co4-f32": (1, 0)},
}
"""What is cut off the nine positions of the full result, of open cases that share i, k and s."""

INFERRED: Final = {
    "torch": (
        "1d-i3-k3-s2-opnone-ci2-co4-f32",
        "2d-i3x4-k3x2-s2x3-opnone-o8x12-n2-ci2-co4-bf16-nobias",
        "3d-i2x3x2-k3x2x1-opnone-d2x1x1-ci2-co4-f64",
    ),
    "tensorflow": (
        "1d-i3-k3-s2-opnone-o8-ci2-co4-f32",
        "2d-i3x4-k3x2-s2x3-opnone-padsame-o6x12-n2-ci2-co4-f32-nobias",
        "1d-i3-k3-s2-p1.0-opnone-o6-ci2-co4-f32",
    ),
}
REPEATED: Final = {backend: next(iter(cases)) for backend, cases in {**NATIVE, **COMPOSED}.items()}
MODES: Final = {
    "torch": ("eager", "eager+no_onednn"),
    "tensorflow": ("eager", "function"),
    "onnx": ("reference",),
    "onnxruntime": ("session", "session+fed_weights", "session+no_optimization"),
}


def of_each(table: Mapping[str, Any], *, first_mode_only: bool = False) -> list[Any]:
    """Return backend, mode and each entry of the backend's table; a backend stays in one worker."""
    return [
        pytest.param(backend, mode, *entry, marks=pytest.mark.xdist_group(backend))
        for backend, entries in table.items()
        for mode in MODES[backend][: 1 if first_mode_only else None]
        for entry in (entries.items() if isinstance(entries, dict) else zip(entries))
    ]


@cache
def adapter_of(backend: str) -> Adapter:
    require(backend)
    return registry.load(backend)


def compute(adapter: Adapter, case: Case, mode: str, device: str = "cpu") -> NDArray[Any]:
    with adapter.session(mode, device):
        y = adapter.compute(case, draw(case).tensors, mode, device)
    assert not isinstance(y, InferredShape)
    return y


def assert_right(case: Case, y: NDArray[Any]) -> None:
    """Fail where y is not the oracle's answer, in the dtype of the case and contiguous."""
    expected = expect(case, draw(case)).y

    assert expected is not None
    assert y.dtype == draw(case).tensors.x.dtype
    assert y.flags.c_contiguous
    np.testing.assert_array_equal(y.astype(complex), expected.astype(complex), strict=True)


@pytest.mark.parametrize(("backend", "mode", "case_id", "call"), of_each(NATIVE))
def test_native_case_gives_the_oracles_answer(
    backend: str, mode: str, case_id: str, call: str
) -> None:
    adapter, case = adapter_of(backend), Case.from_id(case_id)

    y = compute(adapter, case, mode)

    assert adapter.route(case, mode, "cpu") == Native(call=call)
    assert_right(case, y)


@pytest.mark.parametrize(("backend", "mode", "case_id", "addition"), of_each(COMPOSED))
def test_composed_case_names_its_addition_and_gives_the_oracles_answer(
    backend: str, mode: str, case_id: str, addition: str
) -> None:
    adapter, case = adapter_of(backend), Case.from_id(case_id)

    y = compute(adapter, case, mode)

    route = adapter.route(case, mode, "cpu")
    assert isinstance(route, Composed)
    assert route.addition == addition
    assert_right(case, y)


@pytest.mark.parametrize(("backend", "mode", "case_id"), of_each(UNSUPPORTED))
def test_unsupported_case_is_refused_with_the_expected_error(
    backend: str, mode: str, case_id: str
) -> None:
    adapter, case = adapter_of(backend), Case.from_id(case_id)

    route = adapter.route(case, mode, "cpu")
    refusal = adapter.attempt(case, draw(case).tensors, mode, "cpu")

    assert isinstance(route, Unsupported)
    assert re.search(route.error_pattern, f"{type(refusal).__name__}: {refusal}")


@pytest.mark.parametrize(
    ("backend", "mode", "case_id", "text"),
    of_each(REFUSED, first_mode_only=True),  # a graph of TensorFlow may end the process
)
def test_refusal_that_no_route_declares_is_the_frameworks_own_error(
    backend: str, mode: str, case_id: str, text: str
) -> None:
    adapter, case = adapter_of(backend), Case.from_id(case_id)

    with adapter.session(mode, "cpu"):
        refusal = adapter.attempt(case, draw(case).tensors, mode, "cpu")

    assert not isinstance(adapter.route(case, mode, "cpu"), Unsupported)
    assert isinstance(refusal, Exception)
    assert re.search(text, str(refusal))


@pytest.mark.parametrize(("backend", "mode", "case_id", "window"), of_each(WINDOWS))
def test_open_case_is_native_and_gives_a_window_of_the_full_result(
    backend: str, mode: str, case_id: str, window: tuple[int, int]
) -> None:
    adapter, case = adapter_of(backend), Case.from_id(case_id)
    full = expect(case.uncropped, draw(case.uncropped))

    y = adapter.compute(case, full.draw.tensors, mode, "cpu")

    assert isinstance(adapter.route(case, mode, "cpu"), Native)
    assert full.y is not None
    np.testing.assert_array_equal(y, full.y[..., window[0] : full.y.shape[-1] - window[1]])


@pytest.mark.parametrize(("backend", "mode", "case_id"), of_each(INFERRED))
def test_inferred_shape_is_that_of_the_result(backend: str, mode: str, case_id: str) -> None:
    adapter, case = adapter_of(backend), Case.from_id(case_id)

    assert adapter.infer_shape(case, mode, "cpu") == compute(adapter, case, mode).shape


@pytest.mark.parametrize(("backend", "case_id"), REPEATED.items())
def test_result_stays_what_it_was_when_another_is_computed(backend: str, case_id: str) -> None:
    adapter, case = adapter_of(backend), Case.from_id(case_id)
    first = compute(adapter, case, MODES[backend][0])
    copy = first.copy()

    compute(adapter, case, MODES[backend][0])[...] = 0

    np.testing.assert_array_equal(first, copy)


@pytest.mark.parametrize("backend", NATIVE)
def test_read_only_inputs_give_no_warning_and_stay_as_they_are(backend: str) -> None:
    adapter, case = adapter_of(backend), Case.from_id(next(iter(NATIVE[backend])))
    tensors = draw(case).tensors
    before = tensors.x.copy()

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        adapter.compute(case, tensors, MODES[backend][0], "cpu")

    assert not tensors.x.flags.writeable
    np.testing.assert_array_equal(tensors.x, before)


@pytest.mark.parametrize("backend", NATIVE)
def test_versions_name_the_framework(backend: str) -> None:
    adapter = adapter_of(backend)

    assert adapter.versions()[backend] == import_module(backend).__version__


@pytest.mark.parametrize("case_id", TORCH_NATIVE)
def test_gpu_gives_the_oracles_answer(case_id: str) -> None:
    adapter, case = adapter_of("torch"), Case.from_id(case_id)
    if "gpu" not in adapter.devices():
        pytest.skip("no CUDA device")

    assert_right(case, compute(adapter, case, "eager", "gpu"))
