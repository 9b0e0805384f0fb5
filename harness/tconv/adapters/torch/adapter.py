"""PyTorch: `torch.nn.functional.conv_transpose{1,2,3}d`, and its modules where they say more."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from typing import Any, ClassVar, Final

import ml_dtypes
import numpy as np
from numpy.typing import NDArray

from tconv.adapters.base import Adapter, Case, Mode, Route, Snippet, Tensors
from tconv.adapters.crop import Crop
from tconv.adapters.layout import CANONICAL, Checkpoint
from tconv.adapters.torch.calls import Module, call_for, route, snippet
from tconv.model.policies import InputPadding

_UNBATCHED: Final = "unbatched"

_LAYOUT: Final = replace(
    CANONICAL,
    checkpoint=Checkpoint(
        names=("weight", "bias"),
        text="layer.state_dict()",
        back="layer.load_state_dict({k: torch.tensor(v) for k, v in weights.items()})",
        wide=(
            "{k: v.float() for k, v in layer.state_dict().items()}",
            """\
weights = {k: torch.tensor(v.astype(np.float32)) for k, v in weights.items()}
layer.load_state_dict(weights)""",
        ),
    ),
)


class TorchAdapter(Adapter):
    """PyTorch in eager mode, on the CPU and, as `gpu`, on the first CUDA device.

    x and w have the canonical layouts already and the kernel is not flipped.
    """

    name: ClassVar[str] = "torch"
    modes: ClassVar[tuple[Mode, ...]] = (
        Mode(
            name="eager",
            meaning="torch.nn.functional.conv_transpose{1,2,3}d, or its module",
            layout=_LAYOUT,
        ),
        Mode(
            name="eager+no_onednn",
            meaning="the same without oneDNN, by PyTorch's own CPU kernels",
            sample=4,
            layout=_LAYOUT,
        ),
        Mode(
            name=f"eager+{_UNBATCHED}",
            meaning="the same, x without a batch axis, one sample a call",
            sample=0,
            layout=None,  # such a function would read another x than its docstring says
        ),
    )
    # Two threads make a call of 45 us take 30 ms wherever something else uses a core.
    environment: ClassVar[Mapping[str, str]] = {"OMP_NUM_THREADS": "1"}
    needs_framework: ClassVar[bool] = False
    pads_input: ClassVar[bool] = True

    def __init__(self) -> None:
        import torch

        functional, nn = torch.nn.functional, torch.nn
        self._torch: Any = torch
        self._functions = (
            functional.conv_transpose1d,
            functional.conv_transpose2d,
            functional.conv_transpose3d,
        )
        self._modules = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)

    def versions(self) -> Mapping[str, str]:
        """Return the versions of PyTorch and, where it was built with CUDA, of that."""
        versions = {"torch": self._torch.__version__}
        return versions | ({"cuda": self._torch.version.cuda} if self._torch.version.cuda else {})

    def devices(self) -> tuple[str, ...]:
        """Return `cpu`, and `gpu` where CUDA finds a device."""
        return ("cpu", "gpu") if self._torch.cuda.is_available() else ("cpu",)

    def settings(self, mode: str, device: str) -> Mapping[str, str]:  # noqa: ARG002 # read inside the session, which knows the mode
        """Return the flags that choose the kernels, as they are at the time of the call."""
        backends = self._torch.backends
        flags = {
            "cpu_capability": backends.cpu.get_cpu_capability(),
            "onednn": backends.mkldnn.is_available() and backends.mkldnn.enabled,
            "threads": self._torch.get_num_threads(),
            "deterministic": self._torch.are_deterministic_algorithms_enabled(),
        }
        if device != "cpu":
            flags |= {
                "device": self._torch.cuda.get_device_name(0),
                "cudnn": backends.cudnn.version(),
                "tf32": backends.cudnn.allow_tf32,
                "cudnn_deterministic": backends.cudnn.deterministic,
            }
        return {name: str(value) for name, value in flags.items()}

    @contextmanager
    def session(self, mode: str, device: str) -> Iterator[None]:
        """Hold one thread, oneDNN as the mode says, and TF32 off; restore all three."""
        torch = self._torch
        mkldnn, threads = torch.backends.mkldnn, torch.get_num_threads()
        before = mkldnn.enabled
        torch.set_num_threads(1)
        mkldnn.enabled = before and "no_onednn" not in mode
        try:
            with nullcontext() if device == "cpu" else _without_tf32(torch):
                yield
        finally:
            mkldnn.enabled = before
            torch.set_num_threads(threads)

    def route(self, case: Case, mode: str, device: str) -> Route:
        """Return how PyTorch reaches the case."""
        return route(case, device, is_unbatched=_UNBATCHED in mode)

    def compute(self, case: Case, tensors: Tensors, mode: str, device: str) -> NDArray[Any]:
        """Return PyTorch's y (n, c_out, *o), in the dtype that PyTorch gave."""
        x, w = self._to_torch(tensors.x, device), self._to_torch(tensors.w, device)
        b = None if tensors.b is None else self._to_torch(tensors.b, device)
        if tensors.padding is not None and case.ndim <= 3:  # more axes are refused by the call
            x = self._padded(x, tensors.padding)
        return self._to_numpy(self._run(case, mode, x, w, b))

    def infer_shape(self, case: Case, mode: str, device: str) -> tuple[int, ...]:  # noqa: ARG002 # the same on each
        """Return the shape of the same call on the `meta` device, where tensors have no storage."""
        dtype = getattr(self._torch, case.dtype)
        shapes = (case.x_shape, case.w_shape, case.b_shape)
        x, w, b = (self._torch.empty(shape, dtype=dtype, device="meta") for shape in shapes)
        return tuple(self._run(case, mode, x, w, b if case.bias else None).shape)

    def snippet(self, case: Case, mode: str, device: str) -> Snippet | None:  # noqa: ARG002 # the same on each
        """Return a call of the function; those of modules are not written."""
        call = snippet(case)
        if call is None or "no_onednn" not in mode:
            return call
        return replace(call, decorator="@torch.backends.mkldnn.flags(enabled=False)")

    def _run(self, case: Case, mode: str, x: Any, w: Any, b: Any) -> Any:
        """Return y (n, c_out, *o) as a tensor on the device of its arguments."""
        if _UNBATCHED in mode and x.ndim == case.ndim + 2 and case.ndim <= 3:
            samples = x if len(x) else x.new_zeros((1, *x.shape[1:]))  # stack needs one
            y = self._torch.stack([self._call(case, sample, w, b) for sample in samples])
            return y[: len(x)]
        return self._call(case, x, w, b)

    def _call(self, case: Case, x: Any, w: Any, b: Any) -> Any:
        """Return y of x as it is: malformed ones, and more axes than it has, PyTorch refuses."""
        call = call_for(case)
        if isinstance(call, Module):
            size = call.output_size and list(call.output_size)
            return self._module(case, call, w, b)(x, size)
        function = self._functions[min(case.ndim, 3) - 1]
        y = function(x, w, b, case.s, call.padding, call.output_padding, case.groups, case.dilation)
        return _cropped(y, call.crop) if call.crop else y

    def _padded(self, x: Any, padding: InputPadding) -> Any:
        """Return x with copies at the ends of its axes; PyTorch takes the last axis first."""
        widths = [width for sides in reversed(padding.sides) for width in sides]
        mode = "circular" if padding.fill == "wrap" else padding.fill
        return self._torch.nn.functional.pad(x, widths, mode=mode)

    def _module(self, case: Case, call: Module, w: Any, b: Any) -> Any:
        """Return the module of the case; made without storage, it draws no random numbers."""
        parameter = self._torch.nn.Parameter
        module = self._modules[case.ndim - 1](
            case.c_in,
            case.c_out,
            case.k,
            stride=case.s,
            padding=call.padding,
            output_padding=call.output_padding,
            groups=case.groups,
            bias=b is not None,
            dilation=case.dilation,
            device="meta",
        )
        module.weight = parameter(w, requires_grad=False)
        module.bias = None if b is None else parameter(b, requires_grad=False)
        return module

    def _to_torch(self, array: NDArray[Any], device: str) -> Any:
        """Return a copy as a tensor; bfloat16, which PyTorch does not read, passes as int16."""
        if array.dtype == ml_dtypes.bfloat16:
            tensor = self._torch.tensor(array.view(np.int16)).view(self._torch.bfloat16)
        else:
            tensor = self._torch.tensor(array)
        return tensor if device == "cpu" else tensor.to("cuda:0")

    def _to_numpy(self, y: Any) -> NDArray[Any]:
        """Return a copy as a contiguous array of its own."""
        y = y.detach().cpu()
        if y.dtype is not self._torch.bfloat16:
            return np.array(y.numpy(), order="C")
        bits = y.contiguous().view(self._torch.int16).numpy()
        return np.array(bits, order="C").view(ml_dtypes.bfloat16)


@contextmanager
def _without_tf32(torch: Any) -> Iterator[None]:
    """Hold TF32, which keeps 10 of 23 fraction bits, off in cuDNN and cuBLAS; restore it."""
    holders = (torch.backends.cudnn, torch.backends.cuda.matmul)
    before = [holder.allow_tf32 for holder in holders]
    for holder in holders:
        holder.allow_tf32 = False
    try:
        yield
    finally:
        for holder, value in zip(holders, before, strict=True):
            holder.allow_tf32 = value


def _cropped(y: Any, crop: Crop) -> Any:
    """Return the window of y, with a batch axis or without, that the crop leaves."""
    sides = zip(crop, y.shape[-len(crop) :], strict=True)
    return y[(..., *(slice(window.begin, o - window.end) for window, o in sides))]
