"""The model of one ConvTranspose node that expresses a case for everything that reads ONNX.

ONNX has an attribute for every parameter of a case: unequal pads, an output padding, a policy
(`auto_pad`) and a requested size (`output_shape`). So the node alone expresses every case. What a
case leaves open is an attribute that is absent.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tconv.adapters.snippet import ModelText, Snippet, keywords, written_call
from tconv.model.case import Case
from tconv.model.tensors import Tensors

OPSET: Final = 22
"""The version of ONNX's operators, the newest in which ConvTranspose changed."""

IR_VERSION: Final = 10
"""The version of the file format that came with that opset."""

POLICIES: Final = {"same": "SAME_UPPER", "same_lower": "SAME_LOWER", "valid": "VALID"}
"""The value of `auto_pad` for each padding policy; without a policy it is absent, NOTSET."""

_CONSTANT: Final = ('    [helper.make_tensor_value_info("x", kind, x.shape)],',)
_WEIGHTS: Final = (
    "    [",
    "        onnx.numpy_helper.from_array(np.ascontiguousarray(array), name)",
    "        for name, array in weights.items()",
    "    ],",
)
_FED: Final = (
    "    [",
    "        helper.make_tensor_value_info(name, kind, array.shape)",
    '        for name, array in {"x": x, **weights}.items()',
    "    ],",
)

FLOATS: Final = frozenset({"float16", "bfloat16", "float32", "float64"})
"""The dtypes that ONNX lists for ConvTranspose."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OnnxCall:
    """A model, and what is fed to it.

    Attributes:
        model: an `onnx.ModelProto` of one node, or of two where the input is padded.
        feed: the model's inputs by name; the other arrays are constants of the model.
    """

    model: Any
    feed: dict[str, NDArray[Any]]


def call_for(onnx: Any, case: Case, tensors: Tensors, *, feeds_weights: bool = False) -> OnnxCall:
    """Return the model of a case: x is its input, w and b are constants, as exporters write them.

    With `feeds_weights`, w and b are inputs, too. The model declares the part of the result's shape
    (n, c_out, *o) that its node does not decide, n and c_out; nothing where tensors are malformed.
    """
    arrays = {"x": tensors.x, "w": tensors.w}
    if tensors.b is not None:
        arrays["b"] = tensors.b
    feed = arrays if feeds_weights else {"x": tensors.x}
    helper = onnx.helper
    kinds = {name: helper.np_dtype_to_tensor_dtype(array.dtype) for name, array in arrays.items()}
    inputs = [
        helper.make_tensor_value_info(name, kinds[name], array.shape)
        for name, array in feed.items()
    ]
    shape = None if case.malformed else (case.n, case.c_out, *(None,) * case.ndim)
    output = helper.make_tensor_value_info("y", kinds["x"], shape)
    constants = [
        onnx.TensorProto(
            name=name, data_type=kinds[name], dims=array.shape, raw_data=array.tobytes()
        )
        for name, array in arrays.items()
        if name not in feed
    ]
    names, nodes = list(arrays), []
    if tensors.padding is not None:
        starts, ends = zip(*tensors.padding.widths(1), strict=True)
        widths = onnx.numpy_helper.from_array(np.array(starts + ends), "widths")
        constants.append(widths)
        nodes.append(
            helper.make_node("Pad", ["x", "widths"], ["padded"], mode=tensors.padding.fill)
        )
        names[0] = "padded"
    nodes.append(helper.make_node("ConvTranspose", names, ["y"], **attributes(case)))
    graph = helper.make_graph(nodes, "one_node", inputs, [output], constants)
    opset = helper.make_opsetid("", OPSET)
    model = helper.make_model(graph, opset_imports=[opset], ir_version=IR_VERSION)
    return OnnxCall(model=model, feed=feed)


def attributes(case: Case) -> dict[str, Any]:
    """Return the attributes of the node; what the case leaves open is absent.

    `pads` has all starts, then all ends. Zeros are left out beside a requested size: they are the
    default, and readers differ on whether they overrule the size.
    """
    arguments: dict[str, Any] = {
        "kernel_shape": case.k,
        "strides": case.s,
        "dilations": case.dilation,
        "group": case.groups,
    }
    if case.padding is not None:
        arguments["auto_pad"] = POLICIES[case.padding]
    elif case.o is None or any(case.p_begin + case.p_end):
        arguments["pads"] = case.p_begin + case.p_end
    if case.output_padding is not None:
        arguments["output_padding"] = case.output_padding
    if case.o is not None:
        arguments["output_shape"] = case.o
    return arguments


def snippet(case: Case, imports: str, run: str, *, feeds_weights: bool = False) -> Snippet:
    """Return the call that makes the model and lets `run` compute y of it and of x.

    With `feeds_weights`, `run` feeds the dictionary `weights`, too; else they are constants.
    """
    ones, none = (1,) * case.ndim, (0,) * case.ndim
    defaults = {"strides": ones, "dilations": ones, "group": 1, "output_padding": none}
    c_out = f"{case.groups} * w.shape[1]" if case.groups > 1 else "w.shape[1]"
    shape = f"(x.shape[0], {c_out}{', None' * case.ndim})"
    named = keywords(attributes(case), defaults | {"pads": none * 2})
    operands = ['"ConvTranspose"', '["x", *weights]', '["y"]', *named]
    lines = [
        "helper = onnx.helper",
        "kind = helper.np_dtype_to_tensor_dtype(x.dtype)",
        'weights = {"w": w} if b is None else {"w": w, "b": b}'
        if case.bias
        else 'weights = {"w": w}',
        written_call("node = helper.make_node", operands),
        f"shape = {shape}",
        'output = helper.make_tensor_value_info("y", kind, shape)',
        "graph = helper.make_graph(",
        "    [node],",
        '    "ported",',
        *(_FED if feeds_weights else _CONSTANT),
        "    [output],",
        *([] if feeds_weights else _WEIGHTS),
        ")",
        f'opset = helper.make_opsetid("", {OPSET})',
        f"model = helper.make_model(graph, opset_imports=[opset], ir_version={IR_VERSION})",
        run,
    ]
    return Snippet(
        imports=imports,
        call="\n".join(lines),
        model=None
        if feeds_weights
        else ModelText(
            node=written_call(
                "node = helper.make_node", ['"ConvTranspose"', '["x", *arrays]', '["y"]', *named]
            ),
            run=run,
            opset=OPSET,
            ir_version=IR_VERSION,
        ),
        bias="" if case.bias else f"y + b.reshape(-1{', 1' * case.ndim})",
    )


def is_well_formed(case: Case) -> bool:
    """Return whether the node's attributes pass ONNX's own check.

    The check is part of shape inference, which precedes the choice of a kernel.
    """
    return (
        min(case.s + case.k + case.dilation + (case.groups,)) >= 1
        and min(case.p_begin + case.p_end + (case.output_padding or ())) >= 0
        and case.c_in % case.groups == 0
        and case.malformed not in {"weight_dtype", "bias_dtype"}
    )
