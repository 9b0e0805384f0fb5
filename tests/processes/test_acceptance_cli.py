"""`tconv acceptance` on a run of NumPy with illegal and extended cases."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from tconv.analysis.acceptance.reaction import Reaction
from tconv.cli import cli

SWEPT = """
[run]
name = "accepted"
targets = ["numpy:scatter"]
[[grid]]
suite = "illegal"
ndim = 1
i = 3
k = 2
s = [0, 1]
malformed = ["none", "weight_channels"]
where = ["s == 0 and malformed == 'none' or s == 1 and malformed != 'none'"]
[[grid]]
suite = "extended"
ndim = 1
i = 3
k = 2
p = -1
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the directory of a run of the oracle on two illegal cases and an extended one."""
    folder = tmp_path_factory.mktemp("acceptance")
    (folder / "accepted.toml").write_text(SWEPT)
    arguments = ["run", str(folder / "accepted.toml"), "--out", str(folder / "runs")]
    done = CliRunner().invoke(cli, arguments)
    assert done.exit_code == 0, done.output
    (path,) = (folder / "runs").iterdir()
    return path


def test_command_prints_the_matrix_with_its_legend(run: Path) -> None:
    done = CliRunner().invoke(cli, ["acceptance", str(run)])
    lines = [line.split() for line in done.output.splitlines()]

    assert ["stride", "of", "0", "r"] in lines
    assert ["w", "has", "one", "input", "channel", "more", "than", "x", "r"] in lines
    assert ["padding", "below", "0", "="] in lines
    assert ["a", "numpy:scatter@cpu"] in lines
    assert all(f"{each.code}  {each.value}" in done.output for each in Reaction)


def test_run_without_faults_says_so(tmp_path: Path) -> None:
    case = "1d-i3-k2-ci1-co1-f32"
    words = ["run", "--case", case, "--target", "numpy:scatter", "--out", str(tmp_path)]
    assert CliRunner().invoke(cli, words).exit_code == 0
    done = CliRunner().invoke(cli, ["acceptance", str(next(tmp_path.iterdir()))])

    assert done.output == "no case of this run has a fault (1 row); run configs/acceptance.toml\n"


def test_command_prints_the_texts_of_one_fault(run: Path) -> None:
    done = CliRunner().invoke(cli, ["acceptance", str(run), "--fault", "stride of 0"])

    assert "numpy:scatter@cpu\n  refuses clearly (1 case), as in 1d-i3-k2-s0-" in done.output
    assert "CaseError: stride=" in done.output


def test_command_prints_json_of_one_fault(run: Path) -> None:
    done = CliRunner().invoke(cli, ["acceptance", str(run), "--json", "--fault", "padding below 0"])
    (cell,) = json.loads(done.stdout)["cells"]

    assert cell["target"] == "numpy:scatter@cpu"
    assert [entry["reaction"] for entry in cell["entries"]] == ["computes the arithmetic's answer"]


def test_command_lists_the_faults_where_one_is_unknown(run: Path) -> None:
    done = CliRunner().invoke(cli, ["acceptance", str(run), "--fault", "strides"])

    assert done.exit_code == 2
    assert "must be one of w has one input channel more than x, stride of 0," in done.output


@pytest.mark.parametrize("command", ["acceptance", "claims"])
def test_command_refuses_an_incomplete_run(run: Path, tmp_path: Path, command: str) -> None:
    shutil.copytree(run, tmp_path / "cut")
    (tmp_path / "cut" / "footer.json").unlink()
    done = CliRunner().invoke(cli, [command, str(tmp_path / "cut")])

    assert f"complete it with `tconv run --resume {tmp_path / 'cut'}`" in str(done.exception)
