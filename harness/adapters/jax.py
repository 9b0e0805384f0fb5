"""JAX: `conv_transpose` under its two paddings, the general convolution, and its gradient."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from harness.adapters.base import Adapter, Mode
from harness.adapters.jax_batch import Call, run_many
from harness.adapters.jax_calls import ConvGeneralDilated, ConvTranspose, Layout, Operation, Vjp
from harness.case import Case
from harness.route import Route
from harness.tensors import Tensors

_OPERATIONS: Final[dict[str, Operation]] = {
    "conv_transpose": ConvTranspose(consistent=False),
    "conv_transpose+consistent": ConvTranspose(consistent=True),
    "conv_general_dilated": ConvGeneralDilated(),
    "vjp": Vjp(),
}
_RARE: Final = 40


class JaxAdapter(Adapter):
    """JAX, batched and channel-last by default; samples of channel-first and of single compiles.

    x64 is on in every session, so that a float64 case is computed as one; a float32 program is the
    same with it. On a GPU the matrix precision is the highest, so that no product is rounded.
    """

    name: ClassVar[str] = "jax"
    modes: ClassVar[tuple[Mode, ...]] = (
        Mode(
            name="conv_transpose",
            meaning="jax.lax.conv_transpose, pads of the dilated input, many cases in a program",
        ),
        Mode(
            name="conv_transpose+consistent",
            meaning="jax.lax.conv_transpose(use_consistent_padding=True), many cases in a program",
        ),
        Mode(
            name="conv_general_dilated",
            meaning="jax.lax.conv_general_dilated with lhs_dilation, many cases in a program",
        ),
        Mode(
            name="vjp",
            meaning="jax.vjp of jax.lax.conv_general_dilated in its input",
        ),
        *(
            Mode(name=f"{operation}+{qualifier}", meaning=meaning, sample=_RARE)
            for operation in ("conv_transpose", "conv_general_dilated", "vjp")
            for qualifier, meaning in (
                ("channel_first", f"{operation}, channel-first"),
                ("single", f"{operation}, one program per case"),
            )
        ),
    )
    environment: ClassVar[Mapping[str, str]] = {
        "OMP_NUM_THREADS": "1",
        "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false",
        "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
    }

    def __init__(self) -> None:
        import jax

        self._jax = jax

    def versions(self) -> Mapping[str, str]:
        """Return the versions of jax and of jaxlib, in which XLA is."""
        import jaxlib

        return {"jax": self._jax.__version__, "jaxlib": jaxlib.__version__}

    def devices(self) -> tuple[str, ...]:
        """Return `cpu`, and `gpu` where JAX finds one."""
        try:
            self._jax.devices("gpu")
        except RuntimeError:
            return ("cpu",)
        return ("cpu", "gpu")

    def settings(self, mode: str, device: str) -> Mapping[str, str]:
        """Return what the session sets, and whether programs hold many cases."""
        del mode
        precision = "default" if device == "cpu" else "highest"
        return {"jax_enable_x64": "True", "jax_default_matmul_precision": precision}

    @contextmanager
    def session(self, mode: str, device: str) -> Iterator[None]:
        """Turn x64 on, choose the device and, on an accelerator, the highest precision."""
        del mode
        jax = self._jax
        precision = None if device == "cpu" else "highest"
        with (
            jax.enable_x64(True),
            jax.default_device(jax.devices(device)[0]),
            jax.default_matmul_precision(precision),
        ):
            yield

    def route(self, case: Case, mode: str, device: str) -> Route:
        """Return native wherever an argument of the mode's call says it; nothing is composed."""
        del device
        return _operation(mode).route(case)

    def compute(self, case: Case, tensors: Tensors, mode: str, device: str) -> NDArray[Any]:
        """Return y of a program that holds this case alone."""
        del device
        layout = _layout(mode)
        call = self._call(case, tensors, mode)
        return layout.canonical(np.asarray(self._jax.jit(call.function)(*call.arrays)))

    def compute_many(
        self, cases: Sequence[Case], tensors: Sequence[Tensors], mode: str, device: str
    ) -> list[NDArray[Any] | Exception]:
        """Return one result per case, in order; the single modes compile each by itself."""
        if "single" in mode.split("+"):
            results = super().compute_many(cases, tensors, mode, device)
            self._jax.clear_caches()
            return results
        layout = _layout(mode)
        calls = [self._call(case, t, mode) for case, t in zip(cases, tensors, strict=True)]
        return [
            y if isinstance(y, Exception) else layout.canonical(y)
            for y in run_many(self._jax, calls)
        ]

    def _call(self, case: Case, tensors: Tensors, mode: str) -> Call:
        operation, layout, jax = _operation(mode), _layout(mode), self._jax
        b = tensors.b

        def function(x: Any, w: Any, *bias: Any) -> Any:
            y = operation.apply(jax, case, layout, x, w)
            return y + bias[0] if bias else y

        bias = () if b is None else (layout.bias(b, case.ndim),)
        return Call(function=function, arrays=(*operation.arrays(tensors, case, layout), *bias))


def _operation(mode: str) -> Operation:
    parts = [part for part in mode.split("+") if part not in {"channel_first", "single"}]
    return _OPERATIONS["+".join(parts)]


def _layout(mode: str) -> Layout:
    return Layout(channel_first="channel_first" in mode.split("+"))
