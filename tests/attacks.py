"""Attacks the harness with hostile adapters, and counts what it costs.

`python -m tests.attacks` prints the table of every attack, each beside a sound backend: tries,
survived (the run came to its end), lost rows, wrong verdicts (of the case that was attacked, of
another, or of the sound backend), processes left behind, and seconds. `--tries N` draws N of them.
"""

import argparse
import os
import random
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Final

import psutil

from tconv.engine.executors.local import LocalPool
from tconv.engine.plan import plan
from tconv.model.case import Case
from tconv.model.target import Selection

FAKES: Final = Path(__file__).parent / "fakes"
_MARK: Final = "TCONV_ATTEMPT"  # a variable of the processes of one attack
_numbers = count()

LIMIT: Final = 1.0
"""Seconds that a case may take."""


@dataclass(slots=True, kw_only=True)
class Toll:
    """What one attack cost.

    Attributes:
        verdicts: of the attacked backend, in the order of the cases.
        inferences: of the same rows.
        lost: cases without a row.
        wrong: rows that have a verdict which the attack does not explain.
        left: processes that outlive the run.
        seconds: how long the run took.
        error: what ended it, if anything did.
    """

    verdicts: list[str] = field(default_factory=list)
    inferences: list[str | None] = field(default_factory=list)
    lost: int = 0
    wrong: int = 0
    left: int = 0
    seconds: float = 0.0
    error: str = ""


def cases_with(place: int, count: int = 3, *, suite: str = "explicit") -> tuple[Case, ...]:
    """Return some cases, of which the one at a place is attacked."""
    size: dict[str, Any] = {"output_padding": None} if suite == "open" else {}
    kernels = [3 if at == place else 2 for at in range(count)]
    return tuple(
        Case.from_parameters(ndim=1, i=i, k=k, s=2, c_in=1, c_out=1, **size)
        for i, k in enumerate(kernels, 2)
    )


def attack(name: str, cases: Sequence[Case], *, beside: Sequence[str] = ()) -> Toll:
    """Run the cases on the attacker, and on sound backends beside it."""
    allowed = _attacks()[name].verdicts
    toll = Toll()
    mark = f"{os.getpid()} {next(_numbers)}"
    os.environ |= {"TCONV_ATTACK": name, _MARK: mark}
    backends = ["attacker", *beside]
    started = time.perf_counter()
    rows: list[dict[str, Any]] = []
    try:
        with LocalPool(workers=len(backends), case_seconds=LIMIT, worker_gib=1.0) as pool:
            found = pool.describe(backends)
            planned = plan([Selection.from_text(each) for each in backends], found, cases)
            for part in pool.run(planned):
                rows += part.row_batch.records()
    except BaseException as error:  # noqa: BLE001 # the table counts it
        toll.error = f"{type(error).__name__}: {error}"
    toll.seconds = time.perf_counter() - started
    toll.left = len(_end_processes(mark))
    toll.lost = len(cases) * len(backends) - len(rows)
    own = sorted((row for row in rows if row["backend"] == "attacker"), key=lambda row: row["i"])
    toll.verdicts = [row["verdict"] for row in own]
    toll.inferences = [row["inference"] for row in own]
    right = "resolved" if cases[0].suite == "open" else "match"
    for row in rows:
        is_struck = row["backend"] == "attacker" and (row["k"] == (3,) or "unavailable" in allowed)
        toll.wrong += row["verdict"] not in (allowed if is_struck else {right})
    return toll


def _attacks() -> Any:  # a table of the fakes, which are no package
    from tconv_attacks import ATTACKS  # noqa: PLC0415 # found once the fakes are on the path

    return ATTACKS


def _end_processes(mark: str) -> list[psutil.Process]:
    """End and return the processes of one attack that still live."""
    left = []
    for process in psutil.process_iter(["status", "environ", "cmdline"]):
        info = process.info
        if (info["environ"] or {}).get(_MARK) != mark or info["status"] == psutil.STATUS_ZOMBIE:
            continue
        if "resource_tracker" not in " ".join(info["cmdline"] or []):
            left.append(process)
            process.kill()
    return left


def _write(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="attack the harness, and count what it costs")
    parser.add_argument("--tries", type=int, default=0, help="attacks to draw; 0: each once")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    sys.path.insert(0, str(FAKES))
    os.environ["PYTHONPATH"] = os.pathsep.join([str(FAKES), os.environ.get("PYTHONPATH", "")])
    attacks = _attacks()
    drawn = random.Random(options.seed)  # noqa: S311 # no secret
    names = [drawn.choice(list(attacks)) for _ in range(options.tries)] or list(attacks)
    _write(f"{'attack':24} tries survived lost wrong left seconds")
    total: dict[str, list[Toll]] = {}
    for name in sorted(names):
        suite = "open" if attacks[name].method == "infer_shape" else "explicit"
        place = drawn.randrange(3)
        toll = attack(name, cases_with(place, suite=suite), beside=["fake-right"])
        total.setdefault(name, []).append(toll)
        if toll.error or toll.lost or toll.wrong or toll.left:
            _write(f"  {name} at {place}: {toll}")
    for name, tolls in [
        *total.items(),
        ("all", [toll for each in total.values() for toll in each]),
    ]:
        _write(
            f"{name:24} {len(tolls):5} {sum(not toll.error for toll in tolls):8} "
            f"{sum(toll.lost for toll in tolls):4} {sum(toll.wrong for toll in tolls):5} "
            f"{sum(toll.left for toll in tolls):4} {sum(toll.seconds for toll in tolls):7.1f}"
        )


if __name__ == "__main__":
    main()
