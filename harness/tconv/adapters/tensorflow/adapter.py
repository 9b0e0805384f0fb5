"""TensorFlow: `tf.nn.conv{1,2,3}d_transpose`, which take the size of the result."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from tconv.adapters.base import Adapter, Case, Mode, Route, Snippet, Tensors
from tconv.adapters.crop import Crop
from tconv.adapters.layout import CHANNELS_LAST
from tconv.adapters.snippet import (
    ModuleText,
    Operations,
    Pads,
    output_sizes,
    source_text,
    written_call,
)
from tconv.adapters.tensorflow.calls import TensorflowCall, call_for, why_unsupported
from tconv.adapters.tensorflow.kernels import EVERY_FEATURE, Features, probe
from tconv.model.policies import Fill, InputPadding


def _padded_with_copies(pads: Pads, fill: Fill) -> str:
    """Return the statements that pad x; TensorFlow has no ring, so its elements are gathered."""
    if fill == "reflect":
        return f'x = tf.pad(x, {list(pads)}, mode="REFLECT")'
    return "\n".join(
        f"size = tf.shape(x)[{axis}]\n"
        f"index = tf.range({-before}, size{f' + {after}' if after else ''}) % size\n"
        f"x = tf.gather(x, index, axis={axis})"
        for axis, (before, after) in enumerate(pads)
        if before or after
    )


_OPERATIONS: Final = Operations(
    transpose="tf.transpose",
    flip="tf.reverse",
    reshape="tf.reshape",
    split="tf.split",
    concatenate="tf.concat",
    pad=lambda name, pads: f"tf.pad({name}, {list(pads)})",
    pad_with_copies=_padded_with_copies,
)


def _module(dtype: str) -> ModuleText:
    """Return a `tf.Module`, which needs no Keras: that is a backend of its own."""
    argument = "" if dtype == "float32" else f', dtype="{dtype}"'
    return ModuleText(
        base="tf.Module",
        arguments="bias=True, name=None",
        init="super().__init__(name)\n"
        f"initial = tf.random.normal(SHAPE, stddev=0.05{argument})\n"
        'self.weight = tf.Variable(initial, name="weight")\n'
        f"zeros = tf.zeros(c_out{argument})\n"
        'self.bias = tf.Variable(zeros, name="bias") if bias else None',
        method="__call__",
        assign="VARIABLE.assign(ARRAY)",
        array="VARIABLE.numpy()",
    )


_DECORATORS: Final = {
    "eager": "",
    "function": "@tf.function(autograph=False)",
    "xla": "@tf.function(autograph=False, jit_compile=True)",
}

_mode = partial(Mode, layout=CHANNELS_LAST)


class TensorflowAdapter(Adapter):
    """TensorFlow, eager, as a graph, and as a graph compiled by XLA.

    x is (n, *i, c_in), w is (*k, c_out/groups, c_in), the kernel is not flipped. The bias is added
    by `tf.nn.bias_add`, as TensorFlow's users and Keras do: no call takes one.
    """

    name: ClassVar[str] = "tensorflow"
    modes: ClassVar[tuple[Mode, ...]] = (
        _mode(name="eager", meaning="tf.nn.conv{1,2,3}d_transpose, then tf.nn.bias_add"),
        _mode(name="function", meaning="the same in a tf.function", sample=20),
        _mode(name="xla", meaning="the same in a tf.function with jit_compile=True", sample=80),
    )
    environment: ClassVar[Mapping[str, str]] = {
        "OMP_NUM_THREADS": "1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "TF_NUM_INTEROP_THREADS": "1",
        "TF_NUM_INTRAOP_THREADS": "1",
    }
    needs_framework: ClassVar[bool] = False
    pads_input: ClassVar[bool] = True
    # By default oneDNN is on for some CPUs; its kernels dilate and take groups.
    portable: ClassVar[Mapping[str, str]] = {"TF_ENABLE_ONEDNN_OPTS": "0"}
    accelerated: ClassVar[Mapping[str, str]] = {"TF_ENABLE_ONEDNN_OPTS": "1"}
    infer_one_in: ClassVar[int] = 10  # a graph takes 10 times as long as the call

    _features_lacking: Mapping[str, Mapping[tuple[int, str], Features]] | None = None  # by device

    def __init__(self) -> None:
        import tensorflow as tf

        self._tf: Any = tf
        self._features_lacking = {device: probe(tf, device) for device in self.devices()}

    def versions(self) -> Mapping[str, str]:
        """Return the version of TensorFlow."""
        return {"tensorflow": self._tf.__version__}

    def devices(self) -> tuple[str, ...]:
        """Return `cpu`, and `gpu` where TensorFlow finds one."""
        return ("cpu", "gpu") if self._tf.config.list_physical_devices("GPU") else ("cpu",)

    def settings(self, mode: str, device: str) -> Mapping[str, str]:  # noqa: ARG002 # the same in every mode
        """Return what decides the kernels: oneDNN's variable, and what its kernels lack here."""
        names = sorted(
            f"{feature} {rank}d {dtype}"
            for (rank, dtype), features in (self._features_lacking or {}).get(device, {}).items()
            for feature in features
        )
        return {
            "TF_ENABLE_ONEDNN_OPTS": os.environ.get("TF_ENABLE_ONEDNN_OPTS", "not set"),
            "TF_NUM_INTRAOP_THREADS": os.environ.get("TF_NUM_INTRAOP_THREADS", "not set"),
            "tf32": str(self._tf.config.experimental.tensor_float_32_execution_enabled()),
            "eager_kernels_without": ", ".join(names),
        }

    @contextmanager
    def session(self, mode: str, device: str) -> Iterator[None]:  # noqa: ARG002 # the same in every mode
        """Hold TF32, which keeps 10 of 23 fraction bits, off, and the device; restore both."""
        experimental = self._tf.config.experimental
        before = experimental.tensor_float_32_execution_enabled()
        experimental.enable_tensor_float_32_execution(False)
        try:
            with self._tf.device(f"/{device}:0"):
                yield
        finally:
            experimental.enable_tensor_float_32_execution(before)

    def route(self, case: Case, mode: str, device: str) -> Route:
        """Return how TensorFlow reaches the case."""
        lacking = self.lacking(case, mode, device)
        call = call_for(case, lacking)
        return why_unsupported(case, call, lacking) or call.route(case)

    def compute(self, case: Case, tensors: Tensors, mode: str, device: str) -> NDArray[Any]:
        """Return TensorFlow's y (n, c_out, *o), in the dtype that TensorFlow gave."""
        call = call_for(case, self.lacking(case, mode, device))
        x = np.moveaxis(tensors.x, 1, -1)
        w = tensors.w.transpose(*range(2, tensors.w.ndim), 1, 0)
        if call.is_lifted:
            x, w = x[:, None], w[None]
        inputs = [x, w] if tensors.b is None else [x, w, tensors.b]

        def compute(x: Any, *weights: Any) -> Any:
            if tensors.padding is not None:
                x = self._padded(x, tensors.padding, is_lifted=call.is_lifted)
            return self._run(case, call, x, *weights)

        if mode != "eager":
            compute = self._tf.function(compute, autograph=False, jit_compile=mode == "xla")
        y = compute(*[self._tf.convert_to_tensor(np.ascontiguousarray(a)) for a in inputs]).numpy()
        return np.ascontiguousarray(np.moveaxis(y, -1, 1))

    def infer_shape(self, case: Case, mode: str, device: str) -> tuple[int, ...] | None:
        """Return the static shape of the same operations in a graph that is never run."""
        call = call_for(case, self.lacking(case, mode, device))
        unit = (1,) * call.is_lifted
        shapes = [
            (case.n, *unit, *case.i, case.c_in),
            (*unit, *case.k, case.w_shape[1], case.c_in),
            *([case.b_shape] if case.bias else []),
        ]
        with self._tf.Graph().as_default():
            inputs = [self._tf.compat.v1.placeholder(case.dtype, shape) for shape in shapes]
            shape = self._run(case, call, *inputs).shape
        if not shape.is_fully_defined():
            return None
        n, *sizes, channels = shape.as_list()
        return (n, channels, *sizes)

    def snippet(self, case: Case, mode: str, device: str) -> Snippet | None:
        """Return the call, to which the size of the result is given; the bias comes after."""
        call = call_for(case, self.lacking(case, mode, device))
        arguments = call.arguments(case)
        arguments.pop("output_shape", None)
        if set(arguments.get("dilations", ())) == {1}:
            arguments.pop("dilations")
        operands = ["x[:, None]", "w[None]"] if call.is_lifted else ["x", "w"]
        unit = "1, " * call.is_lifted
        c_out = f"{case.groups} * w.shape[-2]" if case.groups > 1 else "w.shape[-2]"
        lines = [
            "n, *i, _ = tf.unstack(tf.shape(x))",
            f"shape = [n, {unit}{', '.join(output_sizes(case, 'i'))}, {c_out}]",
            written_call(
                f"y = tf.nn.{call.name}",
                [*operands, "shape", *(f"{k}={source_text(v)}" for k, v in arguments.items())],
            ),
        ]
        if call.is_lifted:
            lines.append("y = tf.squeeze(y, 1)  # TensorFlow pads explicitly on two axes only")
        return Snippet(
            imports="import tensorflow as tf",
            tensors="x, w = tf.convert_to_tensor(x), tf.convert_to_tensor(w)",
            tensor="tf.Tensor",
            call="\n".join(lines),
            bias="tf.nn.bias_add(y, b)",
            operations=_OPERATIONS,
            module=_module(case.dtype),
            decorator=_DECORATORS[mode],
        )

    def _padded(self, x: Any, padding: InputPadding, *, is_lifted: bool) -> Any:
        """Return x (n, *i, c_in) with copies at the ends of its axes; `tf.pad` has no ring."""
        batch, *axes = padding.widths(1 + len(padding.sides))
        widths = [batch, *[(0, 0)] * is_lifted, *axes]
        if padding.fill == "reflect":
            return self._tf.pad(x, widths, "REFLECT")
        for axis, (before, after) in enumerate(widths):
            if before or after:
                size = x.shape[axis]
                x = self._tf.gather(x, self._tf.range(-before, size + after) % size, axis=axis)
        return x

    def _run(self, case: Case, call: TensorflowCall, x: Any, w: Any, b: Any = None) -> Any:
        """Return (n, *o, c_out) by TensorFlow's operations alone."""
        y = getattr(self._tf.nn, call.name)(x, w, **call.arguments(case))
        if call.is_lifted:
            y = self._tf.squeeze(y, 1)
        if call.crop:
            y = self._cropped(y, call.crop)
        return y if b is None else self._tf.nn.bias_add(y, b)

    def _cropped(self, y: Any, crop: Crop) -> Any:
        """Return the window of y (n, *size, c_out) that the crop leaves."""
        n, *sizes, channels = y.shape
        begin = [window.begin for window in crop]
        size = [o - w.begin - w.end for o, w in zip(sizes, crop, strict=True)]
        return self._tf.slice(y, [0, *begin, 0], [n, *size, channels])

    def lacking(self, case: Case, mode: str, device: str) -> Features:
        """Return what the kernel of the case's number of axes and dtype lacks; XLA's are whole.

        Where no kernel was asked, it is what none is sure to have: oneDNN's have it.
        """
        if mode == "xla":
            return frozenset()
        if self._features_lacking is None:
            return EVERY_FEATURE
        kernels = self._features_lacking.get(device, {})
        return kernels.get((max(case.ndim, 2), case.dtype), frozenset())
