"""Keras 3.15: keras.ops.conv_transpose checks less than the layers, and its backends differ.

a) a negative output_padding crops the end on JAX, PyTorch and NumPy; TensorFlow refuses it. The
   documentation says nothing of it; the layers raise ValueError.
b) output_padding from the stride up ("must be lower than the stride"): computed on the same three.
c) dilation_rate beside strides, which the layers refuse ("not supported in conjunction"): computed on
   the same three, and rightly; TensorFlow's kernels for the CPU take no dilation here.
d) an input axis of 0 elements and strides=2: the promised size is s(i-1)+K = 1; JAX and NumPy return 2.
"""
import os
import subprocess
import sys

BACKENDS = ("tensorflow", "jax", "torch", "numpy")
if len(sys.argv) == 1:
    for backend in BACKENDS:
        environment = {**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
        subprocess.run([sys.executable, "-W", "ignore", __file__, backend], check=True, env=environment)
    sys.exit()

import keras
import numpy as np

keras.config.disable_traceback_filtering()
CASES = {
    "a": (3, {"output_padding": -1}),
    "b": (3, {"strides": 2, "output_padding": 2}),
    "c": (3, {"strides": 2, "dilation_rate": 2}),
    "d": (0, {"strides": 2, "output_padding": 0}),
}
for name, (i, arguments) in CASES.items():
    x, w = np.ones((1, i, 2), "float32"), np.ones((3, 1, 2), "float32")
    for what, call in (
        ("operation", lambda: keras.ops.conv_transpose(x, w, **arguments)),
        ("layer", lambda: keras.layers.Conv1DTranspose(1, 3, kernel_initializer="ones", **arguments)(x)),
    ):
        try:
            got = "returns " + str(keras.ops.convert_to_numpy(call()).ravel().tolist())
        except Exception as error:
            text = str(error).split("device:CPU:0}} ")[-1].splitlines()[0][:90]
            got = f"raises {type(error).__name__}: {text}"
        print(f"{name} i={i} {arguments} {sys.argv[1]} {what} {got}")
