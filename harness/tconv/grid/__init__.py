"""From the tables of a configuration to the cases of a run, counting what is dropped and why."""

from tconv.grid.cases import Cases
from tconv.grid.expand import Grid, expand
from tconv.grid.statistics import GridStatistics
from tconv.grid.sweep import Budget, PaddingPair, Sweep

__all__ = [
    "Budget",
    "Cases",
    "Grid",
    "GridStatistics",
    "PaddingPair",
    "Sweep",
    "expand",
]
