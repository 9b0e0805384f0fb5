"""An adapter in one mode on one device, with the calls that the checks make of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from numpy.typing import NDArray

from tconv.adapters.base import Adapter, Case, InferredShape, Tensors
from tconv.inputs.draw import draw
from tconv.model.target import Target
from tconv.testing.adapter_check.cases import LEGAL, PROBES
from tconv.testing.conformance import compute_rows_here


@dataclass(frozen=True, kw_only=True)
class CheckedAdapter:
    """The adapter that is checked.

    Attributes:
        registered: the name under which the adapter is registered.
        adapter: the adapter.
        mode: the mode.
        device: the device.
    """

    registered: str
    adapter: Adapter
    mode: str
    device: str

    def compute(self, case: Case, tensors: Tensors | None = None) -> NDArray[Any]:
        """Return what the adapter computes, in a session of its own, or raise what it raises.

        If no tensors are passed, they are the case's own, writable.
        """
        inputs = writable(draw(case).tensors) if tensors is None else tensors
        with self.adapter.session(self.mode, self.device):
            return self.adapter.compute(case, inputs, self.mode, self.device)  # type: ignore[return-value] # where shapes alone are inferred, no check calls this

    @cached_property
    def rows(self) -> Mapping[str, dict[str, Any]]:
        """The row that a run would have of each legal probe, by case id."""
        target = Target(backend=self.adapter.name, mode=self.mode, device=self.device)
        rows = compute_rows_here(self.adapter, LEGAL, target, 0)
        return {row["case"]: row for row in rows}

    @cached_property
    def few(self) -> tuple[Case, ...]:
        """The first probe of each topic that computes; few, as compiling one may take long."""
        firsts = (next(filter(self._computes, cases), None) for cases in PROBES.values())
        return tuple(dict.fromkeys(case for case in firsts if case is not None))

    def _computes(self, case: Case) -> bool:
        row = self.rows[case.id]
        if row["route"] == "unsupported" or case.lowered is not case:  # no adapter is given that
            return False
        try:
            y: object = self.compute(case)  # called again, as the run's arrays are read-only
        except Exception:  # noqa: BLE001 # a third party's code; another check reports it
            return False
        return not isinstance(y, InferredShape)


def writable(tensors: Tensors) -> Tensors:
    """Return a copy of tensors that may be written to."""
    b = None if tensors.b is None else tensors.b.copy()
    return Tensors(x=tensors.x.copy(), w=tensors.w.copy(), b=b)
