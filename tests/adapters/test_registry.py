"""Adapters are found by entry point; one that does not load is a reason, not a traceback."""

import sys

import pytest

from tconv.adapters import registry
from tconv.adapters.base import Adapter
from tconv.errors import TargetError, UnavailableError

pytestmark = pytest.mark.usefixtures("fakes")


def test_backends_are_sorted_and_hold_those_of_other_packages() -> None:
    found = registry.backends()

    assert list(found) == sorted(found)
    assert "fake-right" in found


def test_backend_loads_as_an_adapter() -> None:
    made = registry.load("fake-right")

    assert isinstance(made, Adapter)
    assert made.name == "fake-right"


def test_class_is_found_without_its_framework() -> None:
    assert registry.adapter_class("fake-uninstalled").name == "fake-uninstalled"


def test_unknown_backend_lists_the_known_ones() -> None:
    with pytest.raises(TargetError, match=r"backend='nope', but should be one of .*fake-right"):
        registry.require("nope")


@pytest.mark.parametrize(
    ("typed", "meant"), [("tensorflo", "tensorflow"), ("pytroch", "torch"), ("onnxrt", "onnx")]
)
def test_misspelt_backend_is_answered_by_the_right_spelling(typed: str, meant: str) -> None:
    with pytest.raises(TargetError, match=rf"did you mean {meant}\w*\?"):
        registry.require(typed)


@pytest.mark.parametrize(
    ("backend", "said"),
    [
        ("fake-uninstalled", r"No module named 'no_such_framework'; install it$"),
        ("fake-broken-import", r"does not load: RuntimeError: this module is broken on purpose"),
        ("fake-no-adapter", r"is 3, but should be a subclass of tconv.adapters.base.Adapter"),
    ],
)
def test_backend_that_does_not_load_says_why(backend: str, said: str) -> None:
    with pytest.raises(UnavailableError, match=said):
        registry.load(backend)


def test_framework_that_exits_when_it_is_loaded_is_unavailable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(registry.adapter_class("fake-right"), "__init__", lambda _: sys.exit(3))

    with pytest.raises(UnavailableError, match="fake-right does not start: SystemExit: 3"):
        registry.load("fake-right")


@pytest.mark.parametrize(("backend", "extra"), [("jax", "jax"), ("keras-numpy", "keras")])
def test_missing_framework_of_an_extra_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch, backend: str, extra: str
) -> None:
    monkeypatch.setitem(sys.modules, extra, None)

    with pytest.raises(UnavailableError, match=rf"pip install 'tconv\[{extra}\]'"):
        registry.load(backend)
