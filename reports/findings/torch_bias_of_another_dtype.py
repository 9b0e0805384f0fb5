"""torch 2.13.0: a bias of another dtype is cast in one and two dimensions, and refused in three.

The same call, with and without oneDNN; a weight of another dtype is refused in all of them. int64 and
float16 biases pass, too. Needs PyTorch and NumPy only.
"""
import numpy as np
import torch
import torch.nn.functional as F

print("torch", torch.__version__, "numpy", np.__version__)
for ndim in (1, 2, 3):
    x, w = torch.ones(1, 1, *(3,) * ndim), torch.ones(1, 1, *(2,) * ndim)
    call = getattr(F, f"conv_transpose{ndim}d")
    for what in ("bias", "weight"):
        for dtype in (torch.float64, torch.float16, torch.int64):
            given = (w, torch.full((1,), 3, dtype=dtype)) if what == "bias" else (w.to(dtype), None)
            try:
                y = call(x, *given)
                print(f"{ndim}-D, {what} of {dtype}: {y.dtype}, first value {y.flatten()[0].item()}")
            except RuntimeError as error:
                print(f"{ndim}-D, {what} of {dtype}: RuntimeError: {str(error)[:80]}")
