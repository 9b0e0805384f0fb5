"""onnx 1.23.2, onnx.reference: ConvTranspose takes an output_shape that fits no axis, and scrambles the input.

The evaluator computes by Col2Im, which has no axes to compare with: it counts the windows along each axis of
the wanted output, and asks only that their product is the number of input elements. So an output_shape that
belongs to an input of 3 x 2 is taken for an input of 2 x 3, whose elements are then read in rows of 2: no
error, another image. Where the products differ it is an error; ONNX Runtime refuses all of these.
The input counts from 1 and the kernel is one tap, 1: each number should stay in its row and column.
Needs onnx, onnxruntime and NumPy only.
"""
import numpy as np
import onnx
import onnxruntime
from onnx import helper
from onnx.reference import ReferenceEvaluator

F, V = onnx.TensorProto.FLOAT, helper.make_tensor_value_info


def model(x, w, **attributes):
    node = helper.make_node("ConvTranspose", ["x", "w"], ["y"], **attributes)
    shapes = [V("x", F, x.shape), V("w", F, w.shape)], [V("y", F, [1, 1] + [None] * (x.ndim - 2))]
    m = helper.make_model(helper.make_graph([node], "g", *shapes),
                          opset_imports=[helper.make_opsetid("", 22)], ir_version=10)
    onnx.checker.check_model(m)
    return m


def session(m, feed):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(m.SerializeToString(), options, ["CPUExecutionProvider"]).run(None, feed)


def tried(call):
    try:
        return np.asarray(call()[0])[0, 0].astype(int).tolist()
    except Exception as error:
        return f"{type(error).__name__}: {str(error).split('Status Message: ')[-1][:110]}"


print("onnx", onnx.__version__, "onnxruntime", onnxruntime.__version__, "numpy", np.__version__)
for i, s, o in (((2, 3), 1, (3, 2)), ((2, 3), 2, (5, 3)), ((1, 6), 1, (2, 3)), ((1, 2, 3), 1, (1, 3, 2)), ((2, 3), 1, (2, 4))):
    x = np.arange(1, np.prod(i) + 1, dtype=np.float32).reshape(1, 1, *i)
    w = np.ones((1, 1, *[1] * len(i)), np.float32)
    m, feed = model(x, w, strides=[s] * len(i), output_shape=o), {"x": x, "w": w}
    print(f"\n{x[0, 0].astype(int).tolist()}, stride {s}, output_shape {list(o)}")
    print("  reference:   ", tried(lambda: ReferenceEvaluator(m).run(None, feed)))
    print("  ONNX Runtime:", tried(lambda: session(m, feed)))
