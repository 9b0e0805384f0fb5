"""TensorFlow 2.21, tf.function(jit_compile=True): an input axis of size 0, shape is not as asked.

tf.nn.conv2d_transpose documents output_shape as the shape of the result. Compiled by XLA, an input
with an empty axis gives another shape than that, without an error; eager float64 refuses the call.
"""
import os
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import tensorflow as tf

for dtype in ("float32", "float64"):
    for k, s in ((1, 1), (1, 2), (1, 4), (2, 1), (2, 2), (3, 2)):
        for o in (0, 1, 3):
            x, w = tf.ones((1, 0, 1, 1), dtype), tf.ones((k, 1, 1, 1), dtype)
            def run(): return tf.nn.conv2d_transpose(x, w, (1, o, 1, 1), (s, 1), "VALID")
            said = []
            for call in (run, tf.function(run), tf.function(run, jit_compile=True)):
                try:
                    said.append(str(tuple(call().numpy().shape)))
                except Exception as error:
                    said.append(type(error).__name__)
            print(f"{dtype} k={k} s={s} asked for (1, {o}, 1, 1): eager {said[0]}, function {said[1]}, xla {said[2]}")
