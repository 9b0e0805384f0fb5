"""tf.nn.convNd_transpose with a negative size in output_shape ends the process (SIGABRT).

Only float32 and bfloat16 on the CPU with oneDNN on (1-D, 2-D, 3-D), TensorFlow 2.21:
  mkl_conv_grad_input_ops.cc: Check failed: MakeShape(...) Dimension -1 must be >= 0
float16, float64, int32, and oneDNN off, raise InvalidArgumentError instead.
"""
import subprocess
import sys

PROGRAM = """
import os
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "{onednn}"
import tensorflow as tf
x, w = tf.ones((1, 2, 2, 1), "{dtype}"), tf.ones((2, 2, 1, 1), "{dtype}")
try:
    tf.nn.conv2d_transpose(x, w, (1, -1, 3, 1), 1, "VALID")
except tf.errors.InvalidArgumentError as error:
    print("InvalidArgumentError", str(error)[-90:])
"""
for onednn in "10":
    for dtype in ("float32", "bfloat16", "float64", "float16"):
        done = subprocess.run([sys.executable, "-c", PROGRAM.format(dtype=dtype, onednn=onednn)],
                              capture_output=True, text=True)
        print(f"oneDNN={onednn} {dtype}: exit status {done.returncode} {done.stdout.strip()}")
