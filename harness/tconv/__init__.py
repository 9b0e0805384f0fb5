"""Cross-framework conformance harness for transposed convolution.

Importing this package imports nothing else: what :func:`load` and :func:`run` need comes when they
are called.
"""

from collections.abc import Sequence
from os import PathLike
from typing import TYPE_CHECKING

from tconv._version import __version__

if TYPE_CHECKING:
    from tconv.analysis.frames import Run
    from tconv.grid.config import Config

__all__ = ["__version__", "load", "run"]


def load(path: str | PathLike[str]) -> "Run":
    """Return the run in a run directory, with its rows as a pandas frame.

    Args:
        path: the run directory, as `tconv run` prints it: `reports/smoke-20260102-030405`.

    Returns:
        The run: `rows` has one row per case and target, with the columns of
        :data:`tconv.store.columns.COLUMNS` (sizes in elements, `seconds` in s, per-axis columns as
        tuples); `header` says what was asked for; `footer` is None where the run is incomplete.

    Raises:
        StoreError: it is no run directory, was written with another schema, or is damaged.
    """
    from pathlib import Path  # noqa: PLC0415 # the package stays light to import

    from tconv.analysis.frames import Run  # noqa: PLC0415 # pandas comes here

    return Run.from_path(Path(path))


def run(
    config: "Config | str | PathLike[str]",
    *,
    targets: Sequence[str] = (),
    out: str | PathLike[str] = "reports",
    workers: int | None = None,
) -> "Run":
    """Sweep a configuration, leave a run directory with its reports, and return the run.

    The frameworks run in processes of their own, which import the main module again: a script that
    calls this needs `if __name__ == "__main__":`.

    Args:
        config: the configuration; or the path of a TOML file, or the name of one that comes with
            the harness, such as `smoke`.
        targets: `backend[:mode][@device]`, instead of the config's own; empty: the config's own.
        out: directory in which the run directory is made.
        workers: targets swept at the same time, at least 1; None: as many as physical cores.

    Returns:
        The run, as :func:`load` returns it. `footer["status"]` is the exit status that `tconv run`
        would have had, `footer["messages"]` says why.

    Raises:
        ConfigError: the configuration is faulty.
        TargetError: a target names a backend or a mode that does not exist.
        StoreError: the run directory cannot be written.
    """
    from pathlib import Path  # noqa: PLC0415 # as in load

    from tconv.runs.run import run as sweep  # noqa: PLC0415 # as in load
    from tconv.runs.spec import RunSpec  # noqa: PLC0415 # as in load

    named = Path(config) if isinstance(config, str | PathLike) else config
    assignment = RunSpec.from_config(named, targets=targets)
    return load(sweep(assignment, out=Path(out), workers=workers).path)
