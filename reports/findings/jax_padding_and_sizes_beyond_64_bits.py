"""jax 0.10.2: padding near 2^63 wraps and is computed as another one; a size near 2^62 ends the process.

conv_transpose pads the dilated input by the pairs that it is given. Their sum with its size is taken in
64 bits and wraps, so pairs that crop far more than there is leave elements all the same. A pad of 2^62
leaves no room for any result; XLA's CPU client throws where nobody catches (SIGABRT). Needs jax and NumPy
only.
"""
import subprocess
import sys

import numpy as np

import jax

x, w = np.ones((1, 3, 1), np.float32), np.ones((3, 1, 1), np.float32)

if len(sys.argv) > 1:
    print(jax.lax.conv_transpose(x, w, (2,), [(2, int(sys.argv[1]))]).shape)
    sys.exit()

print("jax", jax.__version__, "numpy", np.__version__)
for end in (-8, -(2**31), -(2**62), -(2**63) + 3):
    try:
        y = jax.lax.conv_transpose(x, w, (2,), [(end, end)])
        print(f"pads {end} at both sides of 5 elements: {y.shape}")
    except Exception as error:
        print(f"pads {end} at both sides of 5 elements: {type(error).__name__}: {str(error).splitlines()[0][:90]}")
for end in [2**62]:
    done = subprocess.run([sys.executable, __file__, str(end)], capture_output=True, text=True)
    said = [line for line in done.stderr.splitlines() if "what()" in line or "RESOURCE_EXHAUSTED" in line]
    print(f"a pad of 2^{end.bit_length() - 1} at the end: exit code {done.returncode}; {(said or ['nothing said'])[-1].strip()[:150]}")
