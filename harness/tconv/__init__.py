"""Cross-framework conformance harness for transposed convolution.

`__all__` here, in :mod:`tconv.adapters` and in :mod:`tconv.testing`, and the classes of
:mod:`tconv.errors`, are the public interface; every other module may change without notice.
Importing this package loads nothing else: each name loads what it needs when it is first used.
"""

from collections.abc import Mapping, Sequence
from importlib import import_module
from os import PathLike
from typing import TYPE_CHECKING

from tconv._version import __version__

if TYPE_CHECKING:
    from tconv.analysis.frames import Run
    from tconv.errors import TconvError
    from tconv.grid import Grid
    from tconv.model.case import Case
    from tconv.model.predicate import Predicate
    from tconv.model.target import Target
    from tconv.model.verdict import Verdict
    from tconv.oracle.formulations import conv_transpose
else:
    _HOMES = {
        "Case": "tconv.model.case",
        "Predicate": "tconv.model.predicate",
        "Run": "tconv.analysis.frames",
        "Target": "tconv.model.target",
        "TconvError": "tconv.errors",
        "Verdict": "tconv.model.verdict",
        "conv_transpose": "tconv.oracle.formulations",
    }

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(import_module(_HOMES[name]), name)
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *_HOMES})


__all__ = [
    "Case",
    "Predicate",
    "Run",
    "Target",
    "TconvError",
    "Verdict",
    "__version__",
    "conv_transpose",
    "expand",
    "load",
    "run",
]


def load(path: str | PathLike[str]) -> "Run":
    """Return the run in a run directory, with its rows as a pandas frame.

    Args:
        path: the run directory, as `tconv run` prints it: `reports/smoke-20260102-030405`.

    Returns:
        The run: `rows` has one row per case and target, and `columns` says what each column means
        (sizes in elements, `seconds` in s, per-axis columns as tuples); `header` holds the
        configuration, the targets and the machine; `footer` is None where the run is incomplete.

    Raises:
        StoreError: it is not a run directory, has another schema version, or is damaged.
    """
    from pathlib import Path  # noqa: PLC0415 # the package stays light to import

    from tconv.analysis.frames import Run  # noqa: PLC0415 # pandas, only when it is needed

    return Run.from_path(Path(path))


def expand(config: "Mapping[str, object] | str | PathLike[str]") -> "Grid":
    """Return the distinct cases of a configuration, and how many were dropped and why.

    Args:
        config: the path of a TOML file; the name of a configuration that comes with the package,
            such as `smoke`; or the content of such a file as a mapping, with the keys `run` and
            `grid`.

    Returns:
        The cases, to iterate over; their `len()` is the number of cases.

    Raises:
        ConfigError: the configuration is faulty, or one of its grids has no case left.
    """
    from tconv.grid import expand as expand_grids  # noqa: PLC0415 # NumPy and pydantic, as in load
    from tconv.runs.spec import read_config  # noqa: PLC0415 # as above

    read = read_config(config)
    return expand_grids(read.grids, read.values, most_points=read.points)


def run(
    config: "Mapping[str, object] | str | PathLike[str]",
    *,
    targets: Sequence[str] = (),
    out: str | PathLike[str] = "reports",
    workers: int | None = None,
) -> "Run":
    """Run a configuration, write a run directory with its reports, and return the run.

    The frameworks run in worker processes, which import the main module again: a script that
    calls this needs `if __name__ == "__main__":`.

    Args:
        config: the configuration, as for :func:`expand`.
        targets: `backend[:mode][@device]`, instead of the configuration's own; empty: its own.
        out: directory in which the run directory is made.
        workers: number of targets that are computed at the same time, at least 1; None: the number
            of physical cores.

    Returns:
        The run, as :func:`load` returns it. `footer["status"]` is the exit status that `tconv run`
        would have had, `footer["messages"]` says why.

    Raises:
        ConfigError: the configuration is faulty.
        TargetError: a target names a backend or a mode that does not exist.
        StoreError: the run directory cannot be written.
    """
    from pathlib import Path  # noqa: PLC0415 # as in load

    from tconv.runs.run import run as run_spec  # noqa: PLC0415 # as in load
    from tconv.runs.spec import RunSpec  # noqa: PLC0415 # as in load

    spec = RunSpec.from_config(config, targets=targets)
    return load(run_spec(spec, out=Path(out), workers=workers).path)
