"""The workload that is measured: small layers with two axes that every framework can express."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tconv.grid import expand
from tconv.grid.config import from_mapping
from tconv.model.case import Case

MEANING: Final = (
    "2-D, i 1 to 9, k 1 to 3, s 1 to 3, p and op 0 or 1, n 1 or 2, c_in 2 or 3, c_out 4, "
    "k <= i, float32, bias; a random sample of the legal ones, each once"
)
"""The workload in words."""

_PAIRS: Final = [[a, b] for a in range(1, 10) for b in range(1, 10)]
_GRID: Final = {
    "suite": "explicit",
    "ndim": [2],
    "i": _PAIRS,
    "k": [[a, b] for a in (1, 2, 3) for b in (1, 2, 3)],
    "s": [[a, b] for a in (1, 2, 3) for b in (1, 2, 3)],
    "p": [0, 1, [0, 1], [1, 0]],
    "output_padding": [0, 1, [0, 1], [1, 0]],
    "n": [1, 2],
    "c_in": [2, 3],
    "where": ["all(output_padding < s)", "all(k <= i)"],  # XLA aborts on some where k > i
}


def tables(count: int, targets: Sequence[str]) -> dict[str, object]:
    """Return the configuration of a run of `count` of the cases on targets, as parsed TOML."""
    budget = {"cases": count, "strategy": "random"}
    return {
        "run": {"name": "bench", "targets": list(targets), "values": ["exact"]},
        "grid": [{**_GRID, "budget": budget}],
    }


def cases(count: int) -> tuple[Case, ...]:
    """Return `count` cases of the workload, the same ones every time."""
    return tuple(expand(from_mapping(tables(count, ["numpy"])).grids, ("exact",)).shard(1, 1))


def digest(workload: Sequence[Case]) -> str:
    """Return the SHA-256 of the case ids, 16 hexadecimal digits."""
    return hashlib.sha256("\n".join(case.id for case in workload).encode()).hexdigest()[:16]


def write(path: Path, workload: Sequence[Case]) -> None:
    """Write the cases as the peer reads them, see `peer_loop.py`."""
    path.write_text(
        json.dumps([
            {"id": c.id, "i": c.i, "k": c.k, "s": c.s, "p": c.p_begin, "op": c.output_padding,
             "n": c.n, "c_in": c.c_in, "c_out": c.c_out}
            for c in workload
        ])
    )  # fmt: skip
