"""The checks of an adapter that need a process of its own, and `tconv adapters check`."""

import json

import pytest
from click.testing import CliRunner

from tconv.cli.adapters import check_adapter
from tconv.testing.adapter_check.run import CHECKS, run_checks

pytestmark = pytest.mark.usefixtures("fakes")


def test_result_that_depends_on_threads_is_found_by_another_process() -> None:
    problems = {
        result.name: result.problems for result in run_checks("fault-threaded") if result.problems
    }

    assert list(problems) == ["threads"]
    assert "look for a race" in problems["threads"][0][1]


def test_adapter_that_dies_is_reported_with_its_exit_code() -> None:
    problems = {
        result.name: result.problems for result in run_checks("fault-mortal") if result.problems
    }

    assert "the process ended with exit code 7" in problems["promises"][0][1]
    assert "not checked" in problems["groups"][0][1]


def test_command_prints_a_line_per_check_and_ends_with_0_where_all_is_well() -> None:
    done = CliRunner().invoke(check_adapter, ["fake-right"])

    assert done.exit_code == 0, done.output
    assert len(done.stdout.splitlines()) == len(CHECKS) + 1
    assert all(line.startswith("ok ") for line in done.stdout.splitlines())


def test_command_says_what_to_fix_and_ends_with_1() -> None:
    done = CliRunner().invoke(check_adapter, ["fault-unversioned"])

    assert done.exit_code == 1
    assert "fix   declarations" in done.stdout
    assert "fault-unversioned:call@cpu: versions() should have" in done.stdout


def test_command_prints_json_where_a_program_reads() -> None:
    done = CliRunner().invoke(check_adapter, ["fault-unversioned", "--json"])

    checks = {check["name"]: check["problems"] for check in json.loads(done.stdout)["checks"]}
    assert done.exit_code == 1
    assert [name for name, problems in checks.items() if problems] == ["declarations"]


def test_command_ends_with_3_where_the_backend_is_unavailable() -> None:
    done = CliRunner().invoke(check_adapter, ["fake-uninstalled"])

    assert done.exit_code == 3
    assert "fake-uninstalled is unavailable: ModuleNotFoundError" in done.stderr
