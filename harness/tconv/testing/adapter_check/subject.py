"""An adapter in one mode on one device, as the checks handle it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from numpy.typing import NDArray

from tconv.adapters.base import Adapter, Case, InferredShape, Tensors
from tconv.engine.worker.compute import draw_batch, judged
from tconv.inputs.draw import draw
from tconv.model.target import Target
from tconv.testing.adapter_check.cases import LEGAL, PROBES


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What is examined.

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

        Where no tensors are given they are the case's own, writable.
        """
        given = writable(draw(case).tensors) if tensors is None else tensors
        with self.adapter.session(self.mode, self.device):
            return self.adapter.compute(case, given, self.mode, self.device)  # type: ignore[return-value] # what only promises is not among the few

    @cached_property
    def rows(self) -> Mapping[str, dict[str, Any]]:
        """The row that a sweep would have of each legal probe, by case id."""
        target = Target(backend=self.adapter.name, mode=self.mode, device=self.device)
        made = judged(self.adapter, LEGAL, draw_batch(LEGAL, 0), target, None)
        records = (
            dict(zip(made, values, strict=True)) for values in zip(*made.values(), strict=True)
        )
        return {str(record["case"]): record for record in records}

    @cached_property
    def few(self) -> tuple[Case, ...]:
        """One probe of each topic, of those that compute: a compiler may take long over each."""
        found = ([case for case in cases if self._computes(case)] for cases in PROBES.values())
        return tuple(dict.fromkeys(cases[0] for cases in found if cases))

    def _computes(self, case: Case) -> bool:
        row = self.rows[case.id]
        if row["route"] == "unsupported":
            return False
        try:
            made: object = self.compute(
                case
            )  # where only read-only arrays are refused, it computes
        except Exception:  # noqa: BLE001 # a third party's code; another check tells of it
            return False
        return not isinstance(made, InferredShape)


def writable(given: Tensors) -> Tensors:
    """Return a copy of tensors that may be written to."""
    b = None if given.b is None else given.b.copy()
    return Tensors(x=given.x.copy(), w=given.w.copy(), b=b)
