"""JAX 0.10.2: what conv_transpose and conv_general_dilated make of each way to spell `padding`.

A result is named by its size and what it cuts off the full result of size s (i - 1) + k: a/b is a at the
begin and b at the end. 'valid' is not 'VALID' and 'same' not 'SAME': in jax.lax.conv_transpose, with
the default semantics, only the upper-case names are those of the transposed convolution. Others reach
conv_general_dilated, which reads them, in any case, as the padding of the direct one. Needs JAX and
NumPy only.
"""
import jax
import numpy as np
from jax import lax

NUMBERS = ("NHC", "HIO", "NHC")
SPELLINGS = ("SAME", "same", "Same", "SAME_LOWER", "same_lower", "VALID", "valid", "Valid", "CIRCULAR", "circular",
             [(1, 1)], ((1, 1),), [[1, 1]], 1, [1], (1,), [1, 1])


def window(y, full):
    y, n = np.asarray(y).ravel(), len(full)
    for begin in range(-len(y) + 1, n):
        kept = [full[a] if 0 <= a < n else 0 for a in range(begin, begin + len(y))]
        if np.array_equal(kept, y):
            return f"{len(y)} ({begin}/{n - begin - len(y)})"
    return f"{len(y)} (no window)"


def tried(call, full):
    try:
        return window(call(), full)
    except Exception as error:
        return f"{type(error).__name__}: {str(error).split(';')[0][:36]}"


print("jax", jax.__version__, "numpy", np.__version__)
for i, k, s in ((5, 4, 1), (5, 4, 2)):
    x, w = np.arange(1, i + 1, dtype=np.float32), np.float32(9) ** np.arange(k, dtype=np.float32)
    full = np.zeros(s * (i - 1) + k, np.float32)
    for a in range(i):
        full[s * a: s * a + k] += x[a] * w
    x, flipped = x[None, :, None], w[::-1, None, None].copy()
    print(f"\ni={i} k={k} s={s}, full result {len(full)}\n{'padding':<14}{'conv_transpose':<50}"
          f"{'use_consistent_padding=True':<50}conv_general_dilated(lhs_dilation=s)")
    for padding in SPELLINGS:
        calls = [lambda c=c: lax.conv_transpose(x, flipped, (s,), padding, dimension_numbers=NUMBERS,
                                                use_consistent_padding=c) for c in (False, True)]
        calls.append(lambda: lax.conv_general_dilated(x, flipped, (1,), padding, lhs_dilation=(s,),
                                                      dimension_numbers=NUMBERS))
        found = [tried(call, full) for call in calls]
        print(f"{padding!r:<14}{found[0]:<50}{found[1]:<50}{found[2]}")
