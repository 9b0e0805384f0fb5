"""Merged shards equal the run that was never split; an incomplete set of shards is refused."""

import json
import shutil
from collections.abc import Callable
from errno import ENOSPC
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from tconv.errors import ConfigError, StoreError
from tconv.grid.config import from_mapping
from tconv.runs.merge import merge
from tconv.runs.run import resume, run
from tconv.runs.spec import RunSpec
from tconv.store import RunReader, json_file

RUN = {"name": "made", "targets": ["fake-sampled", "fake-wrong"], "required": ["fake-wrong"]}
GRID = {"ndim": [1], "i": "1..5", "k": "1..5", "c_in": [1], "c_out": [1]}


def run_of(out: Path, shard: str | None) -> Path:
    config = from_mapping({"run": RUN, "grid": [GRID]})
    return run(RunSpec.from_config(config, shard=shard), out=out, workers=1).path


@pytest.fixture(scope="module")
def runs(
    tmp_path_factory: pytest.TempPathFactory,
    fakes: Path,  # registers the adapters
) -> list[Path]:
    """Return the whole run and its three shards; no test changes them."""
    out = tmp_path_factory.mktemp("made")
    return [run_of(out, shard) for shard in (None, "1/3", "2/3", "3/3")]


@pytest.fixture
def change(tmp_path: Path, runs: list[Path]) -> Callable[..., Path]:
    """Return a function that copies the second shard with another value in its header."""

    def copied(*place: str | int, value: object) -> Path:
        path = tmp_path / "changed"
        shutil.copytree(runs[2], path)
        header: dict[str, Any] = json.loads((path / "header.json").read_text())
        inner: Any = header
        for key in place[:-1]:
            inner = inner[key]
        inner[place[-1]] = value
        json_file.write(path / "header.json", header)
        checksum = json.loads((path / "header.json").read_text())["checksum"]
        footer = json.loads((path / "footer.json").read_text())
        json_file.write(path / "footer.json", footer | {"header": checksum})
        return path

    return copied


def test_merged_run_is_the_run_without_shards(tmp_path: Path, runs: list[Path]) -> None:
    whole, *shards = runs

    finished = merge(shards[::-1], out=tmp_path)

    one, other = RunReader(whole), RunReader(finished.path)
    assert one.footer is not None
    assert finished.digest == one.footer["digest"]
    assert other.table().num_rows == one.footer["rows"]
    assert (finished.status.code, one.footer["status"]) == (1, 1)
    assert other.header["grid"] == one.header["grid"]
    assert other.header["targets"] == one.header["targets"]
    assert finished.reports.failures == {}


def test_header_keeps_where_each_shard_ran(tmp_path: Path, runs: list[Path]) -> None:
    header = RunReader(merge(runs[1:], out=tmp_path).path).header

    assert [shard["shard"] for shard in header["shards"]] == ["1/3", "2/3", "3/3"]
    assert all(
        shard["machine"]["cpu"] and shard["software"]["python"] for shard in header["shards"]
    )


def test_missing_shard_is_named(tmp_path: Path, runs: list[Path]) -> None:
    with pytest.raises(ConfigError, match=rf"{runs[1]} is 1/3, .*: 2/3 missing"):
        merge([runs[1], runs[3]], out=tmp_path)


def test_shard_that_is_given_twice_is_named(tmp_path: Path, runs: list[Path]) -> None:
    with pytest.raises(ConfigError, match=rf"{runs[1]} and {runs[1]} are both shard 1/3"):
        merge([*runs[1:], runs[1]], out=tmp_path)


def test_run_without_shards_is_refused(tmp_path: Path, runs: list[Path]) -> None:
    with pytest.raises(ConfigError, match=rf"{runs[0]} is no shard"):
        merge(runs, out=tmp_path)


def test_shards_of_another_number_are_refused(
    tmp_path: Path, runs: list[Path], change: Callable[..., Path]
) -> None:
    with pytest.raises(ConfigError, match=r"changed is 1/2; but should be 1/3 to 3/3, each once"):
        merge([*runs[1:], change("grid", "shard", value="1/2")], out=tmp_path)


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (("config", "run", "seed"), 7, "config.run.seed: 0 and 7"),
        (("targets", 0, "versions", "fake-sampled"), "9", "versions.fake-sampled: 1.0 and 9"),
        (("software", "tconv"), "9", "software.tconv: .* and 9"),
    ],
    ids=["seed", "framework", "tconv"],
)
def test_shards_that_differ_are_refused_with_what_differs(
    tmp_path: Path, runs: list[Path], change: Callable[..., Path],
    place: tuple[str | int, ...], value: object, message: str,
) -> None:  # fmt: skip
    changed = change(*place, value=value)

    with pytest.raises(ConfigError, match=rf"(?s){runs[1]} and {changed} are not .*{message}"):
        merge([runs[1], changed, runs[3]], out=tmp_path)
    assert not list(tmp_path.glob("made-*"))


@pytest.mark.parametrize(("name", "value"), [("digest", "0" * 64), ("cases", 3)])
def test_shard_whose_grid_expands_to_other_cases_here_is_refused(
    tmp_path: Path, runs: list[Path], change: Callable[..., Path], name: str, value: object
) -> None:
    changed = change("grid", name, value=value)

    with pytest.raises(ConfigError, match=rf"{changed} has other cases .*{value}.* made by tconv"):
        merge([runs[1], changed, runs[3]], out=tmp_path)
    assert not list(tmp_path.glob("made-*"))


def test_shard_of_another_schema_is_refused(
    tmp_path: Path, runs: list[Path], change: Callable[..., Path]
) -> None:
    with pytest.raises(StoreError, match=r"schema_version=99 in .*changed"):
        merge([runs[1], change("schema_version", value=99), runs[3]], out=tmp_path)


def test_incomplete_shard_is_refused_with_the_command_that_completes_it(
    tmp_path: Path, runs: list[Path], change: Callable[..., Path]
) -> None:
    changed = change("started", value="2026")
    (changed / "footer.json").unlink()

    with pytest.raises(ConfigError, match=rf"incomplete, .*`tconv run --resume {changed}`"):
        merge([runs[1], changed, runs[3]], out=tmp_path)


@pytest.mark.parametrize(
    ("module", "error"),
    [
        ("tconv.runs.merge.RunRecorder.finish", KeyboardInterrupt),
        ("shutil.copyfile", OSError(ENOSPC, "full")),
    ],
    ids=["interrupted", "disk full"],
)
def test_merge_that_fails_leaves_nothing_behind(
    tmp_path: Path, runs: list[Path], monkeypatch: pytest.MonkeyPatch,
    module: str, error: BaseException,
) -> None:  # fmt: skip
    monkeypatch.setattr(module, Mock(side_effect=error))

    with pytest.raises((KeyboardInterrupt, StoreError)) as end:
        merge(runs[1:], out=tmp_path)
    assert "--resume" not in f"{end.value}{getattr(end.value, '__notes__', '')}"
    assert list(tmp_path.iterdir()) == []


def test_merge_that_was_interrupted_is_not_resumed(
    tmp_path: Path, runs: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    for step in ("finish", "report"):  # as where its process is killed
        monkeypatch.setattr(f"tconv.runs.merge.RunRecorder.{step}", lambda *_: None)
    merge(runs[1:], out=tmp_path)
    (path,) = tmp_path.iterdir()

    with pytest.raises(StoreError, match="merge that was interrupted; delete it, and merge again"):
        resume(path)
