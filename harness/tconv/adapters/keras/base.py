"""Keras 3: `keras.layers.Conv{1,2,3}DTranspose` and `keras.ops.conv_transpose`, on any backend.

Keras computes with another framework, chosen once per process, so each of its backends is a backend
here. The threads, flags and devices of that framework come from its own adapter.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar, Final, Self

import numpy as np
from numpy.typing import NDArray

from tconv.adapters.base import Adapter, Case, Route, Snippet, Tensors
from tconv.adapters.keras.calls import KerasCall, call_for, why_unsupported
from tconv.adapters.snippet import (
    ModuleText,
    Operations,
    Pads,
    keywords,
    plain,
    source_text,
    written_call,
)
from tconv.model.policies import Fill, InputPadding
from tconv.model.route import Unsupported


def _padded_with_copies(pads: Pads, fill: Fill) -> str:
    """Return the statements that pad x by taking its elements; a graph need not know its sizes."""
    if fill == "wrap":
        place = "index % size"
    else:
        place = "size - 1 - keras.ops.abs(size - 1 - keras.ops.abs(index))"
    return "\n".join(
        f"size = keras.ops.shape(x)[{axis}]\n"
        f"index = keras.ops.arange({-before}, size{f' + {after}' if after else ''})\n"
        f"index = {place}\n"
        f"x = keras.ops.take(x, index, axis={axis})"
        for axis, (before, after) in enumerate(pads)
        if before or after
    )


_OPERATIONS: Final = Operations(
    transpose="keras.ops.transpose",
    flip="keras.ops.flip",
    reshape="keras.ops.reshape",
    split="keras.ops.split",
    concatenate="keras.ops.concatenate",
    pad=lambda name, pads: f"keras.ops.pad({name}, {list(pads)})",
    pad_with_copies=_padded_with_copies,
)


class KerasAdapter(Adapter):
    """Keras on one of its backends; x is (n, *i, c_in), w is (*k, c_out, c_in), not flipped.

    Keras's note of the arguments at the end of an error is turned off: it prints tensors, and hides
    the backend's own text.

    Attributes:
        below: the adapter of the framework that Keras computes with.
        inverts: whether that framework refuses a size that a direct convolution would not map to i.
    """

    pads_input: ClassVar[bool] = True
    below: ClassVar[type[Adapter]]
    needs_framework: ClassVar[bool] = False
    inverts: ClassVar[bool] = False

    def __new__(cls) -> Self:
        """Return an adapter that has no framework yet, nor has the one below."""
        self = super().__new__(cls)
        self._below = cls.below.__new__(cls.below)
        return self

    def __init__(self) -> None:
        import keras

        backend = self.environment["KERAS_BACKEND"]
        if keras.config.backend() != backend:
            raise ImportError(
                f"the backend of Keras is {keras.config.backend()}, but should be {backend}; set "
                f"KERAS_BACKEND={backend} before Keras is imported, or start another process"
            )
        self._keras: Any = keras
        self._below = self.below()

    def versions(self) -> Mapping[str, str]:
        """Return the versions of Keras and of the framework that it computes with."""
        return {self.name: self._keras.__version__, **self._below.versions()}

    def devices(self) -> tuple[str, ...]:
        """Return the devices of the framework below."""
        return self._below.devices()

    def settings(self, mode: str, device: str) -> Mapping[str, str]:
        """Return the flags of the framework below, that choose its kernels."""
        return self._below.settings(self._mode_below(mode), device)

    @contextmanager
    def session(self, mode: str, device: str) -> Iterator[None]:
        """Hold what the framework below needs, the device, and Keras's errors as they are."""
        keras = self._keras
        before = keras.config.is_traceback_filtering_enabled()
        keras.config.disable_traceback_filtering()
        try:
            with self._below.session(self._mode_below(mode), device), keras.device(f"{device}:0"):
                yield
        finally:
            if before:
                keras.config.enable_traceback_filtering()

    def route(self, case: Case, mode: str, device: str) -> Route:
        """Return how Keras reaches the case."""
        call, layer = self._call(case), is_layer(mode)
        missing = why_unsupported(case, call, is_layer=layer)
        if missing is None and case.legality[0] == "legal" and not case.is_huge:
            missing = self._lacks(case, mode, device)
        if missing is not None:
            return missing
        if layer:
            return call.route(f"keras.layers.Conv{case.ndim}DTranspose")
        return call.route("keras.ops.conv_transpose", " + keras.ops.add" * case.bias)

    def infer_shape(self, case: Case, mode: str, device: str) -> tuple[int, ...] | None:  # noqa: ARG002 # the same on each
        """Return a layer's compute_output_shape, or the operation's shape on a symbolic input."""
        x = case.x_shape if "channel_first" in mode else (case.n, *case.i, case.c_in)
        if is_layer(mode):
            shape = self._new_layer(case, mode, None, None).compute_output_shape(x)
        else:
            tensor, call = self._keras.KerasTensor, self._call(case)
            y = self._keras.ops.conv_transpose(
                tensor(x, case.dtype),
                tensor((*case.k, case.c_out, case.c_in), case.dtype),
                data_format=_format(mode),
                **call.arguments(case),
            )
            shape = y.shape
        n, *tail = map(int, shape)
        return (n, *tail) if "channel_first" in mode else (n, tail[-1], *tail[:-1])

    def snippet(self, case: Case, mode: str, device: str) -> Snippet | None:  # noqa: ARG002 # the same on each
        """Return a layer with its weights, or the operation and the sum with the bias."""
        call = self._call(case)
        op = call.output_padding
        arguments = keywords(
            {
                "strides": plain(case.s),
                "padding": call.padding,
                "output_padding": op and plain(op),
                "dilation_rate": plain(case.dilation),
            },
            {"output_padding": None, "dilation_rate": 1},
        )
        if not is_layer(mode):
            text = written_call(
                "y = keras.ops.conv_transpose",
                ["x", "w", *arguments, f'data_format="{_format(mode)}"'],
            )
        else:
            has_bias = "b is not None" if case.bias else "False"
            dtypes = keywords({"dtype": case.dtype}, {"dtype": "float32"})
            arguments += keywords({"data_format": _format(mode)}, {"data_format": "channels_last"})
            sizes = ["w.shape[-2]", source_text(plain(case.k))]
            layer = written_call(
                f"keras.layers.Conv{case.ndim}DTranspose",
                [*sizes, *arguments, f"use_bias={has_bias}", *dtypes],
            )
            weights = "[w] if b is None else [w, b]" if case.bias else "[w]"
            # A layer's own weights would be new variables, not w and b.
            text = (
                f"layer = {layer}\n"
                "layer.build(x.shape)\n"
                f"y, _ = layer.stateless_call({weights}, [], x)"
            )
        bias = "b" if _format(mode) == "channels_last" else f"b[:{', None' * case.ndim}]"
        return Snippet(
            imports="import keras",
            tensors="x, w = keras.ops.convert_to_tensor(x), keras.ops.convert_to_tensor(w)",
            tensor="tensors of Keras's backend",
            call=text,
            bias="" if is_layer(mode) and case.bias else f"keras.ops.add(y, {bias})",
            operations=_OPERATIONS,
            module=_module(case.dtype) if mode == "ops" else None,
            layer=_layer(case, arguments) if mode == "layer" else None,
        )

    def compute(self, case: Case, tensors: Tensors, mode: str, device: str) -> NDArray[Any]:  # noqa: ARG002 # the session knows it
        """Return Keras's y (n, c_out, *o), in the dtype that Keras gave."""
        function, arrays = self._prepared(case, tensors, mode)
        y = function(*map(self._keras.ops.convert_to_tensor, arrays))
        return to_canonical(self._keras.ops.convert_to_numpy(y), mode)

    def _prepared(self, case: Case, tensors: Tensors, mode: str) -> tuple[Any, list[Any]]:
        """Return a function in Keras's operations, and the arrays that it takes."""
        x, w, b = to_keras_x(tensors.x, mode), to_keras_w(tensors.w), tensors.b
        pad = partial(self._padded, padding=tensors.padding, mode=mode)
        if is_layer(mode):
            layer = self._layer(case, mode, x.shape, w, b)
            return (lambda x: self._cropped(case, mode, layer(pad(x)))), [x]
        arguments = self._call(case).arguments(case)

        def function(x: Any, w: Any, *bias: Any) -> Any:
            y = self._keras.ops.conv_transpose(pad(x), w, data_format=_format(mode), **arguments)
            y = self._cropped(case, mode, y)
            return self._keras.ops.add(y, bias[0]) if bias else y

        return function, [x, w] if b is None else [x, w, b]

    def _layer(self, case: Case, mode: str, x_shape: tuple[int, ...], w: Any, b: Any) -> Any:
        """Return a layer with w and b, by initializers; malformed ones by `set_weights`.

        Keras trusts the shape that an initializer gives; `set_weights`, which users call, checks.
        """
        if case.malformed is None or case.malformed.startswith("input"):
            return self._new_layer(case, mode, w, b)
        sound = np.zeros((*case.k, case.c_out, case.c_in)), np.zeros(case.b_shape)
        layer = self._new_layer(case, mode, sound[0], b if b is None else sound[1])
        layer.build(x_shape)
        layer.set_weights([w] if b is None else [w, b])
        return layer

    def _new_layer(self, case: Case, mode: str, w: Any, b: Any) -> Any:
        """Return the layer of the case, which takes w and b when it is built."""
        convert = self._keras.ops.convert_to_tensor
        return getattr(self._keras.layers, f"Conv{case.ndim}DTranspose")(
            case.c_out,
            case.k,
            data_format=_format(mode),
            use_bias=b is not None,
            kernel_initializer=lambda _, dtype: convert(w, dtype=dtype),
            bias_initializer=lambda _, dtype: convert(b, dtype=dtype),
            dtype=case.dtype,
            **self._call(case).arguments(case),
        )

    def _padded(self, x: Any, padding: InputPadding | None, mode: str) -> Any:
        """Return x, in the mode's layout, with copies at the ends of its axes.

        `keras.ops.pad` has no ring, and on PyTorch it reflects no three axes with channels last.
        """
        if padding is None:
            return x
        first = 2 if "channel_first" in mode else 1
        for axis, sides in enumerate(padding.sides, first):
            if any(sides):
                index = np.pad(np.arange(x.shape[axis]), sides, padding.fill)
                x = self._keras.ops.take(x, index, axis)
        return x

    def _cropped(self, case: Case, mode: str, y: Any) -> Any:
        """Return the window of y, in the mode's layout, that the crop of the case leaves.

        An axis without elements may have fewer than the crop takes: then nothing is left.
        """
        crop = self._call(case).crop
        if not crop:
            return y
        first = 2 if "channel_first" in mode else 1
        begin, size = [0] * len(y.shape), list(y.shape)
        for axis, window in enumerate(crop, first):
            begin[axis] = min(window.begin, size[axis])
            size[axis] = max(size[axis] - window.begin - window.end, 0)
        return self._keras.ops.slice(y, begin, size)

    def _call(self, case: Case) -> KerasCall:
        return call_for(case, inverts=self.inverts)

    def _mode_below(self, mode: str) -> str:  # noqa: ARG002 # a default that needs none
        """Return the mode of the framework's own adapter whose session is held."""
        return self.below.modes[0].name

    def _lacks(self, case: Case, mode: str, device: str) -> Unsupported | None:  # noqa: ARG002 # a default that needs none
        """Return what the framework below has no kernel for, of a legal case, or None."""
        return None


def _module(dtype: str) -> ModuleText:
    """Return a layer of Keras that calls the operation."""
    after = "" if dtype == "float32" else f', dtype="{dtype}"'
    return ModuleText(
        base="keras.layers.Layer",
        arguments="use_bias=True, **kwargs",
        init=f"super().__init__(**kwargs{after})\n"
        "shape = SHAPE\n"
        'self.kernel = self.add_weight(shape, "glorot_uniform", name="kernel")\n'
        "self.bias = None\n"
        "if use_bias:\n"
        '    self.bias = self.add_weight((c_out,), "zeros", name="bias")',
        method="call",
        weight="self.kernel",
        assign="VARIABLE.assign(ARRAY)",
        array="VARIABLE",
    )


def _layer(case: Case, arguments: Sequence[str]) -> ModuleText:
    """Return a layer of Keras around the one that it has."""
    dtypes = keywords({"dtype": case.dtype}, {"dtype": "float32"})
    layer = written_call(
        f"self.conv = keras.layers.Conv{case.ndim}DTranspose",
        ["c_out", source_text(plain(case.k)), *arguments, "use_bias=use_bias", *dtypes],
    )
    module = _module(case.dtype)
    start, _, _ = module.init.partition("\n")
    return replace(
        module,
        init=f"{start}\n{layer}\nself.conv.build((None{', None' * case.ndim}, c_in))",
        call="y = self.conv(x)",
        weight="self.conv.kernel",
        bias="self.conv.bias",
    )


def is_layer(mode: str) -> bool:
    """Return whether the mode calls a layer; else it calls the operation."""
    return mode.split("+", maxsplit=1)[0] == "layer"


def _format(mode: str) -> str:
    return "channels_first" if "channel_first" in mode else "channels_last"


def to_keras_x(x: NDArray[Any], mode: str) -> NDArray[Any]:
    """Return a copy of (n, c_in, *i) in the mode's layout."""
    return np.array(x if "channel_first" in mode else np.moveaxis(x, 1, -1), order="C")


def to_keras_w(w: NDArray[Any]) -> NDArray[Any]:
    """Return (c_in, c_out, *k) as (*k, c_out, c_in)."""
    return np.ascontiguousarray(w.transpose(*range(2, w.ndim), 1, 0))


def to_canonical(y: NDArray[Any], mode: str) -> NDArray[Any]:
    """Return a result in the mode's layout as (n, c_out, *o)."""
    return np.ascontiguousarray(y if "channel_first" in mode else np.moveaxis(y, -1, 1))
