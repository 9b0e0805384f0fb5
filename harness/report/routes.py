"""How each target reached its cases: by one call of its own, or by a call and a step beside it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from harness.frames import Run

_PLAIN: Final[Mapping[str, Any]] = {"s": 1, "p_begin": 0, "p_end": 0, "output_padding": 0,
                                    "dilation": 1}  # fmt: skip
"""The value of each per-axis parameter at which it does nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Addition:
    """A step that composed routes of one target add.

    Attributes:
        target: where.
        addition: the step, in the adapter's words.
        count: number of rows that needed it.
    """

    target: str
    addition: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NativeShares:
    """How much of what a target computes takes one call of the framework alone.

    Attributes:
        target: where.
        shares: for each parameter the share among the rows that use it, in 0..1; None where no
            row does.
    """

    target: str
    shares: Mapping[str, float | None]


def additions(run: Run) -> tuple[Addition, ...]:
    """Return the steps that were added, by target in the run's order, the most frequent first."""
    composed = run.rows[run.rows["route"] == "composed"]
    return tuple(
        Addition(target=str(target), addition=str(addition), count=int(count))
        for target, rows in composed.groupby("target", sort=False)
        for addition, count in rows["addition"].value_counts().items()
    )


def native_shares(run: Run) -> tuple[NativeShares, ...]:
    """Return the native share per parameter of each target that has a composed route."""
    reached = run.rows[run.rows["route"].isin(["native", "composed"])]
    return tuple(
        NativeShares(target=str(target), shares=_shares(rows))
        for target, rows in reached.groupby("target", sort=False)
        if (rows["route"] == "composed").any()
    )


def _shares(rows: pd.DataFrame) -> dict[str, float | None]:
    native = rows["route"] == "native"
    return {
        name: float(native[uses].mean()) if uses.any() else None
        for name, uses in _uses(rows).items()
    }


def _uses(rows: pd.DataFrame) -> dict[str, "pd.Series[bool]"]:
    """Return for each parameter which rows use it: where it is not at its plain value."""
    by_axis = {
        name: rows[name].map(lambda values, plain=plain: any(v != plain for v in values or ()))
        for name, plain in _PLAIN.items()
    }
    return {
        **{f"{ndim}d": rows["ndim"] == ndim for ndim in sorted(rows["ndim"].unique())},
        "s > 1": by_axis["s"],
        "p > 0": by_axis["p_begin"] | by_axis["p_end"],
        "p_begin != p_end": rows["p_begin"] != rows["p_end"],
        "output_padding > 0": by_axis["output_padding"],
        "dilation > 1": by_axis["dilation"],
        "groups > 1": rows["groups"] > 1,
        "bias": rows["bias"].astype(bool),
    }
