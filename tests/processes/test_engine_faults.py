"""What frameworks do to a sweep: each fault costs exactly the rows of the guilty cases.

In every sweep the first, a middle and the last case of one batch are guilty; all other rows must be
those of a sweep that nothing disturbed.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tconv.engine.executors.local import LocalPool
from tconv.engine.plan import plan
from tconv.model.case import Case
from tconv.model.target import Selection
from tconv.store.rows import Columns

KERNELS = (3, 2, 2, 3, 2, 2, 3)
CASES = tuple(
    Case.from_parameters(ndim=1, i=i, k=k, s=2, c_in=1, c_out=1) for i, k in enumerate(KERNELS, 2)
)
GUILTY = [at for at, k in enumerate(KERNELS) if k == 3]
DIFFERING = {"target", "backend", "seconds"}  # between two backends that both are right

DEATHS = {
    "fake-segfault": ("crashed", "signal 11 (SIGSEGV)"),
    "hostile-together": ("crashed", "signal 11 (SIGSEGV)"),
    "hostile-abort": ("crashed", "signal 6 (SIGABRT)"),
    "hostile-exit0": ("crashed", "exit code 0"),
    "hostile-exit3": ("crashed", "exit code 3"),
    "hostile-cut-off": ("crashed", "closed the pipe to its parent"),
    "hostile-trap": ("crashed", "signal 8 (SIGFPE)"),
    "hostile-divides": ("crashed", "signal 8 (SIGFPE)"),
    "hostile-killed": ("crashed", "signal 9 (SIGKILL) somebody outside killed it"),
    "hostile-hang": ("timeout", "no answer within 2 s"),
    "fake-hang": ("timeout", "no answer within 2 s"),
    "hostile-greedy": ("crashed", "worker_gib is 0.4"),
}
ERRORS = {
    "hostile-system-exit": ("SystemExit", "no kernel for you"),
    "hostile-keyboard-interrupt": ("KeyboardInterrupt", "no kernel for you"),
    "hostile-generator-exit": ("GeneratorExit", "no kernel for you"),
    "hostile-stop-iteration": ("StopIteration", "no kernel for you"),
    "hostile-own": ("OwnError", "no kernel for you"),
    "hostile-unpicklable": ("LocalError", "no kernel for you"),
    "hostile-exhausted": ("MemoryError", "Unable to allocate"),
    "hostile-mute": ("MuteError", "asked for its text, it raised RuntimeError"),
}
RESULTS = {
    "hostile-nothing": ("adapter_error", "builtins.NoneType"),
    "hostile-text": ("adapter_error", "builtins.str"),
    "hostile-ragged": ("adapter_error", "builtins.list"),
    "hostile-objects": ("adapter_error", "dtype of the result=object"),
    "hostile-reusing-together": ("adapter_error", "two results in one memory; copy each"),
    "hostile-double": ("dtype", "float64"),
    "hostile-whole": ("dtype", "int16"),
}
HARMLESS = ("hostile-loud", "hostile-read-only", "hostile-strided", "hostile-reusing")


@pytest.fixture(autouse=True)
def _plugins(fakes: Path) -> None:
    """Register the adapters."""


@pytest.fixture(scope="module")
def right(fakes: Path) -> Columns:  # registers the adapters
    """Return the rows of a sweep that nothing disturbed."""
    return swept("fake-right")


def swept(backend: str, cases: tuple[Case, ...] = CASES) -> Columns:
    seconds = 2.0 if backend in {"hostile-hang", "fake-hang"} else 60.0
    with LocalPool(workers=1, case_seconds=seconds, worker_gib=0.4) as pool:
        planned = plan([Selection.from_text(backend)], pool.describe([backend]), cases)
        (part,) = pool.run(planned)
    return part.row_batch.to_columns()


def others(rows: Columns) -> Iterator[tuple[object, ...]]:
    """Yield the rows of the cases that are not guilty."""
    kept = [values for name, values in rows.items() if name not in DIFFERING]
    return (row for at, row in enumerate(zip(*kept, strict=True)) if at not in GUILTY)


def guilty(rows: Columns, *names: str) -> list[tuple[object, ...]]:
    return [tuple(rows[name][at] for name in names) for at in GUILTY]


@pytest.mark.parametrize("backend", DEATHS)
def test_end_of_a_worker_costs_the_guilty_rows(backend: str, right: Columns) -> None:
    rows = swept(backend)

    verdict, said = DEATHS[backend]
    assert rows["case"] == [case.id for case in CASES]
    assert [given for (given,) in guilty(rows, "verdict")] == [verdict] * 3
    assert all(said in f"{reason} {text}" for reason, text in guilty(rows, "reason", "error_text"))
    assert list(others(rows)) == list(others(right))


def test_start_and_end_are_kept_of_megabytes_before_a_death() -> None:
    rows = swept("hostile-loud-abort", CASES[:2])

    text = str(rows["error_text"][0])
    assert rows["verdict"] == ["crashed", "match"]
    assert text.startswith("first word\nxxx")
    assert text.endswith("yyy\nlast word")
    assert len(text) < 10_000


def test_end_with_status_0_is_found_however_seldom_anybody_looks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tconv.engine.process.worker_process._POLL", 4.0)
    monkeypatch.setattr("tconv.engine.process.worker_process._STEP", 4.0)

    rows = swept("hostile-exit0", CASES[:1])

    assert rows["verdict"] == ["crashed"]
    assert rows["reason"] == ["the worker ended with exit code 0"]


@pytest.mark.parametrize("backend", ERRORS)
def test_error_of_any_kind_is_a_refusal_of_the_guilty(backend: str, right: Columns) -> None:
    rows = swept(backend)

    kind, said = ERRORS[backend]
    found = guilty(rows, "verdict", "error_type")
    assert found == [("rejected_legal", kind)] * 3
    assert all(said in str(text) for (text,) in guilty(rows, "error_text"))
    assert list(others(rows)) == list(others(right))


@pytest.mark.parametrize("backend", RESULTS)
def test_result_of_a_wrong_kind_costs_the_guilty_rows(backend: str, right: Columns) -> None:
    rows = swept(backend)

    verdict, said = RESULTS[backend]
    assert [given for (given,) in guilty(rows, "verdict")] == [verdict] * 3
    assert all(said in f"{a} {b}" for a, b in guilty(rows, "reason", "observed_dtype"))
    assert list(others(rows)) == list(others(right))


@pytest.mark.parametrize("backend", HARMLESS)
def test_odd_memory_and_much_output_cost_nothing(backend: str, right: Columns) -> None:
    rows = swept(backend)

    assert rows["verdict"] == ["match"] * len(CASES)
    assert list(others(rows)) == list(others(right))


def test_other_byte_order_is_another_dtype() -> None:
    rows = swept("hostile-swapped")

    assert [given for (given,) in guilty(rows, "verdict")] == ["dtype"] * 3


@pytest.mark.parametrize(
    ("cases", "at"),
    [(CASES[:3], 0), (CASES[1:6], 2), (CASES[1:4], 2)],
    ids=["first", "middle", "last"],
)
def test_death_that_does_not_come_back_is_the_row_of_the_case_it_was_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cases: tuple[Case, ...], at: int
) -> None:
    monkeypatch.setenv("TCONV_FLAKY", str(tmp_path / "died"))

    rows = swept("hostile-flaky", cases)

    others = [None] * (len(cases) - 1)
    assert rows["verdict"] == [*["match"] * at, "crashed", *["match"] * len(others[at:])]
    assert "signal 6 (SIGABRT), not reproduced" in str(rows["reason"][at])
