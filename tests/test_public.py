"""The public names: exactly these, each in its documented module, and usable without any other."""

import inspect
from importlib import import_module

import numpy as np
import pytest

import tconv
from tconv.errors import ConfigError

PUBLIC = {
    "tconv": {
        "Case", "Predicate", "Run", "Target", "TconvError", "Verdict", "__version__",
        "conv_transpose", "expand", "load", "run",
    },
    "tconv.adapters": {
        "Adapter", "Case", "Composed", "InferredShape", "Layout", "Mode", "Native", "Snippet",
        "Tensors", "Unsupported",
    },
    "tconv.testing": {"Conformance", "assert_conforms", "cases"},
}  # fmt: skip
CONFIG = {
    "run": {"name": "public", "targets": ["numpy:scatter"]},
    "grid": [{"ndim": [1], "i": [3], "k": [1, 2], "s": [1, 2]}],
}


@pytest.mark.parametrize(("module", "names"), PUBLIC.items(), ids=PUBLIC)
def test_module_exports_what_is_public_and_nothing_else(module: str, names: set[str]) -> None:
    found = import_module(module)

    assert set(found.__all__) == names
    assert all(hasattr(found, name) for name in names)


def test_star_import_and_dir_have_every_public_name() -> None:
    namespace: dict[str, object] = {}
    exec("from tconv import *", namespace)  # noqa: S102 # what a notebook may say

    assert PUBLIC["tconv"] <= namespace.keys()
    assert PUBLIC["tconv"] <= set(dir(tconv))


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'tconv' has no attribute 'deconvolution'"):
        getattr(tconv, "deconvolution")  # noqa: B009 # mypy would refuse the attribute


def test_conv_transpose_has_its_published_signature() -> None:
    parameters = inspect.signature(tconv.conv_transpose).parameters.values()

    assert [(p.name, p.kind.name, p.default) for p in parameters] == [
        ("x", "POSITIONAL_OR_KEYWORD", inspect.Parameter.empty),
        ("w", "POSITIONAL_OR_KEYWORD", inspect.Parameter.empty),
        ("b", "POSITIONAL_OR_KEYWORD", None),
        ("stride", "KEYWORD_ONLY", 1),
        ("padding", "KEYWORD_ONLY", 0),
        ("output_padding", "KEYWORD_ONLY", 0),
        ("dilation", "KEYWORD_ONLY", 1),
        ("groups", "KEYWORD_ONLY", 1),
    ]


def test_conv_transpose_computes() -> None:
    y = tconv.conv_transpose(np.ones((1, 1, 3)), np.ones((1, 1, 2)), stride=2, padding=[(1, 0)])

    assert y.tolist() == [[[1, 1, 1, 1, 1]]]


def test_expand_takes_a_mapping_and_gives_cases() -> None:
    grid = tconv.expand(CONFIG)

    assert [type(case) for case in grid] == [tconv.Case] * 4
    assert grid.statistics.made == len(grid) == 4


def test_expand_takes_the_name_of_a_bundled_configuration() -> None:
    assert len(tconv.expand("smoke")) > 1000


def test_expand_names_the_key_that_is_wrong() -> None:
    with pytest.raises(ConfigError, match="kernel"):
        tconv.expand({**CONFIG, "grid": [{"ndim": [1], "i": [3], "kernel": [1]}]})
