"""The rows of the bench by name, and how many cases each takes, in full and in a hurry."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from tconv.bench import calls, large_run, sweeps
from tconv.bench.measurement import Figure


@dataclass(frozen=True, slots=True)
class Row:
    """One row.

    Attributes:
        measure: measures it on a number of cases, or of result rows.
        number: how many in full.
        quick: how many in a hurry.
        meaning: what is measured, in words.
    """

    measure: Callable[[int], Figure]
    number: int
    quick: int
    meaning: str


ROWS: Final[Mapping[str, Row]] = MappingProxyType(
    {
        "peer": Row(sweeps.peer, 5000, 200, "a sweep against the pytest loop a user writes"),
        "jax": Row(calls.jax, 1000, 200, "JAX batched against one compile a case"),
        "harness": Row(calls.harness, 1000, 200, "the harness's own time per case, PyTorch"),
        "oracle": Row(calls.oracle, 500, 100, "oracle against onnx.reference"),
        "workers": Row(sweeps.workers, 50_000, 2000, "two workers against one"),
        "memory": Row(large_run.memory, 1_000_000, 50_000, "the parent's memory as rows grow"),
        "report": Row(large_run.report, 1_000_000, 50_000, "the HTML report of many rows"),
    }
)
"""The table of the bench, in its order."""
