"""Interrupted and resumed runs end with the rows of an undisturbed one."""

import errno
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tconv.engine.executors.local import LocalPool
from tconv.errors import ConfigError, IncompleteError, StoreError
from tconv.grid.config import Config, from_mapping
from tconv.report import results_csv, summary_md
from tconv.report.write_all import REPORTS
from tconv.runs.recorder import RunResult
from tconv.runs.run import resume, run
from tconv.runs.spec import RunSpec
from tconv.store import RunReader, gaps, json_file

pytestmark = pytest.mark.usefixtures("fakes")

GRID = {"ndim": [1], "i": "1..6", "k": "1..6", "c_in": [1], "c_out": [1]}


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tconv.engine.schedule.batch_size.FIRST_SIZE", 4)
    monkeypatch.setattr("tconv.engine.schedule.batch_size.MAX_SIZE", 8)


def config(*targets: str, seed: int = 0) -> Config:
    return from_mapping(
        {
            "run": {"name": "made", "targets": list(targets), "seed": seed},
            "backends": {"fake-right": {"environment": {"TCONV_FAKE": "on"}}},
            "grid": [GRID],
        }
    )


def interrupted(out: Path, *targets: str) -> Path:
    """Return a run that was interrupted when its first part was written."""

    class Interrupting:
        def start(self, *_: object) -> None:
            """Let it begin."""

        def advance(self, *_: object) -> None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as end:
        run(RunSpec.from_config(config(*targets)), out=out, workers=1, observer=Interrupting())
    (path,) = out.iterdir()
    assert end.value.__notes__ == [
        f"what was written is kept; to complete it: tconv run --resume {path}"
    ]
    return path


@pytest.fixture(scope="module")
def undisturbed(
    tmp_path_factory: pytest.TempPathFactory,
    fakes: Path,  # registers the adapters
) -> RunResult:
    out = tmp_path_factory.mktemp("undisturbed")
    return run(RunSpec.from_config(config("fake-right", "fake-wrong")), out=out, workers=1)


def test_interrupted_run_is_resumed_to_the_digest_of_an_undisturbed_one(
    tmp_path: Path, undisturbed: RunResult
) -> None:
    path = interrupted(tmp_path, "fake-right", "fake-wrong")
    done = sum(len(part.span) for part in RunReader(path).parts())

    finished = resume(path, workers=1)

    reader = RunReader(path)
    assert 0 < done < 72
    assert finished.digest == undisturbed.digest
    assert finished.totals == undisturbed.totals
    assert finished.status == undisturbed.status
    assert [each["rows"] for each in reader.header["resumed"]] == [done]
    assert reader.footer is not None
    assert reader.footer["resumed"] == 1


@pytest.mark.parametrize("name", ["001-0000000", "000-0000004", "000-0000040", "999-0000000"])
def test_part_under_another_name_is_refused_when_its_run_is_resumed(
    tmp_path: Path, name: str
) -> None:
    path = interrupted(tmp_path, "fake-right", "fake-wrong")
    first = path / "parts" / "000-0000000.parquet"
    first.rename(path / "parts" / f"{name}.parquet")

    with pytest.raises(StoreError, match=rf"{name}.parquet does not hold the rows that its name"):
        resume(path, workers=1)


def test_rows_that_are_there_are_not_run_again(tmp_path: Path) -> None:
    path = interrupted(tmp_path, "fake-right")
    before = {part.path: part.path.stat().st_mtime_ns for part in RunReader(path).parts()}
    rows: list[int] = []

    class Watch:
        def start(self, *_: object) -> None:
            """Nothing yet."""

        def advance(self, part: object, totals: object) -> None:
            rows.append(part.row_batch.rows)  # type: ignore[attr-defined] # a part

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tconv.store.writer.compact", lambda _: None)
        resume(path, workers=1, observer=Watch())

    assert sum(rows) == 36 - sum(len(p.span) for p in RunReader(path).parts() if p.path in before)
    assert {path: path.stat().st_mtime_ns for path in before} == before


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (("grid", "digest"), "0", "grid.digest: 0 and "),
        (("software", "packages", "numpy"), "1.0", "software.packages.numpy: 1.0 and "),
        (("targets", 0, "versions", "fake-right"), "0.9", "versions.fake-right: 0.9 and 1.0"),
        (("targets", 0, "settings", "flag"), "on", "settings.flag: on and none"),
        (("targets", 0, "settings", "TCONV_FAKE"), "off", "settings.TCONV_FAKE: off and on"),
    ],
    ids=["grid", "numpy", "version", "setting", "variable"],
)
def test_resuming_something_else_is_refused_and_changes_nothing(
    tmp_path: Path, place: tuple[str | int, ...], value: object, message: str
) -> None:
    path = interrupted(tmp_path, "fake-right")
    header = json.loads((path / "header.json").read_text())
    inner = header
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    json_file.write(path / "header.json", header)
    before = (path / "header.json").read_text()

    with pytest.raises(
        ConfigError, match=rf"(?s){message}.*resume it with what it was started with"
    ):
        resume(path, workers=1)

    assert (path / "header.json").read_text() == before
    assert not RunReader(path).is_complete


def test_backend_that_is_gone_says_why_the_run_is_not_resumed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = interrupted(tmp_path, "fake-right")
    monkeypatch.setattr(LocalPool, "describe", lambda *_: {"fake-right": "no such library"})

    with pytest.raises(ConfigError, match="fake-right:any@cpu: no such library"):
        resume(path, workers=1)


@pytest.mark.parametrize("harm", ["truncated", "deleted"])
def test_complete_run_with_a_lost_part_is_repaired_as_its_error_says(
    tmp_path: Path, undisturbed: RunResult, harm: str
) -> None:
    path = tmp_path / "run"
    shutil.copytree(undisturbed.path, path)
    part = RunReader(path).parts()[0].path
    if harm == "truncated":
        part.write_bytes(part.read_bytes()[:200])
    else:
        part.unlink()

    with pytest.raises(StoreError, match=rf"delete .*{path}/footer.json, and `tconv run --resume"):
        RunReader(path).table()
    part.unlink(missing_ok=True)
    (path / "footer.json").unlink()

    assert resume(path, workers=1).digest == undisturbed.digest


def test_complete_run_is_not_resumed(undisturbed: RunResult) -> None:
    with pytest.raises(StoreError, match="is complete already"):
        resume(undisturbed.path)


@pytest.mark.parametrize("failing", [results_csv, summary_md], ids=["while reading", "afterwards"])
def test_report_that_cannot_be_written_spares_the_run_and_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: object
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(failing, "_flat" if failing is results_csv else "write", full)

    finished = run(RunSpec.from_config(config("fake-right")), out=tmp_path, workers=1)

    name = failing.NAME  # type: ignore[attr-defined] # a module of a report
    assert RunReader(finished.path).is_complete
    assert finished.status.code == 0
    assert list(finished.reports.failures) == [name]
    assert "No space left" in str(finished.reports.failures[name])
    assert {each for each in REPORTS if (finished.path / each).exists()} == {*REPORTS} - {name}


def test_full_disk_keeps_what_was_written_and_says_how_to_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, undisturbed: RunResult
) -> None:
    write, room = Path.write_bytes, iter(range(1))

    def limited(path: Path, content: bytes) -> int:
        if path.parent.name == "parts" and next(room, None) is None:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(path, content)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", limited)
        with pytest.raises(IncompleteError, match=r"No space left .* make room there\nwhat was"):
            run(
                RunSpec.from_config(config("fake-right", "fake-wrong")),
                out=tmp_path, workers=1,
            )  # fmt: skip
    (path,) = tmp_path.iterdir()

    assert len(RunReader(path).parts()) == 1
    assert resume(path, workers=1).digest == undisturbed.digest


@pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("mount") is None, reason="only root can mount a small disk"
)
def test_small_disk_fills_up_and_the_run_goes_on_when_there_is_room(
    tmp_path: Path, undisturbed: RunResult
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(  # noqa: S603 # constant words
        ["mount", "-t", "tmpfs", "-o", "size=60k", "tmpfs", str(disk)], check=False  # noqa: S607
    )  # fmt: skip
    if mounted.returncode:
        pytest.skip("this container may not mount")
    try:
        with pytest.raises(IncompleteError, match="No space left on device"):
            run(RunSpec.from_config(config("fake-right", "fake-wrong")), out=disk, workers=1)
        subprocess.run(["mount", "-o", "remount,size=10m", str(disk)], check=True)  # noqa: S603, S607
        (path,) = disk.iterdir()
        assert resume(path, workers=1).digest == undisturbed.digest
    finally:
        subprocess.run(["umount", str(disk)], check=True)  # noqa: S603, S607


@pytest.mark.parametrize(
    ("spans", "left"),
    [
        ((), (range(10),)),
        ((range(10),), ()),
        ((range(6, 8), range(2)), (range(2, 6), range(8, 10))),
        ((range(1, 10),), (range(1),)),
    ],
)
def test_gaps_are_what_no_span_covers(spans: tuple[range, ...], left: tuple[range, ...]) -> None:
    assert gaps(spans, 10) == left
