"""What a run amounts to: each way of not conforming has its own message, none hides another."""

from collections.abc import Callable

import pytest

from tconv.model.verdict import Standpoint, Verdict
from tconv.runs.exit_status import ExitStatus
from tconv.runs.status import status
from tconv.store.rows import Columns
from tconv.store.totals import TargetTotals

DEVIATIONS = [v for v in Verdict if v.standpoint is Standpoint.DEVIATION]


def totals(compared: int = 1, **verdicts: int) -> TargetTotals:
    made = TargetTotals(compared=compared)
    made.verdicts.update({Verdict(name): count for name, count in verdicts.items()})
    return made


def test_counts_add_up_over_batches(make_rows: Callable[..., Columns]) -> None:
    made = TargetTotals()
    made.add(make_rows(3))
    made.add(make_rows(2, verdict=["value", "unsupported"], compared=[4, 0]))

    assert made.verdicts == {Verdict.MATCH: 3, Verdict.VALUE: 1, Verdict.UNSUPPORTED: 1}
    assert (made.rows, made.compared, made.count(Standpoint.NEUTRAL)) == (5, 4, 1)


def test_run_conforms_when_all_matches() -> None:
    made = status({"torch:eager@cpu": totals(match=3)}, ["torch"])

    assert (made.code, made.messages) == (ExitStatus.CONFORMS, ())


@pytest.mark.parametrize("verdict", DEVIATIONS)
def test_each_kind_of_deviation_is_status_1_and_named(verdict: Verdict) -> None:
    made = status({"a:b@cpu": totals(match=1, **{verdict.value: 2})}, [])

    assert made.code == 1
    assert made.messages == (f"a:b@cpu deviates in 2 rows: 2 {verdict}",)


@pytest.mark.parametrize("verdict", ["unsupported", "unavailable", "rejected", "resolved"])
def test_neutral_and_conformant_verdicts_are_no_deviation(verdict: str) -> None:
    assert status({"a:b@cpu": totals(match=1, **{verdict: 2})}, []).code == 0


@pytest.mark.parametrize(
    "none", [{}, {"a:b@cpu": totals(0, unavailable=5)}, {"a:b@cpu": totals(0, unsupported=5)}],
    ids=["no target", "unavailable", "all unsupported"],
)  # fmt: skip
def test_nothing_compared_is_status_3(none: dict[str, TargetTotals]) -> None:
    made = status(none, [])

    assert made.code == 3
    assert made.messages[0].startswith("nothing was compared")


@pytest.mark.parametrize(("verdict", "code"), [("rejected", 0), ("crashed", 1)])
def test_verdict_without_values_is_a_judgement_all_the_same(verdict: str, code: int) -> None:
    assert status({"a:b@cpu": totals(0, **{verdict: 5})}, ["a"]).code == code


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"torch:any@cpu": totals(0, unavailable=5)}, "required backend torch is unavailable"),
        ({"torch:eager@cpu": totals(0, unsupported=5)}, "required backend torch has no row"),
        ({}, "required backend torch has no row"),
        ({"torchlike:eager@cpu": totals(match=1)}, "required backend torch has no row"),
    ],
    ids=["unavailable", "nothing compared", "absent", "name that only begins alike"],
)
def test_missing_required_backend_is_status_3(given: dict[str, TargetTotals], said: str) -> None:
    made = status({"numpy:scatter@cpu": totals(match=1), **given}, ["numpy", "torch"])

    assert made.code == 3
    assert said in made.messages[0]


def test_required_backend_may_lack_a_device_when_it_compares_on_another() -> None:
    given = {"torch:eager@cpu": totals(match=1), "torch:eager@cuda": totals(0, unavailable=1)}

    assert status(given, ["torch"]).code == 0


def test_rows_that_were_not_run_are_status_4() -> None:
    made = status({"a:b@cpu": totals(match=1, not_run=7)}, [])

    assert made.code == 4
    assert made.messages == ("7 rows planned and not run",)


def test_reason_why_rows_were_not_run_is_given_once(make_rows: Callable[..., Columns]) -> None:
    made = TargetTotals()
    made.add(
        make_rows(3, verdict=["match", "not_run", "not_run"], reason=["", "no budget", "no budget"])
    )
    made.add(make_rows(1, verdict=["not_run"], reason=["no budget"]))

    told = status({"a:b@cpu": made}, []).messages

    assert told == ("3 rows planned and not run; a:b@cpu: no budget",)


def test_interrupted_run_is_status_4_even_if_all_so_far_matches() -> None:
    made = status({"a:b@cpu": totals(match=1)}, [], interrupted=True)

    assert made.code == 4
    assert made.messages == ("the run was interrupted",)


def test_missing_comes_before_incomplete_before_deviations_and_all_are_reported() -> None:
    given = {"a:b@cpu": totals(match=1, not_run=1, value=1)}

    made = status(given, ["torch"])

    assert made.code == 3
    assert [message.split()[0] for message in made.messages] == ["required", "1", "a:b@cpu"]
    assert status(given, []).code == 4


def test_messages_differ_from_each_other() -> None:
    made = status({"a:b@cpu": totals(0, not_run=1)}, ["torch"], interrupted=True)

    assert len(set(made.messages)) == len(made.messages) == 4
