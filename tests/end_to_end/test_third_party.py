"""An adapter of another package: installed, found by its entry point, judged, swept."""

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from shutil import copytree
from typing import Any, Final

import pytest

ROOT: Final = Path(__file__).parents[2]
PACKAGE: Final = Path(__file__).parents[1] / "third_party"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a directory into which pip has installed the package, without network."""
    pytest.importorskip("scipy.signal")
    folder = tmp_path_factory.mktemp("third_party")
    source = copytree(PACKAGE, folder / "source")
    install = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-build-isolation"]
    subprocess.run(  # noqa: S603 # our own interpreter
        [*install, "--no-index", "--quiet", "--target", str(folder / "target"), str(source)],
        check=True,
        capture_output=True,
    )
    return folder / "target"


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """Return a directory with a package whose adapter cannot be imported."""
    (tmp_path / "tconv_broken.py").write_text("raise RuntimeError('on purpose')\n")
    info = tmp_path / "tconv_broken-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: tconv-broken\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[tconv.adapters]\nbroken = tconv_broken:Adapter\n")
    return tmp_path


def tconv(*arguments: str, path: list[Path]) -> "subprocess.CompletedProcess[str]":
    """Run `tconv` where these directories are on the path."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, [ROOT / "harness", *path]))}
    return subprocess.run(  # noqa: S603 # our own interpreter
        [sys.executable, "-m", "tconv", *arguments],
        cwd=ROOT,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
    )


def test_package_has_40_lines_at_most_and_10_more_for_translate() -> None:
    texts = [(PACKAGE / name).read_text() for name in ("tconv_upfirdn.py", "pyproject.toml")]
    needed, _, optional = texts[0].partition("    def snippet(")

    assert len([line for line in (needed + texts[1]).splitlines() if line.strip()]) <= 40
    assert len([line for line in optional.splitlines() if line.strip()]) <= 10


@pytest.mark.parametrize("name", ["pyproject.toml", "tconv_upfirdn.py"])
def test_readme_shows_the_package(name: str) -> None:
    assert f"\n{(PACKAGE / name).read_text()}```\n" in (ROOT / "README.md").read_text("utf-8")


def test_package_needs_the_harness_and_registers_in_its_group() -> None:
    project = tomllib.loads((PACKAGE / "pyproject.toml").read_text())["project"]

    assert "tconv" in project["dependencies"]
    assert project["entry-points"]["tconv.adapters"] == {"scipy": "tconv_upfirdn:UpfirdnAdapter"}


def test_backend_is_listed_beside_a_broken_one_that_touches_no_other(
    installed: Path, broken: Path
) -> None:
    done = tconv("adapters", "list", "--json", path=[installed, broken])

    found: dict[str, dict[str, Any]] = json.loads(done.stdout)
    assert done.returncode == 0, done.stderr
    assert found["scipy"]["modes"].keys() == {"upfirdn"}
    assert found["numpy"]["available"]
    assert not found["broken"]["available"]
    assert "on purpose" in found["broken"]["reason"]


def test_adapter_has_nothing_to_fix(installed: Path) -> None:
    done = tconv("adapters", "check", "scipy", path=[installed])

    assert not re.search(r"^fix ", done.stdout, re.MULTILINE)
    assert done.returncode == 0, done.stderr


def test_backend_is_swept(installed: Path, tmp_path: Path) -> None:
    done = tconv(
        "run", "smoke", "--target", "scipy", "--json", "--out", str(tmp_path), path=[installed]
    )

    totals: dict[str, int] = json.loads(done.stdout)["totals"]["scipy:upfirdn@cpu"]
    assert done.returncode == 0, done.stdout
    assert totals.keys() == {"match", "unsupported"}
    assert totals["match"] > 500


@pytest.mark.parametrize(
    "call",
    [
        "--from scipy k=3 s=2 d=2 op=0 groups=2 --to numpy",
        "--from numpy k=4 s=3 d=2 p=1:-1 op=1 groups=2 dtype=float16 --to scipy",
        "--from scipy k=3 s=2 op=0 --to torch",
    ],
)
def test_backend_is_translated(installed: Path, call: str) -> None:
    if "torch" in call:
        pytest.importorskip("torch", reason="torch is not installed")

    done = tconv("translate", *call.split(), path=[installed])

    assert done.returncode == 0, done.stderr
    assert ": every element is equal\n" in done.stdout
