"""Makes up result rows, and run directories of any size, without calling a framework.

    PYTHONPATH=benchmarks python -m tconv_bench.synthetic DIRECTORY ROWS

writes a run of ROWS rows on ten targets, 30 % of them deviating, with every verdict in it.
"""

import itertools
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from tconv.judge import Judgement
from tconv.model.case import Case
from tconv.model.outcome import (
    Computed,
    ConfirmedUnsupported,
    Crashed,
    NotRun,
    Outcome,
    Refused,
    TimedOut,
    Unavailable,
)
from tconv.model.route import Composed, Native, Route, Unsupported
from tconv.model.target import Target
from tconv.model.verdict import Standpoint, Verdict
from tconv.runs.environment import machine, software
from tconv.store import RowBatch, RunWriter
from tconv.store.rows import columns, row

READINGS: Final = ("kernel flipped", "crop on the other side", "groups interleaved", None)
"""The readings of rows whose values deviate, in turn."""

FOOTER: Final[Mapping[str, object]] = {
    "ended": "2026-11-22T20:10:00+00:00", "status": 1, "messages": [], "totals": {},
}  # fmt: skip
"""The footer of a run, without the number of rows and their digest."""

_TARGETS: Final = 10
_PART: Final = 20_000  # rows, as many as a part has once the store has joined small ones
_WITHOUT_RESULT: Final[Mapping[Verdict, Outcome]] = {
    Verdict.UNAVAILABLE: Unavailable(reason="no module"),
    Verdict.CRASHED: Crashed(exit_code=-6, stderr=""),
    Verdict.TIMEOUT: TimedOut(limit=10),
    Verdict.NOT_RUN: NotRun(reason="interrupted"),
}
_ERRORS: Final = {Verdict.REJECTED_LEGAL, Verdict.REJECTED, Verdict.UNSUPPORTED, Verdict.CRASHED}
_COMPARED: Final = {Verdict.VALUE, Verdict.NONFINITE}
_DEVIATING: Final = [v for v in Verdict if v.standpoint is Standpoint.DEVIATION]
_OTHERS: Final = [*[Verdict.MATCH] * 5, Verdict.UNSUPPORTED, Verdict.REJECTED]


def write(path: Path, count: int) -> Path:
    """Write a run of `count` rows on ten targets, 30 % of them deviating; return its directory.

    Args:
        path: the directory to make; a number is appended where it exists.
        count: number of rows, a multiple of ten.

    Raises:
        StoreError: the directory cannot be written.
    """
    targets = [Target(backend=f"fake{at}", mode="call", device="cpu") for at in range(_TARGETS)]
    writer = RunWriter.create(path, header(targets, count // _TARGETS))
    left = enumerate(itertools.islice(cases(), count // _TARGETS))
    for first in range(0, count // _TARGETS, _PART):
        rows = [_row_of(case, targets[0], at) for at, case in itertools.islice(left, _PART)]
        for number, target in enumerate(targets):
            for_target = {"target": str(target), "backend": target.backend}
            writer.write(number, first, batch([each | for_target for each in rows]))
    writer.finish(FOOTER)
    return writer.path


def batch(rows: Sequence[dict[str, object]]) -> RowBatch:
    """Return rows of consecutive cases of one target as a run directory stores them."""
    return RowBatch.from_columns(columns(rows))


def cases() -> Iterator[Case]:
    """Yield distinct legal cases of one and two axes without end, the small ones first."""
    for size in itertools.count(1):
        for ndim, k, s, op, d, groups, dtype, p in itertools.product(
            (1, 2), (1, 2, 3, 5), (1, 2, 3), (0, 1), (1, 2), (1, 2), ("float32", "float16"), (0, 1)
        ):
            if op < s and p < k:
                yield Case.from_parameters(
                    ndim=ndim, i=size, k=k, s=s, p=p, output_padding=op, dilation=d,
                    groups=groups, dtype=dtype,
                )  # fmt: skip


def result(
    case: Case, target: Target, verdict: Verdict, *, at: int = 0, text: str = "kernel too square"
) -> dict[str, object]:
    """Return a row with this verdict and what belongs to it; `at` varies reading and picture."""
    route: Route = Native(call="conv_transpose")
    if verdict is Verdict.UNSUPPORTED:
        route = Unsupported(reason="no dilation", error_pattern="dilation")
    elif at % 5 == 0:
        route = Composed(call="conv_transpose", addition="crop the end")
    return row(
        case=case,
        target=target,
        version="1.2.3",
        route=route,
        outcome=_outcome(verdict, text),
        judgement=_judgement(verdict, case.y_shape, at, text),
        seconds=1e-4,
    )


def header(targets: Sequence[Target], count: int, **entries: object) -> dict[str, object]:
    """Return the header of a run of `count` cases on `targets`; `entries` replace its own."""
    settings = {"versions": {"fake": "1.2.3"}, "settings": {"threads": "1"}}
    header: dict[str, object] = {
        "config": {"run": {"name": "made", "seed": 0}, "limits": {}, "grid": []},
        "config_path": "configs/made.toml",
        "config_digest": "c" * 64,
        "grid": {
            "made": count + 1, "kept": count, "dropped": {"duplicate": 1}, "coverage": [],
            "marginals": {"ndim": {"1": count}}, "shard": "", "cases": count, "digest": "d" * 64,
        },
        "targets": [
            {"target": str(t), "cases": count, "sample": 1, "unavailable": None, **settings}
            for t in targets
        ],
        "machine": machine(),
        "software": software(),
        "started": "2026-11-22T20:00:00+00:00",
    }  # fmt: skip
    return header | entries


def _row_of(case: Case, target: Target, at: int) -> dict[str, object]:
    kinds = _DEVIATING if at % 10 < 3 else _OTHERS
    text = f"size mismatch at {at % 7}" + " and so on" * 20
    return result(case, target, kinds[at // 10 % len(kinds)], at=at // 10, text=text)


def _judgement(verdict: Verdict, y: tuple[int, ...], at: int, text: str) -> Judgement:
    fields: dict[str, Any] = {"expected_shape": y}
    if verdict in {*_COMPARED, Verdict.MATCH, Verdict.SHAPE, Verdict.DTYPE}:
        shape = (*y[:-1], y[-1] + 1) if verdict is Verdict.SHAPE else y
        fields |= {"observed_shape": shape, "observed_dtype": "float32"}
    if verdict in {*_COMPARED, Verdict.MATCH}:
        fields |= {"compared": 4 * y[-1], "error_class": "exact", "error_units": 0.0}
    if verdict in _COMPARED:
        fields |= _difference(y, at) | {
            "reading": READINGS[at % len(READINGS)] if verdict is Verdict.VALUE else None
        }
    if verdict in _ERRORS:
        fields |= {"error_type": "RuntimeError", "error_text": text, "reason": "no dilation"}
    return Judgement(verdict=verdict, **fields)


def _difference(y: tuple[int, ...], at: int) -> dict[str, Any]:
    side = min(y[-1], 16)
    lines = ["".join("0159"[(at + r + c) % 4] for c in range(side)) for r in range(side)]
    return {
        "first_bad_index": (0,) * len(y), "observed_value": str(at % 17),
        "expected_value": str(at % 13 - 20), "bad_count": y[-1], "error_class": "wrong",
        "difference": "/".join(lines[: 1 if len(y) == 3 else side]),
    }  # fmt: skip


def _outcome(verdict: Verdict, text: str) -> Outcome:
    if verdict is Verdict.UNSUPPORTED:
        return ConfirmedUnsupported(reason="no dilation", error_type="", error_text=text)
    if verdict in _ERRORS - {Verdict.CRASHED}:
        return Refused(error_type="RuntimeError", error_text=text)
    return _WITHOUT_RESULT.get(verdict, Computed(y=None))  # type: ignore[arg-type] # only its class matters


if __name__ == "__main__":
    print(write(Path(sys.argv[1]), int(sys.argv[2])))  # noqa: T201 # a script
