"""Wanted sizes: by counting over everything legal, and by rules."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from tconv.analysis.atlas.atlas import Atlas, MeasuredRun
from tconv.analysis.atlas.entry import Entry
from tconv.analysis.atlas.evidence import Evidence
from tconv.analysis.atlas.formula import Formula
from tconv.analysis.atlas.question import Question
from tconv.analysis.atlas.request import axis_of_size
from tconv.analysis.atlas.rule import Piecewise, Rule
from tconv.analysis.atlas.sizes import ExplicitChoice, explicit_choices, open_choices
from tconv.cli import cli
from tconv.errors import AtlasError
from tconv.model.geometry import Axis, output_size
from tconv.model.legality import axis_legality

SMALL = st.integers(1, 4)


@given(o=st.integers(1, 9), k=SMALL, s=SMALL, d=SMALL)
def test_ways_are_all_legal_choices_that_give_the_size(o: int, k: int, s: int, d: int) -> None:
    axes = (
        Axis(i=i, k=k, s=s, p_begin=p, p_end=p, op=op, d=d)
        for i in range(1, 26) for p in range(14) for op in range(4)
    )  # fmt: skip
    expected = [
        ExplicitChoice(i=axis.i, p=axis.p_begin, op=axis.extra)
        for axis in axes
        if output_size(axis) == o and axis_legality(axis)[0] == "legal"
    ]

    assert sorted(explicit_choices(o, k=k, s=s, d=d)) == expected


def entry(padding: str, terms: dict[str, int], *, op: bool = False, failing: int = 0) -> Entry:
    """Return an entry whose size has these terms, measured for i up to 4."""
    told = Evidence(points=30, holding=30 - failing, fitted=30, fitted_range={"i": (1, 4)},
                    verified=0, verified_range={}, counterexample=None, shortfalls=())  # fmt: skip
    return Entry(
        question=Question(target=f"fake:{padding}@cpu", padding=padding, op=op, o=False),
        verdicts={"resolved": 30},
        rule=Rule(size=Piecewise(formula=Formula.from_mapping(terms))),
        evidence=told,
    )


def atlas(*entries: Entry) -> Atlas:
    source = MeasuredRun(run="map", digest="d1", started="2026-11-23", tconv="0", versions={})
    return Atlas(source=source, entries=entries)


def test_policy_reaches_what_its_rule_says() -> None:
    (found,) = open_choices(atlas(entry("same", {"s*i": 1})), 8, k=3, s=2)

    assert (found.axis.i, found.is_measured) == (4, True)


def test_size_beyond_what_was_measured_is_marked() -> None:
    (found,) = open_choices(atlas(entry("same", {"s*i": 1})), 10, k=3, s=2)

    assert (found.axis.i, found.is_measured) == (5, False)


def test_output_paddings_are_tried_below_the_stride() -> None:
    found = open_choices(atlas(entry("valid", {"s*i": 1, "op": 1}, op=True)), 7, k=3, s=3)

    assert [(each.axis.i, each.axis.op) for each in found] == [(2, 1)]


def test_explicit_crops_are_tried_below_the_kernel() -> None:
    terms = {"s*(i - 1) + K": 1, "p_begin": -1, "p_end": -1}
    found = open_choices(atlas(entry("explicit", terms)), 5, k=3, s=2)

    assert [(each.axis.i, each.axis.p_begin) for each in found] == [(2, 0), (3, 1), (4, 2)]


def test_rule_with_a_counterexample_is_not_asked() -> None:
    assert not list(open_choices(atlas(entry("same", {"s*i": 1}, failing=1)), 8, k=3, s=2))


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["o=8", "k=3", "i=2"], "name=value with one of o, k, s, dilation (got 'i=2')"),
        (["o=8"], "k is missing"),
        (["o=8x9", "k=3"], "o must be one number from 1, for one axis (got '8x9')"),
        (["o=0", "k=3"], "o must be one number from 1, for one axis (got '0')"),
        (["o=none", "k=3"], "o must be one number from 1, for one axis (got 'none')"),
        (["o=8", "k=0"], "k must be 1 or more (got 0)"),
    ],
)  # fmt: skip
def test_wish_that_cannot_be_read_is_refused(texts: list[str], message: str) -> None:
    with pytest.raises(AtlasError) as error:
        axis_of_size(texts)

    assert message in str(error.value)


@pytest.fixture
def written(tmp_path: Path) -> Path:
    path = tmp_path / "atlas.json"
    path.write_text(atlas(entry("same", {"s*i": 1})).to_json())
    return path


def test_command_prints_both(written: Path) -> None:
    done = CliRunner().invoke(cli, ["sizes", "o=8", "k=3", "s=2", "--atlas", str(written)])

    assert done.exit_code == 0, done.output
    assert "  i=4 p=1 op=1\n" in done.output
    assert "fake:same@cpu padding=same op=none o=none: i=4\n" in done.output


def test_command_says_that_calls_of_the_kind_were_refused(tmp_path: Path) -> None:
    path = tmp_path / "atlas.json"
    told = entry("same", {"s*i": 1})
    verdicts = {"resolved": 30, "unsupported": 10}
    path.write_text(atlas(replace(told, verdicts=verdicts, reason="no dilation")).to_json())
    done = CliRunner().invoke(cli, ["sizes", "o=8", "k=3", "s=2", "--atlas", str(path)])

    assert (
        "i=4; but 10 of 40 such calls were refused or not supported, for example: no dilation\n"
    ) in done.output


def test_command_prints_json(written: Path) -> None:
    done = CliRunner().invoke(
        cli, ["sizes", "o=8", "k=3", "s=2", "--json", "--atlas", str(written)]
    )
    content = json.loads(done.stdout)

    assert {"i": 4, "p": 1, "op": 1} in content["explicit"]
    assert [each["i"] for each in content["targets"]] == [4]
