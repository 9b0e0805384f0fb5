"""The exit statuses of a sweep, in a module that the command line can import at once."""

from enum import IntEnum


class ExitStatus(IntEnum):
    """Exit statuses of the command line; of those that apply the first one named here is used."""

    USAGE = 2
    NOTHING_COMPARED = 3
    INCOMPLETE = 4
    DEVIATIONS = 1
    CONFORMS = 0
