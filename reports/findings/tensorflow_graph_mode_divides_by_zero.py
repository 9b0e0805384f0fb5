"""A stride of 0 in a tf.function, and no output channels under XLA, end the process (SIGFPE).

tf.nn.conv1d_transpose and conv2d_transpose, strides=0, inside tf.function: tracing succeeds, the
first call dies, with oneDNN on or off. With the graph optimiser (Grappler) switched off, as in eager
mode, under XLA and in conv3d_transpose, InvalidArgumentError is raised instead.
A filter of no output channels with jit_compile=True: the same death in 1-D, 2-D and 3-D, while
without XLA the empty result is computed. TensorFlow 2.21, CPU.
"""
import subprocess
import sys

PROGRAM = """
import os
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
import tensorflow as tf
n, strides, c_out, mode = {n}, {strides}, {c_out}, {mode!r}
call = getattr(tf.nn, "conv%dd_transpose" % n)
x = np.ones((1, *(3,) * n, 2), "float32")
w = np.ones((*(2,) * n, c_out, 2), "float32")
def run(x, w):
    return call(x, w, output_shape=(1, *(4,) * n, c_out), strides=strides, padding="VALID")
if mode == "unoptimised":
    tf.config.optimizer.set_experimental_options({{"disable_meta_optimizer": True}})
if mode != "eager":
    run = tf.function(run, jit_compile=mode == "xla")
try:
    print("computed, shape", tuple(run(x, w).shape))
except Exception as error:
    print(type(error).__name__, str(error).splitlines()[0][:80])
"""
for what, given in (("strides=0", {"strides": 0, "c_out": 1}), ("c_out=0", {"strides": 1, "c_out": 0})):
    for mode in ("eager", "function", "unoptimised", "xla"):
        for n in (1, 2, 3):
            program = PROGRAM.format(n=n, mode=mode, **given)
            done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
            print(f"{what} {mode} {n}-D: exit status {done.returncode} {done.stdout.strip()}")
