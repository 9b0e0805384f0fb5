"""The model that asks for a case: its attributes, and what of it is an input."""

from typing import Any

import numpy as np
import pytest

from tconv.adapters.onnx.model import IR_VERSION, OPSET, attributes, call_for, is_well_formed
from tconv.inputs.draw import draw
from tconv.model.case import Case

onnx = pytest.importorskip("onnx", reason="onnx is not installed")

EXPLICIT = "2d-i5x4-k3x2-s2x3-p1.0x2.3-op1x2-d1x2-g2-n3-ci4-co6-f32"


@pytest.mark.parametrize(
    ("case_id", "said"),
    [
        ("2d-i5x4-k3x2-p1.0x2.3-ci2-co4-f32", {"pads": (1, 2, 0, 3), "output_padding": (0, 0)}),
        ("1d-i4-k3-s2-opnone-ci2-co4-f32", {"pads": (0, 0)}),
        ("1d-i4-k3-opnone-padsame-ci2-co4-f32", {"auto_pad": "SAME_UPPER"}),
        ("1d-i4-k3-opnone-padsamelower-ci2-co4-f32", {"auto_pad": "SAME_LOWER"}),
        ("1d-i4-k3-padvalid-ci2-co4-f32", {"auto_pad": "VALID", "output_padding": (0,)}),
        ("1d-i4-k3-opnone-o6-ci2-co4-f32", {"output_shape": (6,)}),
        ("1d-i4-k3-p1.0-opnone-o6-ci2-co4-f32", {"output_shape": (6,), "pads": (1, 0)}),
        (
            "1d-i4-k3-op1-padsame-o6-ci2-co4-f32",
            {"auto_pad": "SAME_UPPER", "output_padding": (1,), "output_shape": (6,)},
        ),
    ],
)
def test_the_node_says_what_the_case_says_and_leaves_out_what_it_leaves_open(
    case_id: str, said: dict[str, Any]
) -> None:
    found = attributes(Case.from_id(case_id))

    always = {"kernel_shape", "strides", "dilations", "group"}
    assert {name: found[name] for name in found.keys() - always} == said


def test_the_node_has_the_sizes_strides_dilations_and_groups_of_the_case() -> None:
    found = attributes(Case.from_id(EXPLICIT))

    assert found["kernel_shape"] == (3, 2)
    assert found["strides"] == (2, 3)
    assert found["dilations"] == (1, 2)
    assert found["group"] == 2


@pytest.mark.parametrize("feeds_weights", [False, True])
def test_the_model_is_valid_and_says_its_opset(feeds_weights: bool) -> None:
    case = Case.from_id(EXPLICIT)

    call = call_for(onnx, case, draw(case).tensors, feeds_weights=feeds_weights)

    onnx.checker.check_model(call.model, full_check=True)
    assert [(entry.domain, entry.version) for entry in call.model.opset_import] == [("", OPSET)]
    assert call.model.ir_version == IR_VERSION


@pytest.mark.parametrize(
    ("feeds_weights", "fed", "constant"), [(False, ["x"], ["w", "b"]), (True, ["x", "w", "b"], [])]
)
def test_weights_are_constants_unless_they_are_fed(
    feeds_weights: bool, fed: list[str], constant: list[str]
) -> None:
    case = Case.from_id(EXPLICIT)

    call = call_for(onnx, case, draw(case).tensors, feeds_weights=feeds_weights)

    assert [entry.name for entry in call.model.graph.input] == list(call.feed) == fed
    assert [entry.name for entry in call.model.graph.initializer] == constant


@pytest.mark.parametrize("dtype", ["f16", "bf16", "f32", "f64", "c64", "i32"])
def test_constants_are_the_arrays_in_the_dtype_of_the_case(dtype: str) -> None:
    case = Case.from_id(f"1d-i4-k3-ci2-co4-{dtype}")
    given = draw(case).tensors

    w, b = call_for(onnx, case, given).model.graph.initializer

    np.testing.assert_array_equal(onnx.numpy_helper.to_array(w), given.w, strict=True)
    np.testing.assert_array_equal(onnx.numpy_helper.to_array(b), given.b, strict=True)


def test_a_case_without_bias_has_two_inputs() -> None:
    case = Case.from_id("1d-i4-k3-ci2-co4-f32-nobias")

    call = call_for(onnx, case, draw(case).tensors)

    assert call.model.graph.node[0].input == ["x", "w"]


def test_the_model_declares_the_channels_of_the_case_and_no_size() -> None:
    case = Case.from_id(EXPLICIT)

    (output,) = call_for(onnx, case, draw(case).tensors).model.graph.output

    dims = output.type.tensor_type.shape.dim
    assert [dim.dim_value for dim in dims] == [3, 6, 0, 0]
    assert [dim.HasField("dim_value") for dim in dims] == [True, True, False, False]


@pytest.mark.parametrize(
    "case_id",
    [
        "1d-i4-k3-s0-ci2-co4-f32",
        "1d-i4-k0-ci2-co4-f32",
        "1d-i4-k3-d0-ci2-co4-f32",
        "1d-i4-k3-g0-ci2-co4-f32",
        "1d-i4-k3-g2-ci3-co4-f32",
        "1d-i4-k3-p0.m1-ci2-co4-f32",
        "1d-i4-k3-opm1-ci2-co4-f32",
        "1d-i4-k3-pm1-opnone-ci2-co4-f32",
    ],
)
def test_onnx_finds_fault_with_what_is_not_well_formed(case_id: str) -> None:
    case = Case.from_id(case_id)
    model = call_for(onnx, case, draw(case).tensors).model

    assert not is_well_formed(case)
    with pytest.raises(onnx.shape_inference.InferenceError):
        onnx.shape_inference.infer_shapes(model, strict_mode=True)


@pytest.mark.parametrize(
    "case_id",
    [
        EXPLICIT,
        "1d-i4-k3-p5-ci2-co4-f32",
        "1d-i4-k3-s2-op3-ci2-co4-f32",
        "1d-i0-k3-n0-ci0-co0-f32",
        "1d-i4-k3-opnone-padsame-o9-ci2-co4-f32",
    ],
)
def test_onnx_finds_no_fault_with_what_is_well_formed(case_id: str) -> None:
    case = Case.from_id(case_id)
    model = call_for(onnx, case, draw(case).tensors).model

    onnx.shape_inference.infer_shapes(model, strict_mode=True)

    assert is_well_formed(case)
