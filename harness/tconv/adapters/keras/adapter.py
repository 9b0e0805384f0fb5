"""One adapter for each backend of Keras: its modes, and what its kernels lack."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from tconv.adapters.base import Case, Mode, Result, Tensors
from tconv.adapters.jax.adapter import JaxAdapter
from tconv.adapters.jax.batching import BatchingAdapter, JaxCall, is_single, run_many, uncached
from tconv.adapters.keras.base import KerasAdapter, is_layer, to_canonical, to_keras_w, to_keras_x
from tconv.adapters.layout import CHANNELS_LAST, Checkpoint
from tconv.adapters.tensorflow.adapter import TensorflowAdapter
from tconv.adapters.tensorflow.kernels import first_lacking, has_kernel
from tconv.adapters.torch.adapter import TorchAdapter
from tconv.adapters.torch.calls import INT32
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

_LAYOUT: Final = replace(
    CHANNELS_LAST,
    checkpoint=Checkpoint(
        names=None, text="layer.get_weights()", back="layer.set_weights(weights)"
    ),
)
_CHANNELS_FIRST: Final = replace(_LAYOUT, channels_last=False)

_mode = partial(Mode, layout=_LAYOUT)


class KerasTensorflowAdapter(KerasAdapter):
    """Keras on TensorFlow, eager. Channels first are for a GPU: its CPU kernels have them last."""

    name: ClassVar[str] = "keras-tensorflow"
    modes: ClassVar[tuple[Mode, ...]] = (
        _mode(name="layer", meaning=_LAYER),
        _mode(name="ops", meaning=_OPS),
    )
    environment: ClassVar[Mapping[str, str]] = MappingProxyType(
        {**TensorflowAdapter.environment, "KERAS_BACKEND": "tensorflow"}
    )
    portable: ClassVar[Mapping[str, str]] = TensorflowAdapter.portable
    accelerated: ClassVar[Mapping[str, str]] = TensorflowAdapter.accelerated
    below = TensorflowAdapter
    inverts = True

    def _lacks(self, case: Case, mode: str, device: str) -> Unsupported | None:  # noqa: ARG002 # the same in every mode
        if case.ndim > 3:
            return _RANK
        if not has_kernel(case):
            return _TENSORFLOW_DTYPE
        assert isinstance(self._below, TensorflowAdapter)
        lacking = self._below.lacking(case, "eager", device)
        return first_lacking(case, case.dilation, lacking, is_explicit=False)


class KerasTorchAdapter(KerasAdapter):
    """Keras on PyTorch, eager."""

    name: ClassVar[str] = "keras-torch"
    modes: ClassVar[tuple[Mode, ...]] = (
        _mode(name="layer", meaning=_LAYER),
        _mode(name="ops", meaning=_OPS),
        Mode(name="layer+channel_first", meaning=_FIRST, sample=8, layout=_CHANNELS_FIRST),
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
        if is_layer(mode):
            return _TORCH_LAYER
        return INT32 if case.dtype == "int32" and device == "cpu" else None


class KerasJaxAdapter(BatchingAdapter, KerasAdapter):
    """Keras on JAX: many cases in one program, as JAX compiles each new shape.

    A layer is built outside of the program and called in it by `stateless_call`. The modes named
    `single` call each case alone and eagerly, with JAX's own compiler options, as users do.
    """

    name: ClassVar[str] = "keras-jax"
    modes: ClassVar[tuple[Mode, ...]] = (
        _mode(name="layer", meaning=f"{_LAYER}, by stateless_call; many in one jax.jit"),
        _mode(name="ops", meaning=f"{_OPS}; many in one jax.jit"),
        Mode(
            name="layer+channel_first",
            meaning=f"{_FIRST}; many in one jax.jit",
            sample=80,
            layout=_CHANNELS_FIRST,
        ),
        _mode(name="layer+single", meaning=f"{_LAYER}; each alone, eagerly", sample=80),
        _mode(name="ops+single", meaning=f"{_OPS}; each alone, eagerly", sample=80),
    )
    environment: ClassVar[Mapping[str, str]] = MappingProxyType(
        {**JaxAdapter.environment, "KERAS_BACKEND": "jax"}
    )
    below = JaxAdapter

    def __init__(self) -> None:
        super().__init__()
        import jax

        self._jax = jax

    def _alone(self, case: Case, tensors: Tensors, mode: str, device: str) -> NDArray[Any]:
        return KerasAdapter.compute(self, case, tensors, mode, device)

    def _together(
        self, cases: Sequence[Case], tensors: Sequence[Tensors], mode: str, device: str
    ) -> list[NDArray[Any] | Exception]:
        calls = [self._in_program(*each, mode) for each in zip(cases, tensors, strict=True)]
        results = run_many(self._jax, calls, self._options(device))
        return [y if isinstance(y, Exception) else to_canonical(y, mode) for y in results]

    def _in_program(self, case: Case, tensors: Tensors, mode: str) -> JaxCall:
        """Return the case as a part of a program; a layer that cannot be made raises in it."""
        if not is_layer(mode):
            operation, arrays = self._prepared(case, tensors, mode)
            return JaxCall(function=operation, arrays=tuple(arrays))
        x = to_keras_x(tensors.x, mode)
        try:
            layer = self._layer(case, mode, x.shape, to_keras_w(tensors.w), tensors.b)
            if not layer.built:
                layer.build(x.shape)
        except Exception as error:  # noqa: BLE001 # Keras raises ValueError, TypeError and more
            return JaxCall(function=_Raises(error), arrays=())
        weights = [np.asarray(weight) for weight in layer.trainable_variables]

        def function(x: Any, *weights: Any) -> Any:
            x = self._padded(x, tensors.padding, mode)
            y, _ = layer.stateless_call(weights, [], x)
            return self._cropped(case, mode, y)

        return JaxCall(function=function, arrays=(x, *weights))

    def _mode_below(self, mode: str) -> str:
        return "conv_transpose+single" if is_single(mode) else "conv_transpose"


class KerasNumpyAdapter(KerasAdapter):
    """Keras on NumPy, whose convolutions JAX computes, one compile each."""

    name: ClassVar[str] = "keras-numpy"
    modes: ClassVar[tuple[Mode, ...]] = (
        _mode(name="layer", meaning=f"{_LAYER}; computed by JAX", sample=8),
        _mode(name="ops", meaning=f"{_OPS}; computed by JAX", sample=8),
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
    ) -> Iterator[Result]:
        """Return one result per case; no program that JAX compiled is kept."""
        import jax

        return uncached(jax, super().compute_many(cases, tensors, mode, device))

    def _mode_below(self, mode: str) -> str:
        del mode
        return "conv_transpose+single"


class _Raises:
    """A function that raises an error met before."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __call__(self) -> Any:
        raise self._error
