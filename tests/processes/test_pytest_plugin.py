"""The pytest plugin, in pytest sessions of its own, on adapters with one fault each."""

import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

import tconv

pytestmark = pytest.mark.usefixtures("fakes")

CONFIG: Final = """
[run]
name = "fakes"
targets = [{targets}]
required = [{required}]
[limits]
case_seconds = 60
[[grid]]
ndim = [1, 2]
i = [2, 3]
k = [2, 3]
"""
SWEPT: Final = ("fake-right", "fake-wrong", "fake-honest", "fake-uninstalled", "fake-noted")
ROWS: Final = 8 * len(SWEPT)


def config(*targets: str, required: str = "") -> str:
    return CONFIG.format(targets=", ".join(f'"{name}"' for name in targets), required=required)


@dataclass(frozen=True, kw_only=True)
class Session:
    """A pytest session that is over: its folder, exit status and output."""

    folder: Path
    status: int
    output: str

    @property
    def run(self) -> Path:
        """The run directory."""
        (path,) = (self.folder / "reports").glob("fakes-*")
        return path

    @property
    def footer(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads((self.run / "footer.json").read_text())
        return content

    @property
    def digest(self) -> str:
        return str(self.footer["digest"])


MARKS: Final = """
import pytest

def pytest_collection_modifyitems(items):
    for item in items:
        if "fake-wrong" in item.name:
            item.add_marker(pytest.mark.xfail(reason="known to the project", strict=True))
        if "fake-right:call@cpu-2d" in item.name:
            item.add_marker(pytest.mark.skip(reason="too slow here"))
"""


def session(folder: Path, *arguments: str, text: str = "") -> Session:
    """Run pytest in `folder` on the configuration `text`, or the one that is there."""
    if text:
        (folder / "fakes.toml").write_text(text)
    return run_pytest(folder, "--tconv", "fakes.toml", *arguments)


def run_pytest(folder: Path, *arguments: str) -> Session:
    """Run pytest in `folder`."""
    command = [sys.executable, "-m", "pytest", "-p", "no:hypothesispytest", *arguments]
    environment = {**os.environ, "COLUMNS": "200"}
    done = subprocess.run(  # noqa: S603 # our own interpreter
        command, cwd=folder, env=environment, check=False, capture_output=True, text=True
    )
    return Session(folder=folder, status=done.returncode, output=done.stdout + done.stderr)


@pytest.fixture(scope="module")
def plain(
    tmp_path_factory: pytest.TempPathFactory,
    fakes: Path,  # registers the adapters
) -> Session:
    """Return a session in one process."""
    return session(
        tmp_path_factory.mktemp("plain"), "--junitxml=junit.xml", "-rs", text=config(*SWEPT)
    )


@pytest.fixture(scope="module")
def spread(
    tmp_path_factory: pytest.TempPathFactory,
    fakes: Path,  # registers the adapters
) -> Session:
    """Return a session with two workers of xdist."""
    return session(tmp_path_factory.mktemp("spread"), "-n", "2", "-v", text=config(*SWEPT))


def test_items_pass_fail_and_skip_by_what_their_rows_say(plain: Session) -> None:
    assert plain.status == pytest.ExitCode.TESTS_FAILED
    assert "2 failed, 4 passed, 3 skipped" in plain.output


def test_failure_says_got_should_be_and_the_command_that_reruns_it(plain: Session) -> None:
    failure = plain.output[plain.output.index("_ tconv[fake-wrong:call@cpu-1d-0000] _") :]

    assert re.match(
        r".*\n4 of 4 cases do not conform: 4 value\n\n"
        r"1d-i2-k2-ci2-co4-f32: value\n"
        r"  got        -?\d+\.0 at \(0, 3, 2\); 1 of 12 differ\n"
        r"  should be  -?\d+\.0\n"
        r"  rerun      tconv run fakes.toml --case 1d-i2-k2-ci2-co4-f32"
        r" --target fake-wrong:call@cpu\n\n",
        failure,
    )


def test_failure_shows_no_code_of_the_harness(plain: Session) -> None:
    assert "Traceback" not in plain.output
    assert "runtest" not in plain.output


def test_skip_says_what_could_not_be_judged(plain: Session) -> None:
    assert "SKIPPED [2] fakes.toml:1: unsupported: no squares (4 of 4)" in plain.output
    assert re.search(r"SKIPPED \[1\] fakes.toml:1: unavailable: .*no_such_framework", plain.output)


def test_summary_counts_each_verdict_and_names_the_report(plain: Session) -> None:
    assert "fake-wrong:call@cpu: 8 rows, 8 compared: 8 value" in plain.output
    assert "fake-honest:call@cpu: 8 rows, 0 compared: 8 unsupported" in plain.output
    assert f"report: {plain.run / 'report.html'}" in plain.output
    assert (plain.run / "summary.md").is_file()


def test_junit_has_each_item_with_its_message(plain: Session) -> None:
    cases = {
        each.get("name"): each
        for each in ET.parse(plain.folder / "junit.xml").iter("testcase")  # noqa: S314 # our own file
    }
    failure = cases["tconv[fake-wrong:call@cpu-2d-0000]"].find("failure")

    assert len(cases) == 9
    assert failure is not None
    assert failure.get("message") == "4 of 4 cases do not conform: 4 value"
    assert "rerun      tconv run" in (failure.text or "")
    assert [*cases["tconv[fake-right:call@cpu-1d-0000]"]] == []


def test_run_holds_a_row_of_every_case_and_target(plain: Session) -> None:
    rows = tconv.load(plain.run).rows

    assert len(rows) == ROWS
    assert not rows.duplicated(["case", "target"]).any()


def test_rows_are_the_same_with_workers_of_xdist(plain: Session, spread: Session) -> None:
    assert spread.footer["rows"] == ROWS
    assert spread.digest == plain.digest


def test_rows_are_the_same_as_those_of_the_command_line(
    plain: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # an adapter leaves a note there

    run = tconv.run(plain.folder / "fakes.toml", out=tmp_path, workers=1)

    assert run.footer is not None
    assert run.footer["digest"] == plain.digest


def test_backend_stays_in_one_worker_of_xdist(spread: Session) -> None:
    workers_of: dict[str, set[str]] = {}
    for worker, backend in re.findall(
        r"^\[(gw\d)\].*tconv\[([\w-]+):", spread.output, re.MULTILINE
    ):
        workers_of.setdefault(backend, set()).add(worker)

    assert {name: len(workers) for name, workers in workers_of.items()} == dict.fromkeys(SWEPT, 1)
    assert set.union(*workers_of.values()) == {"gw0", "gw1"}


def test_ids_carry_no_mark_of_xdist(spread: Session) -> None:
    assert "FAILED fakes.toml::tconv[fake-wrong:call@cpu-1d-0000] - 4 of 4 cases" in spread.output


def test_framework_is_loaded_to_list_its_targets_and_to_sweep_them(spread: Session) -> None:
    assert (spread.folder / "noted").read_text().count("loaded") == 2


def test_framework_is_loaded_once_without_xdist(plain: Session) -> None:
    assert (plain.folder / "noted").read_text().count("loaded") == 1


def test_items_of_one_case_each_are_selected_by_target_and_k(tmp_path: Path) -> None:
    done = session(
        tmp_path,
        "--tconv-items=case", "--tconv-target=fake-right", "-q", "-k", "2d-i3x3",
        text=config("fake-right", "fake-wrong", required='"fake-wrong"'),
    )  # fmt: skip

    assert done.status == 0, done.output
    assert "2 passed, 6 deselected" in done.output
    assert set(tconv.load(done.run).rows["case"]) == {
        "2d-i3x3-k2x2-ci2-co4-f32",
        "2d-i3x3-k3x3-ci2-co4-f32",
    }


def test_item_is_run_again_by_the_id_that_was_printed(tmp_path: Path) -> None:
    done = session(
        tmp_path, "-q", "fakes.toml::tconv[fake-right:call@cpu-2d-0000]", text=config("fake-right")
    )

    assert "1 passed" in done.output
    assert done.footer["rows"] == 4


def test_configuration_outside_of_the_root_directory_is_named_in_full(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "fakes.toml").write_text(config("fake-right", "fake-wrong"))
    item = f"{tmp_path / 'fakes.toml'}::tconv[fake-wrong:call@cpu-1d-0000]"

    done = session(root, "--tconv=../fakes.toml", f"--rootdir={root}", "-q", item)

    assert f"FAILED {item} - 4 of 4" in done.output
    assert done.footer["rows"] == 4


def test_rows_after_maxfail_are_not_run_and_the_run_is_incomplete(tmp_path: Path) -> None:
    done = session(tmp_path, "--maxfail=1", text=config("fake-wrong"))

    assert done.status == pytest.ExitCode.TESTS_FAILED
    assert done.footer["status"] == 4
    assert done.footer["totals"] == {"fake-wrong:call@cpu": {"not_run": 4, "value": 4}}
    assert "4 rows planned and not run" in done.output


def test_last_failed_runs_only_what_failed(tmp_path: Path) -> None:
    (tmp_path / "test_own.py").write_text("def test_own(): pass\n")
    first = session(tmp_path, "--tconv-out=first", text=config("fake-right", "fake-wrong"))

    again = session(tmp_path, "--lf", "-q")

    assert "2 failed, 2 passed" in first.output  # no test of the project: none was named
    assert "2 failed, 2 deselected" in again.output
    assert again.footer["totals"] == {"fake-wrong:call@cpu": {"value": 8}}


def test_time_limit_of_an_item_costs_that_item_and_no_loading_counts(tmp_path: Path) -> None:
    done = session(
        tmp_path, "--timeout=10", "-q",
        text=config("fake-hang", "fake-leisurely").replace("[1, 2]", "[1]"),
    )  # fmt: skip

    assert "1 failed, 1 passed" in done.output
    assert "Timeout" in done.output
    assert done.footer["totals"]["fake-hang:call@cpu"] == {"not_run": 4}


def test_required_backend_that_is_unavailable_fails(tmp_path: Path) -> None:
    done = session(
        tmp_path, text=config("fake-right", "fake-uninstalled", required='"fake-uninstalled"')
    )

    assert done.status == pytest.ExitCode.TESTS_FAILED
    assert "required backend fake-uninstalled is unavailable: ModuleNotFound" in done.output


def test_session_that_compares_nothing_fails(tmp_path: Path) -> None:
    done = session(tmp_path, text=config("fake-uninstalled"))

    assert "1 skipped" in done.output
    assert done.status == pytest.ExitCode.TESTS_FAILED
    assert "nothing was compared" in done.output


@pytest.mark.parametrize(
    ("arguments", "text", "message"),
    [
        ((), "[run]\nname = 3", "should be"),
        ((), config("fake-right:shout"), "mode='shout'"),
        ((), config("nope"), "backend='nope'"),
        (("--dist=each", "-n2"), config("fake-right"), "--dist=each"),
        (("--tconv=none.toml",), config("fake-right"), "none.toml: no such file"),
    ],
    ids=["config", "mode", "backend", "dist", "file"],
)
def test_mistake_of_the_user_is_one_message_and_no_traceback(
    tmp_path: Path, arguments: tuple[str, ...], text: str, message: str
) -> None:
    done = session(tmp_path, *arguments, text=text)

    assert message in done.output
    assert "Traceback" not in done.output
    assert done.status == pytest.ExitCode.USAGE_ERROR


def test_tests_of_the_project_run_beside_the_sweep_where_they_are_named(tmp_path: Path) -> None:
    (tmp_path / "test_own.py").write_text("def test_own(): pass\n")

    both = session(tmp_path, "-q", "test_own.py", text=config("fake-right"))

    assert "3 passed" in both.output


def test_project_whose_options_ask_for_the_sweep_runs_its_own_tests_too(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_own.py").write_text("def test_own(): pass\n")
    (tmp_path / "fakes.toml").write_text(config("fake-right"))
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\naddopts = --tconv fakes.toml\ntestpaths = tests\n"
    )

    done = run_pytest(tmp_path, "-q")

    assert "3 passed" in done.output


@pytest.mark.parametrize("xdist", [(), ("-n", "2")], ids=["alone", "xdist"])
def test_marks_of_the_project_apply_to_items(tmp_path: Path, xdist: tuple[str, ...]) -> None:
    (tmp_path / "conftest.py").write_text(MARKS)

    done = session(tmp_path, "-rsx", *xdist, text=config("fake-wrong", "fake-right"))

    assert "1 passed, 1 skipped, 2 xfailed" in done.output
    assert "known to the project" in done.output
    assert "too slow here" in done.output
    assert "INTERNALERROR" not in done.output
    assert done.status == pytest.ExitCode.TESTS_FAILED
    assert "not run" in done.output  # the skipped item leaves the run incomplete


def test_run_whose_deviations_are_all_expected_passes(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(MARKS)

    done = session(tmp_path, text=config("fake-wrong"))

    assert "2 xfailed" in done.output
    assert done.status == pytest.ExitCode.OK


def test_target_without_a_sweep_is_a_mistake(tmp_path: Path) -> None:
    done = run_pytest(tmp_path, "--tconv-target", "torch")

    assert "add --tconv" in done.output
    assert done.status == pytest.ExitCode.USAGE_ERROR


def test_collecting_alone_writes_nothing(tmp_path: Path) -> None:
    done = session(tmp_path, "--collect-only", "-q", text=config("fake-right"))

    assert "fakes.toml::tconv[fake-right:call@cpu-1d-0000]" in done.output
    assert not (tmp_path / "reports").exists()
