"""Keras 3: `keras.layers.Conv{1,2,3}DTranspose` and `keras.ops.conv_transpose`, on each backend.

Keras computes with another framework, chosen once per process, so each of its backends is a backend
here. What belongs to that framework (threads, flags, devices) is taken from its own adapter.
"""

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from tconv.adapters.base import Adapter, Case, InferredShape, Mode, Route, Tensors
from tconv.adapters.jax import batching
from tconv.adapters.jax.adapter import JaxAdapter
from tconv.adapters.keras.calls import KerasCall, call_for
from tconv.adapters.keras.support import why_unsupported
from tconv.adapters.tensorflow.adapter import TensorflowAdapter
from tconv.adapters.tensorflow.kernels import Features, first_lacking, has_kernel, probe
from tconv.adapters.torch.adapter import TorchAdapter
from tconv.model.route import Unsupported

_LAYER: Final = "keras.layers.Conv{1,2,3}DTranspose, given its weights"
_OPS: Final = "keras.ops.conv_transpose, then keras.ops.add"
_FIRST: Final = 'the layer with data_format="channels_first"'

_TENSORFLOW_DTYPE: Final = Unsupported(
    reason="no kernel of this dtype",
    error_pattern=r"Value for attr 'T' of \w+ is not in the list of allowed values",
)
_RANK: Final = Unsupported(
    reason="no operation of more than 3 axes",
    error_pattern=r"ValueError: (Input rank not supported: \d|Inputs must have ndim=3, 4 or 5)",
)
_TORCH_LAYER: Final = Unsupported(
    reason="no layers of integers",
    error_pattern=r"RuntimeError: Only Tensors of floating point .* can require gradients",
)
_TORCH_INT32: Final = Unsupported(
    reason="no int32 kernel on the CPU",
    error_pattern=r"NotImplementedError: .*not implemented for 'Int'",
)


class KerasAdapter(Adapter):
    """Keras on one of its backends; x is (n, *i, c_in), w is (*k, c_out, c_in), not flipped.

    Keras's note of the arguments at the end of an error is off: it has tensors in it, and hides
    the backend's own text.

    Attributes:
        below: the adapter of the framework that Keras computes with.
        inverts: whether that framework refuses a size that a direct convolution would not map to i.
    """

    below: ClassVar[type[Adapter]]
    inverts: ClassVar[bool] = False

    def __init__(self) -> None:
        import keras

        backend = self.environment["KERAS_BACKEND"]
        if keras.config.backend() != backend:
            raise ImportError(
                f"the backend of Keras is {keras.config.backend()}, but should be {backend}; set "
                f"KERAS_BACKEND={backend} before Keras is imported, or use a process of its own"
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
        call, is_layer = self._call(case), _is_layer(mode)
        missing = why_unsupported(case, call, is_layer=is_layer)
        if missing is None and case.legality[0] == "legal" and not case.is_huge:
            missing = self._lacks(case, mode, device)
        if missing is not None:
            return missing
        if is_layer:
            return call.route(f"keras.layers.Conv{case.ndim}DTranspose")
        return call.route("keras.ops.conv_transpose", " + keras.ops.add" * case.bias)

    def infer_shape(self, case: Case, mode: str, device: str) -> tuple[int, ...] | None:  # noqa: ARG002 # the same on each
        """Return what a layer's compute_output_shape says, or the operation on a symbolic input."""
        x = case.x_shape if "channel_first" in mode else (case.n, *case.i, case.c_in)
        if _is_layer(mode):
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
        n, *rest = map(int, shape)
        return (n, *rest) if "channel_first" in mode else (n, rest[-1], *rest[:-1])

    def compute(self, case: Case, tensors: Tensors, mode: str, device: str) -> NDArray[Any]:  # noqa: ARG002 # the session knows it
        """Return Keras's y (n, c_out, *o), in the dtype that Keras gave."""
        function, arrays = self._prepared(case, tensors, mode)
        y = function(*map(self._keras.ops.convert_to_tensor, arrays))
        return _canonical(self._keras.ops.convert_to_numpy(y), mode)

    def _prepared(self, case: Case, tensors: Tensors, mode: str) -> tuple[Any, list[Any]]:
        """Return a function in Keras's operations, and the arrays that it takes."""
        x, w, b = _x(tensors.x, mode), _w(tensors.w), tensors.b
        if _is_layer(mode):
            layer = self._layer(case, mode, x.shape, w, b)
            return (lambda x: self._cropped(case, mode, layer(x))), [x]
        arguments = self._call(case).arguments(case)

        def function(x: Any, w: Any, *bias: Any) -> Any:
            y = self._keras.ops.conv_transpose(x, w, data_format=_format(mode), **arguments)
            y = self._cropped(case, mode, y)
            return self._keras.ops.add(y, bias[0]) if bias else y

        return function, [x, w] if b is None else [x, w, b]

    def _layer(self, case: Case, mode: str, x_shape: tuple[int, ...], w: Any, b: Any) -> Any:
        """Return a layer that has w and b: it takes them, or is given those that do not fit it.

        An initializer is trusted to give the right shape; `set_weights`, which users call, looks.
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

    def _cropped(self, case: Case, mode: str, y: Any) -> Any:
        """Return the window of y, in the mode's layout, that the crop of the case leaves.

        Of an axis without elements less may be there than is to be cut: then nothing is left.
        """
        crop = self._call(case).crop
        if not crop:
            return y
        first = 2 if "channel_first" in mode else 1
        begin, size = [0] * len(y.shape), list(y.shape)
        for axis, (start, end) in enumerate(zip(crop.begin, crop.end, strict=True), first):
            begin[axis] = min(start, size[axis])
            size[axis] = max(size[axis] - start - end, 0)
        return self._keras.ops.slice(y, begin, size)

    def _call(self, case: Case) -> KerasCall:
        return call_for(case, inverts=self.inverts)

    def _mode_below(self, mode: str) -> str:  # noqa: ARG002 # a default that needs none
        """Return the mode of the framework's own adapter whose session is held."""
        return self.below.modes[0].name

    @abstractmethod
    def _lacks(self, case: Case, mode: str, device: str) -> Unsupported | None:
        """Return what the framework below has no kernel for, of a legal case, or None."""


class KerasTensorflowAdapter(KerasAdapter):
    """Keras on TensorFlow, eager. Channels first are for a GPU: its CPU kernels have them last."""

    name: ClassVar[str] = "keras-tensorflow"
    modes: ClassVar[tuple[Mode, ...]] = (
        Mode(name="layer", meaning=_LAYER),
        Mode(name="ops", meaning=_OPS),
    )
    environment: ClassVar[Mapping[str, str]] = MappingProxyType(
        {**TensorflowAdapter.environment, "KERAS_BACKEND": "tensorflow"}
    )
    below = TensorflowAdapter
    inverts = True

    def __init__(self) -> None:
        super().__init__()
        import tensorflow as tf

        self._lacking = {device: probe(tf, device) for device in self.devices()}

    def _lacks(self, case: Case, mode: str, device: str) -> Unsupported | None:  # noqa: ARG002 # the same in every mode
        if case.ndim > 3:
            return _RANK
        if not has_kernel(case):
            return _TENSORFLOW_DTYPE
        none: Features = frozenset()
        lacking = self._lacking[device].get((max(case.ndim, 2), case.dtype), none)
        return first_lacking(case, case.dilation, lacking, is_explicit=False)


class KerasTorchAdapter(KerasAdapter):
    """Keras on PyTorch, eager."""

    name: ClassVar[str] = "keras-torch"
    modes: ClassVar[tuple[Mode, ...]] = (
        Mode(name="layer", meaning=_LAYER),
        Mode(name="ops", meaning=_OPS),
        Mode(name="layer+channel_first", meaning=_FIRST, sample=8),
    )
    environment: ClassVar[Mapping[str, str]] = MappingProxyType(
        {**TorchAdapter.environment, "KERAS_BACKEND": "torch"}
    )
    below = TorchAdapter

    def _lacks(self, case: Case, mode: str, device: str) -> Unsupported | None:
        if case.ndim > 3:
            return _RANK
        if not case.dtype.startswith("int"):
            return None
        if _is_layer(mode):
            return _TORCH_LAYER
        return _TORCH_INT32 if case.dtype == "int32" and device == "cpu" else None


class KerasJaxAdapter(KerasAdapter):
    """Keras on JAX: many cases in one program, as JAX compiles each new shape.

    A layer is built outside of the program and called in it by `stateless_call`. The modes named
    `single` call each case alone and eagerly, with JAX's own compiler options, as users do.
    """

    name: ClassVar[str] = "keras-jax"
    modes: ClassVar[tuple[Mode, ...]] = (
        Mode(name="layer", meaning=f"{_LAYER}, by stateless_call; many in one jax.jit"),
        Mode(name="ops", meaning=f"{_OPS}; many in one jax.jit"),
        Mode(name="layer+channel_first", meaning=f"{_FIRST}; many in one jax.jit", sample=80),
        Mode(name="layer+single", meaning=f"{_LAYER}; each alone, eagerly", sample=80),
        Mode(name="ops+single", meaning=f"{_OPS}; each alone, eagerly", sample=80),
    )
    environment: ClassVar[Mapping[str, str]] = MappingProxyType(
        {**JaxAdapter.environment, "KERAS_BACKEND": "jax"}
    )
    below = JaxAdapter

    def __init__(self) -> None:
        super().__init__()
        import jax

        self._jax = jax
        self._quick = batching.accepted_options(jax, batching.QUICK)

    def compute(self, case: Case, tensors: Tensors, mode: str, device: str) -> NDArray[Any]:
        """Return y of a program that holds this case alone or, where single, of an eager call."""
        if _is_single(mode):
            return super().compute(case, tensors, mode, device)
        (result,) = self._together([case], [tensors], mode, device)
        if isinstance(result, Exception):
            raise result
        return result

    def compute_many(
        self, cases: Sequence[Case], tensors: Sequence[Tensors], mode: str, device: str
    ) -> Iterable[NDArray[Any] | InferredShape | Exception]:
        """Return one result per case, in order."""
        if _is_single(mode):
            return self._one_by_one(cases, tensors, mode, device)
        return self._together(cases, tensors, mode, device)

    def _together(
        self, cases: Sequence[Case], tensors: Sequence[Tensors], mode: str, device: str
    ) -> list[NDArray[Any] | Exception]:
        """Return one result per case, in order, computed in programs of many."""
        calls = [self._in_program(*each, mode) for each in zip(cases, tensors, strict=True)]
        results = batching.run_many(self._jax, calls, self._quick if device == "cpu" else {})
        return [y if isinstance(y, Exception) else _canonical(y, mode) for y in results]

    def _one_by_one(
        self, cases: Sequence[Case], tensors: Sequence[Tensors], mode: str, device: str
    ) -> Iterator[NDArray[Any] | InferredShape | Exception]:
        """Yield one result per case, and keep no compiled program: none is used twice."""
        yield from super().compute_many(cases, tensors, mode, device)
        self._jax.clear_caches()

    def _in_program(self, case: Case, tensors: Tensors, mode: str) -> batching.JaxCall:
        """Return the case as a part of a program; a layer that cannot be made raises in it."""
        if not _is_layer(mode):
            operation, arrays = self._prepared(case, tensors, mode)
            return batching.JaxCall(function=operation, arrays=tuple(arrays))
        x = _x(tensors.x, mode)
        try:
            layer = self._layer(case, mode, x.shape, _w(tensors.w), tensors.b)
            if not layer.built:
                layer.build(x.shape)
        except Exception as error:  # noqa: BLE001 # Keras raises ValueError, TypeError and more
            return batching.JaxCall(function=_Raises(error), arrays=())
        weights = [np.asarray(weight) for weight in layer.trainable_variables]

        def function(x: Any, *weights: Any) -> Any:
            y, _ = layer.stateless_call(weights, [], x)
            return self._cropped(case, mode, y)

        return batching.JaxCall(function=function, arrays=(x, *weights))

    def _mode_below(self, mode: str) -> str:
        return "conv_transpose+single" if _is_single(mode) else "conv_transpose"

    def _lacks(self, case: Case, mode: str, device: str) -> Unsupported | None:
        del case, mode, device  # XLA has a kernel for everything that Keras hands it
        return None


class KerasNumpyAdapter(KerasAdapter):
    """Keras on NumPy, whose convolutions JAX computes, one compile each."""

    name: ClassVar[str] = "keras-numpy"
    modes: ClassVar[tuple[Mode, ...]] = (
        Mode(name="layer", meaning=f"{_LAYER}; computed by JAX", sample=8),
        Mode(name="ops", meaning=f"{_OPS}; computed by JAX", sample=8),
    )
    environment: ClassVar[Mapping[str, str]] = MappingProxyType(
        {**JaxAdapter.environment, "KERAS_BACKEND": "numpy"}
    )
    below = JaxAdapter

    def devices(self) -> tuple[str, ...]:
        """Return `cpu` alone, where NumPy's arrays are."""
        return ("cpu",)

    def compute_many(
        self, cases: Sequence[Case], tensors: Sequence[Tensors], mode: str, device: str
    ) -> Iterator[NDArray[Any] | InferredShape | Exception]:
        """Yield one result per case, and keep no program that JAX compiled: none is used twice."""
        import jax

        yield from super().compute_many(cases, tensors, mode, device)
        jax.clear_caches()

    def _mode_below(self, mode: str) -> str:
        del mode
        return "conv_transpose+single"

    def _lacks(self, case: Case, mode: str, device: str) -> Unsupported | None:
        del case, mode, device  # XLA has a kernel for everything that Keras hands it
        return None


class _Raises:
    """A function that raises an error met before."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __call__(self) -> Any:
        raise self._error


def _is_layer(mode: str) -> bool:
    return mode.split("+", maxsplit=1)[0] == "layer"


def _is_single(mode: str) -> bool:
    return "single" in mode.split("+")


def _format(mode: str) -> str:
    return "channels_first" if "channel_first" in mode else "channels_last"


def _x(x: NDArray[Any], mode: str) -> NDArray[Any]:
    """Return a copy of (n, c_in, *i) in the mode's layout."""
    return np.array(x if "channel_first" in mode else np.moveaxis(x, 1, -1), order="C")


def _w(w: NDArray[Any]) -> NDArray[Any]:
    """Return (c_in, c_out, *k) as (*k, c_out, c_in)."""
    return np.ascontiguousarray(w.transpose(*range(2, w.ndim), 1, 0))


def _canonical(y: NDArray[Any], mode: str) -> NDArray[Any]:
    """Return a result in the mode's layout as (n, c_out, *o)."""
    return np.ascontiguousarray(y if "channel_first" in mode else np.moveaxis(y, -1, 1))
