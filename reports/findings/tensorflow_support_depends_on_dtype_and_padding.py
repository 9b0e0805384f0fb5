"""TensorFlow 2.21 CPU: where dilation and groups are computed and where they are refused.

float32 and bfloat16 with oneDNN on: dilation and groups with VALID and SAME, but not with explicit
padding (2-D); 3-D: dilation only, never groups ("must have the same depth": the check knows no
groups). float16, float64, int32: neither. XLA (jit_compile=True) computes all of it, 3-D groups too.
"""
import os
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import tensorflow as tf

for rank in (2, 3):
    call = tf.nn.conv2d_transpose if rank == 2 else tf.nn.conv3d_transpose
    for dtype in ("float32", "bfloat16", "float16", "float64", "int32"):
        for what, d, g, explicit in (("dilation", 2, 1, 0), ("groups", 1, 2, 0),
                                     ("explicit+dilation", 2, 1, 1), ("explicit+groups", 1, 2, 1)):
            for jit in (False, True):
                x, w = tf.ones((1, *(2,) * rank, 2), dtype), tf.ones((*(2,) * rank, 2 // g, 2), dtype)
                padding = [(0, 0), *((1, 0),) * rank, (0, 0)] if explicit else "VALID"
                shape = (1, *(2 + d - explicit,) * rank, 2)
                run = lambda: call(x, w, shape, 1, padding, dilations=d)
                try:
                    (tf.function(run, jit_compile=True) if jit else run)()
                    said = "computes"
                except Exception as error:
                    said = f"{type(error).__name__}: " + str(error).split("}}")[-1].strip()[:75]
                print(f"{rank}-D {dtype:9s} {what:18s} {'xla' if jit else 'eager':5s} {said}")
