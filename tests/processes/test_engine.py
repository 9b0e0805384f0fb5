"""The engine, driven by adapters with one fault each."""

import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from math import prod
from pathlib import Path
from typing import Any

import psutil
import pytest
from tests.waiting import is_alive, until

from tconv.engine.executors.local import LocalPool
from tconv.engine.plan import plan
from tconv.engine.process.pool import WorkerPool
from tconv.engine.process.worker_process import Limits, WorkerProcess
from tconv.engine.schedule.batch_size import FIRST_SIZE
from tconv.engine.worker.batch import compute_batch
from tconv.engine.worker.describe import BackendDescription
from tconv.engine.worker.entry import load_adapter
from tconv.errors import ExecutorError, TargetError, UnavailableError
from tconv.model.case import Case
from tconv.model.target import Selection
from tconv.store.rows import Columns

CASES = tuple(
    Case.from_parameters(ndim=1, i=i, k=k, s=2, c_in=1, c_out=1)
    for k in (2, 3)
    for i in range(1, 5)
)
HARMLESS, DEADLY = CASES[:4], CASES[-1]


pytestmark = pytest.mark.usefixtures("fakes")


@pytest.fixture
def engine() -> Iterator[LocalPool]:
    with LocalPool(workers=1, case_seconds=2.0) as made:
        yield made


def swept(engine: LocalPool, text: str, cases: tuple[Case, ...] = CASES) -> Columns:
    """Return all rows of a sweep of the cases over the selection `text`."""
    selection = Selection.from_text(text)
    planned = plan([selection], engine.describe([selection.backend]), cases)
    rows: Columns = {}
    for part in engine.run(planned):
        for name, values in part.row_batch.to_columns().items():
            rows.setdefault(name, []).extend(values)
    return rows


def verdicts(rows: Columns) -> Counter[object]:
    return Counter(rows["verdict"])


def test_description_needs_no_framework_to_be_read(engine: LocalPool) -> None:
    found = engine.describe(["fake-leisurely"])["fake-leisurely"]

    assert isinstance(found, BackendDescription)
    assert type(found.version) is str
    assert [type(each) for each in found.settings["fake-leisurely:call@cpu"].values()] == [str]


def test_backend_that_is_described_twice_has_one_worker(engine: LocalPool) -> None:
    engine.describe(["fake-right"])
    before = len(psutil.Process().children())

    engine.describe(["fake-right"])

    assert len(psutil.Process().children()) == before


def test_slot_whose_next_backend_does_not_load_goes_on_with_another() -> None:
    limits = Limits(case_seconds=60.0, worker_gib=4.0)
    with WorkerPool(limits, {}, threading.Event()) as pool:
        pool.worker(0, "fake-right")
        with pytest.raises(UnavailableError):
            pool.worker(0, "fake-broken-import").call(load_adapter, "fake-broken-import")

        assert isinstance(pool.worker(0, "fake-right").call(os.getpid), int)


def test_limit_of_a_case_does_not_count_what_loading_takes(engine: LocalPool) -> None:
    rows = swept(engine, "fake-leisurely")

    assert verdicts(rows) == {"match": len(CASES)}


def test_every_case_gets_its_row_when_backend_is_right(engine: LocalPool) -> None:
    rows = swept(engine, "fake-right")

    assert rows["case"] == [case.id for case in CASES]
    assert verdicts(rows) == {"match": len(CASES)}


@pytest.mark.parametrize("backend", ["fake-right", "fake-uninstalled"])
def test_only_what_is_left_is_run(engine: LocalPool, backend: str) -> None:
    (planned,) = plan([Selection.from_text(backend)], engine.describe([backend]), CASES)

    parts = engine.run([replace(planned, left=(range(1, 3), range(5, 6)))])

    assert {part.first: part.row_batch.to_columns()["case"] for part in parts} == {
        1: [CASES[1].id, CASES[2].id],
        5: [CASES[5].id],
    }


@pytest.mark.parametrize(
    ("backend", "verdict", "column", "said"),
    [
        ("fake-wrong", "value", "bad_count", "1"),
        ("fake-refusing", "rejected_legal", "error_text", "kernel too square: "),
        ("fake-honest", "unsupported", "error_text", "kernel too square: "),
        ("fake-dishonest", "adapter_error", "reason", "but the call computes"),
        ("fake-misquoted", "adapter_error", "reason", "does not match 'circle'"),
        ("fake-garbage", "adapter_error", "reason", "builtins.list"),
        ("fake-lost", "adapter_error", "error_text", "no map"),
        ("fake-closed", "adapter_error", "error_text", "no way in"),
        ("fake-untidy", "adapter_error", "error_text", "no way out"),
        (
            "fake-shy",
            "unavailable",
            "reason",
            "fails to describe itself: devices() raised: RuntimeError: n",
        ),
        ("fake-uninstalled", "unavailable", "reason", "no_such_framework"),
        ("fake-broken-import", "unavailable", "reason", "broken on purpose"),
        ("fake-no-adapter", "unavailable", "reason", "should be a subclass"),
    ],
)
def test_fault_gets_its_verdict_in_every_row(
    engine: LocalPool, backend: str, verdict: str, column: str, said: str
) -> None:
    rows = swept(engine, backend)

    assert verdicts(rows) == {verdict: len(CASES)}
    assert all(said in str(value) for value in rows[column])


def test_missing_result_is_an_error_of_the_adapter(engine: LocalPool) -> None:
    rows = swept(engine, "fake-short")

    assert rows["verdict"] == ["match"] * (len(CASES) - 1) + ["adapter_error"]
    assert "fewer results than cases" in str(rows["reason"][-1])


@pytest.mark.parametrize("at", [0, 2, 4])
def test_case_that_kills_its_worker_costs_one_row(engine: LocalPool, at: int) -> None:
    cases = [*HARMLESS]
    cases.insert(at, DEADLY)

    rows = swept(engine, "fake-segfault", tuple(cases))

    assert rows["case"] == [case.id for case in cases]
    assert [v for v in rows["verdict"] if v != "match"] == ["crashed"]
    assert rows["verdict"][at] == "crashed"
    assert "native last words" in str(rows["error_text"][at])
    assert "signal 11 (SIGSEGV)" in str(rows["reason"][at])


def test_case_that_killed_its_worker_goes_alone_on_the_next_target(
    engine: LocalPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = []
    call = WorkerProcess.call_within

    def counted(self: WorkerProcess, steps: int, function: Any, *args: Any) -> Any:
        if function is compute_batch:
            sizes.append(len(args[0]))
        return call(self, steps, function, *args)

    monkeypatch.setattr(WorkerProcess, "call_within", counted)
    cases = (HARMLESS[0], DEADLY, *HARMLESS[1:])

    rows = swept(engine, "fake-mortal", cases)

    first, second = rows["case"][:5], rows["case"][5:]
    assert first == second == [case.id for case in cases]
    assert rows["verdict"] == ["match", "crashed", "match", "match", "match"] * 2
    assert sizes[-2:] == [4, 1]


def test_case_that_hangs_costs_one_row(engine: LocalPool) -> None:
    rows = swept(engine, "fake-hang", (*HARMLESS, DEADLY, *HARMLESS))

    assert rows["verdict"] == ["match"] * 4 + ["timeout"] + ["match"] * 4
    assert "within 2 s" in str(rows["reason"][4])


def test_worker_that_dies_between_two_batches_costs_nothing(engine: LocalPool) -> None:
    (planned,) = plan([Selection.from_text("fake-right")], engine.describe(["fake-right"]), CASES)
    before = engine.rows(planned, HARMLESS).to_columns()
    (worker,) = [
        child
        for child in psutil.Process().children()
        if not any("resource_tracker" in word for word in child.cmdline())
    ]
    worker.kill()
    until(lambda: not is_alive(worker))

    after = engine.rows(planned, CASES[4:]).to_columns()

    assert verdicts(before) == verdicts(after) == {"match": 4}


@pytest.mark.usefixtures("fakes")
def test_interrupt_of_the_terminal_is_not_heard_by_a_worker_that_starts(tmp_path: Path) -> None:
    script = tmp_path / "sweep.py"
    script.write_text(
        "import multiprocessing, os, signal\n"
        "from tconv.engine.executors.local import LocalPool\n"
        "if __name__ == '__main__':\n"
        "    with LocalPool(workers=1) as engine:\n"
        "        print(engine.describe(['fake-right'])['fake-right'].version)\n"
        "else:\n"
        "    os.kill(os.getpid(), signal.SIGINT)  # a worker, which imports the script again\n"
    )

    done = subprocess.run(  # noqa: S603 # our own program
        [sys.executable, script], check=False, capture_output=True, text=True
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, "1.0\n", "")


@pytest.mark.usefixtures("fakes")
def test_script_without_main_guard_gets_an_error_that_says_so(tmp_path: Path) -> None:
    script = tmp_path / "sweep.py"
    script.write_text(
        "from tconv.engine.executors.local import LocalPool\n"
        "with LocalPool(workers=1) as engine:\n"
        "    print(engine.describe(['fake-right'])['fake-right'])\n"
    )

    done = subprocess.run(  # noqa: S603 # our own program
        [sys.executable, script], check=False, capture_output=True, text=True
    )

    assert "needs `if __name__ == '__main__':`" in done.stdout


def test_backend_whose_import_ends_the_process_is_unavailable(engine: LocalPool) -> None:
    rows = swept(engine, "fake-dead")

    assert verdicts(rows) == {"unavailable": len(CASES)}
    assert "fake-dead ended its process with exit code 7" in str(rows["reason"][0])


def test_case_that_takes_too_much_memory_costs_one_row() -> None:
    with LocalPool(workers=1, worker_gib=0.5) as engine:
        rows = swept(engine, "hostile-greedy", (*HARMLESS, DEADLY))

    assert rows["verdict"] == ["match"] * 4 + ["crashed"]
    assert "worker_gib is 0.5" in str(rows["error_text"][4])


def test_batch_longer_than_the_limit_is_no_hang_while_results_come(engine: LocalPool) -> None:
    rows = swept(engine, "fake-slow-batch", CASES * 2)

    assert verdicts(rows) == {"match": 2 * len(CASES)}


def test_death_that_does_not_come_back_costs_one_row_and_says_so(engine: LocalPool) -> None:
    rows = swept(engine, "fake-moody", HARMLESS)

    assert rows["verdict"] == ["crashed", "match", "match", "match"]
    assert [str(reason).count("not reproduced") for reason in rows["reason"]] == [1, 0, 0, 0]


def test_batch_that_is_only_large_is_no_timeout(engine: LocalPool) -> None:
    rows = swept(engine, "fake-sluggish", CASES)

    assert verdicts(rows) == {"match": len(CASES)}


def test_batches_are_cut_by_their_elements(
    engine: LocalPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tconv.engine.schedule.batch_size.MAX_ELEMENTS", 40)
    selection = Selection.from_text("fake-right")
    planned = plan([selection], engine.describe([selection.backend]), CASES)

    batches = [part.row_batch.to_columns()["case"] for part in engine.run(planned)]

    volumes = [sum(_elements(str(case)) for case in batch) for batch in batches]
    assert [case for batch in batches for case in batch] == [case.id for case in CASES]
    assert all(volume <= 40 for volume in volumes)
    assert len(batches) < len(CASES)


def test_past_the_crash_budget_the_rest_is_not_run(
    engine: LocalPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tconv.engine.schedule.target_state.CRASH_BUDGET", 1)

    rows = swept(engine, "fake-segfault", (DEADLY,) * (FIRST_SIZE + 2))

    assert rows["verdict"] == ["crashed"] + ["not_run"] * (FIRST_SIZE + 1)


def test_output_of_a_framework_stays_out_of_the_parent(
    engine: LocalPool, capfd: pytest.CaptureFixture[str]
) -> None:
    rows = swept(engine, "hostile-loud")

    assert verdicts(rows) == {"match": len(CASES)}
    assert capfd.readouterr() == ("", "")


def test_session_and_environment_hold_while_computing(engine: LocalPool) -> None:
    rows = swept(engine, "fake-stateful")

    assert verdicts(rows) == {"match": len(CASES)}
    assert "TCONV_FAKE" not in os.environ


def test_description_has_settings_of_the_worker_in_session(engine: LocalPool) -> None:
    found = engine.describe(["fake-stateful"])["fake-stateful"]

    assert isinstance(found, BackendDescription)
    assert found.settings["fake-stateful:call@cpu"] == {"variable": "on", "flag": "raise"}


def test_variables_of_the_caller_come_after_those_of_the_adapter() -> None:
    variables = {"fake-stateful": {"TCONV_FAKE": "off"}, "fake-right": {"TCONV_FAKE": "no"}}
    with LocalPool(workers=1, environments=variables) as engine:
        found = engine.describe(["fake-stateful"])["fake-stateful"]

    assert isinstance(found, BackendDescription)
    assert found.settings["fake-stateful:call@cpu"]["variable"] == "off"


def test_sampled_mode_runs_a_part_where_the_backend_is_selected(engine: LocalPool) -> None:
    rows = swept(engine, "fake-sampled", tuple(_many(200)))

    counted = Counter(rows["mode"])
    assert counted["call"] == 200
    assert 20 < counted["call+seldom"] < 90


def test_sampled_mode_runs_everything_where_it_is_named(engine: LocalPool) -> None:
    rows = swept(engine, "fake-sampled:call+seldom")

    assert Counter(rows["mode"]) == {"call+seldom": len(CASES)}


def test_device_that_is_not_here_is_unavailable(engine: LocalPool) -> None:
    rows = swept(engine, "fake-right:call@gpu")

    assert verdicts(rows) == {"unavailable": len(CASES)}
    assert rows["reason"][0] == "no device gpu here"


def test_second_run_of_a_pool_is_refused(engine: LocalPool) -> None:
    planned = plan([Selection.from_text("fake-right")], engine.describe(["fake-right"]), CASES)
    list(engine.run(planned))

    with pytest.raises(ExecutorError, match="runs once; make another one for another run"):
        list(engine.run(planned))


def test_backend_is_not_described_after_the_run(engine: LocalPool) -> None:
    swept(engine, "fake-right")

    with pytest.raises(ExecutorError, match=r"is over, .* make another executor for another run"):
        engine.describe(["fake-wrong"])


def test_unknown_mode_lists_the_known_ones(engine: LocalPool) -> None:
    with pytest.raises(TargetError, match=r"mode='shout' .* should be one of call; `tconv"):
        swept(engine, "fake-right:shout")


def test_unknown_backend_lists_the_known_ones(engine: LocalPool) -> None:
    with pytest.raises(TargetError, match=r"backend='nope', but should be one of .*fake-right"):
        engine.describe(["nope"])


def test_error_that_prints_a_set_has_the_same_text_in_every_worker() -> None:
    texts = set()
    for _ in range(3):
        with LocalPool(workers=1) as pool:
            texts.update(swept(pool, "fake-refusing", CASES[:1])["error_text"])

    assert len(texts) == 1


def test_environment_of_the_parent_is_restored() -> None:
    before = dict(os.environ)

    with LocalPool(workers=1):
        assert os.environ["OMP_NUM_THREADS"] == "1"

    assert dict(os.environ) == before


def _elements(case_id: str) -> int:
    case = Case.from_id(case_id)
    return sum(prod(shape) for shape in (case.x_shape, case.w_shape, case.y_shape))


def _many(count: int) -> Iterator[Case]:
    return (Case.from_parameters(ndim=1, i=1 + at, k=1, c_in=1, c_out=1) for at in range(count))
