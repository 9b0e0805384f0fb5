"""The atlas that a command answers from: the one that comes with the harness, or another."""

from importlib.resources import files
from pathlib import Path
from typing import Final

import click

from tconv.analysis.atlas.atlas import Atlas
from tconv.analysis.compatibility import Compatibility
from tconv.cli.atlas import compared_run, from_run
from tconv.errors import AtlasError

_PUBLISHED: Final = files("tconv.analysis.atlas") / "atlas.json"

option = click.option(
    "--atlas", "path", type=click.Path(path_type=Path),
    help="A run directory, or what `tconv atlas --out` wrote.  [default: the harness's own]",
)  # fmt: skip


def charted(path: Path | None) -> Atlas:
    """Return the atlas at `path`: a file, or a run to infer it from; None: the harness's own.

    Raises:
        AtlasError: there is none, or it cannot be read.
        StoreError: the run is damaged or incomplete.
    """
    if path is not None and path.is_dir():
        return from_run(path)
    return Atlas.from_json(_published(path))


def compared(path: Path | None) -> Compatibility:
    """Return the atlas at `path` with disagreements and claims, as :func:`charted` does without.

    Raises:
        AtlasError: as for :func:`charted`.
        StoreError: the run is damaged or incomplete.
    """
    if path is not None and path.is_dir():
        return compared_run(path)
    return Compatibility.from_json(_published(path))


def _published(path: Path | None) -> str:
    source = _PUBLISHED if path is None else path
    if not source.is_file():
        named = "the harness's own atlas" if path is None else f"atlas={str(path)!r}"
        raise AtlasError(
            f"{named} is not there; name a run directory of open cases with --atlas, such as "
            "`tconv run configs/map.toml` makes"
        )
    return source.read_text(encoding="utf-8")
