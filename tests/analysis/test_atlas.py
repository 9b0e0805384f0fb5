"""From rows to the atlas: points of rows, entries of questions, and the JSON form."""

from collections.abc import Mapping
from itertools import product
from typing import Any

import pytest

from tconv.analysis.atlas.atlas import Atlas, MeasuredRun
from tconv.analysis.atlas.entry import entries
from tconv.analysis.atlas.observation import Observation, observe
from tconv.analysis.atlas.observation_point import Point
from tconv.analysis.atlas.question import Question
from tconv.errors import AtlasError
from tconv.model.target import Selection
from tconv.model.window import Resolution

Row = dict[str, Any]

SOURCE = MeasuredRun(
    run="map", digest="d1", started="2026-11-23T00:00:00+00:00", tconv="0", versions={"fake": "1"}
)


def row(i: tuple[int, ...], begins: list[tuple[int, ...]], **given: object) -> Row:
    """Return a row of "same" with k = 3, s = 2 and o = s*i, explained by these begin crops."""
    full, o = [2 * (each - 1) + 3 for each in i], [2 * each for each in i]
    ndim = len(i)
    made = {
        "case": f"case {i}", "target": "fake:call@cpu", "suite": "open", "ndim": ndim, "i": i,
        "k": (3,) * ndim, "s": (2,) * ndim, "dilation": (1,) * ndim, "p_begin": (0,) * ndim,
        "p_end": (0,) * ndim, "output_padding": None, "padding": "same", "o": None,
        "verdict": "resolved", "observed_shape": [1, 4, *o], "inferred_shape": None,
        "resolution": [Resolution.from_begins(begin, full, o).to_text() for begin in begins],
        "resolutions": len(begins), "reason": None, "call": "conv(padding='same')",
        "route": "native", "addition": None, "error_text": None,
    }  # fmt: skip
    return made | given


def points(*rows: Row) -> list[Point]:
    """Return the points of rows that all ask the same question."""
    (seen,) = observe(rows).values()
    return seen.points


def test_each_axis_of_a_row_is_a_point() -> None:
    found = points(row((5, 3), [(1, 0)]))

    assert [(p.axis.i, p.size, p.begins) for p in found] == [(3, 6, (0,)), (5, 10, (1,))]


def test_axis_can_be_unique_where_another_is_not() -> None:
    found = points(row((5, 1), [(0, 0), (0, 1)]))

    assert [(p.axis.i, p.begins) for p in found] == [(1, (0, 1)), (5, (0,))]


def test_same_parameters_share_the_windows_that_explain_all_rows() -> None:
    (found,) = points(row((1,), [(0,), (1,)]), row((1,), [(1,), (2,)]))

    assert found.begins == (1,)


def test_contradicting_rows_stay_apart() -> None:
    found = points(row((4,), [(0,)]), row((4,), [(1,)]))

    assert [p.begins for p in found] == [(0,), (1,)]


def test_windows_that_are_not_all_listed_tell_the_size_only() -> None:
    (found,) = points(row((1,), [(0,), (1,)], resolutions=40))

    assert (found.size, found.begins) == (2, ())


def test_inferred_shape_gives_the_size_only() -> None:
    promised = {"observed_shape": None, "inferred_shape": [1, 4, 8], "resolution": None}
    (found,) = points(row((4,), [], **promised, resolutions=None))

    assert (found.size, found.begins) == (8, ())


def test_rows_of_illegal_cases_are_passed_over() -> None:
    assert observe([row((4,), [(0,)], suite="illegal")]) == {}


def test_calls_that_were_resolved_are_listed_the_commonest_first() -> None:
    calls = ["b", "a", "c", "d", "a", "a", "c", "c", "c", "b"]
    rows = [row((i,), [(0,)], call=call) for i, call in enumerate(calls, 1)]
    refused = row((4,), [], verdict="rejected", call="e", resolutions=None)
    (entry,) = entries(observe([*rows, refused]))

    assert entry.calls == ("c", "a", "b")


def test_rows_that_are_not_resolved_are_counted() -> None:
    refused = row((4,), [], verdict="rejected", reason="no such padding", resolutions=None)
    (entry,) = entries(observe([refused, refused]))

    assert entry.verdicts == {"rejected": 2}
    assert (entry.rule, entry.reason) == (None, "no such padding")


def swept(shift: Mapping[int, int]) -> list[Row]:
    """Return rows of one and two axes, whose begin crop is `shift[ndim]` on every axis."""
    rows = []
    for ndim, i, k, s in product(shift, range(1, 9), range(1, 7), range(1, 7)):
        full, o = s * (i - 1) + k, s * i
        window = Resolution.from_begins((shift[ndim],) * ndim, (full,) * ndim, (o,) * ndim)
        given = {"k": (k,) * ndim, "s": (s,) * ndim, "observed_shape": [1, 1, *(o,) * ndim]}
        rows.append(
            row((i,) * ndim, [], **given, resolution=[window.to_text()]) | {"resolutions": 1}
        )
    return rows


def test_question_is_answered_across_axes_where_they_agree() -> None:
    (entry,) = entries(observe(swept({1: 0, 2: 0})))

    assert entry.question.ndim is None
    assert str(entry.rule) == "o = s*i\nbegin = 0"
    assert entry.accepted == 2 * 8 * 6 * 6


def test_question_is_answered_per_number_of_axes_where_they_contradict() -> None:
    found = list(entries(observe(swept({1: 0, 2: 1}))))

    assert [(e.question.ndim, str(e.rule)) for e in found] == [
        (1, "o = s*i\nbegin = 0"),
        (2, "o = s*i\nbegin = 1"),
    ]


def test_sampled_mode_follows_the_rule_of_its_backend() -> None:
    mode = "fake:call+sampled@cpu"
    few = [each | {"target": mode} for each in swept({1: 0})[40:50]]
    sampled, main = entries(observe([*swept({1: 0}), *few]))

    assert (sampled.question.target, sampled.like) == (mode, main.question.target)
    assert sampled.rule == main.rule
    assert sampled.evidence
    assert sampled.evidence.points == 10


def test_sampled_mode_that_differs_keeps_its_own_rule() -> None:
    mode = "fake:call+sampled@cpu"
    few = [each | {"target": mode} for each in swept({1: 1})[40:50]]
    sampled, main = entries(observe([*swept({1: 0}), *few]))

    assert sampled.like == ""
    assert sampled.rule != main.rule


def test_mode_that_computes_does_not_follow_one_that_infers_sizes() -> None:
    mode, unknown = "fake:promises@cpu", {"resolution": None, "resolutions": None}
    sizes = [each | {"target": mode} | unknown for each in swept({1: 0})]
    few = swept({1: 0})[40:50]
    main, _ = entries(observe([*sizes, *few]))

    assert (main.question.target, main.like) == ("fake:call@cpu", "")
    assert main.rule
    assert main.rule.begin is not None


def test_refusals_are_shown_beside_a_rule() -> None:
    refused = row((4,), [], verdict="unsupported", reason="no dilation", resolutions=None)
    (entry,) = entries(observe([row((4,), [(0,)]), refused]))

    assert entry.refusals == (
        "1 of 2 such calls were refused or not supported, for example: no dilation"
    )


def test_refusals_are_not_mentioned_where_there_were_none() -> None:
    (entry,) = entries(observe([row((4,), [(0,)])]))

    assert entry.refusals == ""


def made(shift: int = 0) -> Atlas:
    """Return the atlas of a sweep, with a refused question and a counterexample."""
    refused = row((4,), [], verdict="rejected", padding="valid", reason="no", resolutions=None)
    odd = row((9,), [(3,)])
    return Atlas.from_rows([*swept({1: shift}), refused, odd], SOURCE)


def test_atlas_survives_json() -> None:
    atlas = made()

    assert atlas.entries[0].evidence
    assert atlas.entries[0].evidence.counterexample
    assert Atlas.from_json(atlas.to_json()) == atlas


def test_atlas_selects_targets() -> None:
    atlas = made()

    assert atlas.of(Selection.from_text("fake")) == atlas.entries
    with pytest.raises(AtlasError, match=r"target='fake:other', but should be one of .*fake:call"):
        atlas.of(Selection.from_text("fake:other"))


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"format": 3}', '{"format": 3, "source": 3}'])
def test_damaged_atlas_says_how_to_write_it_again(text: str) -> None:
    with pytest.raises(AtlasError, match=r"atlas is damaged .* write it again"):
        Atlas.from_json(text)


def test_atlas_of_another_format_is_refused() -> None:
    with pytest.raises(AtlasError, match="format=99 of the atlas, but should be 3"):
        Atlas.from_json('{"format": 99}')


def test_observations_add_up() -> None:
    first, second = (observe([row((i,), [(0,)])]) for i in (3, 4))
    both = sum(second.values(), next(iter(first.values())))

    assert isinstance(both, Observation)
    assert [p.axis.i for p in both.points] == [3, 4]
    assert both.verdicts == {"resolved": 2}


def test_question_is_written_as_on_the_command_line() -> None:
    question = Question(target="fake:call@cpu", padding="same", op=True, o=False, ndim=2)

    assert str(question) == "fake:call@cpu padding=same op=given o=none ndim=2"
