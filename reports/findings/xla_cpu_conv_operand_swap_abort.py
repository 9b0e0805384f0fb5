"""XLA (jax 0.10.2, jaxlib 0.10.2, CPU) aborts the process on a legal transposed convolution.

    x (1, 3, 2, 1), w (2, 3, 1, 1), strides (2, 1), padding ((0, 0), (2, 2))
    = torch.conv_transpose2d with kernel (2, 3), stride (2, 1), padding (1, 0); the result is (1, 4, 4, 1)

Seen: SIGABRT, algebraic_simplifier.cc:586 "Check failed: computation->Accept(this) is OK
(INVALID_ARGUMENT: Window dimensions do not match RHS shape)".

Why: AlgebraicSimplifier::SwapConvOperands swaps input and kernel when the kernel is the larger. It leaves
an axis with no padding, base dilation == kernel size and stride == kernel size - 1 unswapped ("group dim"):
for a transposed convolution that is k = 2, s = 2, p = 1 on both sides, op = 0, whatever the input size is.
Where the input size is not 2 on such an axis and another axis has k > i, the check fails.

Run: python xla_cpu_conv_operand_swap_abort.py        (each variant in a child; prints its exit status)
"""

import subprocess
import sys

CALLS = {
    "conv_transpose, abort expected": "jax.lax.conv_transpose(x(3, 2), w(2, 3), (2, 1), ((0, 0), (2, 2)))",
    "the same, consistent": "jax.lax.conv_transpose(x(3, 2), w(2, 3), (2, 1), ((1, 1), (0, 0)), use_consistent_padding=True)",
    "the same, conv_general_dilated": "jax.lax.conv_general_dilated(x(3, 2), w(2, 3), (1, 1), ((0, 0), (2, 2)), (2, 1), dimension_numbers=('NHWC', 'HWIO', 'NHWC'))",
    "the same, transpose_kernel": "jax.lax.conv_transpose(x(3, 2), w(2, 3), (2, 1), ((0, 0), (2, 2)), transpose_kernel=True)",
    "i = 4": "jax.lax.conv_transpose(x(4, 2), w(2, 3), (2, 1), ((0, 0), (2, 2)))",
    "i = 2 = k, computes": "jax.lax.conv_transpose(x(2, 2), w(2, 3), (2, 1), ((0, 0), (2, 2)))",
    "op = 1, computes": "jax.lax.conv_transpose(x(3, 2), w(2, 3), (2, 1), ((0, 1), (2, 2)))",
    "other axis with k = i, computes": "jax.lax.conv_transpose(x(3, 3), w(2, 3), (2, 1), ((0, 0), (2, 2)))",
}
HEAD = """
import jax, numpy as np
x = lambda *i: np.ones((1, *i, 1), np.float32)
w = lambda *k: np.ones((*k, 1, 1), np.float32)
"""

for name, call in CALLS.items():
    done = subprocess.run([sys.executable, "-c", f"{HEAD}\nprint({call}.shape)"], capture_output=True, text=True)
    check = [line for line in done.stderr.splitlines() if "Check failed" in line]
    print(f"{done.returncode:4d}  {name}: {done.stdout.strip() or check[0][:140]}")
