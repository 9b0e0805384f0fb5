"""JAX: `conv_transpose` under its two paddings, the general convolution, and its gradient."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from tconv.adapters.base import Mode, Snippet
from tconv.adapters.jax.batching import Adder, BatchingAdapter, JaxCall, is_single, run_many
from tconv.adapters.jax.calls import ConvGeneralDilated, ConvTranspose, Operation, Vjp
from tconv.adapters.jax.layout import JaxLayout
from tconv.adapters.jax.padding_spellings import SPELLINGS
from tconv.adapters.layout import CANONICAL, CHANNELS_LAST, DIRECT, Layout
from tconv.adapters.snippet import ModuleText, Operations, written_call
from tconv.model.case import Case
from tconv.model.route import Route
from tconv.model.target import canonical_mode
from tconv.model.tensors import Tensors

_SPELLABLE: Final[Mapping[str, ConvTranspose | ConvGeneralDilated]] = {
    "conv_transpose": ConvTranspose(),
    "conv_transpose+consistent": ConvTranspose(consistent=True),
    "conv_general_dilated": ConvGeneralDilated(),
}
_SPELLED: Final = {
    canonical_mode(f"{mode}+{each.qualifier}"): (mode, each)
    for mode in _SPELLABLE
    for each in SPELLINGS
}
_OPERATIONS: Final[Mapping[str, Operation]] = {
    **_SPELLABLE,
    **{name: replace(_SPELLABLE[mode], spelling=each) for name, (mode, each) in _SPELLED.items()},
    "conv_transpose+transpose_kernel": ConvTranspose(transpose_kernel=True),
    "vjp": Vjp(),
}
_JNP: Final = Operations(
    transpose="jnp.transpose",
    flip="jnp.flip",
    reshape="jnp.reshape",
    split="jnp.split",
    concatenate="jnp.concatenate",
    pad=lambda name, pads: f"jnp.pad({name}, {list(pads)})",
    pad_with_copies=lambda pads, fill: f'x = jnp.pad(x, {list(pads)}, mode="{fill}")',
)
_HOW: Final = frozenset({"channel_first", "single"})
_DIRECT_FIRST: Final = Layout(channels_last=False, weight=("c_out", "c_in", "k"), is_direct=True)


def _mode(name: str, meaning: str, sample: int = 1) -> Mode:
    transposes = "transpose_kernel" in name or name.startswith("vjp")
    if "channel_first" in name:
        layout = CANONICAL if transposes else _DIRECT_FIRST
    else:
        layout = CHANNELS_LAST if transposes else DIRECT
    return Mode(name=name, meaning=meaning, sample=sample, layout=layout)


class JaxAdapter(BatchingAdapter):
    """JAX, by default channel-last and many cases in one program.

    Programs of many cases are compiled at XLA's lowest optimisation: quick to compile, with the
    same operations, but other and slower kernels than users run; JAX adds all biases afterwards.
    The modes named `single` compile each case alone, with its bias and JAX's own options, as users
    do; large layers belong there. x64 is on, so that a float64 case is computed as one; a float32
    case compiles to the same program as without. On a GPU the matrix precision is the highest: no
    product is rounded to TF32.
    """

    name: ClassVar[str] = "jax"
    modes: ClassVar[tuple[Mode, ...]] = (
        _mode(name="conv_transpose", meaning="jax.lax.conv_transpose; the padding is K-1-p"),
        _mode(
            name="conv_transpose+consistent",
            meaning="jax.lax.conv_transpose(use_consistent_padding=True); the padding is p",
            sample=4,
        ),
        _mode(
            name="conv_general_dilated",
            meaning="jax.lax.conv_general_dilated(lhs_dilation=s) with the flipped kernel",
        ),
        _mode(name="vjp", meaning="jax.vjp of jax.lax.conv_general_dilated in its input", sample=8),
        _mode(
            name="conv_transpose+transpose_kernel",
            meaning="jax.lax.conv_transpose(transpose_kernel=True); the padding is K-1-p",
            sample=20,
        ),
        *(
            _mode(name=f"{mode}+{how}", meaning=f"{mode}, {text}", sample=80)
            for how, text in (
                ("channel_first", "arrays channel-first"),
                ("single", "each case compiled alone, with JAX's own options"),
            )
            for mode in ("conv_transpose", "conv_general_dilated", "vjp")
        ),
        _mode(
            name="conv_transpose+consistent+single",
            meaning="conv_transpose+consistent, each case compiled alone, with JAX's own options",
            sample=80,
        ),
        *(
            _mode(name=name, meaning=f"{mode}, {spelling.meaning}", sample=0)
            for name, (mode, spelling) in _SPELLED.items()
        ),
    )
    environment: ClassVar[Mapping[str, str]] = {
        "OMP_NUM_THREADS": "1",
        "NPROC": "1",  # threads of the XLA client
        "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false",
        "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
    }
    needs_framework: ClassVar[bool] = False
    pads_input: ClassVar[bool] = True
    infer_one_in: ClassVar[int] = 5

    def __init__(self) -> None:
        import jax

        self._jax = jax
        self._adders: dict[str, Adder] = {}  # by device

    def versions(self) -> Mapping[str, str]:
        """Return the versions of jax, and of jaxlib, which holds XLA."""
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
        """Return what the session sets, and the compiler options where they are not JAX's own."""
        options = {} if is_single(mode) else self._options(device)
        return {
            "jax_enable_x64": "True",
            "jax_default_matmul_precision": _precision(device) or "default",
            "compiler_options": " ".join(f"{key}={options[key]}" for key in sorted(options)),
        }

    @contextmanager
    def session(self, mode: str, device: str) -> Iterator[None]:  # noqa: ARG002 # the same in each mode
        """Turn x64 on, choose the device and, on a GPU, the highest precision.

        Errors of the compiler name the operation without the calls that led to it: those are the
        harness's own, and depend on what else is in the program.
        """
        jax = self._jax
        before = jax.config.jax_traceback_in_locations_limit
        jax.config.update("jax_traceback_in_locations_limit", 0)
        try:
            with (
                jax.enable_x64(True),
                jax.default_device(jax.devices(device)[0]),
                jax.default_matmul_precision(_precision(device)),
            ):
                yield
        finally:
            jax.config.update("jax_traceback_in_locations_limit", before)

    def route(self, case: Case, mode: str, device: str) -> Route:  # noqa: ARG002 # the same on each
        """Return native wherever the mode's call has an argument for it; nothing is composed."""
        return _operation(mode).route(case)

    def infer_shape(self, case: Case, mode: str, device: str) -> tuple[int, ...]:  # noqa: ARG002 # the same on each
        """Return the shape that `jax.eval_shape` gives: the call is traced and never compiled."""
        x, w, b = (np.zeros(s, case.dtype) for s in (case.x_shape, case.w_shape, case.b_shape))
        call = self._whole(case, Tensors(x=x, w=w, b=b if case.bias else None), mode)
        return _layout(mode).canonical_shape(
            self._jax.eval_shape(call.function, *call.arrays).shape
        )

    def snippet(self, case: Case, mode: str, device: str) -> Snippet | None:  # noqa: ARG002 # the same on each
        """Return the call of the mode; the bias comes after."""
        layout = _layout(mode)
        return Snippet(
            imports="import jax\nimport jax.numpy as jnp",
            tensors="x, w = jnp.asarray(x), jnp.asarray(w)",
            tensor="jax.Array",
            call=_operation(mode).text(case, layout),
            bias=f"y + b.reshape(-1{', 1' * case.ndim})" if layout.channel_first else "y + b",
            operations=_JNP,
            module=_module(case.dtype),
            layer=self._flax_layer(mode, case),
            decorator="@jax.jit" if is_single(mode) else "",
        )

    @staticmethod
    def _flax_layer(mode: str, case: Case) -> ModuleText | None:
        """Return a module around Flax's own layer, which calls `conv_transpose` with defaults."""
        operation = _OPERATIONS["conv_transpose"]
        if _operation(mode) != operation or _layout(mode).channel_first:
            return None
        assert isinstance(operation, ConvTranspose)
        arguments = operation.flax_arguments(case)
        dtype = [] if case.dtype == "float32" else [f"param_dtype=jnp.{case.dtype}"]
        return replace(
            _module(case.dtype),
            init=written_call("self.conv = nnx.ConvTranspose", [*arguments, *dtype, "rngs=rngs"]),
            call="y = self.conv(x)",
            weight="self.conv.kernel",
            bias="self.conv.bias",
        )

    def _alone(self, case: Case, tensors: Tensors, mode: str, device: str) -> NDArray[Any]:  # noqa: ARG002 # the session knows it
        call = self._whole(case, tensors, mode)
        return _layout(mode).canonical(np.asarray(self._jax.jit(call.function)(*call.arrays)))

    def _together(
        self, cases: Sequence[Case], tensors: Sequence[Tensors], mode: str, device: str
    ) -> list[NDArray[Any] | Exception]:
        layout, options = _layout(mode), self._options(device)
        calls = [self._call(*each, mode) for each in zip(cases, tensors, strict=True)]
        biases = [_bias(*each, layout) for each in zip(cases, tensors, strict=True)]
        adder = self._adders.setdefault(device, Adder(self._jax, options))
        results = adder.added(run_many(self._jax, calls, options), biases)
        return [y if isinstance(y, Exception) else layout.canonical(y) for y in results]

    def _call(self, case: Case, tensors: Tensors, mode: str) -> JaxCall:
        """Return the convolution of the case, without its bias."""
        operation, layout = _operation(mode), _layout(mode)
        function, padding = partial(operation.apply, self._jax, case, layout), tensors.padding
        arrays = operation.arrays(tensors, case, layout)
        if padding is None:
            return JaxCall(function=function, arrays=arrays)
        widths = padding.widths(1 if layout.channel_first else 1 + case.ndim)
        pad = partial(self._jax.numpy.pad, pad_width=widths, mode=padding.fill)
        return JaxCall(function=lambda x, w: function(pad(x), w), arrays=arrays)

    def _whole(self, case: Case, tensors: Tensors, mode: str) -> JaxCall:
        """Return the convolution of the case and the sum with its bias, as users write it."""
        call, b = self._call(case, tensors, mode), _bias(case, tensors, _layout(mode))

        def function(x: Any, w: Any, *bias: Any) -> Any:
            y = call.function(x, w)
            return y + bias[0] if bias else y

        return JaxCall(function=function, arrays=(*call.arrays, *(() if b is None else (b,))))


def _module(dtype: str) -> ModuleText:
    """Return a module of Flax's `nnx`, which new code uses; `linen` is its predecessor."""
    return ModuleText(
        base="nnx.Module",
        imports="from flax import nnx",
        arguments="bias=True, *, rngs",
        new="ConvTranspose(c_in, c_out, rngs=nnx.Rngs(0))",
        init="init = nnx.initializers.lecun_normal()\n"
        "shape = SHAPE\n"
        f"self.kernel = nnx.Param(init(rngs.params(), shape, jnp.{dtype}))\n"
        f"self.bias = nnx.Param(jnp.zeros(c_out, jnp.{dtype})) if bias else None",
        method="__call__",
        weight="self.kernel",
        value="VARIABLE[...]",
        assign="VARIABLE[...] = "
        + ("jnp.asarray(ARRAY, jnp.bfloat16)" if dtype == "bfloat16" else "ARRAY"),
        array="VARIABLE[...]",
    )


def _bias(case: Case, tensors: Tensors, layout: JaxLayout) -> NDArray[Any] | None:
    return None if tensors.b is None else layout.bias(tensors.b, case.ndim)


def _operation(mode: str) -> Operation:
    return _OPERATIONS["+".join(part for part in mode.split("+") if part not in _HOW)]


def _layout(mode: str) -> JaxLayout:
    return JaxLayout(channel_first="channel_first" in mode.split("+"))


def _precision(device: str) -> str | None:
    return None if device == "cpu" else "highest"
