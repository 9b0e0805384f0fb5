"""Damage to a run directory, of whatever kind, ends with one line that names the file."""

import json
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tconv.analysis.frames import Run
from tconv.errors import StoreError
from tconv.store import RowBatch, RunReader, RunWriter, json_file
from tconv.store.queries import RowQueries
from tconv.store.rows import Columns

SEED: Final = 20261128
MUTATIONS: Final = 150  # of each file
TARGETS: Final = ("fake:call@cpu", "fake:other@cpu")
HEADER: Final[dict[str, Any]] = {
    "config": {"run": {"name": "a", "targets": ["fake"]}, "grid": [{"ndim": 1}]},
    "config_path": "a.toml",
    "grid": {"made": 9, "kept": 6, "cases": 6, "digest": "0f", "dropped": {"duplicate": 3},
             "marginals": {"k": {"3": 6}}, "coverage": []},
    "targets": [{"target": name, "cases": 6, "unavailable": None, "versions": {"fake": "1"},
                 "settings": {}} for name in TARGETS],
    "started": "2026-11-28T16:00:00+00:00",
}  # fmt: skip
OLD: Final = ("checksum", "parts", "header")  # what runs of schema version 3 lack

Read = Callable[[Path], object]
READERS: Final[dict[str, Read]] = {
    "rows": lambda path: RunReader(path).table().to_pylist(),
    "queries": lambda path: list(RowQueries(RunReader(path)).run("SELECT * FROM rows")),
    "frame": lambda path: Run.from_path(path).rows.to_dict("records"),
}


@pytest.fixture
def run(tmp_path: Path, make_rows: Callable[..., Columns]) -> Path:
    """Return a complete run of two targets, whose parts have a gap and so are not joined."""
    writer = RunWriter.create(tmp_path / "run", HEADER)
    for number, name in enumerate(TARGETS):
        for first in (0, 4):
            rows = make_rows(3, target=[name] * 3, seconds=[float(first)] * 3)
            writer.write(number, first, RowBatch.from_columns(rows))
    writer.finish({"status": 0, "messages": [], "totals": {name: {"match": 6} for name in TARGETS}})
    return writer.path


def content_of(run: Path) -> tuple[object, object, object]:
    """Return all that a reader takes from a run."""
    reader = RunReader(run)
    return reader.header, reader.footer, reader.table().to_pylist()


def refusal_of(run: Path) -> str | None:
    """Return why a run cannot be read, or None."""
    try:
        content_of(run)
    except StoreError as error:
        return str(error)
    return None


def without_checksums(run: Path) -> None:
    """Make a run look as schema version 3 wrote it."""
    for name in ("header.json", "footer.json"):
        content = json.loads((run / name).read_text())
        content = {key: value for key, value in content.items() if key not in OLD}
        if name == "header.json":
            content["schema_version"] = 3
        (run / name).write_text(json.dumps(content))


def mutants(content: bytes, generator: random.Random) -> Iterator[bytes]:
    """Yield contents with a flipped bit, or a piece removed, doubled, moved or overwritten."""
    for _ in range(MUTATIONS):
        start = generator.randrange(len(content))
        end = min(len(content), start + generator.randint(1, 30))
        piece = content[start:end]
        bit = bytes([content[start] ^ 1 << generator.randrange(8)])
        noise = generator.choice(
            [b"", piece * 2, piece[::-1], b"0", b"null", b"[[", b"\xff", b"\0"]
        )
        yield generator.choice(
            [
                content[:start] + bit + content[start + 1 :],
                content[:start] + noise + content[end:],
                content[:start],
            ]
        )


@pytest.mark.parametrize("name", ["header.json", "footer.json"])
def test_mutated_json_is_refused_in_one_line_or_says_the_same(run: Path, name: str) -> None:
    generator = random.Random(SEED)  # noqa: S311 # draws faults
    before = content_of(run)
    refused = 0
    for mutant in mutants((run / name).read_bytes(), generator):
        (run / name).write_bytes(mutant)
        message = refusal_of(run)
        if message is None:  # white space, or an escape of the same letter
            assert content_of(run) == before, mutant
        else:
            refused += 1
            assert name in message, mutant
            assert "\n" not in message, mutant
            assert len(message) < 2100, mutant
    assert refused > 0.8 * MUTATIONS


def test_mutated_part_is_refused_in_one_line(run: Path) -> None:
    generator = random.Random(SEED)  # noqa: S311 # draws faults
    part = max(run.glob("parts/*"))
    content = part.read_bytes()
    for mutant in mutants(content, generator):
        if mutant == content:
            continue
        part.write_bytes(mutant)
        with pytest.raises(StoreError, match=part.name) as caught:
            RunReader(run).checked_parts()
        assert "\n" not in str(caught.value), mutant


def test_flipped_bit_in_the_rows_of_an_incomplete_run_is_refused(run: Path) -> None:
    (run / "footer.json").unlink()
    part = max(run.glob("parts/*"))
    content = part.read_bytes()
    group = pq.read_metadata(part).row_group(0)
    generator = random.Random(SEED)  # noqa: S311 # draws faults
    for number in range(group.num_columns):
        column = group.column(number)
        start = column.dictionary_page_offset or column.data_page_offset
        end = start + column.total_compressed_size
        at = end - 1 - generator.randrange(max(1, (end - column.data_page_offset) // 8))
        part.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
        message = refusal_of(run)

        assert message is not None, column.path_in_schema
        assert part.name in message


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_swapped_parts_are_refused(run: Path, read: Read) -> None:
    read(run)
    one, other, *_ = sorted(run.glob("parts/*"))
    third = one.rename(one.with_suffix(".aside"))
    other.rename(one)
    third.rename(other)

    with pytest.raises(StoreError, match=rf"{one.name} is not the file .*: parts.{one.name} in"):
        read(run)


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_renumbered_part_is_refused(run: Path, read: Read) -> None:
    (run / "parts" / "001-0000004.parquet").rename(run / "parts" / "001-0000005.parquet")

    with pytest.raises(StoreError, match=r"001-0000005.parquet is not the file"):
        read(run)


def test_header_of_another_run_is_refused(run: Path) -> None:
    json_file.write(run / "header.json", {"schema_version": 4} | HEADER | {"config_path": "b"})

    with pytest.raises(StoreError, match=r"header.json is not the file .*: header in "):
        RunReader(run)


def test_part_of_another_schema_is_refused_by_its_column(run: Path) -> None:
    without_checksums(run)
    part = max(run.glob("parts/*"))
    table = pq.read_table(part)
    column = table.schema.get_field_index("compared")
    texts = pa.array(["seven"] * 3)
    pq.write_table(table.set_column(column, "compared", texts), part)

    with pytest.raises(StoreError, match=r"damaged: column compared is string, but should be int6"):
        RunReader(run).table()


def test_old_run_without_checksums_is_read(run: Path) -> None:
    _, footer, rows = content_of(run)
    without_checksums(run)

    _, old_footer, old_rows = content_of(run)

    assert old_rows == rows
    assert isinstance(footer, dict)
    assert old_footer == {key: value for key, value in footer.items() if key not in OLD}


def test_old_run_with_a_part_of_another_run_is_refused(
    run: Path, tmp_path: Path, make_rows: Callable[..., Columns]
) -> None:
    without_checksums(run)
    writer = RunWriter.create(tmp_path / "other", HEADER)
    writer.write(0, 0, RowBatch.from_columns(make_rows(3, verdict=["value"] * 3)))
    shutil.copy(writer.path / "parts" / "000-0000000.parquet", run / "parts")

    with pytest.raises(StoreError, match=r"is not the file .*: digest in .*footer.json"):
        RunReader(run).table()


@pytest.mark.parametrize(
    ("file", "place", "value", "words"),
    [
        ("header.json", ("targets", 0, "cases"), "6", "targets[0].cases='6', but should be"),
        ("header.json", ("targets", 1), 3, "targets[1]=3, but should be an object"),
        ("header.json", ("targets", 1), {}, "targets[1].target is missing; targets[1].cases is"),
        ("header.json", ("config", "run", "name"), None, "config.run.name=None, but should"),
        ("header.json", ("grid", "marginals", "k"), [1], "grid.marginals.k=[1], but should"),
        ("header.json", ("started",), True, "started=True, but should be a text"),
        ("footer.json", ("rows",), "12", "rows='12', but should be a whole number"),
        ("footer.json", ("rows",), True, "rows=True, but should be a whole number"),
        ("footer.json", ("totals", TARGETS[0]), None, "totals.fake:call@cpu=None, but should"),
    ],
    ids=lambda value: str(value)[:30],
)  # fmt: skip
def test_value_of_another_kind_in_an_old_run_is_named(
    run: Path, file: str, place: tuple[str | int, ...], value: object, words: str
) -> None:
    without_checksums(run)
    content = json.loads((run / file).read_text())
    inner = content
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    (run / file).write_text(json.dumps(content))

    with pytest.raises(StoreError) as caught:
        RunReader(run)

    assert f"{file} is damaged: {words}" in str(caught.value)


@pytest.mark.parametrize("name", ["header.json", "footer.json"])
def test_new_run_whose_checksum_is_gone_is_refused(run: Path, name: str) -> None:
    content = json.loads((run / name).read_text())
    del content["checksum"]
    (run / name).write_text(json.dumps(content))

    with pytest.raises(StoreError, match=rf"{name} is damaged: 'checksum'"):
        RunReader(run)


@pytest.mark.parametrize("name", ["parts", "parts/000-0000000.parquet", "report.html", ".lock"])
def test_link_in_a_run_directory_is_not_followed(run: Path, tmp_path: Path, name: str) -> None:
    aside = tmp_path / "aside"
    if (run / name).exists():
        (run / name).rename(aside)
    (run / name).symlink_to(aside)

    with pytest.raises(StoreError, match=rf"{name} is a symbolic link, but"):
        RunReader(run)
