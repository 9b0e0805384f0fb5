"""TensorFlow 2.21 CPU returns zeros or an empty array, without an error, where no output exists.

a) a kernel axis of size 0; b) a filter of 0 output channels while output_shape asks for 4;
c) an output size of 0 that contradicts the input; d) an input axis of 0 with any output size at all.
b, c, d: float32 and bfloat16 (oneDNN) only; the other dtypes raise InvalidArgumentError.
a: all dtypes with VALID.
"""
import os
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import tensorflow as tf

CASES = {
    "a kernel of 0 taps": ((1, 3, 3, 2), (0, 2, 4, 2), (1, 2, 4, 4)),
    "b filter of 0 channels": ((1, 3, 3, 2), (2, 2, 0, 2), (1, 4, 4, 4)),
    "c output size 0": ((1, 3, 3, 2), (2, 2, 4, 2), (1, 0, 4, 4)),
    "d input size 0, output 9": ((1, 0, 3, 2), (2, 2, 4, 2), (1, 9, 4, 4)),
}
for name, (x, w, y) in CASES.items():
    for dtype in ("float32", "bfloat16", "float64", "float16", "int32"):
        try:
            got = tf.nn.conv2d_transpose(tf.ones(x, dtype), tf.ones(w, dtype), y, 1, "VALID")
            print(name, dtype, "returns", tuple(got.shape), "nonzero:", int(tf.math.count_nonzero(got)))
        except tf.errors.OpError as error:
            print(name, dtype, type(error).__name__)
