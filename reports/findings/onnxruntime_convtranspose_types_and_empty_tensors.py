"""ONNX Runtime 1.32.0 (CPU), ConvTranspose: element types, and tensors without elements.

float64 and bfloat16, which ONNX lists for the operator, have no CPU kernel, and the error does not name the
type. float16 has none either: two Casts to and from float32 are put round the node. Empty inputs compute.
"""
import os
import tempfile

import numpy as np
import onnx
import onnxruntime
from onnx import helper

T, V = onnx.TensorProto, helper.make_tensor_value_info


def session(kind, x, w, path=None):
    node = helper.make_node("ConvTranspose", ["x", "w"], ["y"])
    graph = helper.make_graph([node], "g", [V("x", kind, x), V("w", kind, w)], [V("y", kind, [None] * 3)])
    m = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 22)], ir_version=10)
    onnx.checker.check_model(m, full_check=0 not in x + w)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    if path:
        options.optimized_model_filepath = path
    return onnxruntime.InferenceSession(m.SerializeToString(), options, ["CPUExecutionProvider"])


print("onnx", onnx.__version__, "onnxruntime", onnxruntime.__version__, "numpy", np.__version__)
print("ONNX allows:", sorted(onnx.defs.get_schema("ConvTranspose").type_constraints[0].allowed_type_strs))
for name in ("FLOAT", "FLOAT16", "DOUBLE", "BFLOAT16"):
    path = os.path.join(tempfile.mkdtemp(), "m.onnx")
    try:
        session(getattr(T, name), [1, 2, 3], [2, 2, 3], path)
        print(name, "runs as", [n.op_type for n in onnx.load(path).graph.node])
    except Exception as error:
        print(name, type(error).__name__, str(error).strip())
print()
for what, x, w in (("no image", [0, 2, 3], [2, 2, 3]), ("no pixel", [1, 2, 0], [2, 2, 3]),
                   ("no pixel, stride 1, k 1", [1, 2, 0], [2, 2, 1]),
                   ("no input channel", [1, 0, 3], [0, 2, 3]), ("no output channel", [1, 2, 3], [2, 0, 3])):
    try:
        y = session(T.FLOAT, x, w).run(None, {"x": np.ones(x, np.float32), "w": np.ones(w, np.float32)})[0]
        print(f"{what}: x {x} w {w} returns shape {y.shape}, nonzero {np.count_nonzero(y)}")
    except Exception as error:
        print(f"{what}: x {x} w {w} {type(error).__name__} {str(error).strip()[-120:]}")
