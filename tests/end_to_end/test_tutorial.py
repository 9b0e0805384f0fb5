"""The tutorial runs as it stands, block after block."""

import re
from pathlib import Path
from typing import Any, Final

import pytest

from tconv.analysis.frames import Run

TUTORIAL: Final = Path(__file__).parents[2] / "docs" / "tutorial.md"
BLOCKS: Final = re.findall(
    r"^```python\n(.*?)^```$", TUTORIAL.read_text("utf-8"), re.MULTILINE | re.DOTALL
)


@pytest.fixture(scope="module")
def names() -> dict[str, Any]:
    """Return what the blocks have defined, all of them run in one namespace as in a notebook."""
    known: dict[str, Any] = {"__name__": "tutorial"}
    for number, block in enumerate(BLOCKS, start=1):
        exec(compile(block, f"{TUTORIAL.name}, block {number}", "exec"), known)  # noqa: S102 # our own text
    return known


def test_every_block_of_the_tutorial_runs(names: dict[str, Any]) -> None:
    assert len(BLOCKS) >= 10
    assert isinstance(names["run"], Run)


def test_run_of_the_tutorial_shows_itself_in_a_notebook(names: dict[str, Any]) -> None:
    shown = names["run"]._repr_html_()

    assert str(names["run"].path) in shown
    assert names["run"].footer["digest"] in shown
    assert "<code>numpy:scatter@cpu</code>" in shown


def test_deviation_of_the_tutorial_is_printed(names: dict[str, Any]) -> None:
    message = names["message"]

    assert "1d-i4-k3-s2-p1-ci2-co4-f32" in message
    assert "should be" in message


@pytest.mark.parametrize("block", BLOCKS)
def test_code_of_the_tutorial_fits_the_width_of_a_page(block: str) -> None:
    assert max(map(len, block.splitlines())) <= 100
