"""The ONNX adapter: results of its reference evaluator, and inferred shapes."""

import re
from typing import Any

import pytest
from numpy.typing import NDArray

from tconv.adapters.onnx.reference import OnnxAdapter
from tconv.inputs.draw import draw
from tconv.model.case import Case
from tconv.model.outcome import InferredShape
from tconv.model.route import Native, Unsupported

onnx = pytest.importorskip("onnx", reason="onnx is not installed")

# No two axes, sides or channel counts alike, so that whatever is swapped shows.


@pytest.fixture(scope="module")
def adapter() -> OnnxAdapter:
    return OnnxAdapter()


def compute(adapter: OnnxAdapter, case: Case) -> NDArray[Any]:
    y = adapter.compute(case, draw(case).tensors, "reference", "cpu")
    assert not isinstance(y, InferredShape)
    return y


def infer(adapter: OnnxAdapter, case: Case) -> object:
    return adapter.attempt(case, draw(case).tensors, "shape_inference", "cpu")


def test_groups_are_native_for_their_errors_are_the_evaluators(adapter: OnnxAdapter) -> None:
    case = Case.from_id("1d-i4-k3-g2-ci4-co6-f32")

    with pytest.raises(ValueError, match=r"reshape|broadcast"):
        compute(adapter, case)

    assert isinstance(adapter.route(case, "reference", "cpu"), Native)


@pytest.mark.parametrize(
    "case_id",
    [
        "1d-i5-k3-s2-p1-op1-d2-n2-ci2-co3-f16",
        "2d-i5x4-k3x2-s2x3-p1x2.0-op1x2-d1x2-g2-n2-ci4-co6-f64",
        "3d-i2x3x4-k3x2x1-s2x1x3-p2.0x0.1x0-op1x0x2-d1x3x1-n2-ci3-co6-bf16",
        "1d-i0-k3-n0-ci2-co4-f32",
    ],
)
def test_inference_gives_the_shape_of_an_explicit_case(adapter: OnnxAdapter, case_id: str) -> None:
    case = Case.from_id(case_id)

    call = "onnx.shape_inference.infer_shapes(model)"
    assert adapter.route(case, "shape_inference", "cpu") == Native(call=call)
    assert infer(adapter, case) == InferredShape(shape=case.y_shape)


@pytest.mark.parametrize(
    ("case_id", "size"),
    [
        ("1d-i4-k3-s2-opnone-padsame-ci2-co4-f32", 8),
        ("1d-i4-k3-s2-opnone-padvalid-ci2-co4-f32", 9),
        ("1d-i4-k3-s2-opnone-o20-ci2-co4-f32", 20),
    ],
)
def test_inference_gives_a_size_where_the_case_leaves_it_open(
    adapter: OnnxAdapter, case_id: str, size: int
) -> None:
    assert infer(adapter, Case.from_id(case_id)) == InferredShape(shape=(1, 4, size))


@pytest.mark.parametrize("dtype", ["i32", "i64", "c64", "c128"])
def test_inference_refuses_a_dtype_that_onnx_does_not_list_with_the_expected_error(
    adapter: OnnxAdapter, dtype: str
) -> None:
    case = Case.from_id(f"1d-i4-k3-ci2-co4-{dtype}")

    route, refusal = adapter.route(case, "shape_inference", "cpu"), infer(adapter, case)

    assert isinstance(route, Unsupported)
    assert re.search(route.error_pattern, f"{type(refusal).__name__}: {refusal}")


@pytest.mark.parametrize(
    ("case_id", "text"),
    [
        ("1d-i4-k3-s0-ci2-co4-i32", "strides must only contain positive values"),
        ("1d-i4-k3-g2-ci2-co3-f32", "existing shape differ"),
        ("1d-i4-k3-pm1-ci2-co4-f32", "pads must not contain negative values"),
    ],
)
def test_what_inference_refuses_before_the_dtype_is_its_own_error(
    adapter: OnnxAdapter, case_id: str, text: str
) -> None:
    case = Case.from_id(case_id)

    refusal = infer(adapter, case)

    assert isinstance(adapter.route(case, "shape_inference", "cpu"), Native)
    assert isinstance(refusal, Exception)
    assert text in str(refusal)
