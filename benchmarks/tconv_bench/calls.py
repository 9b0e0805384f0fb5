"""Rows that are measured in one process, call by call: the harness's own share, oracle, JAX.

CPU time is taken, for it says the same on a machine that does something else, too.
"""

import itertools
import pickle
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tconv.adapters import registry
from tconv.adapters.base import Adapter
from tconv_bench import workload
from tconv_bench.measurement import Measurement, Series, in_new_process, cpu_seconds
from tconv.engine.schedule.batch_size import BLOCK, Pace
from tconv.engine.worker.compute import draw_batch, judged
from tconv.inputs.draw import Draw, DrawRecipe, draw
from tconv.model.case import Case
from tconv.model.target import Target
from tconv.oracle.case_answer import arguments
from tconv.oracle.formulations import conv_transpose
from tconv.store import RowBatch, RunWriter

REPETITIONS = 5


class TimedAdapter:
    """An adapter whose computation is clocked.

    Attributes:
        seconds: CPU time in the framework's call so far, conversions included.
    """

    def __init__(self, adapter: Adapter) -> None:
        self._adapter = adapter
        self.seconds = 0.0

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 # whatever the adapter has
        return getattr(self._adapter, name)

    def compute_many(
        self, cases: Sequence[Case], tensors: Sequence[Any], mode: str, device: str
    ) -> Iterator[Any]:
        """Yield one result per case, each clocked alone."""
        for case, given in zip(cases, tensors, strict=True):
            begun = time.process_time()
            y = self._adapter.attempt(case, given, mode, device)
            self.seconds += time.process_time() - begun
            yield y


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """CPU time of a sweep by what it is spent on, microseconds a case.

    Attributes:
        draw: inputs, told apart where that is not known yet, and the oracle's answer.
        judge: route, judgement and row.
        carry: both ways between the processes, binding (digest, Parquet) and writing.
        call: the framework's call, conversions included.
    """

    draw: float
    judge: float
    carry: float
    call: float

    @property
    def own(self) -> float:
        """What the harness computes for a case."""
        return self.draw + self.judge


def harness(count: int) -> Measurement:
    """Return the harness's own time for a case on PyTorch: inputs, oracle, judging, row."""
    environment = registry.adapter_class("torch").environment
    cases = workload.cases((REPETITIONS + 1) * count)
    parts = [cases[at :: REPETITIONS + 1] for at in range(REPETITIONS + 1)]
    first = in_new_process(environment, _shares, parts)
    further = in_new_process(environment, _shares, parts, told=True)
    named = (
        ("harness, first backend of a run", [each.own for each in first]),
        ("of it, inputs and oracle", [each.draw for each in first]),
        ("of it, judging and row", [each.judge for each in first]),
        ("harness, each further backend", [each.own for each in further]),
        ("of it, inputs and oracle", [each.draw for each in further]),
        ("of it, judging and row", [each.judge for each in further]),
        ("beside both, carried and stored", [each.carry for each in (*first, *further)]),
        ("PyTorch's call, new shapes", [each.call for each in first]),
    )
    series = [Series(name=name, values=tuple(some), unit="us a case") for name, some in named]
    one, others, carried = (series[at].median for at in (0, 3, 6))
    return Measurement(
        name="harness",
        what="harness time per case beside the framework's call, PyTorch",
        goal="100 us or less; 40 the stretch",
        result=(f"{one:.0f} us on the first backend of a run, {others:.0f} us on each further one;"
               f" beside it {carried:.0f} us to carry and store the row"),
        met=one <= 100,
        series=series,
        workload=_described(cases),
        notes=(f"CPU time, {count} other cases in each repetition, batches as a run makes them",
               ("inputs, oracle, judging, row; the first backend finds out which draw of a case"
               " tells readings apart, the others are told; goal judged on the first"),
               ("carried and stored: both ways between the processes, digest, Parquet part; inputs"
               " are drawn once a worker, so that a second mode pays less")),
    )  # fmt: skip


def _shares(parts: Sequence[Sequence[Case]], *, told: bool = False) -> tuple[Shares, ...]:
    """Return what the cases of each part but the first take.

    `told`: as on a backend that is told which draws the one before took.
    """
    adapter = TimedAdapter(registry.load("torch"))
    target = Target(backend="torch", mode="eager", device="cpu")
    found = []
    for part in parts:
        # of copies: what is worked out of a case here would else be sent along with it
        choices = [draw(replace(case)).recipe for case in part] if told else []
        with tempfile.TemporaryDirectory() as directory:
            writer = RunWriter.create(Path(directory) / "run", {})
            found.append(sweep_cases(adapter, target, writer, part, choices))
    return tuple(found[1:])


def sweep_cases(
    adapter: Any,  # noqa: ANN401 # a clocked adapter
    target: Target,
    writer: RunWriter,
    cases: Sequence[Case],
    choices: Sequence[DrawRecipe],
) -> Shares:
    """Sweep the cases as parent and worker do, in one process; return what a case takes of each."""
    pace, first, called = Pace(), 0, adapter.seconds
    drawing = judging = 0.0
    begun = time.process_time()
    sent = pickle.loads(pickle.dumps((cases, choices)))  # noqa: S301 # as between processes
    while first < len(cases):
        some = slice(first, first + pace.size)
        batch, known = sent[0][some], sent[1][some]
        at = time.process_time(), time.perf_counter()
        draws = draw_batch(batch, 0, known)
        drawn = time.process_time()
        rows = judged(adapter, batch, draws, target, "0")
        done = time.process_time()
        pace.note(len(batch), time.perf_counter() - at[1])
        drawing, judging = drawing + drawn - at[0], judging + done - drawn
        made = pickle.dumps((RowBatch.from_columns(rows), [each.recipe for each in draws]))
        sheaf, _ = pickle.loads(made)  # noqa: S301 # as above
        writer.write(0, first, sheaf)
        first += len(batch)
    total, called = time.process_time() - begun, adapter.seconds - called
    return Shares(
        draw=drawing / len(cases) * 1e6,
        judge=(judging - called) / len(cases) * 1e6,
        carry=(total - drawing - judging) / len(cases) * 1e6,
        call=called / len(cases) * 1e6,
    )


def oracle(count: int) -> Measurement:
    """Return the oracle's time against the ONNX reference evaluator's."""
    cases = workload.cases(count)
    ours, theirs, equal = in_new_process({"OMP_NUM_THREADS": "1"}, _oracles, cases)
    series = (
        Series(name="oracle", values=ours, unit="us a case"),
        Series(name="onnx.reference", values=theirs, unit="us a case"),
    )
    ratio = series[1].median / series[0].median
    return Measurement(
        name="oracle",
        what="oracle against the ONNX reference evaluator, same mix",
        goal="30x",
        result=f"{ratio:.0f}x",
        met=ratio >= 30,
        series=series,
        workload=_described(cases),
        notes=(f"{equal} of {len(cases)} results equal, bit for bit",
               ("onnx.reference with its model and evaluator made for each case: both are part of"
               " asking it")),
    )  # fmt: skip


def _oracles(cases: Sequence[Case]) -> tuple[tuple[float, ...], tuple[float, ...], int]:
    adapter = registry.load("onnx")
    draws = [draw(case) for case in cases]
    right = [_right(*each) for each in zip(cases, draws, strict=True)]
    given = [drawn.tensors for drawn in draws]
    asked = list(zip(cases, given, strict=True))
    y = [adapter.attempt(case, tensors, "reference", "cpu") for case, tensors in asked]
    equal = sum(
        not isinstance(a, Exception) and bool((a == b).all()) for a, b in zip(y, right, strict=True)
    )
    each = 1e6 / len(cases)
    ours = [each * cpu_seconds(lambda: list(map(_right, cases, draws))) for _ in range(REPETITIONS)]
    theirs = [
        each * cpu_seconds(lambda: [adapter.attempt(c, t, "reference", "cpu") for c, t in asked])
        for _ in range(REPETITIONS)
    ]
    return tuple(ours), tuple(theirs), equal


def _right(case: Case, drawn: Draw) -> Any:  # noqa: ANN401 # an array
    work = drawn.work
    return conv_transpose(work.x, work.w, work.b, **arguments(case))


def jax(count: int) -> Measurement:
    """Return JAX's cases per second, batched against one compile a case, all channel-last."""
    cases = workload.cases(count)
    alone = cases[:: max(1, count // 100)]
    environment = registry.adapter_class("jax").environment
    series = tuple(
        Series(name=name, values=in_new_process(environment, _jax_milliseconds, mode, part, single=single),
               unit="ms a case")
        for name, mode, part, single in (
            ("batched", "conv_transpose", cases, False),
            ("one compile a case, same options", "conv_transpose", alone, True),
            ("one compile a case, JAX's own options", "conv_transpose+single", alone, True),
        )
    )  # fmt: skip
    batched_ms, same, own = (each.median for each in series)
    return Measurement(
        name="jax",
        what="JAX cases per second, batched against one compile a case",
        goal="6x",
        result=f"{same / batched_ms:.1f}x, same options; {own / batched_ms:.1f}x, JAX's own options",
        met=same / batched_ms >= 6,
        series=series,
        workload=_described(cases),
        notes=(f"CPU time; alone {len(alone)} of the cases; 3 repetitions, for each compiles all",
               ("channel-last on all sides; goal judged on the same compiler options, where one"
               " kernel of JAX's adds the biases on both sides")),
    )  # fmt: skip


def _jax_milliseconds(mode: str, cases: Sequence[Case], *, single: bool) -> tuple[float, ...]:
    adapter = registry.load("jax")
    given = [draw(case).tensors for case in cases]
    size = 1 if single else BLOCK
    found = []
    with adapter.session(mode, "cpu"):
        for _ in range(3):
            begun = time.process_time()
            for at in range(0, len(cases), size):
                some = slice(at, at + size)
                _consume(adapter.compute_many(cases[some], given[some], mode, "cpu"))
            found.append((time.process_time() - begun) / len(cases) * 1e3)
    return tuple(found)


def _consume(results: Iterable[object]) -> None:
    failed = [each for each in itertools.chain(results) if isinstance(each, Exception)]
    if failed:
        raise failed[0]


def _described(cases: Sequence[Case]) -> str:
    return f"{len(cases)} cases, digest {workload.digest(cases)}: {workload.MEANING}"
