"""What is published of a run: rules, disagreements and claims in one file, and the document."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tconv.analysis.atlas.atlas import Atlas, MeasuredRun
from tconv.analysis.claims.claim import Claim, MeasuredQuantity
from tconv.analysis.claims.document import Claims
from tconv.analysis.compatibility import Compatibility
from tconv.cli import cli
from tconv.errors import AtlasError
from tconv.model.predicate.expression import Expression
from tconv.report.compatibility_md import in_short, question_words, text
from tconv.report.open_cases import TOPICS, compare, overview

Row = dict[str, Any]

SOURCE = MeasuredRun(
    run="map", digest="d" * 64, started="2026-11-23T00:00:00+00:00", tconv="0",
    versions={"mine": "1"},
)  # fmt: skip
CLAIMS = Claims(
    claims=(
        Claim(
            name="mine-same", title="The size of 'same'", quotation="twice", source="Mine 1",
            about=MeasuredQuantity(
                target="mine:call", quantity="size", arguments={"padding": "same"}
            ),
            formula=Expression.from_text("i*s"),
        ),
    ),
    laws=(),
)  # fmt: skip


def rows(**begins: str) -> Iterator[Row]:
    """Yield rows of `same` on each target: `o = s*i`, with the odd element at one side.

    Args:
        begins: backend -> `low`, `high`: which half of max(K - s, 0) is cropped at the start, or
            `refuses`.
    """
    sizes = product(range(1, 9), range(1, 7), range(1, 5))
    for (i, k, s), (backend, side) in product(sizes, begins.items()):
        cut = max(k - s, 0)
        begin = cut // 2 if side == "low" else cut - cut // 2
        full = s * (i - 1) + k
        named = f"1d-i{i}-k{k}-s{s}-opnone-padsame-ci2-co4-f32"
        row = {
            "case": named.replace("-s1-", "-"),
            "target": f"{backend.replace('_', ':')}@cpu", "suite": "open",
            "ndim": 1, "i": [i], "k": [k], "s": [s], "dilation": [1], "p_begin": [0],
            "p_end": [0], "output_padding": None, "padding": "same", "o": None,
            "verdict": "resolved", "observed_shape": [1, 4, s * i], "inferred_shape": None,
            "resolution": [f"{begin}.{full - s * i - begin}"], "resolutions": 1, "reason": None,
            "call": "conv1d_transpose(padding='same')", "error_text": None,
            "route": "native", "addition": None,
        }  # fmt: skip
        refused = {
            "verdict": "rejected", "observed_shape": None, "resolution": None, "resolutions": None,
            "error_text": f"{'no ' * 100}\nmore",
        }  # fmt: skip
        yield row | (refused if side == "refuses" else {})


def made(claims: Claims = CLAIMS, **begins: str) -> Compatibility:
    """Return what rows of these backends say."""
    return Compatibility.from_rows(lambda: rows(**begins), SOURCE, claims)


ROOT = Path(__file__).parents[2]
MADE = made(mine_call="low", mine_other="low", rival_call="high", third_call="refuses")


def test_file_reads_back() -> None:
    again = Compatibility.from_json(MADE.to_json())

    assert again == MADE
    assert again.to_json() == MADE.to_json()


def test_file_is_an_atlas_as_well() -> None:
    assert Atlas.from_json(MADE.to_json()) == MADE.atlas


def test_atlas_alone_is_refused_with_what_to_do() -> None:
    with pytest.raises(AtlasError, match=r"no disagreements .* write it again with `tconv atlas"):
        Compatibility.from_json(MADE.atlas.to_json())


def test_targets_of_a_backend_that_never_disagree_are_one_voice() -> None:
    assert MADE.agreeing_groups == (
        ("mine:call@cpu", "mine:other@cpu"),
        ("rival:call@cpu",),
        ("third:call@cpu",),
    )


def test_targets_of_a_backend_that_disagree_are_apart() -> None:
    assert made(mine_call="low", mine_other="high").agreeing_groups == (
        ("mine:call@cpu",), ("mine:other@cpu",)
    )  # fmt: skip


def test_disagreement_of_a_voice_is_kept_once() -> None:
    kinds = [(each.second, each.kind) for each in MADE.disagreements if "mine" in each.first]

    assert kinds == [("rival:call@cpu", "window"), ("third:call@cpu", "acceptance")]


def test_errors_are_kept_by_their_first_line_and_cut() -> None:
    errors = {answer.error for each in MADE.disagreements for answer in each.answers}

    assert errors == {"", ("no " * 100)[:160]}


def test_claims_are_held_against_the_rows() -> None:
    (record,) = MADE.claims

    assert (record.target, record.verdict) == ("mine:call", "holds")


def test_topic_has_a_line_for_targets_that_answer_alike() -> None:
    same = next(topic for topic in TOPICS if topic.title == "padding same")
    found = [(line.modes, line.size, line.begin) for line in compare(MADE, same)]

    assert found == [
        (("call", "other"), "s*i", "max(K - s, 0)//2"),
        (("call",), "s*i", "(max(K - s, 0) + 1)//2"),
        (("call",), "rejected", ""),
    ]


TOLD = {
    "source": "digest `dddddddddddddddd`",
    "example": "| mine | call, other | `s*i` | `max(K - s, 0)//2` | o=8 window 0:1 |",
    "refusal of a topic": "- third, call: rejected",
    "agreeing_groups": "- `mine:call@cpu`, `mine:other@cpu`: never disagree",
    "rule": "| same | call, other | `s*i` | `max(K - s, 0)//2` | 192 of 192 | `always` | "
    "i 1..8, k 1..6, s 1..4; 1 axis: d 1, p_begin 0, p_end 0 |",
    "call": "- `convNd_transpose(padding='same')`: same",
    "refusal of a backend": "- call: rejected: same",
    "claim": "| The size of 'same': `i*s` (Mine 1) | holds | at all 192 points |",
    "disagreement": "| same size, other numbers | `padding=same i=1 k=2 s=1` | o=1 window 0:1 | "
    "o=1 window 1:0 | rival | 64 of 192 |",
    "acceptance": "| one refuses | `padding=same i=1 k=1 s=1` | o=1 window 0:0 | refused | third | "
    "192 of 192 |",
}


@pytest.mark.parametrize("what", TOLD)
def test_document_says(what: str) -> None:
    assert TOLD[what] in text(MADE)


def test_disagreement_is_shown_under_both_backends() -> None:
    _, rival = text(MADE).split("\n## rival\n")

    assert "| `padding=same i=1 k=2 s=1` | o=1 window 1:0 | o=1 window 0:1 | mine |" in rival


def test_document_names_modes_where_those_of_a_backend_disagree() -> None:
    told = text(made(mine_call="low", mine_other="high"))

    assert "| o=1 window 0:1 (call) | o=1 window 1:0 | mine:other |" in told


def test_overview_has_the_answers_of_targets_that_have_one() -> None:
    assert [(who, answers[0]) for who, answers in overview(MADE)] == [
        ("mine", "o=8 window 0:1"),
        ("rival", "o=8 window 1:0"),
    ]


def test_overview_names_targets_where_a_backend_has_several_answers() -> None:
    found = overview(made(mine_call="low", mine_other="high"))

    assert [who for who, _ in found] == ["mine:call", "mine:other"]


def test_example_outside_the_measured_range_is_not_shown() -> None:
    few = [each for each in rows(mine_call="low") if each["s"] == [1]]
    found = Compatibility.from_rows(lambda: few, SOURCE)

    assert [line.example for line in compare(found, TOPICS[0])] == [""]


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ("1d-i4-k3-s2-opnone-padsame-ci2-co3-f32", "padding=same i=4 k=3 s=2"),
        ("2d-i4x3-k1x3-p1.0x0-opnone-o5x5-ci2-co3-f32", "i=4x3 k=1x3 s=1x1 o=5x5 p=1:0x0"),
        ("1d-i4-k3-s2-op1-d2-padvalid-ci2-co3-f32", "padding=valid i=4 k=3 s=2 d=2 op=1"),
    ],
)
def test_case_is_written_as_the_command_line_reads_it(case: str, words: str) -> None:
    assert question_words(case) == words


@pytest.mark.parametrize(
    ("question", "short"),
    [
        ("padding=same op=none o=none", "same"),
        ("p=given op=given o=requested ndim=2", "p op o 2-D"),
    ],
)
def test_question_has_a_short_form(question: str, short: str) -> None:
    assert in_short(question) == short


def test_command_prints_the_document(tmp_path: Path) -> None:
    path = tmp_path / "atlas.json"
    path.write_text(MADE.to_json())
    result = CliRunner().invoke(cli, ["compatibility", "--atlas", str(path)])

    assert result.output == text(MADE)


def test_source_alone_changes_the_line_of_the_source_alone() -> None:
    source = replace(SOURCE, digest="e" * 64, started="2027-01-01T00:00:00+00:00")
    other = replace(MADE, atlas=replace(MADE.atlas, source=source))
    pairs = zip(text(MADE).splitlines(), text(other).splitlines(), strict=True)

    assert [new.partition(" run ")[0] for old, new in pairs if old != new] == ["Measured in"]


REGENERATE = "tconv compatibility > reports/compatibility.md"


@pytest.fixture(scope="module")
def write_reports() -> str:
    """Return the document made of the atlas that comes with the harness."""
    result = CliRunner().invoke(cli, ["compatibility"])
    assert result.exit_code == 0, result.output
    return result.output


def test_document_is_that_of_the_published_atlas(write_reports: str) -> None:
    committed = (ROOT / "reports" / "compatibility.md").read_text("utf-8")

    assert write_reports == committed, f"out of date; write it again: {REGENERATE}"


def test_document_can_be_read(write_reports: str) -> None:
    assert len(write_reports.splitlines()) < 1_200


def test_readme_holds_the_table_of_the_document(write_reports: str) -> None:
    begin = write_reports.index("| k=3 s=2 i=4 |")
    table = write_reports[begin : write_reports.index("\n\n", begin)]

    assert table in (ROOT / "README.md").read_text("utf-8"), "copy it from the document"


def policy_rows() -> Iterator[Row]:
    """Yield rows of circular and causal, right on two modes, and unsupported on one."""
    additions = ["pad the input circularly"] * 2 + [None]
    for target, (at, addition) in product(("mine:call", "mine:other"), enumerate(additions)):
        (row,) = (row for row in rows(mine_call="low") if row["case"].startswith("1d-i4-k4-s2-"))
        row |= {
            "target": f"{target}@cpu", "case": f"1d-i4-k{4 - at}-s2-padcircular-ci2-co4-f32",
            "k": [4 - at], "suite": "explicit", "padding": "circular", "output_padding": [0],
            "verdict": "match", "resolution": None, "resolutions": None, "addition": addition,
            "route": "composed" if addition else "native",
        }  # fmt: skip
        yield row
        yield row | {"padding": "causal", "addition": None, "route": "native"}
        yield row | {"target": "third:call@cpu", "verdict": "unsupported", "addition": None}


def test_defined_policies_are_no_question_and_have_their_routes() -> None:
    def all_rows() -> Iterator[Row]:
        yield from rows(mine_call="low")
        yield from policy_rows()

    whole = Compatibility.from_rows(all_rows, SOURCE)

    assert {entry.question.padding for entry in whole.atlas.entries} == {"same"}
    assert [(each.target, each.policy, each.steps) for each in whole.policies] == [
        (f"mine:{mode}@cpu", policy, steps)
        for mode in ("call", "other")
        for policy, steps in (
            ("causal", ("native",)), ("circular", ("pad the input circularly", "native"))
        )
    ]  # fmt: skip
    assert Compatibility.from_json(whole.to_json()) == whole
    assert (
        "| `mine:call@cpu`, `mine:other@cpu` | - | one call "
        "| pad the input circularly; one call | - |"
    ) in text(whole)


def test_run_without_defined_policies_says_nothing_of_them() -> None:
    assert "Policies that are defined" not in text(MADE)
