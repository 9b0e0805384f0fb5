"""Rows of the bench that measure whole runs, in processes of their own, start-up included."""

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
from tconv.errors import TconvError
from tconv.model.case import Case
from tconv_bench import workload
from tconv_bench.measurement import Measurement, Series

_FRAMEWORKS: Final = ("torch", "tensorflow", "jax")
_TARGETS: Final = ("torch:eager@cpu", "tensorflow:eager@cpu", "jax:conv_transpose@cpu")
_PEER: Final = Path(__file__).parents[1] / "peer_loop.py"

_SWEEP: Final = """
if __name__ == "__main__":  # the imports are inside, as each worker imports this file again
    import json, sys
    from pathlib import Path
    from tconv.runs.spec import RunSpec
    from tconv.runs.run import run

    request = json.loads(Path(sys.argv[1]).read_text())
    spec = RunSpec.from_config(request["tables"])
    done = run(spec, out=Path(sys.argv[1]).parent, workers=request["workers"])
    print(json.dumps({"digest": done.digest, "status": int(done.status.code)}))
"""


class BenchError(TconvError, RuntimeError):
    """A command that is measured fails."""


def peer(count: int) -> Measurement:
    """Return the wall time of a sweep of three frameworks against the loop that a user writes.

    Args:
        count: number of cases; each goes to each framework.
    """
    cases, few = workload.cases(count), workload.cases(1)
    repetitions = 3 if count <= 500 else 1
    both = (("pytest", ()), ("pytest -n 2", ("-n", "2")))
    loops = [
        Series(
            name=name,
            values=tuple(_loop(cases, *options) for _ in range(repetitions)),
            start_up=_loop(few, *options),
        )
        for name, options in both
    ]
    sweep = Series(
        name="tconv run",
        values=tuple(_sweep(count, _TARGETS, workers=2)[0] for _ in range(max(3, repetitions))),
        start_up=_sweep(1, _TARGETS, workers=2)[0],
    )
    best = min(each.median for each in loops) / sweep.median
    plain = loops[0].median / sweep.median
    return Measurement(
        name="peer",
        what=f"wall time against the plain pytest loop a user writes, {count} cases, 3 frameworks",
        goal="5x less; stretch goal 10x",
        result=f"{plain:.1f}x against pytest, {best:.1f}x against the faster of the two loops",
        met=plain >= 5,
        series=(sweep, *loops),
        workload=f"{len(cases)} cases, digest {workload.digest(cases)}: {workload.MEANING}",
        notes=(
            f"repetitions: tconv {len(sweep.values)}, each loop {repetitions}, as it takes minutes",
            "goal judged on plain pytest; channel-last in JAX, the same environment on both sides",
            (
                "the loop draws normal values and compares with a tolerance; tconv draws values"
                " that tell readings apart, compares bit for bit, stores and reports"
            ),
        ),
    )


def workers(count: int) -> Measurement:
    """Return how much faster two workers are than one, on PyTorch and NumPy."""
    targets = ("torch:eager@cpu", "numpy:scatter@cpu")
    repetitions = 3 if count <= 5000 else 1
    runs = {n: [_sweep(count, targets, workers=n) for _ in range(repetitions)] for n in (1, 2)}
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
    return Measurement(
        name="workers",
        what=f"two workers against one, PyTorch and NumPy, {count} cases",
        goal="1.7x",
        result=f"{ratio:.2f}x",
        met=ratio >= 1.7,
        series=series,
        workload=f"{count} cases: {workload.MEANING}",
        notes=(
            f"{repetitions} repetition{'s' * (repetitions > 1)} each",
            f"digests of the runs: {'all equal' if len(digests) == 1 else 'DIFFERENT'}",
        ),
    )


def _environment() -> Mapping[str, str]:
    """Return this process's variables and those that adapters set; both sides get the same."""
    environment = dict(os.environ)
    for name in _FRAMEWORKS:
        environment |= registry.adapter_class(name).environment
    return environment


def _loop(cases: Sequence[Case], *options: str) -> float:
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "cases.json"
        workload.write(file, cases)
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider",
                   "-c", os.devnull, "--rootdir", directory, str(_PEER), *options]  # fmt: skip
        seconds, _ = _timed(command, {**_environment(), "PEER_CASES": str(file)})
    return seconds


def _sweep(count: int, targets: Sequence[str], *, workers: int) -> tuple[float, str]:
    """Return the wall time and the digest of a run of `count` cases on targets, reports and all."""
    with tempfile.TemporaryDirectory() as directory:
        request = Path(directory) / "request.json"
        tables = workload.tables(count, targets)
        request.write_text(json.dumps({"tables": tables, "workers": workers}))
        script = Path(directory) / "sweep.py"
        script.write_text(_SWEEP)
        seconds, printed = _timed([sys.executable, str(script), str(request)], _environment())
    result = json.loads(printed.splitlines()[-1])
    if result["status"] != 0:
        raise BenchError(
            f"status of the run={result['status']}, but should be 0; run it alone to see why"
        )
    return seconds, result["digest"]


def _timed(command: Sequence[str], environment: Mapping[str, str]) -> tuple[float, str]:
    start = time.perf_counter()
    done = subprocess.run(  # noqa: S603 # a command made here
        command, env=dict(environment), capture_output=True, text=True, check=False
    )
    seconds = time.perf_counter() - start
    if done.returncode:
        raise BenchError(f"{' '.join(command)} ended with {done.returncode}: {done.stdout[-2000:]}")
    return seconds, done.stdout
