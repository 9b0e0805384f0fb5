"""Reaches an adapter with a case of a defined policy: as the explicit case that it is.

No framework's call has the policies of :mod:`tconv.model.policies`. So an adapter never meets them:
it gets the explicit case of the padded input, and pads x by its framework's own operation as
`tensors.padding` says, if it declares :attr:`~tconv.adapters.base.Adapter.pads_input`. For other
adapters NumPy pads x. Whoever calls an adapter calls it through this module.
"""

from dataclasses import replace

import numpy as np

from tconv.adapters.base import Adapter
from tconv.model.case import Case
from tconv.model.route import Composed, Route, Unsupported
from tconv.model.tensors import Tensors


def route(adapter: Adapter, case: Case, mode: str, device: str) -> Route:
    """Return how the adapter's framework reaches a case, with the padding of its input, if any."""
    inner = adapter.route(case.lowered, mode, device)
    padding = case.input_padding
    if padding is None or isinstance(inner, Unsupported):
        return inner
    words = padding.words + ("" if adapter.pads_input else " with NumPy")
    if isinstance(inner, Composed):
        words += f", {inner.addition}"
    return Composed(call=inner.call, addition=words)


def call(adapter: Adapter, case: Case, tensors: Tensors) -> tuple[Case, Tensors]:
    """Return the case and the tensors to give to the adapter."""
    padding = case.input_padding
    if padding is None:
        return case.lowered, tensors
    if adapter.pads_input:
        return case.lowered, replace(tensors, padding=padding)
    return case.lowered, replace(tensors, x=np.pad(tensors.x, padding.widths(1), padding.fill))
