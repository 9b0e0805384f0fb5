"""The packages that each backend needs, so that its tests are skipped where one is missing."""

from typing import Final

import pytest

BACKENDS: Final = {
    "torch": ("torch",),
    "tensorflow": ("tensorflow",),
    "jax": ("jax",),
    "keras-tensorflow": ("keras", "tensorflow"),
    "keras-jax": ("keras", "jax"),
    "keras-torch": ("keras", "torch"),
    "keras-numpy": ("keras", "jax"),  # JAX computes its convolutions
    "onnx": ("onnx",),
    "onnxruntime": ("onnx", "onnxruntime"),
}


def require(*backends: str) -> None:
    """Skip the test where a package of one of these backends is not installed."""
    for backend in backends:
        for package in BACKENDS.get(backend, ()):
            pytest.importorskip(package, reason=f"{package} is not installed")
