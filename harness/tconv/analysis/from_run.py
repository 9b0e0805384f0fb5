"""Infers from a stored run the rules, disagreements and results of claims about open cases."""

from typing import Final

from tconv.analysis.atlas.atlas import MeasuredRun
from tconv.analysis.atlas.observation import COLUMNS
from tconv.analysis.claims.document import Claims
from tconv.analysis.claims.measurement import COLUMNS as MEASURED
from tconv.analysis.compatibility import NO_CLAIMS, Compatibility
from tconv.store import RunReader

_COMPARED: Final = tuple(dict.fromkeys([*COLUMNS, *MEASURED, "error_text"]))


def compatibility_of(reader: RunReader, claims: Claims = NO_CLAIMS) -> Compatibility:
    """Return what a run shows of open cases, and of claims.

    Raises:
        StoreError: the run is damaged or incomplete.
    """
    return Compatibility.from_rows(lambda: reader.records(_COMPARED), source(reader), claims)


def has_open_cases(reader: RunReader) -> bool:
    """Return whether the configuration of a run has open cases."""
    grids = reader.header["config"]["grid"]
    return any(isinstance(grid, dict) and grid.get("suite") == "open" for grid in grids)


def source(reader: RunReader) -> MeasuredRun:
    """Return the name, digest and versions of a run.

    Raises:
        StoreError: the run is damaged or incomplete.
    """
    reader.require(("config", "software", "targets", "started"))
    footer = reader.require_complete()
    header = reader.header
    versions = {
        name: version
        for target in header["targets"]
        for name, version in (target.get("versions") or {}).items()
    }
    return MeasuredRun(
        run=header["config"]["run"]["name"],
        digest=footer["digest"],
        started=header["started"],
        tconv=header["software"]["tconv"],
        versions=dict(sorted(versions.items())),
    )
