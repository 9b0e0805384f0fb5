"""Keras 3.15 on NumPy turns float64 into float32, and int64 and complex128 into their halves.

A layer that was made with dtype="float64" says so of itself and of its weights, and returns float32
values with 24 bits, without a warning. `convert_to_tensor(array)` is where it happens: its promotion
is given `numpy.dtype("float64")`, which equals Python's `float`, so it counts as a Python number.
Given the name "float64" it keeps the dtype. The other backends keep float64.
"""
import os
os.environ["KERAS_BACKEND"] = "numpy"
import keras
import numpy as np

for name in ("float64", "int64", "complex128", "float32", "float16"):
    array = np.ones(2, name)
    kept = keras.ops.convert_to_tensor(array, dtype=name).dtype
    print(f"convert_to_tensor({name}) is {keras.ops.convert_to_tensor(array).dtype}; with dtype={name!r} {kept}")

x = np.full((1, 3, 1), 1 + 2.0**-30)
layer = keras.layers.Conv1DTranspose(1, 1, kernel_initializer="ones", dtype="float64")
y = layer(x)
print("Conv1DTranspose: dtype of the policy", layer.compute_dtype, "of the kernel", layer.kernel.dtype, "of the result", y.dtype)
print("x is returned as it is:", bool((np.asarray(y, "float64") == x).all()))
