"""Keras 3.15: padding="same" with output_padding=0 and an even kernel is refused on TensorFlow only.

With an output padding, "same" has the size s(i-1) + K mod 2 + output_padding, K = d(k-1)+1. For an
even K and output_padding=0 that is s(i-1), which a direct convolution of padding "same" takes to
i-1 and not to i, so that TensorFlow's kernel refuses it. JAX, PyTorch and NumPy compute it, and
`compute_output_shape` promises it on every backend. With i=1 the promised size is 0, and an empty
array is returned.
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
for i, k, s, op in ((4, 2, 2, 0), (4, 4, 2, 0), (4, 4, 1, 0), (1, 2, 2, 0), (4, 4, 2, 1), (4, 3, 2, 0)):
    layer = keras.layers.Conv1DTranspose(1, k, s, padding="same", output_padding=op, kernel_initializer="ones")
    promised = layer.compute_output_shape((1, i, 1))[1]
    try:
        got = f"returns {tuple(layer(np.ones((1, i, 1), 'float32')).shape)[1]}"
    except Exception as error:
        got = f"raises {type(error).__name__}: {str(error)[str(error).find('Conv2D'):].split(' [')[0].split(' spatial')[0]}"
    print(f"{sys.argv[1]:<10} i={i} k={k} s={s} output_padding={op}: promises {promised}, {got}")
