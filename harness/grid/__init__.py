"""From the tables of a configuration to the cases of a run, counting what is dropped and why."""

from harness.grid.cases import Cases
from harness.grid.expansion import Grid, expand
from harness.grid.requests import WORDS, Request
from harness.grid.sweep import STRATEGIES, Budget, Padding, Sides, Size, Strategy, Sweep
from harness.grid.tally import Tally

__all__ = [
    "STRATEGIES",
    "WORDS",
    "Budget",
    "Cases",
    "Grid",
    "Padding",
    "Request",
    "Sides",
    "Size",
    "Strategy",
    "Sweep",
    "Tally",
    "expand",
]
