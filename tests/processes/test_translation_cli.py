"""`tconv translate` from NumPy to NumPy: processes, snippet and comparison without a framework."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from tconv.analysis.atlas.atlas import Atlas, MeasuredRun
from tconv.cli import cli
from tconv.errors import AtlasError, TargetError
from tconv.model.target import Selection
from tconv.translation.query import Query
from tconv.translation.translate import difference, translate

EMPTY = Atlas(
    source=MeasuredRun(run="map", digest="", started="", tconv="0", versions={}), entries=()
)


@pytest.fixture
def written(tmp_path: Path) -> Path:
    path = tmp_path / "atlas.json"
    path.write_text(EMPTY.to_json())
    return path


def run(written: Path, *arguments: str) -> Result:
    ends = ["--from", "numpy", "--to", "numpy", "--atlas", str(written)]
    return CliRunner().invoke(cli, ["translate", *ends, *arguments])


def test_translation_is_run_and_printed_as_a_python_file(written: Path) -> None:
    result = run(written, "k=3x2", "s=2", "p=1:0", "op=1")

    assert result.exit_code == 0
    assert "# run beside the source at i=1x1, i=2x4, i=5x9: every element is equal" in result.stdout
    compile(result.stdout, "ported.py", "exec")


def test_translation_for_one_size_is_run_at_that_size(written: Path) -> None:
    result = run(written, "k=3", "s=2", "p=1", "op=0", "i=7")

    assert "# run beside the source at i=7: every element is equal" in result.stdout


def test_translation_that_was_not_run_says_so(written: Path) -> None:
    result = run(written, "k=3", "op=0", "--no-run")

    assert result.exit_code == 0
    assert "\n# not run: whether both compute it was not asked\n" in result.stdout
    assert "\n# known for every size by the definition of the operation\n" in result.stdout


def test_translation_that_takes_long_says_what_it_does(
    written: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tconv.cli.translate.PROGRESS_SECONDS", 0.0)

    result = run(written, "k=3", "op=0")

    assert "tconv: loading numpy and numpy, to run the call on both...\n" in result.stderr


@pytest.mark.usefixtures("fakes")
def test_file_that_ends_its_process_is_shown_and_is_a_difference(written: Path) -> None:
    ends = ["--from", "numpy", "--to", "fake-fatal-file", "--atlas", str(written)]
    result = CliRunner().invoke(cli, ["translate", *ends, "k=2", "op=0", "i=3"])

    assert result.exit_code == 1
    assert "\n# DIFFERS at i=3: the file does not run: it ends the process" in result.stdout
    assert "os.abort()" in result.stdout


@pytest.mark.parametrize("option", [("--as", "module"), ("--layout", "source")])
def test_weights_alone_take_no_option_for_what_is_called(
    written: Path, option: tuple[str, str]
) -> None:
    result = run(written, "k=2", "op=0", "--weights", *option)

    assert result.exit_code == 2
    assert f"--weights prints no call, so {option[0]} means nothing: give one of" in result.stderr


def test_json_has_call_step_and_snippet(written: Path) -> None:
    result = run(written, "k=3", "s=2", "p=1", "op=0", "--no-run", "--json")

    content = json.loads(result.stdout)
    assert (content["native"], content["step"], content["differences"]) == (True, "", None)
    assert "def conv_transpose(x, w, b=None):" in content["snippet"]


def test_call_without_an_argument_is_impossible_with_status_three(written: Path) -> None:
    result = run(written, "padding=same", "k=3", "--no-run")

    assert result.exit_code == 3
    assert "impossible: numpy:scatter@cpu: the definition has no padding policy" in result.stderr


def test_wanted_size_without_the_size_of_the_input_is_refused() -> None:
    with pytest.raises(AtlasError, match="give that too, as in i=7"):
        Query.from_texts(["k=3", "o=7"])


def test_mode_that_does_not_exist_is_refused_with_those_that_do() -> None:
    translations = translate(EMPTY, [Query.from_texts(["k=3", "op=0"])], Selection(backend="numpy"),
                     Selection(backend="numpy", mode="bad"), runs=False)  # fmt: skip

    with pytest.raises(TargetError, match="mode='bad' of numpy, but should be one of scatter"):
        next(translations)


@pytest.mark.usefixtures("fakes")
@pytest.mark.parametrize("ends", [("fake-right", "numpy"), ("numpy", "fake-right")])
def test_adapter_that_writes_no_call_is_neither_source_nor_target(ends: tuple[str, str]) -> None:
    source, target = (Selection(backend=backend) for backend in ends)
    made = translate(EMPTY, [Query.from_texts(["k=3", "op=0"])], source, target, runs=False)

    with pytest.raises(TargetError, match="not translated: its adapter has no method snippet"):
        next(made)


VALUE = "i=3: 1 of 6 elements differ, the first at (0, 1, 1): 9.0, but the source gives 4.0"
Y = np.arange(6, dtype=np.float32).reshape(1, 2, 3)


@pytest.mark.parametrize(
    ("other", "says"),
    [
        (Y.copy(), ""),
        (np.where(Y == 4, 9, Y), VALUE),
        (Y[..., :1], "i=3: float32 (1, 2, 1), but the source gives float32 (1, 2, 3)"),
        (Y.astype(np.float64), "i=3: float64 (1, 2, 3), but the source gives float32 (1, 2, 3)"),
        ("the file raised ValueError: no", "i=3: the file raised ValueError: no"),
    ],
    ids=["equal", "value", "shape", "dtype", "error"],
)  # fmt: skip
def test_difference_says_what_differs_and_where(other: np.ndarray | str, says: str) -> None:
    assert difference((3,), Y, other) == says
