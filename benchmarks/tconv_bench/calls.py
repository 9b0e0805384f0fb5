"""Rows of the bench that time single calls in one process: the harness's own share, oracle, JAX.

They measure CPU time, which other work on the machine changes least.
"""

import pickle
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tconv.adapters import registry
from tconv.adapters.base import Adapter
from tconv.adapters.guard import GuardedAdapter
from tconv.engine.schedule.batch_size import FIXED_SIZE, CaseCost
from tconv.engine.worker.compute import compute_rows, draw_batch
from tconv.inputs.draw import Draw, DrawRecipe, draw
from tconv.model.case import Case
from tconv.model.target import Target
from tconv.oracle.case_answer import parameters
from tconv.oracle.formulations import conv_transpose
from tconv.store import RowBatch, RunWriter
from tconv_bench import workload
from tconv_bench.measurement import Measurement, Series, cpu_seconds, in_new_process

REPETITIONS = 5


class TimedAdapter:
    """An adapter whose computation is timed.

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
        """Yield one result per case, each timed alone."""
        for case, inputs in zip(cases, tensors, strict=True):
            start = time.process_time()
            y = self._adapter.attempt(case, inputs, mode, device)
            self.seconds += time.process_time() - start
            yield y


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """What the CPU time of a run is spent on, microseconds a case.

    Attributes:
        draw: inputs, including the search for a draw that tells readings apart, and the oracle.
        judge: route, judgement and row.
        carry: both ways between the processes, encoding (digest, Parquet) and writing.
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
    further = in_new_process(environment, _shares, parts, knows_recipes=True)
    rows = (
        ("harness, first backend of a run", [each.own for each in first]),
        ("of it, inputs and oracle", [each.draw for each in first]),
        ("of it, judging and row", [each.judge for each in first]),
        ("harness, each further backend", [each.own for each in further]),
        ("of it, inputs and oracle", [each.draw for each in further]),
        ("of it, judging and row", [each.judge for each in further]),
        ("besides, carried and stored", [each.carry for each in (*first, *further)]),
        ("PyTorch's call, new shapes", [each.call for each in first]),
    )
    series = [Series(name=name, values=tuple(values), unit="us a case") for name, values in rows]
    one, more, carry = (series[at].median for at in (0, 3, 6))
    return Measurement(
        name="harness",
        what="harness time per case beside the framework's call, PyTorch",
        goal="100 us or less; stretch goal 40",
        result=(f"{one:.0f} us on the first backend of a run, {more:.0f} us on each further one;"
                f" besides, {carry:.0f} us to carry and store the row"),
        met=one <= 100,
        series=series,
        workload=_described(cases),
        notes=(f"CPU time, {count} other cases in each repetition, batches as a run makes them",
               ("inputs, oracle, judging, row; the first backend finds out which draw of a case"
               " tells readings apart, the others get it; goal judged on the first"),
               ("carried and stored: both ways between the processes, digest, Parquet part; a"
               " worker draws inputs once, so that a second mode costs less")),
    )  # fmt: skip


def _shares(parts: Sequence[Sequence[Case]], *, knows_recipes: bool = False) -> tuple[Shares, ...]:
    """Return the shares of each part but the first, which only warms up.

    `knows_recipes` is for a further backend, which gets the draws that the first one found.
    """
    adapter = TimedAdapter(registry.load("torch"))
    target = Target(backend="torch", mode="eager", device="cpu")
    shares = []
    for part in parts:
        # of copies: a case caches what is computed from it, and would carry that to the worker
        recipes = [draw(replace(case)).recipe for case in part] if knows_recipes else []
        with tempfile.TemporaryDirectory() as directory:
            writer = RunWriter.create(Path(directory) / "run", {})
            shares.append(sweep_cases(adapter, target, writer, part, recipes))
    return tuple(shares[1:])


def sweep_cases(
    adapter: Any,  # noqa: ANN401 # a timed adapter
    target: Target,
    writer: RunWriter,
    cases: Sequence[Case],
    recipes: Sequence[DrawRecipe],
) -> Shares:
    """Do in one process what parent and worker do with the cases; return the shares of a case."""
    cost, first, called = CaseCost(), 0, adapter.seconds
    guarded = GuardedAdapter(adapter)
    drawing = judging = 0.0
    start = time.process_time()
    all_cases, all_recipes = pickle.loads(pickle.dumps((cases, recipes)))  # noqa: S301 # as between processes
    while first < len(cases):
        places = slice(first, first + cost.batch_size)
        batch = all_cases[places]
        batch_start, wall_start = time.process_time(), time.perf_counter()
        draws = draw_batch(batch, 0, all_recipes[places])
        drawn = time.process_time()
        rows = compute_rows(guarded, batch, draws, target, "0")
        done = time.process_time()
        cost.learn(len(batch), time.perf_counter() - wall_start)
        drawing, judging = drawing + drawn - batch_start, judging + done - drawn
        reply = pickle.dumps((RowBatch.from_columns(rows), [each.recipe for each in draws]))
        row_batch, _ = pickle.loads(reply)  # noqa: S301 # as above
        writer.write(0, first, row_batch)
        first += len(batch)
    total, called = time.process_time() - start, adapter.seconds - called
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
        what="oracle against the ONNX reference evaluator, same cases",
        goal="30x",
        result=f"{ratio:.0f}x",
        met=ratio >= 30,
        series=series,
        workload=_described(cases),
        notes=(f"{equal} of {len(cases)} results equal, bit for bit",
               ("onnx.reference includes making its model and evaluator for each case, as a user"
               " must")),
    )  # fmt: skip


def _oracles(cases: Sequence[Case]) -> tuple[tuple[float, ...], tuple[float, ...], int]:
    adapter = registry.load("onnx")
    draws = [draw(case) for case in cases]

    def oracle() -> list[Any]:
        return list(map(_right, cases, draws))

    def evaluator() -> list[Any]:
        pairs = zip(cases, draws, strict=True)
        return [adapter.attempt(case, each.tensors, "reference", "cpu") for case, each in pairs]

    equal = sum(
        not isinstance(y, Exception) and bool((y == right).all())
        for y, right in zip(evaluator(), oracle(), strict=True)
    )
    ours, theirs = (
        tuple(cpu_seconds(side) * 1e6 / len(cases) for _ in range(REPETITIONS))
        for side in (oracle, evaluator)
    )
    return ours, theirs, equal


def _right(case: Case, drawn: Draw) -> Any:  # noqa: ANN401 # an array
    work = drawn.work
    return conv_transpose(work.x, work.w, work.b, **parameters(case))


def jax(count: int) -> Measurement:
    """Return JAX's cases per second, batched against one compile a case, all channel-last."""
    cases = workload.cases(count)
    alone = cases[:: max(1, count // 100)]
    environment = registry.adapter_class("jax").environment
    series = tuple(
        Series(
            name=name,
            values=in_new_process(environment, _jax_milliseconds, mode, part, single=single),
            unit="ms a case",
        )
        for name, mode, part, single in (
            ("batched", "conv_transpose", cases, False),
            ("one compile a case, same options", "conv_transpose", alone, True),
            ("one compile a case, JAX's own options", "conv_transpose+single", alone, True),
        )
    )
    batched_ms, same, own = (each.median for each in series)
    ratio = same / batched_ms
    return Measurement(
        name="jax",
        what="JAX cases per second, batched against one compile a case",
        goal="6x",
        result=f"{ratio:.1f}x, same options; {own / batched_ms:.1f}x, JAX's own options",
        met=ratio >= 6,
        series=series,
        workload=_described(cases),
        notes=(f"CPU time; alone {len(alone)} of the cases; 3 repetitions, as each compiles all",
               ("channel-last on all sides; goal judged on the same compiler options, where one"
               " kernel of JAX's adds the biases on both sides")),
    )  # fmt: skip


def _jax_milliseconds(mode: str, cases: Sequence[Case], *, single: bool) -> tuple[float, ...]:
    adapter = registry.load("jax")
    tensors = [draw(case).tensors for case in cases]
    size = 1 if single else FIXED_SIZE
    milliseconds = []
    with adapter.session(mode, "cpu"):
        for _ in range(3):
            start = time.process_time()
            for at in range(0, len(cases), size):
                places = slice(at, at + size)
                for y in adapter.compute_many(cases[places], tensors[places], mode, "cpu"):
                    if isinstance(y, Exception):
                        raise y
            milliseconds.append((time.process_time() - start) / len(cases) * 1e3)
    return tuple(milliseconds)


def _described(cases: Sequence[Case]) -> str:
    return f"{len(cases)} cases, digest {workload.digest(cases)}: {workload.MEANING}"
