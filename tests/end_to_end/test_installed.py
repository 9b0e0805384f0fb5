"""The package as pip installs it, from a wheel and in place, in a project that has a `harness`.

Projects call the folder of their test helpers `harness`; with such a folder on the path, no module
of this package may be looked up under that name.
"""

import os
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pytest

import tconv

ROOT: Final = Path(__file__).parents[2]
PYTEST: Final = Path(sysconfig.get_path("scripts")) / "pytest"
INSTALL: Final = ("install", "--quiet", "--no-deps", "--no-index", "--no-build-isolation")
CONFIG: Final = """
[run]
name = "own"
targets = ["numpy:scatter"]
[[grid]]
ndim = [1]
i = [3]
k = [1, 2]
"""


def environment(folder: Path, *arguments: str) -> Path:
    """Return a new virtual environment's interpreter, into which pip has installed `arguments`.

    Everything else comes from the environment of these tests, behind the new one.
    """
    venv.create(folder, symlinks=True)
    python = folder / "bin" / "python"
    (site,) = folder.glob("lib/python*/site-packages")
    (site / "behind.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    command(sys.executable, "-m", "pip", "--python", str(python), *INSTALL, *arguments, cwd=folder)
    return python


def command(*words: str, cwd: Path) -> str:
    """Run a command without the tests' own path; return what it printed, or fail with it."""
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(  # noqa: S603 # words from this file
        words, cwd=cwd, env=variables, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the interpreter of an environment with the wheel of this tree."""
    folder = tmp_path_factory.mktemp("wheel")
    command(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder), cwd=ROOT)
    return environment(folder / "environment", *map(str, folder.glob("*.whl")))


@pytest.fixture(scope="module")
def editable(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the interpreter of an environment in which this tree is installed in place."""
    return environment(tmp_path_factory.mktemp("editable") / "environment", "-e", str(ROOT))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a project with a package `harness` of its own, and a test that imports it."""
    (tmp_path / "harness").mkdir()
    (tmp_path / "harness" / "__init__.py").write_text("ANSWER = 42\n")
    (tmp_path / "test_own.py").write_text(
        "from harness import ANSWER\n\n\ndef test_own():\n    assert ANSWER == 42\n"
    )
    (tmp_path / "own.toml").write_text(CONFIG)
    return tmp_path


@pytest.mark.parametrize(("options", "passed"), [((), 1), (("--tconv", "own.toml"), 2)],
                         ids=["alone", "sweep"])  # fmt: skip
@pytest.mark.parametrize("words", [("-m", "pytest"), (str(PYTEST),)], ids=["module", "script"])
def test_project_with_a_harness_of_its_own_runs_its_tests(
    wheel: Path, project: Path, words: Sequence[str], options: Sequence[str], passed: int
) -> None:
    said = command(str(wheel), *words, *options, "test_own.py", cwd=project)

    assert f"tconv-{tconv.__version__}" in said  # the plug-in is there
    assert f"{passed} passed" in said


@pytest.mark.parametrize("kind", ["wheel", "editable"])
def test_command_answers_from_any_folder(
    kind: str, request: pytest.FixtureRequest, project: Path
) -> None:
    python: Path = request.getfixturevalue(kind)
    home = command(str(python), "-c", "import tconv; print(tconv.__file__)", cwd=project)
    script = str(python.with_name("tconv"))

    assert home.startswith(str(python.parents[1] if kind == "wheel" else ROOT / "harness"))
    assert tconv.__version__ in command(script, "--version", cwd=project)
    assert "numpy" in command(script, "run", "--dry-run", "smoke", cwd=project)
