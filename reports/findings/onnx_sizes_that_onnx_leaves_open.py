"""ConvTranspose with auto_pad or output_shape: onnx 1.23.2 and ONNX Runtime 1.32.0 (CPU) read ONNX apart.

A result is named by its size and what it cuts off the full result of size s (i - 1) + k: a/b is a at the
begin and b at the end, negative where elements are added. "promised" is the shape before anything runs.
- An output padding beside auto_pad: the shape that ONNX Runtime promises is not the one that it returns.
- auto_pad = SAME_* with s > k: ONNX's text says i s; inference and ONNX Runtime say s (i - 1) + k.
- output_shape without auto_pad: the text has pads computed; the reference evaluator takes them to be 0.
- output_shape with pads: the text says "pads values are ignored"; the reference evaluator uses them.
- An output_shape below the input's size: inference gives a shape of rank 2, the session none (strict
  inference refuses the model where the rank of the output is declared).
- A declared number of output channels that the weights contradict: ONNX Runtime returns another.
Needs onnx, onnxruntime and NumPy only.
"""
import numpy as np
import onnx
import onnxruntime
from onnx import helper
from onnx.reference import ReferenceEvaluator

F, V = onnx.TensorProto.FLOAT, helper.make_tensor_value_info


def model(x, w, y, **attributes):
    node = helper.make_node("ConvTranspose", ["x", "w"], ["y"], **attributes)
    graph = helper.make_graph([node], "g", [V("x", F, x.shape), V("w", F, w.shape)], [V("y", F, y)])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 22)], ir_version=10)


def inferred(m):
    made = onnx.shape_inference.infer_shapes(m, strict_mode=True, data_prop=True)
    return [dim.dim_value for dim in made.graph.output[0].type.tensor_type.shape.dim]


def session(m):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(m.SerializeToString(), options, ["CPUExecutionProvider"])


def window(y, full):
    y, n = y.ravel(), len(full)
    for begin in range(-len(y) + 1, n):
        kept = [full[a] if 0 <= a < n else 0 for a in range(begin, begin + len(y))]
        if np.array_equal(kept, y):
            return f"{len(y)} ({begin}/{n - begin - len(y)})"
    return f"{len(y)} (no window)"


def tried(call):
    try:
        return call()
    except Exception as error:
        return type(error).__name__


def text(i, k, s, auto_pad="NOTSET", output_padding=(0,), output_shape=None, pads=(0, 0)):
    if auto_pad.startswith("SAME") or output_shape:
        o = output_shape[0] if output_shape else i * s
        total = s * (i - 1) + output_padding[0] + k - o
        begin = total // 2 if auto_pad == "SAME_UPPER" else total - total // 2
    else:
        begin, o = pads[0], s * (i - 1) + output_padding[0] + k - sum(pads)
    return f"{o} ({begin}/{s * (i - 1) + k - begin - o})"


print("onnx", onnx.__version__, "onnxruntime", onnxruntime.__version__, "numpy", np.__version__)
columns = "{:<66}{:<12}{:<10}{:<12}{:<10}{:<12}"
print(columns.format("", "ONNX's text", "inferred", "reference", "promised", "ONNX Runtime"))
both = ("SAME_UPPER", "SAME_LOWER")
asked = [(4, 3, 2, {"auto_pad": a, "output_padding": [1]}) for a in (*both, "VALID")]
asked += [(4, k, s, {"auto_pad": a}) for k, s in ((3, 2), (1, 3), (2, 4)) for a in both]
asked += [(4, 3, 2, {"output_shape": [o], **rest}) for o in (7, 8, 9, 10, 11) for rest in ({}, {"output_padding": [1]})]
asked += [(4, 3, 2, {"output_shape": [8], "pads": p}) for p in ([0, 0], [0, 1], [1, 0], [0, 2], [1, 1])]
asked += [(4, 3, 2, {"output_shape": [7], "auto_pad": a}) for a in (*both, "VALID")]
for i, k, s, attributes in asked:
    x, w = np.arange(1, i + 1, dtype=np.float32)[None, None], 7 ** np.arange(k, dtype=np.float32)[None, None]
    full = np.zeros(s * (i - 1) + k, np.float32)
    for a in range(i):
        full[s * a: s * a + k] += x[0, 0, a] * w[0, 0]
    m, feed = model(x, w, [1, 1, None], strides=[s], **attributes), {"x": x, "w": w}
    print(columns.format(
        f"i={i} k={k} s={s} " + " ".join(f"{n}={v}" for n, v in attributes.items()), text(i, k, s, **attributes),
        inferred(m)[2],
        tried(lambda: window(ReferenceEvaluator(m).run(None, feed)[0], full)),
        tried(lambda: session(m).get_outputs()[0].shape[2]),
        tried(lambda: window(session(m).run(None, feed)[0], full)),
    ))

x, w = np.ones((1, 1, 4), np.float32), np.ones((1, 1, 2), np.float32)
for declared in (None, [1, 1, None]):
    m = model(x, w, declared, output_shape=[3])
    print("\ni=4 k=2 s=1 output_shape=[3], output declared", declared, "inferred", tried(lambda: inferred(m)),
          "promised", session(m).get_outputs()[0].shape, "returned", session(m).run(None, {"x": x, "w": w})[0].shape)

x, w = np.ones((1, 2, 4), np.float32), np.ones((2, 1, 3), np.float32)
made = session(model(x, w, [1, 3, None], group=2))
print("\ndeclared [1, 3, ?], and 2 channels by the weights: ONNX Runtime promises", made.get_outputs()[0].shape,
      "and returns", made.run(None, {"x": x, "w": w})[0].shape)
