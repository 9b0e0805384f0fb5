"""Whatever an adapter does to the harness costs the rows of the guilty case, and nothing else.

`python -m tests.attacks` prints the same attacks as a table, beside a sound backend.
"""

import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from tests.attacks import FAKES, Toll, attack, cases_with
from tests.waiting import until

from tconv.engine.executors.local import LocalPool
from tconv.engine.plan import plan
from tconv.engine.process import crash_search
from tconv.model.case import Case
from tconv.model.target import Selection
from tconv.store.rows import Columns

with pytest.MonkeyPatch.context() as patch:
    patch.syspath_prepend(str(FAKES))  # no longer: other tests would find the fakes registered
    from tconv_attacks import ATTACKS, LATE

INFERRING = [name for name, each in ATTACKS.items() if each.method == "infer_shape"]
COMPUTING = [name for name in ATTACKS if name not in INFERRING]


@pytest.fixture(autouse=True)
def _plugins(fakes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Register the attacker, and restore the variables that an attack sets."""
    for name in ("TCONV_ATTACK", "TCONV_ATTEMPT"):
        monkeypatch.setenv(name, "")


@pytest.mark.parametrize("name", COMPUTING)
def test_attack_costs_the_guilty_row_at_most(name: str) -> None:
    alone = ATTACKS[name].verdicts == LATE  # as a batch would have more time

    toll = attack(name, cases_with(0, 1 if alone else 2))

    assert (toll.error, toll.lost, toll.wrong, toll.left) == ("", 0, 0, 0), toll


@pytest.mark.parametrize("name", INFERRING)
def test_inference_that_fails_costs_no_value(name: str) -> None:
    toll = attack(name, cases_with(1, 2, suite="open"))

    assert (toll.error, toll.left) == ("", 0)
    assert toll.verdicts == ["resolved", "resolved"]
    assert toll.inferences == ["kept", "failed"]


def test_inference_that_kills_is_not_asked_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TCONV_ATTACK", "inference-aborts")
    monkeypatch.setattr(crash_search, "MOST_INFERENCE_DEATHS", 1)
    deadly = [case for at in range(3) for case in cases_with(at, suite="open") if case.k == (3,)]

    rows = swept("attacker", tuple(deadly))

    assert rows["verdict"] == ["resolved"] * 3
    assert rows["inference"] == ["failed"] * 3
    assert ["not asked" in str(text) for text in rows["error_text"]] == [False, True, True]


@pytest.fixture
def killer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Kill the first worker that reaches a case that takes two seconds."""
    reached = tmp_path / "reached"
    monkeypatch.setenv("TCONV_REACHED", str(reached))

    def kill() -> None:
        until(reached.exists)
        for child in psutil.Process().children():
            if not any("resource_tracker" in word for word in child.cmdline()):
                child.kill()

    thread = threading.Thread(target=kill)
    thread.start()
    yield
    thread.join()


@pytest.mark.usefixtures("killer")
@pytest.mark.parametrize("cases", [cases_with(0, 1), cases_with(1)], ids=["alone", "in a batch"])
def test_case_whose_worker_somebody_killed_is_run_again(cases: tuple[Case, ...]) -> None:
    rows = swept("hostile-drowsy", cases)

    assert set(rows["verdict"]) == {"match"}
    assert rows["worker_kills"] == [1 if case.k == (3,) else None for case in cases]


def swept(backend: str, cases: tuple[Case, ...]) -> Columns:
    with LocalPool(workers=1, case_seconds=10.0) as pool:
        planned = plan([Selection.from_text(backend)], pool.describe([backend]), cases)
        (part,) = pool.run(planned)
    return part.row_batch.to_columns()


def test_toll_counts_what_is_lost_and_what_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ATTACKS, "result-hostile", ATTACKS["route-aborts"])

    toll = attack("result-hostile", cases_with(0, 1))

    assert isinstance(toll, Toll)
    assert toll.verdicts == ["adapter_error"]
    assert toll.wrong == 1
