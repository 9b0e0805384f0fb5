"""Vectors nobody here wrote: every ConvTranspose case that the onnx package carries.

Two sources: the node cases, whose expected outputs are written out in the package's test code, and
the vendored cases, recorded from another framework, in files. The onnx reference evaluator is not
asked: it is wrong for groups.
"""

import importlib
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import numpy_helper

from tconv.oracle.formulations import FORMULATIONS

Array = NDArray[Any]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Vector:
    """Attributes, inputs (x, w and perhaps b) and the stored output of one ConvTranspose node."""

    attributes: dict[str, Any]
    inputs: tuple[Array, ...]
    output: Array


def _attributes(node: Any) -> dict[str, Any]:
    return {entry.name: onnx.helper.get_attribute_value(entry) for entry in node.attribute}


def _node_cases() -> dict[str, Vector]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of test code that is not ours
        # collect_testcases() would run the test code of all operators, which takes seconds.
        importlib.import_module("onnx.backend.test.case.node.convtranspose")
        collected = importlib.import_module("onnx.backend.test.case.node")._NodeTestCases
    return {
        case.name: Vector(
            attributes=_attributes(node), inputs=tuple(inputs), output=np.asarray(outputs[0])
        )
        for case in collected
        for node in case.model.graph.node
        if node.op_type == "ConvTranspose"
        for inputs, outputs in case.data_sets
    }


def _tensor(path: Path) -> Array:
    return np.asarray(numpy_helper.to_array(onnx.load_tensor(str(path))))


def _vendored_cases() -> dict[str, Vector]:
    assert onnx.__file__ is not None
    data = Path(onnx.__file__).parent / "backend" / "test" / "data"
    vectors: dict[str, Vector] = {}
    for path in sorted(data.glob("pytorch-*/*/model.onnx")):
        graph = onnx.load(str(path)).graph
        if [node.op_type for node in graph.node] != ["ConvTranspose"]:
            assert all(node.op_type != "ConvTranspose" for node in graph.node), path
            continue
        values = {entry.name: numpy_helper.to_array(entry) for entry in graph.initializer}
        fed = [entry.name for entry in graph.input if entry.name not in values]
        for folder in sorted(path.parent.glob("test_data_set_*")):
            tensors = [_tensor(folder / f"input_{number}.pb") for number in range(len(fed))]
            values |= dict(zip(fed, tensors, strict=True))
            vectors[path.parent.name] = Vector(
                attributes=_attributes(graph.node[0]),
                inputs=tuple(np.asarray(values[name]) for name in graph.node[0].input),
                output=_tensor(folder / "output_0.pb"),
            )
    return vectors


NODE_CASES, VENDORED_CASES = _node_cases(), _vendored_cases()
VECTORS = NODE_CASES | VENDORED_CASES


def _pads(vector: Vector, op: Sequence[int], o: Sequence[int] | None) -> list[tuple[int, int]]:
    """Return (begin, end) of each axis, by the formulas of the operator's specification.

    total = s (i - 1) + op + K - o; SAME_UPPER puts the odd one at the end, all others (output_shape
    alone included) at the start.
    """
    x, w, attributes = vector.inputs[0], vector.inputs[1], vector.attributes
    ndim = w.ndim - 2
    auto_pad = attributes.get("auto_pad", b"NOTSET")
    strides = attributes.get("strides", [1] * ndim)
    if o is None and auto_pad in {b"SAME_UPPER", b"SAME_LOWER"}:
        o = [i * s for i, s in zip(x.shape[2:], strides, strict=True)]
    if o is None:
        pads = attributes.get("pads", [0] * 2 * ndim)
        return list(zip(pads[:ndim], pads[ndim:], strict=True))
    dilations = attributes.get("dilations", [1] * ndim)
    result = []
    for axis in range(ndim):
        reach = dilations[axis] * (w.shape[2 + axis] - 1) + 1
        total = strides[axis] * (x.shape[2 + axis] - 1) + op[axis] + reach - o[axis]
        less, more = total // 2, total - total // 2
        result.append((less, more) if auto_pad == b"SAME_UPPER" else (more, less))
    return result


KNOWN_ATTRIBUTES = {
    "auto_pad",
    "dilations",
    "group",
    "kernel_shape",
    "output_padding",
    "output_shape",
    "pads",
    "strides",
}


@pytest.mark.parametrize("vector", VECTORS.values(), ids=VECTORS.keys())
@pytest.mark.parametrize("name", FORMULATIONS)
def test_formulation_reproduces_the_stored_output(name: str, vector: Vector) -> None:
    attributes, (x, w, *bias) = vector.attributes, vector.inputs
    op = attributes.get("output_padding", [0] * (w.ndim - 2))
    parameters = {
        "stride": attributes.get("strides", 1),
        "padding": _pads(vector, op, attributes.get("output_shape")),
        "output_padding": op,
        "dilation": attributes.get("dilations", 1),
        "groups": attributes.get("group", 1),
    }
    y, bound, products = (
        FORMULATIONS[name](*arrays, **parameters)
        for arrays in (
            [array.astype(np.float64) for array in (x, w, *bias)],
            [np.abs(array.astype(np.float64)) for array in (x, w, *bias)],
            [np.ones(x.shape), np.ones(w.shape)],
        )
    )

    assert set(attributes) <= KNOWN_ATTRIBUTES
    assert vector.output.dtype == np.float32
    assert y.shape == vector.output.shape
    assert np.all(np.abs(y - vector.output) <= (products + 1) * 2.0**-24 * bound)


def test_all_vectors_of_the_package_are_there() -> None:
    assert len(NODE_CASES) >= 11
    assert len(VENDORED_CASES) >= 3
    assert len(VECTORS) == len(NODE_CASES) + len(VENDORED_CASES)
