"""The rules that keep the tree readable: each name says what it holds, each thing has one place.

The bounds of opaque names may only go down: whoever gets under one of them lowers it.
"""

import ast
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

TESTS: Final = Path(__file__).parent
SOURCE: Final = TESTS.parent / "harness" / "tconv"
TREES: Final = {path: ast.parse(path.read_text("utf-8")) for path in sorted(SOURCE.rglob("*.py"))}
PACKAGES: Final = sorted(path.parent.name for path in SOURCE.glob("*/__init__.py"))
OPAQUE: Final = {
    "asked", "begun", "charted", "each", "found", "given", "kept", "known", "lest", "made",
    "mended", "others", "rest", "said", "served", "swept", "told", "wanted", "whom",
}  # fmt: skip
"""Words that name nothing: what was found, made or given is what a reader wants to know."""

OPAQUE_NAMES: Final = {"analysis": 4, "grid": 2}
"""Most opaque names in each package; a package that is not listed has none."""


def names_in(tree: ast.Module) -> Iterator[str]:
    """Yield the names that a module binds, except those of comprehensions and lambdas."""
    short_lived = {
        id(node)
        for scope in ast.walk(tree)
        if isinstance(scope, ast.comprehension | ast.Lambda)
        for node in ast.walk(scope.args if isinstance(scope, ast.Lambda) else scope.target)
    }
    for node in ast.walk(tree):
        if id(node) in short_lived:
            continue
        match node:
            case ast.Name(id=name, ctx=ast.Store()):
                yield name
            case ast.arg(arg=name) | ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                yield name


def package_of(path: Path) -> str:
    """Return the package that a module is in; of a module beside the packages, its own name."""
    return path.relative_to(SOURCE).with_suffix("").parts[0]


def test_every_package_has_its_place_in_the_import_contract() -> None:
    modules = {path.stem for path in SOURCE.glob("*.py")} - {"__init__"}
    project: dict[str, Any] = tomllib.loads((TESTS.parent / "pyproject.toml").read_text("utf-8"))
    contracts = project["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")

    assert {name for layer in layers for name in layer.split(" | ")} == {*PACKAGES, *modules}


def test_name_of_a_class_is_used_once() -> None:
    classes = Counter(
        node.name
        for tree in TREES.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    )

    assert {name for name, count in classes.items() if count > 1} == set()


def test_names_say_what_they_hold() -> None:
    opaque = Counter(
        package_of(path)
        for path, tree in TREES.items()
        for name in names_in(tree)
        if name.strip("_") in OPAQUE
    )

    assert {name: n for name, n in opaque.items() if n > OPAQUE_NAMES.get(name, 0)} == {}


@pytest.mark.parametrize(
    "path",
    [path for package in PACKAGES for path in (TESTS / package).glob("test_*.py")],
    ids=lambda path: str(path.relative_to(TESTS)),
)
def test_tests_are_named_after_what_they_test(path: Path) -> None:
    subject = path.stem.removeprefix("test_")
    folder = SOURCE / path.parent.name
    names = {
        folder.name,
        *(found.stem for found in folder.rglob("*") if found.suffix in {"", ".py"}),
    }

    assert path.stem == "conftest" or any(f"{subject}_".startswith(f"{name}_") for name in names)
