"""The exit statuses of a sweep, in a module of their own that is quick to import."""

from enum import IntEnum


class ExitStatus(IntEnum):
    """Exit statuses of the command line; the first one here that applies is used."""

    USAGE = 2
    NOTHING_COMPARED = 3
    INCOMPLETE = 4
    DEVIATIONS = 1
    CONFORMS = 0
