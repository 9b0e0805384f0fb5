"""onnx 1.23.2, onnx.reference: ConvTranspose with group > 1 raises, or adds the bias of other channels.

Each group is told to be a convolution of its own, with the weights W[g M/group : ...], sliced along the
axis of the input channels by numbers of output channels, with the whole bias, and its result is written
to one channel. So it is right only where group = C = M and there is no bias. Needs onnx and NumPy only.
"""
from itertools import product

import numpy as np
import onnx
from onnx import helper
from onnx.reference import ReferenceEvaluator

F, V = onnx.TensorProto.FLOAT, helper.make_tensor_value_info


def reference(x, w, b, group, s):
    names = ["x", "w", "b"][: 2 if b is None else 3]
    feed = dict(zip(names, (x, w, b)))
    node = helper.make_node("ConvTranspose", names, ["y"], group=group, strides=[s])
    graph = helper.make_graph([node], "g", [V(n, F, a.shape) for n, a in feed.items()], [V("y", F, [None] * 3)])
    m = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 22)], ir_version=10)
    onnx.checker.check_model(m, full_check=True)
    return ReferenceEvaluator(m).run(None, feed)[0]


def by_hand(x, w, b, group, s):
    (n, c, i), (_, per, k) = x.shape, w.shape
    y = np.zeros((n, per * group, s * (i - 1) + k), np.float32)
    for ci, o, a, t in product(range(c), range(per), range(i), range(k)):
        y[:, ci // (c // group) * per + o, s * a + t] += x[:, ci, a] * w[ci, o, t]
    return y if b is None else y + b[:, None]


print("onnx", onnx.__version__, "numpy", np.__version__)
x, w = np.array([[[1, 2], [3, 4]]], np.float32), np.array([[[1]], [[1]]], np.float32)
b = np.array([10, 20], np.float32)
print("depthwise, k = 1, bias [10, 20]:", reference(x, w, b, 2, 1).tolist())
print("                    should be:", by_hand(x, w, b, 2, 1).tolist())

count, texts = {}, set()
for group, c, per, i, k, s, bias in product((1, 2, 3), (1, 2, 3), (1, 2), (1, 3), (1, 2), (1, 2), (False, True)):
    r = np.random.default_rng(0)
    x, w, b = (r.integers(1, 9, a).astype(np.float32) for a in ((2, c * group, i), (c * group, per, k), per * group))
    args = x, w, b if bias else None, group, s
    try:
        kind = "right" if np.array_equal(reference(*args), by_hand(*args)) else "WRONG VALUES"
    except Exception as error:
        kind = type(error).__name__
        texts.add(str(error)[:40])
    what = "group = 1" if group == 1 else "group = C = M" if c == per == 1 else "other groups"
    key = f"{what}, {'with' if bias else 'without'} bias: {kind}"
    count[key] = count.get(key, 0) + 1
for key in sorted(count):
    print(f"{key} ({count[key]})")
print("errors such as:", min(texts))
