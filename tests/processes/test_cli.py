"""The command line as users see it: output, files and exit status."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import psutil
import pytest
from tests.waiting import is_alive, until

from tconv import cli, load, run
from tconv.adapters import registry
from tconv.engine.executors.local import LocalPool
from tconv.errors import StoreError
from tconv.runs.exit_status import ExitStatus
from tconv.runs.spec import RunSpec
from tconv.store import RunReader

pytestmark = pytest.mark.usefixtures("fakes", "folder")

CASE = "1d-i2-k3-ci1-co1-f32"
COMMAND = [sys.executable, "-m", "tconv"]


@dataclass
class Done:
    """What a command left."""

    code: object
    out: str
    err: str


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty directory that holds one config, of 9 cases, on a right backend."""
    monkeypatch.chdir(tmp_path)
    config("c.toml", "fake-right")
    return tmp_path


@pytest.fixture
def tconv(
    handlers: None,  # are set back
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> Callable[..., Done]:
    """Return `tconv`, run in this process."""

    def call(*words: str) -> Done:
        monkeypatch.setattr(sys, "argv", ["tconv", *words])
        with pytest.raises(SystemExit) as end:
            cli.main()
        return Done(end.value.code or 0, *capfd.readouterr())

    return call


def config(name: str, *targets: str, required: tuple[str, ...] = (), more: str = "") -> None:
    Path(name).write_text(
        f"[run]\nname = 'made'\ntargets = {list(targets)}\nrequired = {list(required)}\n{more}"
        "[[grid]]\nsuite = 'explicit'\nndim = [1]\ni = '1..3'\nk = '1..3'\n"
        "c_in = [1]\nc_out = [1]\n"
    )


def hanging(*targets: str) -> None:
    """Write a config whose run never ends by itself, and writes the rows of `targets`."""
    config("hanging.toml", "fake-hang", *targets, more="[limits]\ncase_seconds = 600\n")


def is_progress(line: str) -> bool:
    return line.startswith("sweeping ") or " of 9 rows, " in line


def runs() -> list[Path]:
    return sorted(Path("reports").glob("*"))


def test_run_that_conforms_leaves_reports_and_status_0(tconv: Callable[..., Done]) -> None:
    done = tconv("run", "c.toml")

    (run,) = runs()
    assert done.code == 0
    assert {path.name for path in run.iterdir()} >= {
        "header.json", "footer.json", "parts", "results.csv", "summary.md",
    }  # fmt: skip
    assert f"report: {run / 'report.html'}" in done.out
    assert re.fullmatch(
        r"sweeping 9 rows on 1 target\n9 of 9 rows, [\d,]+ rows/s, none deviating\n", done.err
    )
    assert "\x1b" not in done.out + done.err


def test_run_that_deviates_is_status_1_with_a_command_that_reruns_it(
    tconv: Callable[..., Done],
) -> None:
    config("my config.toml", "fake-wrong")

    done = tconv("run", "my config.toml")

    rerun = next(line for line in done.out.splitlines() if "rerun:" in line).partition(": ")[2]
    again = subprocess.run(rerun, shell=True, check=False, capture_output=True, text=True)  # noqa: S602 # as a user would
    assert done.code == again.returncode == 1
    assert "tconv: fake-wrong:call@cpu deviates in 9 rows: 9 value" in done.err
    assert "should be" in again.stdout
    assert "got" in again.stdout
    assert "deviates in 1 row: 1 value" in again.stderr


def test_case_that_is_run_again_leaves_nothing_behind(
    tconv: Callable[..., Done], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))

    done = tconv("run", "c.toml", "--case", CASE)

    assert done.code == 0
    assert f"case  {CASE}" in done.out
    assert done.err == ""
    assert not runs()
    assert not list(scratch.iterdir())


def test_case_is_kept_where_a_directory_is_named(tconv: Callable[..., Done]) -> None:
    done = tconv("run", "c.toml", "--case", CASE, "--out", "kept")

    (run,) = Path("kept").iterdir()
    assert done.code == 0
    assert list(load(run).rows["case"]) == [CASE]


def test_two_cases_are_run_together_on_a_target_that_is_named_in_any_case(
    tconv: Callable[..., Done],
) -> None:
    other = "1d-i2-k1-ci1-co1-f32"
    cases = ["--case", CASE, "--case", other, "--case", CASE]
    done = tconv("run", "c.toml", *cases, "--target", "Fake-Right", "--out", "kept")

    (run,) = Path("kept").iterdir()
    assert done.code == 0
    assert list(load(run).rows["case"]) == [CASE, other]
    assert done.out.index(f"case  {CASE}") < done.out.index(f"case  {other}")
    assert RunSpec.from_run(RunReader(run)).case_ids == (CASE, other)


def test_run_directory_serves_as_config_of_a_rerun(tconv: Callable[..., Done]) -> None:
    tconv("run", "c.toml")
    Path("c.toml").unlink()

    done = tconv("run", str(runs()[0]), "--case", CASE)

    assert done.code == 0
    assert "match" in done.out


@pytest.mark.parametrize(
    ("targets", "required", "said"),
    [
        (["fake-uninstalled"], [], "nothing was compared"),
        (["fake-right", "fake-uninstalled"], ["fake-uninstalled"],
         "required backend fake-uninstalled is unavailable"),
        (["fake-right", "fake-honest"], ["fake-honest"],
         "required backend fake-honest has no row that was compared"),
    ],
)  # fmt: skip
def test_nothing_compared_or_missing_backend_is_status_3(
    tconv: Callable[..., Done], targets: list[str], required: tuple[str, ...], said: str
) -> None:
    config("c.toml", *targets, required=required)

    done = tconv("run", "c.toml")

    assert done.code == 3
    assert f"tconv: {said}" in done.err


def test_missing_backend_is_reported_before_a_long_run(tconv: Callable[..., Done]) -> None:
    config("c.toml", "fake-right", "fake-uninstalled")

    first, second, *_ = tconv("run", "c.toml").err.splitlines()

    assert first.startswith("sweeping")
    assert "fake-uninstalled:any@cpu is unavailable, so none of its cases is run: " in second


def test_absent_backend_that_is_not_required_is_neutral(tconv: Callable[..., Done]) -> None:
    config("c.toml", "fake-right", "fake-uninstalled", required=("fake-right",))

    assert tconv("run", "c.toml").code == 0


def test_rows_that_were_not_run_are_status_4(
    tconv: Callable[..., Done], monkeypatch: pytest.MonkeyPatch
) -> None:
    config("c.toml", "fake-right", "fake-segfault")
    monkeypatch.setattr("tconv.engine.schedule.target_state.CRASH_BUDGET", 1)

    done = tconv("run", "c.toml")

    assert done.code == 4
    assert "planned and not run; fake-segfault:call@cpu: 1 cases of this target, its" in done.err
    assert "fake-segfault:call@cpu deviates in" in done.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run", "absent.toml"], "absent.toml: no such file; give the path of a TOML file"),
        (["run", "smok"], "that comes with tconv: acceptance, ci, full, layers, map, smoke"),
        (["run", "bad.toml"], "colour"),
        (["run", "c.toml", "--target", "nope"], "backend='nope', but should be one of"),
        (["run", "c.toml", "--dry-run", "--target", "nope"], "backend='nope', but should be one"),
        (["run", "c.toml", "--target", "fake-right:nope"], "mode='nope' of fake-right, but should"),
        (["run", "c.toml", "--target", "a:b:c"], "target='a:b:c', but should be backend"),
        (["run", "c.toml", "--case", "2d-foo"], "part 'foo' of case id '2d-foo'"),
        (["run", "c.toml", "--shard", "3"], "shard='3', but should be k/n"),
        (["run", "c.toml", "--shard", "1/2", "--case", CASE], "should be one of the two"),
        (["run", "c.toml", "--out", "c.toml"], "cannot write c.toml/made-"),
        (["run", "-j", "0"], "0 is not in the range x>=1"),
        (["run", "--nope"], "No such option"),
        (["nope"], "No such command 'nope'"),
        (["report", "absent"], "run='absent', but should be a run directory"),
        (["adapters", "list", "nope"], "backend='nope', but should be one of"),
        (["report"], "no run in reports; make one with `tconv run`"),
    ],
)  # fmt: skip
def test_mistake_of_the_user_is_status_2_with_one_message(
    tconv: Callable[..., Done], words: list[str], said: str
) -> None:
    config("bad.toml", "fake-right", more="colour = 1\n")

    done = tconv(*words)

    assert done.code == 2
    assert said in done.err
    assert "Traceback" not in done.err
    assert done.out == ""


def test_dry_run_starts_no_framework_and_writes_nothing(
    tconv: Callable[..., Done], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LocalPool, "describe", None)

    done = tconv("run", "c.toml", "--dry-run", "--shard", "1/2")

    assert done.code == 0
    assert done.out.startswith("made: 5 cases (shard 1/2) on fake-right\n9 points made, 9 cases")
    assert done.err == ""
    assert not runs()


@pytest.mark.parametrize(
    ("words", "key"),
    [
        (["run", "c.toml", "--json"], "digest"),
        (["run", "c.toml", "--json", "--dry-run"], "marginals"),
        (["run", "c.toml", "--json", "--case", CASE], "records"),
    ],
)
def test_json_is_all_that_stdout_holds(
    tconv: Callable[..., Done], words: list[str], key: str
) -> None:
    config("c.toml", "hostile-loud", "fake-wrong")

    done = tconv(*words)

    assert key in json.loads(done.out)


def test_json_of_a_case_has_the_result_and_what_it_should_be(tconv: Callable[..., Done]) -> None:
    done = tconv("run", "c.toml", "--json", "--case", CASE, "--target", "fake-wrong")

    content: dict[str, Any] = json.loads(done.out)
    (record,) = content["records"]
    assert "path" not in content
    assert record["case"] == CASE
    assert float(record["observed_value"]) == float(record["expected_value"]) + 1


def test_digest_is_that_of_the_shards_in_any_batches(
    tconv: Callable[..., Done], monkeypatch: pytest.MonkeyPatch
) -> None:
    config("c.toml", "fake-right", "fake-wrong")
    whole = json.loads(tconv("run", "c.toml", "--json").out)
    monkeypatch.setattr("tconv.engine.schedule.batch_size.MAX_SIZE", 2)

    shards = [json.loads(tconv("run", "c.toml", "--json", "--shard", f"{k}/2").out) for k in (1, 2)]

    assert sum(each["rows"] for each in shards) == whole["rows"]
    total = sum(int(each["digest"], 16) for each in shards) % 2**256
    assert f"{total:064x}" == whole["digest"]


def test_report_writes_the_reports_of_the_newest_run_again(tconv: Callable[..., Done]) -> None:
    tconv("run", "c.toml")
    (run,) = runs()
    made = {path: path.read_text() for path in (run / "results.csv", run / "summary.md")}
    for path in made:
        path.unlink()

    done = tconv("report")

    assert done.code == 0
    assert set(done.out.split()) >= {str(path) for path in made}
    assert {path: path.read_text() for path in made} == made


def test_report_of_an_incomplete_run_is_refused_with_status_4(tconv: Callable[..., Done]) -> None:
    tconv("run", "c.toml")
    (run,) = runs()
    (run / "footer.json").unlink()
    (run / "summary.md").unlink()

    done = tconv("report", str(run))

    assert done.code == 4
    assert f"tconv: {run} is incomplete: it has no footer.json" in done.err
    assert not (run / "summary.md").exists()


def test_report_of_a_damaged_run_is_status_2_and_changes_nothing(
    tconv: Callable[..., Done],
) -> None:
    tconv("run", "c.toml")
    (run,) = runs()
    before = (run / "results.csv").read_text()
    next(run.glob("parts/*")).write_bytes(b"PAR1")

    done = tconv("report", str(run))

    assert done.code == 2
    assert ".parquet is damaged" in done.err
    assert (run / "results.csv").read_text() == before


def test_disk_that_fills_up_ends_the_run_and_keeps_what_was_written(
    tconv: Callable[..., Done], monkeypatch: pytest.MonkeyPatch
) -> None:
    from tconv.store import RunWriter  # noqa: PLC0415 # beside the patch that it is for

    write = RunWriter.write

    def first_only(self: RunWriter, target: int, batch: int, columns: Any) -> None:
        if batch:
            raise StoreError("cannot write part: No space left on device; choose another directory")
        write(self, target, batch, columns)

    monkeypatch.setattr("tconv.engine.schedule.batch_size.MAX_SIZE", 4)
    monkeypatch.setattr(RunWriter, "write", first_only)

    done = tconv("run", "c.toml")

    (run,) = runs()
    assert done.code == 4
    assert "No space left on device" in done.err
    assert f"to complete it: tconv run --resume {run}" in done.err
    assert len(load(run).rows) == 4
    assert not (run / "footer.json").exists()


def test_bug_of_the_harness_is_no_deviation(
    tconv: Callable[..., Done], monkeypatch: pytest.MonkeyPatch
) -> None:
    planted: dict[str, object] = {}
    monkeypatch.setattr(LocalPool, "describe", lambda *_: planted["bug"])

    done = tconv("run", "c.toml")

    assert done.code == 4
    assert "KeyError: 'bug'" in done.err
    assert "this is a bug in tconv" in done.err


def test_adapters_list_has_a_line_per_target_of_the_named_backends(
    tconv: Callable[..., Done],
) -> None:
    done = tconv("adapters", "list", "fake-sampled", "fake-uninstalled")

    lines = [line.split(maxsplit=2) for line in done.out.splitlines()]
    assert done.code == 0
    assert [line[0] for line in lines] == [
        "target", "fake-sampled:call@cpu", "fake-sampled:call+seldom@cpu", "fake-uninstalled",
    ]  # fmt: skip
    assert lines[2][2] == "some cases (one case in 4, unless the mode is named)"
    assert "No module named 'no_such_framework'" in lines[3][2]
    assert done.err == "backends: fake-sampled, fake-uninstalled\nloading their frameworks\n"


def test_adapters_list_in_json_has_what_is_available(tconv: Callable[..., Done]) -> None:
    done = tconv("adapters", "list", "fake-stateful", "fake-uninstalled", "--json")

    content: dict[str, Any] = json.loads(done.out)
    assert content["fake-stateful"]["devices"] == ["cpu"]
    assert content["fake-uninstalled"]["available"] is False


def test_adapters_list_names_every_backend_before_any_is_asked(
    tconv: Callable[..., Done], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LocalPool, "describe", Mock(side_effect=KeyboardInterrupt))

    done = tconv("adapters", "list")

    assert done.code == 4
    assert done.err.startswith(f"backends: {', '.join(registry.backends())}\n")
    assert "fake-dead" in done.err


@pytest.mark.parametrize("words", [[], ["run"], ["report"], ["adapters"], ["adapters", "list"]])
def test_help_shows_an_example(tconv: Callable[..., Done], words: list[str]) -> None:
    done = tconv(*words, "--help")

    assert done.code == 0
    assert "Example" in done.out or words == ["adapters"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_interrupted_run_is_status_4_without_footer_or_orphans(
    folder: Path, number: signal.Signals
) -> None:
    hanging("fake-right")
    process = subprocess.Popen(  # noqa: S603 # our own program
        [*COMMAND, "run", "hanging.toml", "-j", "2"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    until(lambda: list(folder.glob("reports/*/parts/*.parquet")), lambda: process.poll() is None)
    children = psutil.Process(process.pid).children(recursive=True)

    process.send_signal(number)
    out, err = process.communicate()

    (run,) = runs()
    assert process.returncode == 4
    assert (
        "tconv: interrupted; what was written is kept; to complete it: "
        f"tconv run --resume reports/{run.name}" in err
    )
    assert "Traceback" not in err, err
    assert out == ""
    assert not (run / "footer.json").exists()
    assert len(children) >= 2
    until(lambda: not any(is_alive(child) for child in children))


def test_interrupt_that_comes_again_keeps_nothing_from_being_said(folder: Path) -> None:
    hanging()
    process = subprocess.Popen(  # noqa: S603 # our own program
        [*COMMAND, "run", "hanging.toml"], stderr=subprocess.PIPE, text=True
    )
    until(lambda: list(folder.glob("reports/*/header.json")), lambda: process.poll() is None)

    while process.poll() is None:
        process.send_signal(signal.SIGINT)
        time.sleep(0.05)
    lines = process.communicate()[1].splitlines()

    (run,) = runs()
    assert process.returncode == 4
    kept = f"what was written is kept; to complete it: tconv run --resume reports/{run.name}"
    assert [line for line in lines if line and not is_progress(line)] == [
        f"tconv: interrupted; {kept}"
    ]


def test_interrupt_while_the_command_line_loads_is_no_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "click.py").write_text("raise KeyboardInterrupt  # as Ctrl-C does it\n")
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{os.environ['PYTHONPATH']}")

    done = subprocess.run(COMMAND, check=False, capture_output=True, text=True)  # noqa: S603 # as above

    assert (done.returncode, done.stderr) == (
        ExitStatus.INCOMPLETE,
        "tconv: interrupted before anything was started\n",
    )


def test_closed_pipe_is_no_traceback() -> None:
    reader, writer = os.pipe()
    os.close(reader)

    done = subprocess.run(  # noqa: S603 # our own program
        [*COMMAND, "run", "c.toml", "--dry-run"],
        check=False, stdout=writer, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip

    os.close(writer)
    assert (done.returncode, done.stderr) == (4, "")


def test_harness_run_gives_the_run_and_its_status(folder: Path) -> None:
    made = run(folder / "c.toml", targets=["fake-wrong"], out=folder / "out", workers=1)

    assert made.footer is not None
    assert made.footer["status"] == 1
    assert list(made.totals.index) == ["fake-wrong:call@cpu"]
    assert (made.path / "summary.md").is_file()
