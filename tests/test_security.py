"""What no module may do with what others wrote: evaluate it, or unpickle it from a file."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

SOURCE: Final = Path(__file__).parents[1] / "harness" / "tconv"
RUNNING: Final = {"eval", "exec", "compile"}  # as built-in functions
UNPICKLING: Final = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve"}
ALLOWED: Final = {
    # Its expressions are written there, of numbers and the letter w alone.
    ("adapters/layout.py", "eval"),
    # It runs the file that it has just written, to show that it is right.
    ("translation/python_file.py", "exec"),
    ("translation/python_file.py", "compile"),
    # Worker processes and their parent send each other pickles over a pipe of their own.
    ("engine/process/worker_process.py", "pickle"),
    # pytest-xdist sends bytes; they come from the controller of the same session.
    ("pytest_plugin/collection.py", "pickle"),
}


def uses(tree: ast.Module) -> Iterator[str]:
    """Yield the names of what runs text or unpickles in a module."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=name)) if name in RUNNING:
                yield name
            case ast.Import(names=names):
                yield from UNPICKLING & {each.name.partition(".")[0] for each in names}
            case ast.ImportFrom(module=str(name)) if name.partition(".")[0] in UNPICKLING:
                yield name
            case ast.keyword(arg="allow_pickle", value=ast.Constant(value=True)):
                yield "allow_pickle"
            case ast.keyword(arg="weights_only", value=ast.Constant(value=False)):
                yield "weights_only"


def test_text_is_run_and_bytes_are_unpickled_only_where_they_are_our_own() -> None:
    found = {
        (path.relative_to(SOURCE).as_posix(), name)
        for path in SOURCE.rglob("*.py")
        for name in uses(ast.parse(path.read_text("utf-8")))
    }

    assert found == ALLOWED
