"""From the tables of a configuration to the cases of a run, counting what is dropped and why."""

from tconv.grid.cases import Cases
from tconv.grid.expand import Grid, expand
from tconv.grid.requested_sizes import WORDS, Request
from tconv.grid.statistics import GridStatistics
from tconv.grid.sweep import STRATEGIES, Budget, Padding, PaddingPair, Size, Strategy, Sweep

__all__ = [
    "STRATEGIES",
    "WORDS",
    "Budget",
    "Cases",
    "Grid",
    "GridStatistics",
    "Padding",
    "PaddingPair",
    "Request",
    "Size",
    "Strategy",
    "Sweep",
    "expand",
]
