"""Reports say what a run found, whatever a framework's errors look like."""

import csv as csv_reader
import errno
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tconv.analysis.findings import findings
from tconv.analysis.summary import Summary
from tconv.errors import StoreError
from tconv.model.verdict import Verdict
from tconv.report import findings_csv, results_csv, summary_md
from tconv.report.markdown import cell, code, error_line
from tconv.report.output import replacing
from tconv.store import RowBatch, RunReader, RunWriter
from tconv.store.columns import COLUMNS
from tconv.store.rows import Columns

MakeRows = Callable[..., Columns]
HOSTILE = [
    "a | b || c \\| d", "`code` and ``more``", "first\n\n| second |\r\n# third",
    "<script>x</script>",
    "x" * 100_000, "", "\\", "`", "| ---|", "</td></table>", "\x00\x1b[31m", "*bold* [a](b) ~~c~~",
]  # fmt: skip
AWKWARD = "`|\\<* a\n"
HEADER: dict[str, Any] = {
    "config": {"run": {"name": "made", "seed": 3}, "grid": []},
    "config_path": "my configs/a b.toml",
    "started": "2026-01-02T03:04:05+00:00",
    "grid": {"made": 9, "kept": 5, "cases": 4, "shard": "1/2", "dropped": {"duplicate": 4},
             "marginals": {"i": {"1": 2, "2": 3}}, "coverage": [], "digest": "0"},
    "machine": {"cpu": "A | B", "cores": 2, "system": "Linux", "threads": 2,
                "memory_bytes": 2**30, "cpu_features": ["fma"]},
    "software": {"python": "3.11", "tconv": "0", "implementation": "cpython",
                 "packages": {}},
    "targets": [{"target": "fake:call@cpu", "sample": 4, "settings": {"flag|": "on|off"},
                 "cases": 4, "unavailable": None, "versions": {}}],
}  # fmt: skip


@pytest.fixture
def finished(tmp_path: Path) -> Callable[[Columns], Summary]:
    """Return a maker of a finished run from rows: what its reports are made from."""

    def made(rows: Columns) -> Summary:
        writer = RunWriter.create(tmp_path / "run", HEADER)
        writer.write(0, 0, RowBatch.from_columns(rows))
        writer.finish({"status": 1, "messages": ["a|b deviates"]})
        return extract(writer.path)

    return made


def extract(path: Path) -> Summary:
    """Return what the reports of a run are made from."""
    return Summary.from_run(RunReader(path))


def written(path: Path) -> Path:
    """Write results.csv of a run and return its path."""
    return results_csv.write(RunReader(path))


def lines_of_tables(text: str) -> list[list[str]]:
    """Return the tables of a Markdown text, each as its lines."""
    blocks = re.split(r"\n(?!\|)", text)
    return [
        lines for block in blocks if len(lines := re.findall(r"^\|.*$", block, re.MULTILINE)) > 1
    ]


def cells(line: str) -> int:
    """Return the number of cells in a line of a table, as the standard splits it."""
    return len(re.findall(r"(?:\\[!-/:-@\[-`{-~]|[^|\\]|\\)+(?=\|)", line[1:]))


def test_csv_holds_every_row_and_column_as_written(
    finished: Callable[[Columns], Summary], make_rows: MakeRows
) -> None:
    hostile = 'quote " comma , line\nend\r; ünï'
    path = finished(
        make_rows(
            3,
            error_text=[hostile, None, ""],
            bad_count=[3, None, 0],
            coinciding=[("a b", "c"), (), None],
            first_bad_index=[(0, 1, 2), (), None],
            error_units=[0.1, 1e-300, None],
        )
    ).run.path

    with written(path).open(newline="", encoding="utf-8") as file:
        rows = list(csv_reader.DictReader(file))

    assert list(rows[0]) == [column.name for column in COLUMNS]
    assert [row["case"] for row in rows] == make_rows(3)["case"]
    assert [row["i"] for row in rows] == ["1x2", "2x2", "3x2"]
    assert [row["p_begin"] for row in rows] == ["1x0"] * 3
    assert [row["error_text"] for row in rows] == [hostile, "", ""]
    assert [row["bad_count"] for row in rows] == ["3", "", "0"]
    assert [row["coinciding"] for row in rows] == ["a b; c", "", ""]
    assert [row["first_bad_index"] for row in rows] == ["0x1x2", "", ""]
    assert [float(row["error_units"] or 0) for row in rows] == [0.1, 1e-300, 0]
    assert rows[0]["groups"] == "1"


def test_csv_that_cannot_be_written_leaves_the_old_one(
    finished: Callable[[Columns], Summary], make_rows: MakeRows
) -> None:
    run = finished(make_rows(1)).run
    path = written(run.path)
    before = path.read_text()
    next(run.path.glob("parts/*")).write_bytes(b"")

    with pytest.raises(StoreError, match="is damaged"):
        written(run.path)

    assert path.read_text() == before


def test_summary_has_every_verdict_and_each_deviation_with_its_command(
    finished: Callable[[Columns], Summary], make_rows: MakeRows
) -> None:
    text = summary_md.text(finished(make_rows(len(Verdict), verdict=[v.value for v in Verdict])))

    assert all(f"- **{v}** ({v.standpoint}): {v.meaning}" in text for v in Verdict)
    headings = re.findall(r"(?m)^### \d+\. fake:call@cpu: (.*)$", text)
    listed = [each.split(",")[0] for heading in headings for each in heading.split("; ")]
    assert sorted(listed) == sorted(Verdict.deviations())
    assert text.count("    tconv run 'my configs/a b.toml' --case ") == len(headings)
    assert "nan" not in text


def test_finding_has_the_smallest_case_and_a_command_for_the_shell(
    finished: Callable[[Columns], Summary], make_rows: MakeRows
) -> None:
    rows = make_rows(3, verdict=["value"] * 3, reading=["kernel flipped"] * 3)
    reordered = {name: values[::-1] for name, values in rows.items()}

    (found,) = findings(finished(reordered))

    assert (found.count, found.reading, found.smallest["i"]) == (3, "kernel flipped", (1, 2))
    assert found.smallest["error_text"] is None
    assert shlex.split(found.command) == [
        "tconv", "run", "my configs/a b.toml", "--case", rows["case"][0],
        "--target", "fake:call@cpu",
    ]  # fmt: skip


def test_deviations_of_another_reading_are_another_finding(
    finished: Callable[[Columns], Summary], make_rows: MakeRows
) -> None:
    run = finished(make_rows(3, verdict=["value"] * 3, reading=["a", None, "a"]))

    assert [(each.reading, each.count) for each in findings(run)] == [("a", 2), ("", 1)]
    assert "No reading reproduces what was returned." in summary_md.text(run)


def test_finding_has_a_predicate_and_what_may_vary_in_csv_and_summary(
    finished: Callable[[Columns], Summary], make_rows: MakeRows
) -> None:
    rows = make_rows(6, verdict=["value", "value", "match"] * 2, reading=["a", "b | a", None] * 2,
                     groups=[2, 2, 1] * 2)  # fmt: skip
    run = finished(rows)

    (found,) = findings(run)
    (line,) = csv_reader.DictReader(findings_csv.write(run).read_text("utf-8").splitlines())

    assert (found.reading, found.predicate, found.count) == ("a", "groups > 1", 4)
    assert found.held_against == "holds for all of them and for none of 2 passing rows"
    (variation,) = found.may_vary
    assert (variation.parameter, variation.same) == ("i", ("2x2", "4x2", "5x2"))
    assert (line["id"], line["predicate"], line["rows"]) == (found.id, "groups > 1", "4")
    assert line["verdicts"] == "value 4"
    assert line["may_vary"] == "i 2x2, 4x2, 5x2"
    text = summary_md.text(run)
    assert f"Where `groups > 1`: {found.held_against}. Finding `{found.id}`." in text
    assert text.index("## Findings") < text.index("## Totals")


def test_id_of_a_finding_depends_on_what_it_says_alone(
    finished: Callable[[Columns], Summary], make_rows: MakeRows
) -> None:
    one = make_rows(3, verdict=["value", "match", "value"], groups=[2, 1, 2])
    more = make_rows(5, verdict=["value", "match", "value", "value", "match"],
                     groups=[2, 1, 2, 2, 1])  # fmt: skip
    elsewhere = make_rows(3, verdict=["value", "match", "value"], s=[(2, 2), (1, 1), (2, 2)])

    first, same, other = (findings(finished(rows))[0].id for rows in (one, more, elsewhere))

    assert first == same != other


def test_crash_that_is_not_reproduced_says_what_ended_the_worker(
    finished: Callable[[Columns], Summary], make_rows: MakeRows
) -> None:
    said = "the worker ended with signal 11 (SIGSEGV), not reproduced"
    rows = make_rows(1, verdict=["crashed"], reason=[said])

    (found,) = findings(finished(rows))

    assert (found.reading, found.evidence) == (said, "")


def test_command_names_the_run_where_no_file_was_its_config(
    tmp_path: Path, make_rows: MakeRows
) -> None:
    writer = RunWriter.create(tmp_path / "run", HEADER | {"config_path": ""})
    writer.write(0, 0, RowBatch.from_columns(make_rows(1, verdict=["value"])))
    writer.finish({})

    (found,) = findings(extract(writer.path))

    assert shlex.split(found.command)[2] == str(writer.path)


def test_reason_has_its_count_and_evidence(
    finished: Callable[[Columns], Summary], make_rows: MakeRows
) -> None:
    run = finished(
        make_rows(3, verdict=["unsupported", "unsupported", "unavailable"],
                  reason=["no groups", "no groups", "not installed"],
                  error_type=["TypeError", "TypeError", None],
                  error_text=["no keyword", "no keyword", None])
    )  # fmt: skip

    assert [(r.reason, r.count, r.evidence) for r in run.unjudged] == [
        ("no groups", 2, "TypeError: no keyword"),
        ("not installed", 1, ""),
    ]


def test_additions_and_native_shares_are_counted_per_target(
    finished: Callable[[Columns], Summary], make_rows: MakeRows
) -> None:
    run = finished(
        make_rows(
            5, route=["native", "composed", "composed", "composed", "unsupported"],
            addition=[None, "crop", "bias", "crop", None], groups=[1, 2, 1, 1, 1],
            bias=[True, True, False, False, True],
        )
    )  # fmt: skip

    assert run.totals.steps("fake:call@cpu") == [("crop", 2), ("bias", 1)]
    shares = run.native_shares["fake:call@cpu"]
    assert shares["bias"] == 0.5
    assert shares["2d"] == 0.25
    assert shares["groups > 1"] == 0
    assert shares["dilation > 1"] is None
    text = summary_md.text(run)
    assert "| fake:call@cpu | crop | 2 |" in text
    assert "- **fake:call@cpu**: 2d 25%, s > 1 25%" in text


def test_blind_spots_are_counted_by_case(
    finished: Callable[[Columns], Summary], make_rows: MakeRows
) -> None:
    text = summary_md.text(
        finished(
            make_rows(4, drawn=["normal", "normal", "exact, sparse", "exact"],
                      values=["exact", "normal", "exact", "exact"],
                      coinciding=[("kernel flipped",), (), None, ()])
        )
    )  # fmt: skip

    assert "- 1: exact inputs were out of reach" in text
    assert "- 1: exact inputs were sparse" in text
    assert "- 1: some wrong reading gives the right answer" in text


def test_summary_without_blind_spots_says_nothing_of_them(
    finished: Callable[[Columns], Summary], make_rows: MakeRows
) -> None:
    text = summary_md.text(finished(make_rows(2)))

    assert "says less" not in text
    assert "None: every row conforms" in text
    assert "Every row was judged." in text
    assert "Composed routes" not in text


def test_summary_of_an_incomplete_run_says_so(tmp_path: Path, make_rows: MakeRows) -> None:
    writer = RunWriter.create(tmp_path / "run", HEADER)
    writer.write(0, 0, RowBatch.from_columns(make_rows(1)))

    assert "**INCOMPLETE" in summary_md.text(extract(writer.path))


def test_share_of_nearly_all_is_not_shown_as_all(
    finished: Callable[[Columns], Summary], make_rows: MakeRows
) -> None:
    run = finished(make_rows(300, compared=[0] + [1] * 299))

    assert "| 300 | 299 (99%) |" in summary_md.text(run)


def test_header_that_lacks_something_is_damaged(tmp_path: Path, make_rows: MakeRows) -> None:
    writer = RunWriter.create(tmp_path / "run", {"config_path": ""})
    writer.write(0, 0, RowBatch.from_columns(make_rows(1)))
    writer.finish({"status": 0, "messages": []})

    with pytest.raises(StoreError, match=r"header of .* is damaged"):
        summary_md.write(extract(writer.path))


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_breaks_no_table(
    finished: Callable[[Columns], Summary], make_rows: MakeRows, text: str
) -> None:
    rows = make_rows(3, verdict=["crashed", "unsupported", "value"], reason=[text] * 3,
                     error_type=["E"] * 3, error_text=[text] * 3, observed_value=[text] * 3,
                     route=["composed"] * 3, addition=[text] * 3)  # fmt: skip

    text = summary_md.text(finished(rows))

    tables = lines_of_tables(text)
    assert len(tables) >= 8
    assert [{cells(line) for line in table} - {cells(table[0])} for table in tables] == [
        set() for _ in tables
    ]
    assert "<script" not in text.replace("`E: <script>x</script>`", "")
    assert len(text) < 20_000


@given(st.text() | st.text(AWKWARD))
def test_any_text_stays_in_one_cell(text: str) -> None:
    assert cells(f"| {cell(text)} | {code(text)} |") == 2
    assert f"{cell(text)}{code(text)}".isprintable()


def test_crash_keeps_the_failed_check_and_not_the_stack() -> None:
    stack = "\n".join(f"    @  0x{at:x} somewhere::deep()" for at in range(99))
    text = f"WARNING: all log messages go to stderr\nF1122 a.cc:5] Check failed: a == b\n{stack}"

    assert error_line(text) == "F1122 a.cc:5] Check failed: a == b"


def test_announced_error_is_joined_with_its_last_line() -> None:
    text = "Graph execution error:\n\nDetected at:\nbad depth\n\t [[{{node x}}]]\n"

    assert error_line(text) == "Graph execution error: bad depth"


def test_failed_check_that_ends_in_a_colon_is_joined_with_the_next_line() -> None:
    assert error_line("F1122 a.cc:5] Check failed: shape:\nf32[2] vs f32[3]\nstack") == (
        "F1122 a.cc:5] Check failed: shape: f32[2] vs f32[3]"
    )


def test_excerpt_is_the_first_line_else() -> None:
    assert error_line("\n  too   square\nsee the docs") == "too square"


@pytest.mark.parametrize("length", [300, 301])
def test_excerpt_is_never_wider_than_asked(length: int) -> None:
    cut = error_line("x" * length)

    assert len(cut) == 300
    assert cut.endswith("…") == (length > 300)


@given(st.text() | st.text(AWKWARD))
def test_code_span_ends_where_it_should(text: str) -> None:
    assert re.fullmatch(r"`[^`]+`|-", code(text))


def test_report_that_fails_leaves_no_half_of_it(tmp_path: Path) -> None:
    path = tmp_path / "report.md"
    path.write_text("earlier")

    def write_half() -> None:
        with replacing(path) as unfinished:
            unfinished.write_text("half")
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(StoreError, match="No space left"):
        write_half()

    assert [each.name for each in tmp_path.iterdir()] == ["report.md"]
    assert path.read_text() == "earlier"
