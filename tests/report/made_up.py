"""Run directories that nothing computed, with every verdict in them."""

import itertools
from collections.abc import Iterable, Mapping
from pathlib import Path

from tconv.model.target import Target
from tconv.model.verdict import Verdict
from tconv.store import RunWriter
from tconv_bench.synthetic import FOOTER, batch, cases, header, result

_BATCH = 128


def write_run(path: Path, rows: Iterable[dict[str, object]], header: Mapping[str, object]) -> Path:
    """Write a complete run of `rows` and return its directory."""
    writer = RunWriter.create(path, header)
    rows = list(rows)
    for at in range(0, len(rows), _BATCH):
        writer.write(0, at, batch(rows[at : at + _BATCH]))
    writer.finish(FOOTER)
    return writer.path


def every_verdict(path: Path, text: str = "kernel too square", **changes: object) -> Path:
    """Write a run in which two targets have every verdict, and every error says `text`."""
    targets = [Target(backend="fake", mode=mode, device="cpu") for mode in ("call", "call+slow")]
    chosen = list(itertools.islice(cases(), 8 * len(Verdict)))
    rows = [
        result(case, target, verdict, at=at, text=text)
        for target in targets
        for at, (case, verdict) in enumerate(zip(chosen, itertools.cycle(Verdict), strict=False))
    ]
    return write_run(path, rows, header(targets, len(chosen), **changes))
