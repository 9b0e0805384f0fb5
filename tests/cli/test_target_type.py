"""Targets are selected by what people call a framework, too."""

import pytest

from tconv.cli import target_type
from tconv.cli.target_type import TARGET


@pytest.mark.parametrize(
    ("typed", "selected"),
    [
        ("PyTorch", "torch"), ("tf:eager", "tensorflow:eager"), ("ort@cpu", "onnxruntime@cpu"),
        ("flax", "jax"), ("onnx", "onnx"), ("JAX:vjp", "jax:vjp"), ("keras-tf", "keras-tensorflow"),
        ("fake-right", "fake-right"), ("nope", "nope"),
    ],
)  # fmt: skip
def test_backend_is_selected_by_what_people_call_it(typed: str, selected: str) -> None:
    assert str(TARGET.convert(typed, None, None)) == selected


@pytest.mark.parametrize(
    ("installed", "variable", "selected"),
    [
        ({"tensorflow", "jax", "torch"}, "", "keras-tensorflow:layer"),
        ({"jax", "torch"}, "", "keras-jax:layer"),
        ({"torch"}, "", "keras-torch:layer"),
        (set(), "", "keras-tensorflow:layer"),
        ({"tensorflow", "torch"}, "torch", "keras-torch:layer"),
        ({"tensorflow"}, "openvino", "keras-tensorflow:layer"),
    ],
)
def test_keras_is_the_one_whose_framework_is_there(
    monkeypatch: pytest.MonkeyPatch, installed: set[str], variable: str, selected: str
) -> None:
    monkeypatch.setattr(target_type, "find_spec", lambda name: name if name in installed else None)
    monkeypatch.setenv("KERAS_BACKEND", variable)

    assert str(TARGET.convert("keras:layer", None, None)) == selected
