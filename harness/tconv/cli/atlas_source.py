"""Loads the atlas that a command uses: the one that comes with tconv, or another."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from tconv.analysis.atlas.atlas import Atlas
    from tconv.analysis.compatibility import Compatibility

atlas_option = click.option(
    "--atlas", "path", type=click.Path(path_type=Path),
    help="A run directory, or what `tconv atlas --out` wrote.  [default: the one in tconv]",
)  # fmt: skip


def load_atlas(path: Path | None) -> "Atlas":
    """Return the atlas in the file `path`, or inferred from the run there; None: tconv's own.

    Raises:
        AtlasError: there is none, or it cannot be read.
        StoreError: the run is damaged or incomplete.
    """
    from tconv.analysis.atlas.atlas import Atlas

    if path is not None and path.is_dir():
        from tconv.analysis.atlas.observation import COLUMNS
        from tconv.analysis.from_run import source
        from tconv.store import RunReader

        reader = RunReader(path)
        return Atlas.from_rows(reader.records(COLUMNS), source(reader))
    return Atlas.from_json(_text(path))


def load_compatibility(path: Path | None) -> "Compatibility":
    """Return the atlas as :func:`load_atlas` does, with disagreements and published claims.

    Raises:
        AtlasError: as for :func:`load_atlas`.
        StoreError: the run is damaged or incomplete.
    """
    from tconv.analysis.claims.document import load_claims
    from tconv.analysis.compatibility import Compatibility

    if path is not None and path.is_dir():
        from tconv.analysis.from_run import compatibility_of
        from tconv.store import RunReader

        return compatibility_of(RunReader(path), load_claims())
    return Compatibility.from_json(_text(path))


def _text(path: Path | None) -> str:
    from importlib.resources import files

    from tconv.errors import AtlasError, quoted

    file = files("tconv.analysis.atlas") / "atlas.json" if path is None else path
    if not file.is_file():
        name = "the atlas that comes with tconv" if path is None else f"atlas={quoted(str(path))}"
        raise AtlasError(
            f"{name} does not exist; give --atlas a run directory of open cases, such as "
            "`tconv run configs/map.toml` makes"
        )
    return file.read_text(encoding="utf-8")
