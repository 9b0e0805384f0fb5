"""Rows that are measured on whole runs, in processes of their own, start-up included."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from tconv.adapters import registry
from tconv.bench import workload
from tconv.bench.measurement import Figure, Series
from tconv.errors import TconvError
from tconv.model.case import Case

_FRAMEWORKS: Final = ("torch", "tensorflow", "jax")
_TARGETS: Final = ("torch:eager@cpu", "tensorflow:eager@cpu", "jax:conv_transpose@cpu")
_PLACES: Final = (Path(__file__).parents[1], Path(__file__).parents[3])  # of a wheel, a checkout

_SWEEP: Final = """
if __name__ == "__main__":  # around the imports, too: a worker imports this file again
    import json, sys
    from pathlib import Path
    from tconv.runs.spec import RunSpec
    from tconv.grid.config import from_mapping
    from tconv.runs.run import run

    given = json.loads(Path(sys.argv[1]).read_text())
    assignment = RunSpec.from_config(from_mapping(given["tables"]))
    done = run(assignment, out=Path(sys.argv[1]).parent, workers=given["workers"])
    print(json.dumps({"digest": done.digest, "status": int(done.status.code)}))
"""


class BenchError(TconvError, RuntimeError):
    """Something that is measured does not run."""


def peer(count: int) -> Figure:
    """Return the wall time of a sweep of three frameworks against the loop that a user writes.

    Args:
        count: number of cases; each goes to each framework.
    """
    cases, few = workload.cases(count), workload.cases(1)
    often = 3 if count <= 500 else 1
    both = (("pytest", ()), ("pytest -n 2", ("-n", "2")))
    loops = [
        Series(
            name=name,
            values=tuple(_loop(cases, *options) for _ in range(often)),
            start_up=_loop(few, *options),
        )
        for name, options in both
    ]
    sweep = Series(
        name="tconv run",
        values=tuple(_sweep(count, _TARGETS, workers=2)[0] for _ in range(max(3, often))),
        start_up=_sweep(1, _TARGETS, workers=2)[0],
    )
    best = min(each.median for each in loops) / sweep.median
    plain = loops[0].median / sweep.median
    return Figure(
        name="peer",
        what=f"wall time against the plain pytest loop a user writes, {count} cases, 3 frameworks",
        goal="5x less; 10x the stretch",
        found=f"{plain:.1f}x against pytest, {best:.1f}x against the faster of the two loops",
        met=plain >= 5,
        series=(sweep, *loops),
        mix=f"{len(cases)} cases, digest {workload.digest(cases)}: {workload.MEANING}",
        notes=(
            f"repetitions: tconv {len(sweep.values)}, each loop {often}, for it takes minutes",
            "goal judged on plain pytest; channel-last in JAX, the same environment on both sides",
            (
                "the loop draws normal values and compares with a tolerance; tconv draws values"
                " that tell readings apart, compares bit for bit, stores and reports"
            ),
        ),
    )


def workers(count: int) -> Figure:
    """Return how much faster two workers are than one, on PyTorch and NumPy."""
    targets = ("torch:eager@cpu", "numpy:scatter@cpu")
    often = 3 if count <= 5000 else 1
    runs = {n: [_sweep(count, targets, workers=n) for _ in range(often)] for n in (1, 2)}
    series = tuple(
        Series(
            name=f"{n} worker{'s' * (n > 1)}",
            values=tuple(seconds for seconds, _ in runs[n]),
            start_up=_sweep(1, targets, workers=n)[0],
        )
        for n in runs
    )
    ratio = series[0].median / series[1].median
    digests = {digest for each in runs.values() for _, digest in each}
    return Figure(
        name="workers",
        what=f"two workers against one, PyTorch and NumPy, {count} cases",
        goal="1.7x",
        found=f"{ratio:.2f}x",
        met=ratio >= 1.7,
        series=series,
        mix=f"{count} cases: {workload.MEANING}",
        notes=(
            f"{often} repetition{'s' * (often > 1)} each",
            f"digests of the runs: {'all equal' if len(digests) == 1 else 'DIFFERENT'}",
        ),
    )


def _environment() -> Mapping[str, str]:
    """Return this process's variables with those that the adapters set, for both sides alike."""
    found = dict(os.environ)
    for name in _FRAMEWORKS:
        found |= registry.adapter_class(name).environment
    return found


def _loop(cases: Sequence[Case], *options: str) -> float:
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "cases.json"
        workload.write(file, cases)
        loop = next(
            path for place in _PLACES if (path := place / "benchmarks/peer_loop.py").is_file()
        )
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider",
                   "-c", os.devnull, "--rootdir", directory, str(loop), *options]  # fmt: skip
        seconds, _ = _clocked(command, {**_environment(), "PEER_CASES": str(file)})
    return seconds


def _sweep(count: int, targets: Sequence[str], *, workers: int) -> tuple[float, str]:
    """Return the wall time and the digest of a run of `count` cases on targets, reports and all."""
    with tempfile.TemporaryDirectory() as directory:
        given = Path(directory) / "given.json"
        tables = workload.tables(count, targets)
        given.write_text(json.dumps({"tables": tables, "workers": workers}))
        script = Path(directory) / "sweep.py"
        script.write_text(_SWEEP)
        seconds, printed = _clocked([sys.executable, str(script), str(given)], _environment())
    result = json.loads(printed.splitlines()[-1])
    if result["status"] != 0:
        raise BenchError(f"status of the run={result['status']}, but should be 0; sweep it alone")
    return seconds, result["digest"]


def _clocked(command: Sequence[str], environment: Mapping[str, str]) -> tuple[float, str]:
    begun = time.perf_counter()
    done = subprocess.run(  # noqa: S603 # a command made here
        command, env=dict(environment), capture_output=True, text=True, check=False
    )
    seconds = time.perf_counter() - begun
    if done.returncode:
        raise BenchError(f"{' '.join(command)} ended with {done.returncode}: {done.stdout[-2000:]}")
    return seconds, done.stdout
