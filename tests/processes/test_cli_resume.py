"""Resuming and merging on the command line: output and exit status."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from tconv import cli
from tconv.engine.executors.local import LocalPool
from tconv.errors import StoreError
from tconv.store import RunReader, RunWriter, json_file

CONFIG = """
[run]
name = "made"
targets = ["fake-wrong"]
[[grid]]
ndim = [1]
i = "1..3"
k = "1..3"
c_in = [1]
c_out = [1]
"""


@dataclass
class Done:
    """What a command left."""

    code: object
    out: str
    err: str

    @property
    def record(self) -> dict[str, Any]:
        made: dict[str, Any] = json.loads(self.out)
        return made


@pytest.fixture
def tconv(
    tmp_path: Path,
    fakes: Path,  # the backends
    handlers: None,  # are set back
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> Callable[..., Done]:
    """Return `tconv`, run in this process, in a folder that holds one config."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tconv.engine.schedule.batch_size.MAX_SIZE", 4)
    Path("c.toml").write_text(CONFIG)

    def call(*words: str) -> Done:
        monkeypatch.setattr(sys, "argv", ["tconv", *words])
        with pytest.raises(SystemExit) as end:
            cli.main()
        return Done(end.value.code or 0, *capfd.readouterr())

    return call


@pytest.fixture
def interrupted(tconv: Callable[..., Done]) -> Path:
    """Return a run that was interrupted after its first part."""
    done = ended_early(tconv, KeyboardInterrupt(), "run", "c.toml")
    (path,) = Path("reports").iterdir()

    assert done.err.endswith(f"to complete it: tconv run --resume {path}\n")
    return path


def ended_early(tconv: Callable[..., Done], error: BaseException, *words: str) -> Done:
    """Return what a command left that `error` ended when it wrote its second part, or its first."""
    write = RunWriter.write

    def failing(self: RunWriter, target: int, first: int, columns: Any) -> None:
        if first or "--case" in words:
            raise error
        write(self, target, first, columns)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RunWriter, "write", failing)
        done = tconv(*words)
    assert done.code == 4
    return done


def test_resumed_run_prints_and_exits_as_one_that_was_not_interrupted(
    tconv: Callable[..., Done], interrupted: Path
) -> None:
    done = tconv("run", "--resume", str(interrupted), "--json")
    whole = tconv("run", "c.toml", "--out", "whole", "--json")

    assert done.code == whole.code == 1
    assert done.record["path"] == str(interrupted)
    assert done.record["resumed"] == 1
    assert done.record["totals"] == whole.record["totals"]
    assert done.record["digest"] == whole.record["digest"]


def test_resumption_that_is_interrupted_while_frameworks_load_can_be_resumed(
    tconv: Callable[..., Done], interrupted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LocalPool, "describe", Mock(side_effect=KeyboardInterrupt))

    done = tconv("run", "--resume", str(interrupted))

    assert done.code == 4
    assert done.err.endswith(f"to complete it: tconv run --resume {interrupted}\n")


@pytest.mark.parametrize("step", ["header", "_require_same", "_left", "RunRecorder.finish"])
def test_resumption_that_is_interrupted_anywhere_says_once_how_it_goes_on(
    step: str,
    tconv: Callable[..., Done],
    interrupted: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(f"tconv.runs.run.{step}", Mock(side_effect=KeyboardInterrupt))

    done = tconv("run", "--resume", str(interrupted))

    assert done.code == 4
    assert done.err.count(f"to complete it: tconv run --resume {interrupted}") == 1


def test_run_that_is_interrupted_while_its_workers_end_says_how_it_goes_on(
    tconv: Callable[..., Done], monkeypatch: pytest.MonkeyPatch
) -> None:
    close = LocalPool.__exit__

    def interrupted(self: LocalPool, *error: object) -> None:
        close(self, *error)
        raise KeyboardInterrupt

    monkeypatch.setattr(LocalPool, "__exit__", interrupted)

    done = tconv("run", "c.toml")

    assert done.code == 4
    assert "to complete it: tconv run --resume" in done.err


def test_report_that_is_interrupted_says_how_it_is_written(
    tconv: Callable[..., Done], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tconv("run", "c.toml", "--json").record["path"]
    monkeypatch.setattr(
        "tconv.report.write_all.Reports.of_run", Mock(side_effect=KeyboardInterrupt)
    )

    done = tconv("report", path)

    assert done.code == 4
    assert f"interrupted; the rows are complete; for the reports: tconv report {path}" in done.err


def test_newest_incomplete_run_of_a_directory_is_resumed(
    tconv: Callable[..., Done], interrupted: Path
) -> None:
    done = tconv("run", "--resume", "reports")
    again = tconv("run", "--resume", "reports")

    assert done.code == 1
    assert RunReader(interrupted).is_complete
    assert again.code == 2
    assert "reports is not a run directory and holds no incomplete run" in again.err


def test_complete_run_is_said_to_be_so_with_its_own_status(tconv: Callable[..., Done]) -> None:
    ran = tconv("run", "c.toml", "--json")
    path = ran.record["path"]

    done = tconv("run", "--resume", path, "--json")

    assert done.code == ran.code == 1
    assert done.record == ran.record
    assert f"{path} is complete already: nothing is left to run" in done.err


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("c.toml",), "CONFIG"),
        (("--target", "fake-wrong"), "--target"),
        (("--shard", "1/2", "--out", "x"), "--out, --shard"),
        (("--case", "1d-i2-k3-ci1-co1-f32"), "--case"),
        (("--dry-run",), "--dry-run"),
    ],
    ids=["config", "target", "shard and out", "case", "dry run"],
)
def test_what_the_header_says_may_not_be_given_again(
    tconv: Callable[..., Done], words: tuple[str, ...], named: str
) -> None:
    done = tconv("run", "--resume", "reports", *words)

    assert done.code == 2
    assert f"tconv: {named} cannot be used with --resume" in done.err


def test_run_that_another_process_writes_is_not_resumed(
    tconv: Callable[..., Done], interrupted: Path
) -> None:
    with RunWriter.resume(interrupted):
        done = tconv("run", "--resume", str(interrupted))

    assert done.code == 2
    assert str(interrupted) in done.err
    assert not RunReader(interrupted).is_complete


def test_run_of_other_versions_is_refused(tconv: Callable[..., Done], interrupted: Path) -> None:
    header = json.loads((interrupted / "header.json").read_text())
    header["software"]["packages"]["numpy"] = "1.0"
    json_file.write(interrupted / "header.json", header)

    done = tconv("run", "--resume", str(interrupted))

    assert done.code == 2
    assert "software.packages.numpy: 1.0 and " in done.err


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (KeyboardInterrupt(), "tconv: interrupted; nothing was kept\n"),
        (StoreError("no space left"), "tconv: no space left; nothing was kept\n"),
    ],
    ids=["interrupt", "full disk"],
)
def test_case_that_is_run_again_names_no_directory_that_is_gone(
    tconv: Callable[..., Done], error: BaseException, said: str
) -> None:
    case = ["--case", "1d-i2-k3-ci1-co1-f32"]
    done = ended_early(tconv, error, "run", "c.toml", *case)
    kept = ended_early(tconv, error, "run", "c.toml", *case, "--out", "kept")

    assert done.err.lstrip("\n") == said  # click breaks the line where an interrupt came
    assert "to complete it: tconv run --resume kept/made-" in kept.err


def test_merge_prints_json_of_the_whole_run(tconv: Callable[..., Done]) -> None:
    shards = [tconv("run", "c.toml", "--shard", f"{k}/2", "--json").record for k in (1, 2)]
    whole = tconv("run", "c.toml", "--out", "whole", "--json")

    done = tconv("merge", *(each["path"] for each in shards), "--out", "merged", "--json")

    assert done.code == whole.code == 1
    assert Path(done.record["path"]).parent == Path("merged")
    assert done.record["totals"] == whole.record["totals"]
    assert done.record["digest"] == whole.record["digest"]


def test_merge_of_half_a_grid_is_refused(tconv: Callable[..., Done]) -> None:
    half = tconv("run", "c.toml", "--shard", "1/2", "--json").record

    done = tconv("merge", half["path"])

    assert done.code == 2
    assert "2/2 missing" in done.err
