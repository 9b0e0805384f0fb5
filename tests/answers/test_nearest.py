"""Accepted calls that are named beside a refused one."""

from collections.abc import Sequence
from dataclasses import replace

from tconv.analysis.atlas.condition import Condition, Domain
from tconv.analysis.atlas.entry import Entry
from tconv.analysis.atlas.evidence import Evidence
from tconv.analysis.atlas.formula import Formula
from tconv.analysis.atlas.question import Question
from tconv.analysis.atlas.request import Request
from tconv.analysis.atlas.rule import Piecewise, Rule
from tconv.answers.nearest import nearest_accepted
from tconv.model.geometry import Axis

MEASURED = [(Axis(i=i, k=k, s=s),) for i in (1, 9) for k in (1, 9) for s in (1, 9)]
ENTRY = Entry(
    question=Question(target="fake:call@cpu", padding="same", op=False, o=False),
    verdicts={"resolved": len(MEASURED)},
    rule=Rule(size=Piecewise(formula=Formula((("s*i", 1),))), begin=None),
    evidence=Evidence(points=30, holding=30, fitted=20, fitted_range={}, verified=10,
                      verified_range={}, counterexample=None, shortfalls=()),
    domain=Domain.from_calls(MEASURED),
    acceptance=Condition(clauses=(), accepted=30, refused=0, fitted=20, verified=10),
)  # fmt: skip


def test_calls_of_more_axes_than_were_measured_are_put_to_the_framework() -> None:
    asked: list[Request] = []

    def ask(calls: Sequence[Request]) -> list[bool]:
        asked.extend(calls)
        return [call.padding == "same" for call in calls]

    request = Request.from_texts(["padding=same", "i=4", "k=3x3x3x3", "s=2"])
    near = nearest_accepted(request, [ENTRY], ask)

    assert asked
    assert near
    assert {len(call.axes) for call in near} == {4}


def test_framework_is_not_asked_about_no_call() -> None:
    def ask(calls: Sequence[Request]) -> list[bool]:
        assert calls
        return [False] * len(calls)

    known = [
        replace(ENTRY, question=replace(ENTRY.question, padding=padding, op=op, o=o),
                acceptance=Condition(clauses=(), accepted=0, refused=30, fitted=20, verified=10))
        for padding in ("same", "same_lower", "valid", "explicit")
        for op in (False, True) for o in (False, True)
    ]  # fmt: skip
    request = Request.from_texts(["padding=same", "i=4", "k=3", "s=2"])

    assert nearest_accepted(request, known, ask) == ()
