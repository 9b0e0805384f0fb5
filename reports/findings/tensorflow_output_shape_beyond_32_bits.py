"""tensorflow 2.21.0: sizes in output_shape are cut to 32 bits, so 2^62 + 7 is computed as 7.

The argument is an int64 tensor in eager mode. Nothing says that its numbers lose their upper half; a
number that is wrong after that is refused with what is left of it. In a tf.function the constant is
refused, for another reason. Needs TensorFlow and NumPy only.
"""
import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
import tensorflow as tf

print("tensorflow", tf.__version__, "numpy", np.__version__)
x, w = np.ones((1, 3, 1), np.float32), np.ones((3, 1, 1), np.float32)
for size in (7, 9, 2**31 + 7, 2**32 + 7, 2**32 + 9, 2**62 + 7):
    for name, jit in (("eager", None), ("tf.function", False), ("jit_compile", True)):
        def call(x, w, size=size):
            return tf.nn.conv1d_transpose(x, w, (1, size, 1), 2, "VALID")

        try:
            y = call(x, w) if jit is None else tf.function(call, jit_compile=jit)(x, w)
            print(f"{name}, size {size}: shape {y.numpy().shape}")
        except Exception as error:
            said = [line for line in str(error).splitlines() if line.strip()]
            text = next((line for line in said if "doesn't match" in line or "Invalid" in line), said[0])
            print(f"{name}, size {size}: {type(error).__name__}: {text.split('}} ')[-1][:110]}")
