"""PyTorch: `torch.nn.functional.conv_transpose{1,2,3}d`, and its modules where they say more.

PyTorch takes one padding per axis for both sides and an output padding below the stride or the
dilation. Unequal padding is still one call where the difference fits into the output padding, for
that, too, is applied before the end crop; otherwise a slice cuts what is left.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from typing import Any, ClassVar, Final

import ml_dtypes
import numpy as np
from numpy.typing import NDArray

from harness.adapters.base import Adapter, Case, Mode, Route, Tensors
from harness.geometry import Axis, output_size, preimages
from harness.route import Composed, Native, Unsupported

Steps = tuple[int, int, int, int]
"""One axis: padding and output padding of the call, then what is cut off its begin and its end."""

_POLICY: Final = Unsupported(
    reason="no padding policy",
    proof=r"TypeError: conv_transpose\dd\(\): argument 'padding'.*must be tuple of ints",
)
_SIDES: Final = Unsupported(
    reason="no padding apart for begin and end where output_size is given",
    proof=_POLICY.proof,
)
_INT32: Final = Unsupported(
    reason="no int32 kernel on the CPU",
    proof=r"NotImplementedError: .*not implemented for 'Int'",
)
_RANK: Final = Unsupported(
    reason="no transposed convolution of more than 3 axes",
    proof=r"RuntimeError: Expected 4D \(unbatched\) or 5D \(batched\) input to conv_transpose3d",
)


class TorchAdapter(Adapter):
    """PyTorch in eager mode, on the CPU and, as `gpu`, on the first CUDA device.

    x and w have the canonical layouts already and the kernel is not flipped.
    """

    name: ClassVar[str] = "torch"
    modes: ClassVar[tuple[Mode, ...]] = (
        Mode(name="eager", meaning="torch.nn.functional.conv_transpose, default kernels"),
        Mode(
            name="eager+no_onednn",
            meaning="the same with torch.backends.mkldnn disabled: PyTorch's own CPU kernels",
            sample=4,
        ),
    )
    # Two threads make a call of 45 us take 30 ms wherever something else uses a core.
    environment: ClassVar[Mapping[str, str]] = {"OMP_NUM_THREADS": "1"}

    def __init__(self) -> None:
        import torch

        calls, nn = torch.nn.functional, torch.nn
        self._torch: Any = torch
        self._calls = (calls.conv_transpose1d, calls.conv_transpose2d, calls.conv_transpose3d)
        self._modules = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)

    def versions(self) -> Mapping[str, str]:
        """Return the versions of PyTorch and, where it was built with CUDA, of that."""
        found = {"torch": self._torch.__version__}
        return found | ({"cuda": self._torch.version.cuda} if self._torch.version.cuda else {})

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

    def route(self, case: Case, mode: str, device: str) -> Route:  # noqa: ARG002 # the same in every mode
        """Return how PyTorch reaches the case."""
        if case.ndim > 3:
            return _RANK
        if case.padding is not None:
            return _POLICY
        if case.o is not None and case.p_begin != case.p_end:
            return _SIDES
        if case.dtype == "int32" and device == "cpu" and _is_sound(case):
            return _INT32
        if _needs_module(case):
            size = ", output_size=o" if case.o is not None else ""
            return Native(call=f"torch.nn.ConvTranspose{case.ndim}d(...)(x{size})")
        call = f"torch.nn.functional.conv_transpose{case.ndim}d"
        addition = _addition([_steps(axis) for axis in case.axes])
        return Composed(call=call, addition=addition) if addition else Native(call=call)

    def compute(self, case: Case, tensors: Tensors, mode: str, device: str) -> NDArray[Any]:  # noqa: ARG002 # the session knows the mode
        """Return PyTorch's y (n, c_out, *o), in the dtype that PyTorch gave."""
        x, w = self._to_torch(tensors.x, device), self._to_torch(tensors.w, device)
        b = None if tensors.b is None else self._to_torch(tensors.b, device)
        if _needs_module(case):
            return self._to_numpy(self._module(case, w, b)(x, case.o and list(case.o)))
        call = self._calls[min(case.ndim, 3) - 1]
        if case.padding is not None or case.o is not None:
            policy: Any = case.padding or tuple(zip(case.p_begin, case.p_end, strict=True))
            return self._to_numpy(call(x, w, b, case.s, policy, 0, case.groups, case.dilation))
        steps = [_steps(axis) for axis in case.axes]
        p, op = [step[0] for step in steps], [step[1] for step in steps]
        y = call(x, w, b, case.s, p, op, case.groups, case.dilation)
        return self._to_numpy(_cropped(y, steps))

    def _module(self, case: Case, w: Any, b: Any) -> Any:
        """Return the module of the case; made without storage, it draws no random numbers."""
        parameter = self._torch.nn.Parameter
        module = self._modules[min(case.ndim, 3) - 1](
            case.c_in,
            case.c_out,
            case.k,
            stride=case.s,
            padding=case.p_begin,
            output_padding=case.output_padding or 0,
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
        if array.dtype.name == "bfloat16":
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


def _needs_module(case: Case) -> bool:
    """Return whether only a module takes what the case says: a wanted size, or any c_out."""
    if case.padding is not None or case.ndim > 3:
        return False
    wants_size = case.o is not None and case.p_begin == case.p_end
    return (
        wants_size or case.groups < 1 or bool(case.c_in % case.groups or case.c_out % case.groups)
    )


def _is_sound(case: Case) -> bool:
    """Return whether nothing but the dtype is amiss, which PyTorch checks last."""
    return case.standing[0] == "legal" and all(
        o in preimages(axis.i, axis.k, axis.s, axis.p_begin, axis.p_end, axis.d)
        for o, axis in zip(case.o or (), case.axes, strict=False)
    )


def _steps(axis: Axis) -> Steps:
    """Return how one axis is reached; the call's output padding acts before its end crop.

    From o = s(i-1) + K - p_begin - p_end + op: a call with padding P = p_begin has the same begin,
    and the same size where its output padding is op + p_begin - p_end.
    """
    p_begin, p_end, op = axis.p_begin, axis.p_end, axis.op
    lead = p_begin - p_end
    if lead == 0 or (op >= 0 and 0 <= op + lead < max(axis.s, axis.d)):
        return p_begin, op + lead, 0, 0
    if op < 0 or output_size(axis) < 1:  # nothing is right: a call that keeps no more must refuse
        return max(p_begin, p_end), op, 0, 0
    if lead > 0:
        return p_end, op, lead, 0
    return p_begin, max(op + lead, 0), 0, max(-op - lead, 0)


def _addition(steps: list[Steps]) -> str:
    """Return the words for what is cut off after the call; empty where nothing is."""
    begin, end = any(step[2] for step in steps), any(step[3] for step in steps)
    sides = " and ".join(side for side, cut in (("begin", begin), ("end", end)) if cut)
    return sides and f"crop the {sides}"


def _cropped(y: Any, steps: list[Steps]) -> Any:
    """Return the window of y (n, c_out, *o) that is left after the cuts of each axis."""
    if not _addition(steps):
        return y
    sizes = y.shape[2:]
    window = (slice(begin, o - end) for o, (_, _, begin, end) in zip(sizes, steps, strict=True))
    return y[(..., *window)]
