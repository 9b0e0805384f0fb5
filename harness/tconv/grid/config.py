"""Reads the configuration of a run from TOML, and reports every mistake with its place.

The keys are those of the configuration format: `[run]`, `[limits]`, `[backends.NAME]` and one
`[[grid]]` per grid. A list sweeps, an inner list is per axis, "1..6" is a range with both ends,
`{begin = 1, end = 0}` is a padding with different sides.
"""

import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from tconv.errors import ConfigError, shortened
from tconv.grid import Budget, PaddingPair, Sweep
from tconv.grid.points import MOST_POINTS, count_listed, require_points
from tconv.grid.schema import Document
from tconv.grid.validation import explain_mistakes
from tconv.model.predicate import Predicate
from tconv.text_file import read_text

__all__ = ["BUNDLED", "Config", "from_mapping", "load_config"]

_PACKAGE: Final = Path(__file__).parents[1]
BUNDLED: Final = (_PACKAGE / "configs", _PACKAGE.parents[1] / "configs")
"""Folders of the configurations that come with the package: in a wheel, in a checkout."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Everything that a configuration says about a run.

    Attributes:
        name: name of the run and of its directory.
        targets: selections of targets, `backend[:mode][@device]`, as written.
        required: backends without which the run counts as failed.
        values: kinds of input values, each case once per kind.
        seed: joins the case id in seeding the inputs.
        case_seconds: the longest one case may take, seconds.
        worker_gib: the most memory one worker may hold, GiB.
        points: the most points that the grids may make, with those that they drop.
        environments: backend to the environment variables that its workers get, in addition to
            those that its adapter sets.
        grids: what is swept, in the order of the file.
        path: the file it was read from; not compared.
    """

    name: str
    targets: tuple[str, ...]
    required: tuple[str, ...] = ()
    values: tuple[str, ...] = ("exact",)
    seed: int = 0
    case_seconds: float = 10.0
    worker_gib: float = 4.0
    points: int = MOST_POINTS
    environments: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    grids: tuple[Sweep, ...]
    path: str = field(default="", compare=False)

    def to_dict(self) -> dict[str, object]:
        """Return the configuration as plain values, with the keys of the file and every default.

        :func:`from_mapping` reads it back.
        """
        run = ("name", "targets", "required", "values", "seed")
        # A limit that decides no row is named only where the file does: digests stay as they were.
        points = {} if self.points == MOST_POINTS else {"points": self.points}
        return {
            "run": {name: _plain(getattr(self, name)) for name in run},
            "limits": {"case_seconds": self.case_seconds, "worker_gib": self.worker_gib} | points,
            "backends": {
                backend: {"environment": dict(variables)}
                for backend, variables in self.environments.items()
            },
            "grid": [_plain_sweep(sweep) for sweep in self.grids],
        }

    @property
    def digest(self) -> str:
        """SHA-256 of :meth:`to_dict` as JSON, 64 hexadecimal digits."""
        text = json.dumps(self.to_dict(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def load_config(path: str | Path) -> Config:
    """Return the configuration that a TOML file holds.

    Raises:
        ConfigError: the file is missing, is no TOML, or has a key or a value that does not belong
            there. The message names file, table, key, what was expected and what to do.
    """
    return from_mapping(_read(Path(path)), str(path))


LARGEST_FILE: Final = 2**20
"""Most bytes of a file that somebody writes, as a configuration or claims."""

_UNNAMED: Final = "configuration"  # its name in messages where it has no file


def from_mapping(tables: Mapping[str, object], path: str = "") -> Config:
    """Return the configuration that parsed TOML holds; `path` names it where it has a file.

    Raises:
        ConfigError: as for :func:`load_config`.
    """
    _require_few_points(tables, path or _UNNAMED)
    try:
        document = Document.model_validate(tables)
    except ValidationError as error:
        raise ConfigError(explain_mistakes(error, tables, path or _UNNAMED)) from None
    grids = tuple(
        table.to_sweep(path or _UNNAMED, number)
        for number, table in enumerate(document.grid, start=1)
    )
    environments = {name: table.environment for name, table in document.backends.items()}
    return Config(
        grids=grids,
        path=path,
        environments=environments,
        **document.run.written(),
        **document.limits.written(),
    )


def _require_few_points(tables: Mapping[str, object], path: str) -> None:
    """Refuse grids that list very many points, before the lists take memory."""
    limits = tables.get("limits")
    most = limits.get("points") if isinstance(limits, dict) else None
    most = most if isinstance(most, int) and most > 0 else MOST_POINTS
    require_points(count_listed(tables.get("grid")), most, path)


def _read(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(read_text(path, LARGEST_FILE))
    except FileNotFoundError:
        fault, remedy = "no such file", "give the path of a TOML file, as in configs/smoke.toml"
    except OSError as error:
        fault, remedy = (
            f"cannot be read ({error.strerror or error})",
            "give the path of a readable file",
        )
    except UnicodeDecodeError as error:
        fault, remedy = f"byte {error.start} is not UTF-8", "save the file as UTF-8"
    except RecursionError:
        fault, remedy = "not valid TOML: lists within lists, hundreds deep", "take them out"
    except ValueError as error:  # TOMLDecodeError, and that of a number of thousands of digits
        fault, remedy = f"not valid TOML: {shortened(error)}", "fix it there"
    raise ConfigError(f"{shortened(path)}: {fault}; {remedy}")


def _plain_sweep(sweep: Sweep) -> dict[str, object]:
    budget = {} if sweep.budget is None else {"budget": sweep.budget}
    values = {"suite": sweep.suite, **sweep.options, "where": sweep.where, **budget}
    return {name: _plain(value) for name, value in values.items()}


def _plain(value: object) -> object:
    match value:
        case None:
            return "none"
        case tuple():
            return [_plain(entry) for entry in value]
        case PaddingPair(begin=begin, end=end):
            return begin if begin == end else {"begin": begin, "end": end}
        case Predicate(text=text):
            return text
        case Budget():
            return asdict(value)
    return value
