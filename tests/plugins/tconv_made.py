"""Makes run directories of any size without running anything, with every verdict in them.

    python tests/plugins/tconv_made.py DIRECTORY ROWS

writes one of ROWS rows, 30 % of them deviating, to measure what a report of it takes.
"""

import itertools
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from harness.case import Case
from harness.header import machine, software
from harness.judge import Judgement
from harness.outcome import Computed, Crashed, NotRun, Outcome, Refused, TimedOut, Unavailable
from harness.outcome import Unsupported as UnsupportedOutcome
from harness.route import Composed, Native, Route, Unsupported
from harness.rows import columns, row
from harness.store import RunWriter
from harness.target import Target
from harness.verdict import Standpoint, Verdict

BATCH: Final = 128
READINGS: Final = ("kernel flipped", "crop on the other side", "groups interleaved", None)
_SILENT: Final[Mapping[Verdict, Outcome]] = {
    Verdict.UNAVAILABLE: Unavailable(reason="no module"),
    Verdict.CRASHED: Crashed(exit_code=-6, stderr=""),
    Verdict.TIMEOUT: TimedOut(limit=10),
    Verdict.NOT_RUN: NotRun(reason="interrupted"),
}
_ERRORS: Final = {Verdict.REJECTED_LEGAL, Verdict.REJECTED, Verdict.UNSUPPORTED, Verdict.CRASHED}
_COMPARED: Final = {Verdict.VALUE, Verdict.NONFINITE}


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


def made_row(
    case: Case, target: Target, verdict: Verdict, *, at: int = 0, text: str = "kernel too square"
) -> dict[str, object]:
    """Return a row with what a verdict brings along; `at` varies the reading and the picture."""
    y = case.y_shape
    route: Route = Native(call="conv_transpose")
    if verdict is Verdict.UNSUPPORTED:
        route = Unsupported(reason="no dilation", proof="dilation")
    elif at % 5 == 0:
        route = Composed(call="conv_transpose", addition="crop the end")
    return row(
        case=case,
        target=target,
        version="1.2.3",
        route=route,
        outcome=_outcome(verdict, text),
        judgement=_judgement(verdict, y, at, text),
        seconds=1e-4,
    )


def _judgement(verdict: Verdict, y: tuple[int, ...], at: int, text: str) -> Judgement:
    found: dict[str, Any] = {"expected_shape": y}
    if verdict in {*_COMPARED, Verdict.MATCH, Verdict.SHAPE, Verdict.DTYPE}:
        shape = (*y[:-1], y[-1] + 1) if verdict is Verdict.SHAPE else y
        found |= {"observed_shape": shape, "observed_dtype": "float32"}
    if verdict in {*_COMPARED, Verdict.MATCH}:
        found |= {"compared": 4 * y[-1], "error_class": "exact", "error_units": 0.0}
    if verdict in _COMPARED:
        side = min(y[-1], 16)
        lines = ["".join("0159"[(at + r + c) % 4] for c in range(side)) for r in range(side)]
        found |= {
            "reading": READINGS[at % len(READINGS)] if verdict is Verdict.VALUE else None,
            "first_bad_index": (0,) * len(y), "observed_value": str(at % 17),
            "expected_value": str(at % 13 - 20), "bad_count": y[-1], "error_class": "wrong",
            "difference": "/".join(lines[: 1 if len(y) == 3 else side]),
        }  # fmt: skip
    if verdict in _ERRORS:
        found |= {"error_type": "RuntimeError", "error_text": text, "reason": "no dilation"}
    return Judgement(verdict=verdict, **found)


def _outcome(verdict: Verdict, text: str) -> Outcome:
    if verdict is Verdict.UNSUPPORTED:
        return UnsupportedOutcome(reason="no dilation", error_type="", error_text=text)
    if verdict in _ERRORS - {Verdict.CRASHED}:
        return Refused(error_type="RuntimeError", error_text=text)
    return _SILENT.get(verdict, Computed(y=None))  # type: ignore[arg-type] # only its kind is told


def made_header(targets: Sequence[Target], count: int, **given: object) -> dict[str, object]:
    """Return the header of a run of `count` cases on `targets`."""
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
    return header | given


def write_run(
    path: Path,
    rows: Sequence[dict[str, object]] | Iterator[dict[str, object]],
    header: Mapping[str, object],
) -> Path:
    """Write a complete run of `rows` and return its directory."""
    writer = RunWriter.create(path, header)
    left = iter(rows)
    for at in itertools.count():
        batch = list(itertools.islice(left, BATCH))
        if not batch:
            break
        writer.write(0, at, columns(batch))
    writer.finish({"ended": "2026-11-22T20:10:00+00:00", "status": 1, "messages": [], "totals": {}})
    return writer.path


def every_verdict(path: Path, text: str = "kernel too square", **given: object) -> Path:
    """Write a run in which two targets have every verdict, and every error says `text`."""
    targets = [Target(backend="fake", mode=mode, device="cpu") for mode in ("call", "call+slow")]
    chosen = list(itertools.islice(cases(), 8 * len(Verdict)))
    rows = [
        made_row(case, target, verdict, at=at, text=text)
        for target in targets
        for at, (case, verdict) in enumerate(zip(chosen, itertools.cycle(Verdict), strict=False))
    ]
    return write_run(path, rows, made_header(targets, len(chosen), **given))


def large(path: Path, count: int) -> Path:
    """Write a run of `count` rows on ten targets, 30 % of them deviating."""
    targets = [Target(backend=f"fake{at}", mode="call", device="cpu") for at in range(10)]
    deviating = [v for v in Verdict if v.standpoint is Standpoint.DEVIATION]
    others = [Verdict.MATCH] * 5 + [Verdict.UNSUPPORTED, Verdict.REJECTED]

    def rows() -> Iterator[dict[str, object]]:
        for target in targets:
            for at, case in enumerate(itertools.islice(cases(), count // len(targets))):
                kinds = deviating if at % 10 < 3 else others
                text = f"size mismatch at {at % 7}" + " and so on" * 20
                yield made_row(case, target, kinds[at // 10 % len(kinds)], at=at // 10, text=text)

    return write_run(path, rows(), made_header(targets, count // len(targets)))


if __name__ == "__main__":
    print(large(Path(sys.argv[1]), int(sys.argv[2])))  # noqa: T201 # a script
