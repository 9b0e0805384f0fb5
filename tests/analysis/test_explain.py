"""What a user asks, and what the atlas answers."""

import json
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from tconv.analysis.atlas.atlas import Atlas, MeasuredRun
from tconv.analysis.atlas.entry import Entry
from tconv.analysis.atlas.evidence import evidence
from tconv.analysis.atlas.explain import draw_axis, explain
from tconv.analysis.atlas.formula import Formula
from tconv.analysis.atlas.observation_point import Point
from tconv.analysis.atlas.question import Question
from tconv.analysis.atlas.request import Request
from tconv.analysis.atlas.rule import Piecewise, Rule
from tconv.cli import cli
from tconv.errors import AtlasError
from tconv.model.geometry import Axis
from tconv.model.target import Selection

HALVED = "max(s*(i - 1) + K - o, 0)//2"
RULE = Rule(
    size=Piecewise(formula=Formula((("s*i", 1),))),
    begin=Piecewise(formula=Formula(((HALVED, 1),))),
)


def same(target: str) -> Question:
    """Return the question of "same" without output padding or requested size."""
    return Question(target=target, padding="same", op=False, o=False)


def atlas() -> Atlas:
    """Return an atlas in which one target follows a rule, and another knows no "same"."""
    asked = [Axis(i=i, k=k, s=s) for i, k, s in product(range(1, 9), range(1, 7), range(1, 5))]
    sizes, begins = RULE.of(asked)
    assert begins is not None
    points = [
        Point(axis=each, size=int(size), begins=(int(begin),))
        for each, size, begin in zip(asked, sizes, begins, strict=True)
    ]
    told = evidence(RULE, points[:100], points[100:])
    known = Entry(question=same("fake:call@cpu"), verdicts={"resolved": 192},
                  rule=RULE, evidence=told)  # fmt: skip
    other = Entry(question=same("other:call@cpu"), verdicts={"unsupported": 3},
                  reason="no policy")  # fmt: skip
    source = MeasuredRun(run="map", digest="d1", started="2026-11-23", tconv="0", versions={})
    return Atlas(source=source, entries=(known, other))


@pytest.fixture
def written(tmp_path: Path) -> Path:
    path = tmp_path / "atlas.json"
    path.write_text(atlas().to_json())
    return path


def asked(written: Path, *words: str) -> Result:
    return CliRunner().invoke(cli, ["explain", *words, "--atlas", str(written)])


def test_explanation_says_window_rule_evidence_and_draws_it(written: Path) -> None:
    done = asked(written, "fake", "padding=same", "k=4", "s=2", "i=3")

    assert done.stdout.splitlines() == [
        "o = 6: the full 8, 1 cropped at the start, 1 cropped at the end",
        "",
        "  x[0]  ####",
        "  x[1]    ####",
        "  x[2]      ####",
        "  full  ========",
        "  kept  -======-",
        "",
        "rule: o = s*i",
        f"rule: begin = {HALVED}",
        "fake:call@cpu",
        "  holds at all 192 points measured in run map, 2026-11-23",
        "",
    ]


def test_explanation_says_what_the_names_and_defaults_stand_for(written: Path) -> None:
    done = asked(written, "tf", "padding=SAME", "kernel_size=4", "strides=2", "i=3")

    assert done.stderr == "tconv: tf is read as tensorflow\n"
    done = asked(written, "Fake", "padding=SAME", "kernel_size=4", "strides=2", "i=3")
    assert done.stderr.startswith("tconv: ndim=1, as one number stands for all axes; ")
    assert done.stdout.startswith("o = 6: the full 8, 1 cropped at the start")


def test_target_that_was_not_measured_is_answered_by_the_right_spelling(written: Path) -> None:
    done = asked(written, "fake:cal", "padding=same", "k=4", "i=3")

    assert str(done.exception).endswith("other:call@cpu; did you mean fake:call@cpu?")


def test_explanation_warns_of_what_was_not_measured(written: Path) -> None:
    done = asked(written, "fake", "padding=same", "k=4", "s=2", "i=30", "d=5")

    assert "but i=30 was not measured; 1 to 8 were" in done.output
    assert "but d=5 was not measured; only 1 was" in done.output


def test_explanation_says_that_calls_of_the_kind_were_refused(tmp_path: Path) -> None:
    path = tmp_path / "atlas.json"
    known, *_ = atlas().entries
    verdicts = {"rejected": 3, "resolved": 192}
    path.write_text(replace(atlas(), entries=(replace(known, verdicts=verdicts),)).to_json())
    done = asked(path, "fake", "padding=same", "k=4", "s=2", "i=3")

    assert "  but 3 of 195 such calls were refused or not supported\n" in done.output


def test_explanation_of_what_a_target_lacks_gives_the_reason(written: Path) -> None:
    done = asked(written, "other", "padding=same", "k=4", "i=3")

    assert "computed no such case (unsupported: 3)" in done.output
    assert "no policy" in done.output


def test_explanation_of_two_axes_has_one_answer_each(written: Path) -> None:
    done = asked(written, "fake", "padding=same", "k=4x1", "s=2", "i=3x5", "--json")

    answer = json.loads(done.stdout)["answers"][0]
    assert [(a["size"], a["begin"], a["end"]) for a in answer["axes"]] == [(6, 1, 1), (10, 0, -1)]


def test_request_that_leaves_nothing_open_gets_its_size_and_what_to_ask_instead() -> None:
    request = Request.from_texts(["p=1", "op=1", "k=3", "s=2", "i=4x5"])

    with pytest.raises(AtlasError, match="nothing open, o is 8x10 on every target; to ask what"):
        explain(atlas(), Selection.from_text("fake"), request)


def test_case_that_was_not_measured_is_an_error_that_lists_what_was() -> None:
    request = Request.from_texts(["padding=valid", "k=3", "i=3"])

    with pytest.raises(
        AtlasError,
        match=r"measured with padding=valid .*; it was with padding=same op=none o=none",
    ):
        explain(atlas(), Selection.from_text("fake"), request)


def test_missing_atlas_says_how_to_make_one(tmp_path: Path) -> None:
    done = asked(tmp_path / "none.json", "fake", "padding=same", "k=4", "i=3")

    assert "tconv run configs/map.toml" in str(done.exception)


AXES = st.builds(
    Axis, i=st.integers(1, 9), k=st.integers(1, 9), s=st.integers(1, 9), d=st.integers(1, 9),
    p_begin=st.integers(-3, 9), p_end=st.integers(-3, 9),
)  # fmt: skip


@given(asked=AXES, size=st.integers(1, 20), begin=st.integers(-5, 20))
def test_drawing_counts_what_is_kept_cropped_and_added(asked: Axis, size: int, begin: int) -> None:
    lines = dict(
        line.split(maxsplit=1) for line in draw_axis(asked, size, begin) if "." not in line
    )
    if not lines:
        return
    inside = len(range(max(begin, 0), min(begin + size, asked.full)))

    assert lines["kept"].count("=") == inside
    assert lines["kept"].count("0") == size - inside
    assert lines["kept"].count("-") == asked.full - inside
    assert lines["x[0]"].count("#") == asked.k


def test_drawing_of_many_inputs_shows_the_first_and_the_last() -> None:
    lines = draw_axis(Axis(i=9, k=1), 9, 0)

    assert [line.split()[0] for line in lines] == [
        "x[0]", "x[1]", "x[2]", "x[3]", "x[4]", "...", "x[8]", "full", "kept",
    ]  # fmt: skip


def test_drawing_that_is_too_wide_is_not_drawn() -> None:
    assert draw_axis(Axis(i=200, k=3), 202, 0) == []
