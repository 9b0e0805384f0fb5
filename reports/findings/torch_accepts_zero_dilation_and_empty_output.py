"""PyTorch 2.13 CPU with oneDNN: what other dtypes refuse is accepted.

a) bfloat16 accepts dilation=0 for a kernel of one tap (float32, float64: RuntimeError "dilation
   should be greater than zero"); b) an output size of 0 is returned as an empty tensor for
   float32 with groups > 1, bfloat16, and complex64 with groups > 1; float32 with groups=1 and
   float64 raise "Output size is too small".
"""
import os
os.environ["OMP_NUM_THREADS"] = "1"
import torch

for dtype in (torch.float32, torch.bfloat16, torch.float64, torch.complex64):
    for name, w_shape, how in (
        ("dilation=0, k=1", (3, 3, 1, 1), {"dilation": 0}),
        ("o=0, groups=1", (3, 1, 3, 3), {"padding": 2}),
        ("o=0, groups=3", (3, 1, 3, 3), {"padding": 2, "groups": 3}),
    ):
        x, w = torch.ones(1, 3, 2, 2, dtype=dtype), torch.ones(w_shape, dtype=dtype)
        try:
            said = f"returns {tuple(torch.nn.functional.conv_transpose2d(x, w, **how).shape)}"
        except RuntimeError as error:
            said = f"RuntimeError: {error}"[:110]
        print(f"{str(dtype):16s} {name:16s} {said}")
