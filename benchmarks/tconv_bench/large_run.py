"""Rows of the bench that measure a large run: the memory of the parent process, the report."""

import resource
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tconv.adapters.base import Mode
from tconv.analysis.summary import Summary
from tconv.engine.executor import Executor
from tconv.engine.plan import TargetPlan
from tconv.engine.tasks import Part
from tconv.engine.worker.describe import BackendDescription
from tconv.grid import expand
from tconv.grid.config import from_mapping
from tconv.model.verdict import Verdict
from tconv.report import html
from tconv.runs.run import run
from tconv.runs.spec import RunSpec
from tconv.store import RunReader
from tconv_bench import synthetic, workload
from tconv_bench.measurement import Measurement, Series, in_new_process

_TARGETS = 10
_PART = 1000


class NullExecutor(Executor):
    """An executor that calls no framework: every row says that the case matches."""

    def describe(self, backends: Sequence[str]) -> Mapping[str, BackendDescription | str]:
        """Return the same for each backend: one mode on the CPU."""
        mode = Mode(name="call", meaning="nothing is called")
        return {
            name: BackendDescription(
                backend=name, modes=(mode,), devices=("cpu",), versions={name: "1"}, settings={}
            )
            for name in backends
        }

    def run(self, plans: Sequence[TargetPlan]) -> Iterator[Part]:
        """Yield the rows of every target in parts."""
        for plan in plans:
            for first in range(0, len(plan.cases), _PART):
                cases = plan.cases[first : first + _PART]
                rows = [synthetic.result(case, plan.target, Verdict.MATCH) for case in cases]
                yield Part(plan=plan, first=first, row_batch=synthetic.batch(rows))


def memory(count: int) -> Measurement:
    """Return by how much the parent's memory grows from ten thousand rows to `count`."""
    series = tuple(
        Series(name=f"{rows:,} rows", values=(in_new_process({}, _peak, rows),), unit="MB")
        for rows in (10_000, count)
    )
    growth = series[1].median - series[0].median
    return Measurement(
        name="memory",
        what=f"parent's memory from 10,000 to {count:,} rows",
        goal="flat (within 200 MB)",
        result=f"{growth:+.0f} MB",
        met=growth <= 200,
        series=series,
        workload=f"{_TARGETS} targets, so a tenth as many cases; rows made up; reports included",
        notes=("peak of the resident memory, once each; it varies by some tens of MB",),
    )


def _peak(rows: int) -> float:
    """Return the peak of the resident memory of this process after a run, MB."""
    names = [f"fake{at}" for at in range(_TARGETS)]
    config = from_mapping(workload.tables(1, names) | {"grid": [_grid(rows // _TARGETS)]})
    grid = expand(config.grids)
    spec = RunSpec(
        config=config, cases=grid.cases, statistics=grid.statistics
    )  # no such backends exist
    with tempfile.TemporaryDirectory() as directory:
        run(spec, out=Path(directory), executor=NullExecutor)
    return peak()


def peak() -> float:
    """Return the peak of the resident memory of this process, MB.

    For a process that was spawned, `getrusage` returns at least the peak of its parent.
    """
    status = Path("/proc/self/status")
    if status.exists():  # Linux
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return int(lines["VmHWM"].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _grid(count: int) -> dict[str, object]:
    """Return a grid of `count` legal cases, a multiple of 100."""
    return {
        "ndim": [2],
        "i": f"1..{max(1, count // 100)}",
        "k": "1..5",
        "s": "1..5",
        "dilation": "1..4",
    }


def report(count: int) -> Measurement:
    """Return what the HTML report of `count` rows costs, 30 % of them deviating."""
    with tempfile.TemporaryDirectory() as directory:
        run_path = synthetic.write(Path(directory) / "made", count)
        page = run_path / "report.html"
        series = [
            Series.of(
                "reading the rows and writing",
                3,
                lambda: in_new_process({}, _write_seconds, run_path),
            ),
            Series(name="size", values=(page.stat().st_size / 1e6,), unit="MB"),
        ]
        lack = _why_no_browser()
        if not lack:
            series.append(Series.of("filter in a browser", 5, lambda: _filter_seconds(page)))
    seconds, size, *filters = (each.median for each in series)
    return Measurement(
        name="report",
        what=f"HTML of {count:,} rows, 30 % deviating",
        goal="60 s, 10 MB, filters in under 2 s",
        result=f"{seconds:.0f} s, {size:.1f} MB, "
        + (f"filter {filters[0]:.2f} s" if filters else "filter not measured"),
        met=(seconds <= 60 and size <= 10 and filters[0] < 2) if filters else None,
        series=tuple(series),
        workload=f"{count:,} made-up rows on {_TARGETS} targets",
        notes=(lack,) if lack else (),
    )


def _write_seconds(run_path: Path) -> float:
    start = time.perf_counter()
    html.write(Summary.from_run(RunReader(run_path)))
    return time.perf_counter() - start


def _why_no_browser() -> str:
    """Return why no browser can be driven here; empty where one can."""
    try:
        import selenium  # noqa: F401, PLC0415 # only whether it is there
    except ImportError:
        return "filters not measured: selenium is not installed"
    lacking = [name for name in ("chromium", "chromedriver") if shutil.which(name) is None]
    return f"filters not measured: {' and '.join(lacking)} not found" * bool(lacking)


def _filter_seconds(page: Path) -> float:
    """Return the seconds from typing into a filter until the table shows the rows that pass."""
    from selenium import webdriver  # noqa: PLC0415 # where it is installed
    from selenium.webdriver.support.ui import WebDriverWait  # noqa: PLC0415 # as above

    options = webdriver.ChromeOptions()
    options.binary_location = str(shutil.which("chromium"))
    for flag in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(flag)
    service = webdriver.ChromeService(executable_path=shutil.which("chromedriver"))
    driver: Any = webdriver.Chrome(options=options, service=service)
    try:
        driver.get(page.as_uri())
        wait = WebDriverWait(driver, 60, poll_frequency=0.02)
        wait.until(lambda it: it.find_elements("css selector", "html[data-ready]"))
        before = driver.find_element("css selector", ".dt-info").text
        start = time.perf_counter()
        driver.find_element("css selector", 'input[data-column="verdict"]').send_keys("nonfinite")
        wait.until(lambda it: it.find_element("css selector", ".dt-info").text != before)
        return time.perf_counter() - start
    finally:
        driver.quit()
