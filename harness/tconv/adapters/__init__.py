"""The base class of a backend and what its author needs; one sub-package per built-in framework.

`Adapter` is the base class, and its module, :mod:`tconv.adapters.base`, explains the contract.
"""

from tconv.adapters.base import Adapter, Mode
from tconv.adapters.layout import Layout
from tconv.adapters.snippet import Snippet
from tconv.model.case import Case
from tconv.model.outcome import InferredShape
from tconv.model.route import Composed, Native, Unsupported
from tconv.model.tensors import Tensors

__all__ = [
    "Adapter",
    "Case",
    "Composed",
    "InferredShape",
    "Layout",
    "Mode",
    "Native",
    "Snippet",
    "Tensors",
    "Unsupported",
]
