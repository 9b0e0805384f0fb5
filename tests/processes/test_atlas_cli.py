"""`tconv atlas` on a run of an adapter that follows a rule."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from tconv.analysis.atlas.atlas import Atlas
from tconv.cli import cli

CONFIG = """
[run]
name = "map"
targets = ["fake-halving"]
[[grid]]
suite = "open"
ndim = 1
i = "1..8"
k = "1..6"
s = "1..6"
padding = "same"
output_padding = "none"
"""


@pytest.fixture
def swept_run(tmp_path: Path, fakes: Path) -> Path:  # a fixture cannot use one otherwise
    """Return the directory of a run of a fake that returns s*i, the smaller half cropped first."""
    config = tmp_path / "map.toml"
    config.write_text(CONFIG)
    done = CliRunner().invoke(cli, ["run", str(config), "--out", str(tmp_path / "runs")])
    assert done.exit_code == 0, done.output
    (path,) = (tmp_path / "runs").iterdir()
    return path


def test_command_prints_the_rule_and_writes_the_atlas(swept_run: Path, tmp_path: Path) -> None:
    out = tmp_path / "atlas.json"
    done = CliRunner().invoke(cli, ["atlas", str(swept_run), "--out", str(out)])
    written = Atlas.from_json(out.read_text())

    assert done.exit_code == 0, done.output
    assert "o = s*i" in done.output
    assert "  max(K - s, 0)//2" in done.output
    assert written.source.versions == {"fake-halving": "1.0"}
    assert written.source.digest == json.loads((swept_run / "footer.json").read_text())["digest"]
    assert written.entries[0].evidence
    assert written.entries[0].evidence.is_sufficient


def test_command_prints_the_same_json(swept_run: Path, tmp_path: Path) -> None:
    out = tmp_path / "atlas.json"
    done = CliRunner().invoke(cli, ["atlas", str(swept_run), "--json", "--out", str(out)])

    assert done.stdout == out.read_text()


def test_command_refuses_an_incomplete_run(swept_run: Path) -> None:
    (swept_run / "footer.json").unlink()
    done = CliRunner().invoke(cli, ["atlas", str(swept_run)])

    assert "incomplete" in str(done.exception)
