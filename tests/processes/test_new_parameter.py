"""A new parameter takes two files: its declaration, and its field in a case."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

PACKAGE: Final = Path(__file__).parents[2] / "harness" / "tconv"
DECLARED: Final = """
        Parameter(name="quantity", kind="name", default="forward", meaning="what is computed",
                  choices={"forward": "forward", "vjp_x": "vjpx"}),
"""
CONFIG: Final = """
[run]
name = "made"
targets = ["numpy:scatter"]
[[grid]]
ndim = [1]
i = [3]
k = [2]
quantity = ["forward", "vjp_x"]
where = ["quantity == 'vjp_x' or k > 1"]
"""


def test_parameter_that_is_declared_and_a_field_is_swept_and_stored(tmp_path: Path) -> None:
    copy = tmp_path / "tconv"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    _insert(copy / "model" / "parameters.py", DECLARED, before='        Parameter(name="malformed"')
    _insert(copy / "model" / "case.py", '    quantity: str = "forward"\n',
            before="    malformed: str | None = None")  # fmt: skip
    (tmp_path / "made.toml").write_text(CONFIG, encoding="utf-8")

    done = subprocess.run(
        [sys.executable, "-m", "tconv", "run", "made.toml"], cwd=tmp_path, text=True,
        env={**os.environ, "PYTHONPATH": str(tmp_path)}, capture_output=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    (run,) = (tmp_path / "reports").iterdir()
    assert "quantity" in (run / "results.csv").read_text(encoding="utf-8").partition("\n")[0]
    assert '"1d-i3-k2-ci2-co4-f32-vjpx",' in (run / "results.csv").read_text(encoding="utf-8")
    assert "| quantity | forward (1), vjp_x (1) |" in (run / "summary.md").read_text(
        encoding="utf-8"
    )


def _insert(path: Path, text: str, *, before: str) -> None:
    source = path.read_text(encoding="utf-8")
    assert source.count(before) == 1
    path.write_text(source.replace(before, text.strip("\n") + "\n" + before), encoding="utf-8")
