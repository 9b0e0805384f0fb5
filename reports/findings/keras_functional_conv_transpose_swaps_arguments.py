"""Keras 3.15: a functional model of keras.ops.conv_transpose cannot be called, on any backend.

`ConvTranspose.call` (keras/src/ops/nn.py) hands its backend output_padding in the place of padding
and padding in that of output_padding. Building the model works and promises a shape; calling it
raises AttributeError, as None (or an integer) has no `lower`. Called at once, on an array, the same
operation computes.
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
x, w = np.ones((1, 4, 2), "float32"), np.ones((3, 5, 2), "float32")
print(sys.argv[1], "called at once:", tuple(keras.ops.conv_transpose(x, w, 2, "same").shape))
for arguments in ({"padding": "same"}, {"padding": "valid", "output_padding": 1}):
    given = keras.Input((4, 2))
    y = keras.ops.conv_transpose(given, w, 2, **arguments)
    try:
        print(sys.argv[1], arguments, "promises", y.shape, "returns", keras.Model(given, y)(x).shape)
    except AttributeError as error:
        print(sys.argv[1], arguments, "promises", y.shape, "raises", f"AttributeError: {error}")
