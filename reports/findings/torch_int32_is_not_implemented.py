"""PyTorch 2.13 CPU: conv_transpose computes int64 but not int32 (nor other integers)."""
import os
os.environ["OMP_NUM_THREADS"] = "1"
import torch

for dtype in (torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8):
    x, w = torch.ones(1, 1, 2, 2, dtype=dtype), torch.ones(1, 1, 2, 2, dtype=dtype)
    try:
        print(dtype, "computes", torch.nn.functional.conv_transpose2d(x, w).dtype)
    except Exception as error:
        print(dtype, type(error).__name__, error)
