"""The command line starts at once: text is printed without loading what computes."""

import subprocess
import sys
from typing import Final

import pytest

HEAVY: Final = (
    "dask", "duckdb", "jax", "jinja2", "keras", "ml_dtypes", "numpy", "onnx", "onnxruntime",
    "pandas", "psutil", "pyarrow", "pydantic", "pytest", "rich", "scipy", "tensorflow", "torch",
)  # fmt: skip
FRAMEWORKS: Final = frozenset({"jax", "keras", "onnx", "onnxruntime", "tensorflow", "torch"})
BACKENDS: Final = ("tensorflow", "jax", "keras-tensorflow", "onnxruntime")
COMMANDS: Final = (
    "run", "merge", "report", "atlas", "acceptance", "explain", "translate", "sizes", "adapters",
    "adapters list", "adapters check", "claims", "compatibility", "bench",
)  # fmt: skip
SCRIPT: Final = f"""
import sys
from tconv.__main__ import main
try:
    main()
except SystemExit as end:
    print(end.code, *sorted(set({HEAVY}) & sys.modules.keys()), file=sys.stderr)
"""


def loaded(arguments: str) -> list[str]:
    """Return the exit status of `tconv arguments`, and which heavy modules it loaded."""
    done = subprocess.run(  # noqa: S603 # our own program
        [sys.executable, "-c", SCRIPT, *arguments.split()],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return done.stderr.splitlines()[-1].split()


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command_loads_no_heavy_module(command: str) -> None:
    assert loaded(f"{command} --help") == ["0"]


@pytest.mark.parametrize("arguments", ["--help", "--version"])
def test_help_and_version_load_no_heavy_module(arguments: str) -> None:
    assert loaded(arguments) == ["0"]


@pytest.mark.parametrize(
    "arguments",
    ["nope", "--nope", "run --nope", "run -j 0", "merge", "explain torch", "bench --row speed"],
)
def test_usage_error_loads_no_heavy_module(arguments: str) -> None:
    assert loaded(arguments) == ["2"]


@pytest.mark.parametrize("backend", BACKENDS)
def test_translation_that_is_not_run_loads_no_framework(backend: str) -> None:
    for ends in (f"--from {backend} --to torch", f"--from torch --to {backend}"):
        status, *modules = loaded(f"translate --no-run {ends} k=3 s=2 op=1 ndim=2")

        assert status == "0"
        assert FRAMEWORKS.isdisjoint(modules)
