"""What a user asks, and what the atlas answers."""

import json
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tconv.analysis.atlas.atlas import Atlas, MeasuredRun
from tconv.analysis.atlas.condition import Clause, Domain
from tconv.analysis.atlas.condition_inference import infer_condition
from tconv.analysis.atlas.entry import Entry
from tconv.analysis.atlas.evidence import evidence
from tconv.analysis.atlas.extent import extents_of
from tconv.analysis.atlas.formula import Formula
from tconv.analysis.atlas.observation import NATIVE
from tconv.analysis.atlas.observation_point import Point
from tconv.analysis.atlas.question import Question
from tconv.analysis.atlas.rule import Piecewise, Rule
from tconv.cli import cli
from tconv.model.geometry import Axis

HALVED = "max(s*(i - 1) + K - o, 0)//2"
RULE = Rule(
    size=Piecewise(formula=Formula((("s*i", 1),))),
    begin=Piecewise(formula=Formula(((HALVED, 1),))),
)


def same(target: str) -> Question:
    """Return the question of "same" without output padding or requested size."""
    return Question(target=target, padding="same", op=False, o=False)


def atlas(verdicts: Callable[[Axis], bool] = lambda _: True) -> Atlas:
    """Return an atlas in which one target follows a rule, and another knows no "same".

    Args:
        verdicts: whether the first target accepts a call of one axis.
    """
    called = [Axis(i=i, k=k, s=s) for i, k, s in product(range(1, 9), range(1, 7), range(1, 5))]
    accepted = [axis for axis in called if verdicts(axis)]
    refused: dict[tuple[Axis, ...], str] = {
        (axis,): f"{axis} will not do" for axis in called if not verdicts(axis)
    }
    points = [
        Point(axis=extent.axis, size=extent.size, begins=(extent.begin or 0,))
        for extent in extents_of(RULE, accepted)
    ]
    known = Entry(
        question=same("fake:call@cpu"), verdicts={"resolved": len(accepted)}, rule=RULE,
        evidence=evidence(RULE, points[:50], points[50:]),
        domain=Domain.from_calls([(axis,) for axis in called]),
        acceptance=infer_condition([(axis,) for axis in accepted], refused),
    )  # fmt: skip
    never = infer_condition([], dict.fromkeys([(axis,) for axis in called], "no policy"))
    other = Entry(
        question=same("other:call@cpu"), verdicts={"unsupported": 192}, reason="no policy",
        domain=Domain.from_calls([(axis,) for axis in called]), acceptance=never,
    )  # fmt: skip
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
        "  the rule holds at all 192 points measured in run map, 2026-11-23",
        "  accepted: always, inferred from 192 calls",
        "  measured on: i 1..8, k 1..6, s 1..4; 1 axis: d 1, p_begin 0, p_end 0",
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

    assert str(done.exception).endswith(": fake:call@cpu; did you mean fake:call@cpu?")


def test_backend_that_was_not_measured_is_answered_by_those_that_were(written: Path) -> None:
    done = asked(written, "numpy", "padding=same", "k=4", "i=3", "--no-run")

    assert str(done.exception).endswith("the atlas was measured on: fake, other")


def test_call_outside_of_what_was_measured_is_said_to_be_a_guess(written: Path) -> None:
    done = asked(written, "fake", "padding=same", "k=4", "s=2", "i=30", "d=5", "--no-run")

    assert done.stdout.startswith("inferred beyond what was measured, and not asked: no framework")
    assert "but i=30 was not measured; 1 to 8 were" in done.output
    assert "but d=5 was not measured; only 1 was" in done.output


@pytest.mark.parametrize(
    ("is_separated", "words"),
    [
        (False, "by the rule, but it is not known whether the call is accepted"),
        (True, "accepted, but it is not known whether by one call or with an added crop"),
    ],
)
def test_measured_call_that_the_atlas_cannot_tell_says_what_is_not_known(
    tmp_path: Path, *, is_separated: bool, words: str
) -> None:
    known, *_ = atlas().entries
    entry = replace(known, routes={NATIVE: None})
    path = tmp_path / "atlas.json"
    entry = entry if is_separated else replace(entry, acceptance=None)
    path.write_text(replace(atlas(), entries=(entry,)).to_json())
    done = asked(path, "fake", "padding=same", "k=4", "s=2", "i=3", "--no-run")

    assert done.stdout.startswith(f"{words}, and not asked: no framework is loaded")


def test_long_conditions_are_cut_between_comparisons(tmp_path: Path) -> None:
    known, *_ = atlas().entries
    assert known.acceptance
    texts = [f"o_requested < s*(i - 1) + K - p_begin - p_end + {n}" for n in range(100, 104)]
    clauses = tuple(Clause(conditions=(text,)) for text in texts)
    entry = replace(known, acceptance=replace(known.acceptance, clauses=clauses),
                    question=replace(known.question, o=True))  # fmt: skip
    path = tmp_path / "atlas.json"
    path.write_text(replace(atlas(), entries=(entry,)).to_json())
    lines = asked(path, "fake", "padding=same", "k=4", "i=3", "o=9", "--no-run").stdout.splitlines()

    assert all(any(text in line for line in lines) for text in texts)
    assert max(map(len, lines)) <= 100


def test_refused_call_breaks_a_condition_and_has_accepted_neighbours(tmp_path: Path) -> None:
    path = tmp_path / "atlas.json"
    path.write_text(atlas(lambda axis: axis.s <= axis.k).to_json())
    done = asked(path, "fake", "padding=same", "k=2", "s=3", "i=3", "--no-run")

    assert done.exit_code == 3
    assert done.stdout.splitlines()[:6] == [
        "refused: fake:call@cpu does not accept this call",
        "  accepted only where K >= s (here 2 >= 3)",
        "  the framework was not asked: no framework is loaded with --no-run",
        "nearest accepted calls:",
        "  tconv explain fake:call@cpu padding=same i=3 k=2 s=2",
        "  tconv explain fake:call@cpu padding=same i=3 k=2 s=1",
    ]
    assert "will not do" not in done.stdout


def test_reason_is_quoted_where_all_refused_calls_have_it(written: Path) -> None:
    done = asked(written, "other", "padding=same", "k=4", "i=3", "--no-run")

    assert done.exit_code == 3
    assert done.stdout.startswith("refused: no policy\n")


def test_explanation_of_two_axes_has_one_answer_each(tmp_path: Path) -> None:
    known, *_ = atlas().entries
    assert known.domain
    path = tmp_path / "atlas.json"
    options = dict.fromkeys((1, 2), known.domain.options[1])
    wide = replace(known, domain=replace(known.domain, options=options))
    path.write_text(replace(atlas(), entries=(wide,)).to_json())
    done = asked(path, "fake", "padding=same", "k=4x1", "s=2", "i=3x5", "--json")

    answer = json.loads(done.stdout)["answers"][0]
    assert answer["verdict"] == "accepted"
    assert [(a["size"], a["begin"], a["end"]) for a in answer["axes"]] == [(6, 1, 1), (10, 0, -1)]


def test_call_of_a_kind_that_was_not_measured_is_not_guessed(written: Path) -> None:
    done = asked(written, "fake", "padding=valid", "k=4", "i=3", "--no-run")

    assert done.exit_code == 3
    assert done.stdout.startswith("not known: no framework is loaded with --no-run\n")


def test_backend_that_is_not_installed_is_not_asked(written: Path) -> None:
    done = asked(written, "fake", "padding=valid", "k=4", "i=3")

    assert done.exit_code == 3
    assert done.stdout.startswith("not known: backend='fake', but should be")


def test_missing_atlas_says_how_to_make_one(tmp_path: Path) -> None:
    done = asked(tmp_path / "none.json", "fake", "padding=same", "k=4", "i=3")

    assert "tconv run configs/map.toml" in str(done.exception)
