"""The documents are true: commands are those of CI, snippets run, links lead somewhere."""

import pkgutil
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest

from tconv.adapters.base import Adapter
from tconv.grid.config import from_mapping
from tconv.inputs.draw import draw
from tconv.judge.expected import expect
from tconv.model.case import Case
from tconv.model.route import Unsupported
from tconv.model.verdict import Verdict
from tconv.runs.exit_status import ExitStatus

ROOT: Final = Path(__file__).parents[2]
README: Final = (ROOT / "README.md").read_text("utf-8")
GUIDE: Final = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
DOCUMENTS: Final = (
    "README.md", "SECURITY.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/parameters.md",
    "docs/scale.md", "docs/tutorial.md", "reports/README.md",
)  # fmt: skip
BLOCK: Final = re.compile(
    r"(?:<!-- (?P<mark>[^>]*) -->\n)?```(?P<language>\w*)\n(?P<text>.*?)```\n", re.DOTALL
)
BLOCKS: Final = [match.groupdict(default="") for match in BLOCK.finditer(README)]
SNIPPETS: Final = [block["text"] for block in BLOCKS if block["language"] == "python"]
CONFIGS: Final = [block["text"] for block in BLOCKS if block["language"] == "toml"]


@pytest.fixture
def upfirdn() -> Adapter:
    """Return the adapter that the README shows."""
    (snippet,) = [text for text in SNIPPETS if "(Adapter):" in text]
    names: dict[str, Any] = {"__name__": "readme"}
    exec(compile(snippet, "README.md", "exec"), names)  # noqa: S102 # our own text
    adapter: Adapter = names["UpfirdnAdapter"]()
    return adapter


def marked(name: str) -> str:
    """Return the README's block under `<!-- command: name -->`."""
    (text,) = [block["text"] for block in BLOCKS if block["mark"] == f"command: {name}"]
    return text.strip()


@pytest.mark.parametrize("name", ["run", "test"])
def test_marked_command_is_one_line_that_starts_with_an_environment(name: str) -> None:
    command = marked(name)

    assert "\n" not in command
    assert command.startswith("python3 -m venv .venv && .venv/bin/pip install ")


def test_run_command_sweeps_the_smoke_configuration() -> None:
    assert marked("run").endswith("&& .venv/bin/tconv run configs/smoke.toml")


def test_test_command_runs_the_tests() -> None:
    assert "&& .venv/bin/pytest" in marked("test")


@pytest.mark.parametrize("name", ["run", "test"])
def test_ci_takes_the_command_from_the_readme(name: str) -> None:
    done = subprocess.run(  # noqa: S603 # our own script
        [ROOT / ".ci" / "run", "command", name], check=True, capture_output=True, text=True
    )

    assert done.stdout.strip() == marked(name)


def test_ci_refuses_a_command_that_the_readme_has_not() -> None:
    done = subprocess.run(  # noqa: S603 # our own script
        [ROOT / ".ci" / "run", "command", "absent"], check=False, capture_output=True, text=True
    )

    assert done.returncode == 1
    assert "README.md has no <!-- command: absent -->" in done.stderr


@pytest.mark.parametrize("name", ["run", "test"])
def test_command_installs_extras_that_exist_with_the_tested_versions(name: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

    (extras,) = re.findall(r"'\.\[([\w,]+)\]'", marked(name))

    assert set(extras.split(",")) <= project["optional-dependencies"].keys()
    assert "-c constraints.txt" in marked(name)


@pytest.mark.parametrize("snippet", SNIPPETS, ids=range(len(SNIPPETS)))
def test_python_snippet_runs(snippet: str) -> None:
    exec(compile(snippet, "README.md", "exec"), {"__name__": "readme"})  # noqa: S102 # our own text


@pytest.mark.parametrize(
    "case_id", ["1d-i4-k3-s2-p1.0-op1-ci2-co4-f32", "1d-i3-k2-s3-d2-g2-n2-ci2-co4-f64-nobias"]
)
def test_adapter_of_the_readme_gives_the_right_answer(case_id: str, upfirdn: Adapter) -> None:
    case = Case.from_id(case_id)
    drawn = draw(case)
    right = expect(case, drawn).y

    y = upfirdn.compute(case, drawn.tensors, "upfirdn", "cpu")

    assert isinstance(y, np.ndarray)
    assert y.dtype == case.dtype
    assert right is not None
    assert np.array_equal(y, right)


@pytest.mark.parametrize("case_id", ["2d-i3x3-k2x2-ci1-co1-f32", "1d-i3-k2-ci1-co1-bf16"])
def test_adapter_of_the_readme_proves_what_it_calls_unsupported(
    case_id: str, upfirdn: Adapter
) -> None:
    case = Case.from_id(case_id)

    route = upfirdn.route(case, "upfirdn", "cpu")
    error = upfirdn.attempt(case, draw(case).tensors, "upfirdn", "cpu")

    assert isinstance(route, Unsupported)
    assert re.search(route.error_pattern, f"{type(error).__name__}: {error}")


def test_configuration_of_the_readme_makes_cases() -> None:
    (snippet,) = [text for text in CONFIGS if "[[grid]]" in text]

    config = from_mapping(tomllib.loads(snippet), "README.md")

    assert config.name == "strided"


@pytest.mark.parametrize("status", ExitStatus)
def test_readme_explains_each_exit_status(status: ExitStatus) -> None:
    assert re.search(rf"^\| {status.value} \| \w", README, re.MULTILINE)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_local_links_lead_to_files(document: str) -> None:
    path = ROOT / document
    targets = re.findall(r"\]\((?!https?:|#)([^)#\s]+)", path.read_text("utf-8"))

    assert [target for target in targets if not (path.parent / target).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_no_placeholder_is_left_empty(document: str) -> None:
    text = (ROOT / document).read_text("utf-8")

    assert re.findall(r"<!-- output: [\w-]+ -->\n(?!```)", text) == []


@pytest.mark.parametrize("verdict", Verdict)
def test_readme_explains_each_verdict(verdict: Verdict) -> None:
    assert f"`{verdict}`" in README


def test_contributing_guide_has_a_line_for_each_package() -> None:
    packages = {path.parent.name for path in (ROOT / "harness" / "tconv").glob("*/__init__.py")}

    rows = re.findall(r"^\| `(\w+)` \|", GUIDE, re.MULTILINE)

    assert sorted(rows) == sorted(packages | {"errors", "text_file"})


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`([a-z_]+(?:\.\w+)+)`", GUIDE))))
def test_name_in_the_contributing_guide_exists(name: str) -> None:
    if Path(name).suffix not in {".csv", ".md", ".html", ".toml", ".txt"}:
        pkgutil.resolve_name(f"tconv.{name}")


def test_readme_never_uses_the_wrong_name_of_the_operation() -> None:
    assert "deconv" not in README.lower()
