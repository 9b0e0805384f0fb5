"""The section on ambiguous shapes: what is said and drawn of a disagreement, in which order."""

import re
from dataclasses import replace
from typing import Any, Final

import pytest

from tconv.analysis.atlas.atlas import Atlas, MeasuredRun
from tconv.analysis.compatibility import Compatibility
from tconv.analysis.disagreements import Disagreement, TargetAnswer
from tconv.report.html.disagreements import drawn_disagreements

ONE: Final = "mine:call@cpu"
TWO: Final = "rival:call@cpu"
BEGIN = TargetAnswer(shape=(1, 3, 2), windows=("1.0",))
END = TargetAnswer(shape=(1, 3, 2), windows=("0.1",))
MET = Disagreement(
    first=ONE, second=TWO, asked="padding=same op=none o=none", kind="window", count=3, common=9,
    case="1d-i2-k2-opnone-padsame-ci2-co3-f32", answers=(BEGIN, END),
)  # fmt: skip


def told(*found: Disagreement) -> Compatibility:
    """Return these disagreements without a rule."""
    source = MeasuredRun(run="map", digest="d", started="now", tconv="0", versions={})
    return Compatibility(atlas=Atlas(source=source, entries=()), disagreements=found)


def other(**changes: Any) -> Disagreement:
    """Return the disagreement with changes."""
    return replace(MET, **changes)


def test_answers_are_lettered_and_drawn_with_their_letters() -> None:
    (found,) = drawn_disagreements(told(MET))

    assert [(letter, str(answer), who) for letter, answer, who in found.answers] == [
        ("A", "o=2 window 0:1", "rival"),
        ("B", "o=2 window 1:0", "mine"),
    ]
    assert re.findall(r">([AB]: [^<]*)</text>", found.drawing) == [
        "A: size 2, crops 1 at the end",
        "B: size 2, crops 1 at the start",
    ]


def test_same_answer_of_several_is_shown_once() -> None:
    (found,) = drawn_disagreements(told(MET, other(first="third:call@cpu")))

    assert [who for _, _, who in found.answers] == ["rival", "mine, third"]


def test_most_dangerous_kind_comes_first() -> None:
    size = other(kind="shape", answers=(TargetAnswer(shape=(1, 3, 3), windows=("0.0",)), END))
    refused = other(kind="acceptance", answers=(TargetAnswer(error="no"), END))

    assert [each.kind for each in drawn_disagreements(told(refused, size, MET))] == [
        "window", "shape", "acceptance"
    ]  # fmt: skip


def test_axis_that_differs_is_drawn() -> None:
    case = "2d-i2x3-k2x3-opnone-padsame-ci2-co3-f32"
    answers = tuple(
        TargetAnswer(shape=(1, 3, 2, 3), windows=(text,)) for text in ("0.1x1.1", "0.1x0.2")
    )
    (found,) = drawn_disagreements(told(other(case=case, answers=answers)))

    assert "i = 3, k = 3" in found.drawing


@pytest.mark.parametrize(
    "changes",
    [
        {"case": "1d-i11-k2-opnone-padsame-ci2-co3-f32"},
        {"case": "1d-i5-k2-s20-opnone-padsame-ci2-co3-f32"},
        {"answers": (TargetAnswer(shape=(1, 3, 0), windows=("1.2",)), END)},
        {"answers": (TargetAnswer(error="no"), END)},
        {"answers": (TargetAnswer(shape=(1, 3, 2)), END)},
    ],
    ids=["many inputs", "wide", "nothing kept", "refused", "size only"],
)
def test_what_cannot_be_drawn_is_said_in_words(changes: dict[str, Any]) -> None:
    (found,) = drawn_disagreements(told(other(**changes)))

    assert found.drawing == ""
    assert len(found.answers) == 2


def test_drawings_have_names_of_their_own() -> None:
    found = drawn_disagreements(told(MET, other(case="1d-i3-k2-opnone-padsame-ci2-co3-f32")))
    names = [name for each in found for name in re.findall(r'id="([^"]+)"', each.drawing)]

    assert len(names) == len(set(names)) == 4
