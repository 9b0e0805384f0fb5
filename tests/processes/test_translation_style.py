"""What translations print is written as linters and formatters want it, for every target."""

import subprocess
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pytest

from tconv.analysis.atlas.atlas import Atlas
from tconv.cli.atlas_source import load_atlas
from tconv.model.target import Selection
from tconv.translation.python_file import FileStyle, Form
from tconv.translation.query import Query
from tconv.translation.translate import Translation, translate

ruff: Final = pytest.importorskip("ruff", reason="ruff is not installed")

CALLS: Final = {
    "torch": (
        "k=3 s=2 p=1 op=1", "k=3x2x4 s=2 d=2 op=0 groups=2", "k=3x2 s=2 p=-1:2 op=0",
        "k=2x2 s=2 op=0 dtype=bfloat16", "k=2x2x2 s=1 d=3 p=1:0 op=0 groups=4",
    ),
    "keras-torch": ("padding=same k=3x3 s=2", "padding=valid k=3x1x2 s=2"),
}  # fmt: skip
PYPROJECT: Final = Path(__file__).parents[2] / "pyproject.toml"
TARGETS: Final = tuple(
    tomllib.loads(PYPROJECT.read_text("utf-8"))["project"]["entry-points"]["tconv.adapters"]
)


@pytest.fixture(scope="module")
def atlas() -> Atlas:
    return load_atlas(None)


@pytest.mark.parametrize("target", TARGETS)
def test_files_pass_the_default_rules_of_ruff_and_its_line_length(
    target: str, atlas: Atlas, tmp_path: Path
) -> None:
    for form in Form:
        for keeps_layout in (False, True):
            style = FileStyle(form=form, keeps_layout=keeps_layout)
            for source, texts in CALLS.items():
                for at, text in enumerate(written(atlas, source, target, texts, style)):
                    path = tmp_path / f"{form}_{keeps_layout}_{source}_{at}.py"
                    path.write_text(text, "utf-8")

    command = ["check", "--isolated", "--extend-select", "E501,I,W", "--line-length", "88"]
    done = subprocess.run(  # noqa: S603 # the linter of this project
        [ruff.find_ruff_bin(), *command, "--output-format", "concise", tmp_path],
        check=False, capture_output=True, text=True,
    )  # fmt: skip

    assert len(list(tmp_path.iterdir())) > 10
    assert done.stdout == "All checks passed!\n"


def written(
    atlas: Atlas, source: str, target: str, texts: Sequence[str], style: FileStyle
) -> list[str]:
    """Return the files of the calls that have one; no framework is imported."""
    ends = Selection.from_text(source), Selection.from_text(target)
    queries = [Query.from_texts(text.split()) for text in texts]
    found = translate(atlas, queries, *ends, runs=False, style=style)
    return [each.target_call.file.text for each in found if isinstance(each, Translation)]
