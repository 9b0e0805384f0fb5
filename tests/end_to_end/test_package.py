"""The package as it is built: with all it needs and nothing else inside."""

import subprocess
import sys
import tomllib
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Any, Final
from zipfile import ZipFile

import pytest

import tconv

ROOT: Final = Path(__file__).parents[2]
PYPROJECT: Final[dict[str, Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
ADAPTERS: Final[dict[str, str]] = PYPROJECT["project"]["entry-points"]["tconv.adapters"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Return the names of the files in a wheel that is built from this tree, without network."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)  # noqa: S603 # as above
    (built,) = folder.glob("*.whl")
    return set(ZipFile(built).namelist())


def installed() -> Distribution:
    """Return the installed distribution, or skip."""
    try:
        return distribution("tconv")
    except PackageNotFoundError:
        pytest.skip("tconv is not installed here: pip install -e .")


def test_version_is_the_one_that_is_installed() -> None:
    assert installed().version == tconv.__version__


def test_metadata_has_the_entry_points_of_pyproject() -> None:
    entries = installed().entry_points

    assert {e.name: e.value for e in entries.select(group="tconv.adapters")} == ADAPTERS
    assert {e.name: e.value for e in entries.select(group="console_scripts")} == (
        PYPROJECT["project"]["scripts"]
    )


def test_wheel_holds_each_config(wheel: set[str]) -> None:
    configs = {f"tconv/configs/{path.name}" for path in (ROOT / "configs").glob("*.toml")}

    assert configs
    assert configs <= wheel


def test_wheel_holds_the_licence_and_the_mark_of_types(wheel: set[str]) -> None:
    found = {name.rpartition("/")[2] for name in wheel}

    assert {"LICENSE", "py.typed", "entry_points.txt"} <= found


def test_wheel_holds_nothing_but_the_package_and_its_metadata(wheel: set[str]) -> None:
    tops = {name.partition("/")[0] for name in wheel}

    assert tops == {"tconv", f"tconv-{tconv.__version__}.dist-info"}


def test_extra_all_names_every_extra_that_a_framework_needs() -> None:
    extras: dict[str, list[str]] = PYPROJECT["project"]["optional-dependencies"]

    frameworks = [name for name in extras if name not in {"all", "dask", "lint", "test"}]

    assert extras["all"] == [f"tconv[{','.join(frameworks)}]"]
