"""Ports of a case to NumPy, whose text is tested."""

from dataclasses import replace
from typing import Any, Final

from tconv.adapters.layout import CANONICAL, CHANNELS_LAST, DIRECT, Layout
from tconv.adapters.numpy import NumpyAdapter
from tconv.adapters.snippet import ModuleText
from tconv.model.case import Case
from tconv.model.target import Target
from tconv.model.window import Resolution, Window
from tconv.translation.candidate import Candidate
from tconv.translation.python_file import Port

LAYOUTS: Final = {"canonical": CANONICAL, "channels_last": CHANNELS_LAST, "direct": DIRECT}
MODULE: Final = ModuleText(
    base="object",
    init="self.weight = np.zeros(SHAPE)\nself.bias = np.zeros(c_out) if bias else None",
    method="__call__",
    assign="VARIABLE[...] = ARRAY",
    array="VARIABLE",
)


def port(case_id: str, own: Layout, *, module: ModuleText | None = MODULE, **changes: Any) -> Port:
    """Return the port of a case to NumPy, from a source with this layout."""
    case = Case.from_id(case_id)
    none = Resolution(axes=(Window(begin=0, end=0),) * case.ndim)
    candidate = Candidate(case=case, correction=none)
    snippet = replace(NumpyAdapter().snippet(case, "scatter", "cpu"), module=module)
    source, target = (
        Target(backend=name, mode="call", device="cpu") for name in ("source", "target")
    )
    made = Port(
        candidate=candidate, snippet=snippet, source=source, target=target, own=own, into=CANONICAL
    )
    return replace(made, **changes)


CASE: Final = "2d-i3x4-k3x2-s2x1-p1x0-op1x0-g2-ci4-co6-f64"
