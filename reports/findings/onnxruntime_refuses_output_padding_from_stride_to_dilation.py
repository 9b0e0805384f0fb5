"""ONNX Runtime 1.32.0 (CPU) refuses every ConvTranspose with stride <= output_padding < dilation.

Its own first check says "must be less than max(stride, dilation)"; a second check then refuses everything
that the first let through beyond the stride. ONNX's checker and shape inference accept these models; its
operator text ("stride/dilation") can be read both ways; its reference evaluator refuses them as well.
Needs onnx, onnxruntime and NumPy only.
"""
import re
from itertools import product

import numpy as np
import onnx
import onnxruntime
from onnx import helper
from onnx.reference import ReferenceEvaluator

F, V = onnx.TensorProto.FLOAT, helper.make_tensor_value_info


def model(i, k, s, d, op, p):
    node = helper.make_node("ConvTranspose", ["x", "w"], ["y"], kernel_shape=[k], strides=[s],
                            dilations=[d], pads=[p, p], output_padding=[op])
    graph = helper.make_graph([node], "g", [V("x", F, [1, 1, i]), V("w", F, [1, 1, k])], [V("y", F, [None] * 3)])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 22)], ir_version=10)


def expected(x, w, s, d, op, p):
    full = np.zeros(s * (len(x) - 1) + d * (len(w) - 1) + 1 + op, np.float32)
    for a, u in enumerate(x):
        for t, v in enumerate(w):
            full[s * a + d * t] += u * v
    return full[p: len(full) - p]


def tried(call):
    try:
        return call().ravel().tolist()
    except Exception as error:
        return f"{type(error).__name__}: {re.sub(r'.*Status Message: ', '', str(error)).strip()}"


def ort(m, feed):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(m.SerializeToString(), options, ["CPUExecutionProvider"]).run(None, feed)[0]


print("onnx", onnx.__version__, "onnxruntime", onnxruntime.__version__, "numpy", np.__version__)
text = onnx.defs.get_schema("ConvTranspose").attributes["output_padding"].description
print("ONNX says:", re.search(r"Each padding value.*?\.", text)[0])
x, w = np.array([1, 2, 3], np.float32), np.array([1, 10], np.float32)
for s, d, op in ((1, 2, 0), (1, 2, 1), (2, 3, 1), (2, 3, 2), (2, 3, 3)):
    m = model(3, 2, s, d, op, 0)
    onnx.checker.check_model(m, full_check=True)
    dims = onnx.shape_inference.infer_shapes(m, strict_mode=True).graph.output[0].type.tensor_type.shape.dim
    feed = {"x": x[None, None], "w": w[None, None]}
    print(f"\nstride {s}, dilation {d}, output_padding {op}; inferred size {dims[2].dim_value}")
    print("  by hand     ", expected(x, w, s, d, op, 0).tolist())
    print("  onnx.reference", tried(lambda: ReferenceEvaluator(m).run(None, feed)[0]))
    print("  onnxruntime ", tried(lambda: ort(m, feed)))

count = {}
for i, k, s, d, op, p in product((1, 2, 3, 4), (1, 2, 3), (1, 2, 3), (1, 2, 3, 4), (0, 1, 2, 3), (0, 1, 2)):
    if op >= max(s, d) or s * (i - 1) + d * (k - 1) + 1 + op - 2 * p < 1:
        continue
    r = np.random.default_rng(0)
    a, b = r.integers(1, 9, i).astype(np.float32), r.integers(1, 9, k).astype(np.float32)
    got = tried(lambda: ort(model(i, k, s, d, op, p), {"x": a[None, None], "w": b[None, None]}))
    kind = "refused" if isinstance(got, str) else "right" if got == expected(a, b, s, d, op, p).tolist() else "WRONG"
    key = ("output_padding < stride" if op < s else "stride <= output_padding < dilation", kind)
    count[key] = count.get(key, 0) + 1
print("\nof all that max(stride, dilation) allows, in 1-D:", *(f"{a}: {b} {n}" for (a, b), n in sorted(count.items())), sep="\n  ")
