"""The bench: the workload stays the same, the peer is right, and its numbers are printed."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from tconv.adapters import registry
from tconv.cli import cli
from tconv.cli.bench import ROWS, Row
from tconv.errors import ConfigError
from tconv.grid import GridStatistics
from tconv.grid.config import from_mapping
from tconv.inputs.draw import draw
from tconv.model.case import Case
from tconv.model.target import Target
from tconv.runs.run import run
from tconv.runs.spec import RunSpec
from tconv.store import RunReader, RunWriter
from tconv_bench import workload
from tconv_bench.calls import TimedAdapter, sweep_cases
from tconv_bench.large_run import NullExecutor, memory, peak
from tconv_bench.measurement import Measurement, Series, in_new_process

ROOT = Path(__file__).parents[2]
PEER = ROOT / "benchmarks" / "peer_loop.py"


def test_workload_is_the_same_every_time() -> None:
    """What was measured before can be compared with what is measured now."""
    assert workload.digest(workload.cases(50)) == "11f0f05e13baa935"


def test_workload_has_as_many_cases_as_are_asked_for() -> None:
    found = workload.cases(300)

    assert len({case.id for case in found}) == 300
    assert {case.suite for case in found} == {"explicit"}
    assert all(k <= i for case in found for i, k in zip(case.i, case.k, strict=True))


def _loop(file: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull,
               "--rootdir", str(file.parent), str(PEER)]  # fmt: skip
    environment = {**os.environ, "PEER_CASES": str(file)}
    return subprocess.run(  # noqa: S603 # a command made here
        command, env=environment, capture_output=True, text=True, check=False
    )


def test_peer_finds_each_framework_right_on_the_workload(tmp_path: Path) -> None:
    for name in ("torch", "tensorflow", "jax"):
        pytest.importorskip(name)
    workload.write(tmp_path / "cases.json", workload.cases(4))

    done = _loop(tmp_path / "cases.json")

    assert "12 passed" in done.stdout, done.stdout[-2000:]


def _measurement(*, met: bool | None) -> Callable[[int], Measurement]:
    def measure(count: int) -> Measurement:
        series = [Series(name="ours", values=(1.0, 5.0, 2.0), start_up=0.5)]
        return Measurement(
            name="peer", what="something", goal="2x", result="3x", met=met, series=series,
            workload=f"{count} cases", notes=["a note"],
        )  # fmt: skip

    return measure


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Return a call of `tconv bench` whose one row has met its goal, or has not."""

    def invoke(*arguments: str, met: bool | None) -> Any:
        rows = {"peer": Row("sweeps.peer", 5000, 200, "")}
        # the module, which the command of the same name hides
        monkeypatch.setattr("tconv.cli.bench.ROWS", rows)
        monkeypatch.setattr("tconv_bench.sweeps.peer", _measurement(met=met))
        return CliRunner().invoke(cli, ["bench", *arguments])

    return invoke


@pytest.mark.parametrize(
    ("met", "word", "status"), [(True, "met", 0), (False, "MISSED", 1), (None, "not measured", 0)]
)
def test_bench_says_whether_the_goal_was_met(
    bench: Callable[..., Any], met: bool | None, word: str, status: int
) -> None:
    done = bench(met=met)

    assert f"3x   goal: 2x   {word}\n" in done.stdout
    assert done.exit_code == status


def test_bench_shows_the_median_its_spread_and_the_start_up(bench: Callable[..., Any]) -> None:
    lines = bench(met=True).stdout.splitlines()

    (ours,) = [line for line in lines if "ours" in line]
    assert ours.split(None, 1)[1] == "2 s (median of 3, 1 to 5, of that start-up 0.5 s)"


@pytest.mark.parametrize(
    ("arguments", "count"), [((), 5000), (("--quick",), 200), (("--cases", "300"), 300)]
)
def test_bench_measures_as_many_cases_as_are_asked_for(
    bench: Callable[..., Any], arguments: tuple[str, ...], count: int
) -> None:
    assert f"workload: {count} cases" in bench(*arguments, met=True).stdout


def test_bench_prints_json_alone(bench: Callable[..., Any]) -> None:
    record = json.loads(bench("--json", met=True).stdout)

    assert record["rows"][0]["series"][0]["median"] == 2.0
    assert record["machine"]["cores"] >= 1


def test_bench_names_its_rows_where_one_is_unknown() -> None:
    done = CliRunner().invoke(cli, ["bench", "--row", "speed"])

    assert done.exit_code == 2
    assert all(name in done.output for name in ROWS)


def test_bench_without_a_checkout_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tconv.cli.bench._PLACES", (tmp_path / "benchmarks",))

    done = CliRunner().invoke(cli, ["bench", "--quick", "--row", "oracle"])

    assert isinstance(done.exception, ConfigError)
    assert "run `tconv bench` in a checkout" in str(done.exception)


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_every_row_has_its_function_in_the_checkout(row: Row) -> None:
    module, _, name = row.function.partition(".")

    assert callable(getattr(import_module(f"tconv_bench.{module}"), name))


def test_timed_adapter_gives_what_the_adapter_gives() -> None:
    case = Case.from_id("1d-i3-k2-ci1-co2-f32")
    given, adapter = draw(case).tensors, registry.load("numpy")
    timed = TimedAdapter(adapter)

    (made,) = timed.compute_many([case], [given], "scatter", "cpu")

    assert (made == adapter.compute(case, given, "scatter", "cpu")).all()
    assert timed.seconds > 0


def test_fresh_process_has_the_variables_before_anything_else() -> None:
    assert in_new_process({"TCONV_BENCH_TEST": "1"}, os.getenv, "TCONV_BENCH_TEST") == "1"
    assert "TCONV_BENCH_TEST" not in os.environ


def test_made_rows_make_a_complete_run(tmp_path: Path) -> None:
    config = from_mapping(workload.tables(5, ["fake0"]))
    assignment = RunSpec(
        config=config, cases=workload.cases(5), statistics=GridStatistics(made=5, kept=5)
    )

    done = run(assignment, out=tmp_path, executor=NullExecutor)

    assert RunReader(done.path).table().num_rows == 5
    assert int(done.status.code) == 0


def test_memory_is_measured_up_to_the_rows_asked_for() -> None:
    measurement = memory(20_000)

    small, large = (series.median for series in measurement.series)
    assert [series.name for series in measurement.series] == ["10,000 rows", "20,000 rows"]
    assert small > 10
    assert measurement.met == (large - small <= 200)


def test_share_of_the_harness_is_measured_on_rows_that_are_stored(tmp_path: Path) -> None:
    adapter = TimedAdapter(registry.load("numpy"))
    target = Target(backend="numpy", mode="scatter", device="cpu")
    with RunWriter.create(tmp_path / "run", {}) as writer:
        shares = sweep_cases(adapter, target, writer, workload.cases(40), [])

    assert writer.digest.rows == 40
    assert min(shares.draw, shares.judge, shares.carry, shares.call) > 0


def test_peak_of_a_process_is_its_own_and_not_that_of_its_parent() -> None:
    held = np.ones(2**27)  # 1 GiB

    assert peak() > held.nbytes / 2**20
    assert in_new_process({}, peak) < 500
