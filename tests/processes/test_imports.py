"""What an import loads, each in a new interpreter: no command waits for what only others need."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any, Final

import pytest

PYPROJECT: Final[dict[str, Any]] = tomllib.loads(
    (Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8")
)
ADAPTERS: Final[dict[str, str]] = PYPROJECT["project"]["entry-points"]["tconv.adapters"]
FRAMEWORKS: Final = {"torch", "tensorflow", "jax", "jaxlib", "keras", "onnx", "onnxruntime"}
JUDGE: Final = """
from tconv.model.case import Case
from tconv.engine.worker.batch import compute_batch
from tconv.model.target import Target
case = Case.from_id("1d-i3-k3-s2-ci2-co4-f32")
batch, *_ = compute_batch([case], Target(backend="numpy", mode="scatter", device="cpu"), "1", 0)
assert batch.counted["verdict"] == ["match"]
"""


def imported_by(statements: str, folder: Path | None = None) -> set[str]:
    """Return the names of all modules that a new interpreter holds after `statements`."""
    program = f"{statements}\nimport json, sys; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(  # noqa: S603 # our own text
        [sys.executable, "-c", program], cwd=folder, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize(
    ("statements", "absent"),
    [
        ("import tconv", FRAMEWORKS | {"numpy", "pandas", "pydantic", "pyarrow", "scipy"}),
        ("import tconv.adapters, tconv.errors, tconv.testing", FRAMEWORKS),
        (
            "from tconv import Case, Target, TconvError, Verdict, conv_transpose",
            FRAMEWORKS | {"pandas", "pyarrow"},
        ),
        ("import tconv.cli", FRAMEWORKS | {"pandas", "pyarrow"}),
        ("import tconv.oracle.formulations", {"scipy"}),
        (JUDGE, {"pandas", "pyarrow.dataset"}),
    ],
    ids=["package", "public modules", "public names", "command line", "oracle", "worker"],
)
def test_import_loads_no_more_than_it_needs(statements: str, absent: set[str]) -> None:
    modules = imported_by(statements)

    assert "tconv" in modules
    assert not modules & absent


@pytest.mark.parametrize("name", ADAPTERS)
def test_adapter_is_named_as_registered_and_loads_no_framework_with_its_class(name: str) -> None:
    module, _, attribute = ADAPTERS[name].partition(":")

    modules = imported_by(f"from {module} import {attribute}; assert {attribute}.name == {name!r}")

    assert not modules & (FRAMEWORKS | {"pandas"})


def test_plugin_loads_nothing_without_its_option(tmp_path: Path) -> None:
    modules = imported_by("import pytest; pytest.main(['--co', '-q'])", tmp_path)

    assert {name for name in modules if name.startswith("tconv")} == {
        "tconv",
        "tconv._version",
        "tconv.pytest_plugin",
    }
    assert "numpy" not in modules
